use crate::behaviour::{profile, timestamp};
use proptest::prelude::*;
use serde_json::Value;
use tdsql::model::behaviour::{BehaviourProfile, ProfileId, ProfileMetadata, Timestamp};

/// P18: "For any valid Behaviour_Profile, serializing to JSON then deserializing SHALL produce an equivalent
/// Behaviour_Profile", bit for bit, whatever the numbers and texts; what was read is written as the same bytes.
#[test]
fn p18_behaviour_round_trip() {
    crate::holds(file!(), crate::CASES, &profile(), |profile| {
        for pretty in [false, true] {
            let json = if pretty { serde_json::to_string_pretty(&profile) } else { serde_json::to_string(&profile) };
            let json = json.expect("a profile has a JSON form");
            let read: BehaviourProfile =
                serde_json::from_str(&json).map_err(|fault| TestCaseError::fail(format!("{fault}\n{json}")))?;
            prop_assert!(read == profile, "{}", json);
            let again = if pretty { serde_json::to_string_pretty(&read) } else { serde_json::to_string(&read) };
            prop_assert_eq!(again.expect("a profile has a JSON form"), json);
        }
        let metadata = serde_json::to_string(&profile.metadata()).expect("metadata has a JSON form");
        let read: ProfileMetadata = serde_json::from_str(&metadata).expect("metadata is read");
        prop_assert_eq!(read, profile.metadata());
        let document: Value = serde_json::from_str(&metadata).expect("an object");
        prop_assert_eq!(document.as_object().map(serde_json::Map::len), Some(9), "metadata without telemetry");
        Ok(())
    });
}

/// Times survive as text, in UTC, to the microsecond; an offset is converted, finer digits are cut off.
#[test]
fn p18_times_survive() {
    crate::holds(file!(), crate::CASES, &(timestamp(), -23..24_i32, 0..1000_u32), |(time, hours, nanos)| {
        let text = time.to_string();
        prop_assert_eq!(text.parse::<Timestamp>(), Ok(time));
        prop_assert!(text.ends_with('Z') && text.as_bytes()[4] == b'-', "{}", text);
        let local = Timestamp::from_micros(time.as_micros() + i64::from(hours) * 3_600_000_000);
        prop_assume!(local.is_some());
        let local = local.expect("assumed").to_string();
        let whole = local.trim_end_matches('Z');
        let (seconds, fraction) = whole.split_once('.').unwrap_or((whole, ""));
        let written = format!("{seconds}.{fraction:0<6}{nanos:03}{hours:+03}:00");
        prop_assert_eq!(written.parse::<Timestamp>(), Ok(time), "{}", written);
        Ok(())
    });
}

/// An identifier has one spelling, and newer ones sort behind older ones.
#[test]
fn p18_identifiers_sort_by_age() {
    let ages = (0..4_000_000_000_000_i64, 1..1_000_000_i64);
    crate::holds(file!(), crate::CASES, &ages, |(millis, later)| {
        let at = |millis: i64| ProfileId::new(Timestamp::from_micros(millis * 1000).expect("in range"));
        let (old, new) = (at(millis), at(millis + later));
        prop_assert!(old < new && old.to_string() < new.to_string());
        prop_assert_eq!(old.to_string().parse::<ProfileId>(), Ok(old));
        for other in [old.to_string().replace('-', ""), format!("{{{old}}}"), format!("{old}/../x"), String::new()] {
            prop_assert!(other.parse::<ProfileId>().is_err(), "{}", other);
        }
        Ok(())
    });
}
