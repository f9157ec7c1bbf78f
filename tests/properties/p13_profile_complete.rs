use crate::behaviour::profile;
use proptest::prelude::*;
use serde_json::Value;
use tdsql::model::behaviour::{
    BehaviourProfile, CreateProfileRequest, LONGEST_WINDOW, ProfileFault, Timestamp, Window,
};

/// P13: "For any created Behaviour_Profile, the profile SHALL contain non-null identity metadata (name, time window,
/// cluster ID), a non-null ConfigSnapshot, and a non-null TelemetrySummary": in its JSON form, and no document without
/// them is read as one.
#[test]
fn p13_profile_complete() {
    let required = [
        "id",
        "name",
        "cluster_id",
        "time_window_start",
        "time_window_end",
        "config_snapshot",
        "telemetry",
        "created_at",
    ];
    crate::holds(file!(), crate::CASES, &profile(), |profile| {
        prop_assert_eq!(profile.faults(), Vec::new());
        let document = serde_json::to_value(&profile).expect("a profile has a JSON form");
        for field in required {
            prop_assert!(!document[field].is_null(), "`{}` is null", field);
            for broken in [None, Some(Value::Null)] {
                let mut document = document.clone();
                let fields = document.as_object_mut().expect("an object");
                match broken {
                    None => drop(fields.remove(field)),
                    Some(null) => fields[field] = null,
                }
                prop_assert!(serde_json::from_value::<BehaviourProfile>(document).is_err(), "read without `{}`", field);
            }
        }
        for field in ["dynamic_config", "server_env_vars", "worker_options", "dsql_plugin_config"] {
            prop_assert!(!document["config_snapshot"][field].is_null(), "`{}` is null", field);
        }
        Ok(())
    });
}

/// R6.2: a window ends after it starts and is at most 24 h long; every other is refused, with every further fault of the
/// request beside it.
#[test]
fn p13_window_within_a_day() {
    let day = LONGEST_WINDOW.as_micros() as i64;
    let length = prop_oneof![Just(0), Just(1), Just(day), Just(day + 1), -day..2 * day];
    crate::holds(
        file!(),
        crate::CASES,
        &(crate::behaviour::timestamp(), length, "[a-z]{0,2}"),
        |(start, length, name)| {
            let end = Timestamp::from_micros(start.as_micros() + length);
            prop_assume!(end.is_some());
            let end = end.expect("assumed");
            let fits = length > 0 && length <= day;
            prop_assert_eq!(Window::new(start, end).is_ok(), fits);
            let request = CreateProfileRequest {
                name: name.clone(),
                cluster_id: "c".to_owned(),
                time_window_start: start,
                time_window_end: end,
                namespace: None,
                task_queue: Some(String::new()),
                label: Some("x".repeat(256)),
                config: None,
            };
            let faults = request.faults();
            let windows = faults.iter().filter(|fault| matches!(fault, ProfileFault::Window(_))).count();
            prop_assert_eq!(windows, usize::from(!fits));
            prop_assert_eq!(faults.len(), 2 + usize::from(name.is_empty()) + windows);
            Ok(())
        },
    );
}
