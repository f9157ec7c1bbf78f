use crate::behaviour::name;
use crate::parts::{Places, far, run};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::cmp::Reverse;
use tdsql::model::behaviour::{
    BehaviourProfile, ConfigSnapshot, ProfileId, ProfileMetadata, TelemetrySummary, Timestamp,
};
use tdsql::store::{Cursor, Filter, PageSize, Store};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;

/// Some days around which everything happens, so that windows touch, overlap and lie apart.
fn base() -> i64 {
    "2026-03-01T00:00:00Z".parse::<Timestamp>().expect("a time").as_micros()
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(base() + micros).expect("in range")
}

fn instant() -> impl Strategy<Value = i64> {
    prop_oneof![
        select(vec![0, 1, HOUR, DAY, DAY + 1, 2 * DAY]),
        (0..40_i64).prop_map(|hours| hours * HOUR),
        (-60..60_i64).prop_map(|days| days * DAY),
    ]
}

fn few(names: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    option::of(select(names)).prop_map(|name| name.map(str::to_owned))
}

fn profile() -> impl Strategy<Value = BehaviourProfile> {
    let length = prop_oneof![Just(1), Just(DAY), 1..DAY];
    // How long after the end of its window it was made: also exactly where the classes of the index meet, and before it.
    let lag = select(vec![-DAY, -1, 0, 1, HOUR, HOUR + 1, DAY, DAY + 1, 32 * DAY, 32 * DAY + 1, 400 * DAY]);
    let scope = (select(&["a", "b"][..]), few(&["x", "y"]), few(&["l", "m"]));
    (any::<[u8; 16]>(), name(), scope, instant(), length, lag).prop_map(
        |(id, name, (cluster, namespace, label), start, length, lag)| BehaviourProfile {
            id: ProfileId::from_bytes(id),
            name,
            label,
            cluster_id: cluster.to_owned(),
            namespace,
            task_queue: None,
            time_window_start: at(start),
            time_window_end: at(start + length),
            temporal_server_version: None,
            dsql_plugin_version: None,
            worker_code_sha: None,
            config_snapshot: ConfigSnapshot::default(),
            telemetry: TelemetrySummary::default(),
            created_at: at(start + length + lag),
            is_baseline: false,
        },
    )
}

fn filter() -> impl Strategy<Value = Filter> {
    let time = || option::of(instant().prop_map(at));
    (few(&["a", "b", "c"]), few(&["x", "y", ""]), few(&["l", "m"]), time(), time())
        .prop_map(|(cluster, namespace, label, from, to)| Filter { cluster, namespace, label, from, to })
}

/// One case: profiles, which of them become baselines and which are deleted, and what is asked.
type Case = (Vec<BehaviourProfile>, Vec<bool>, Vec<bool>, Vec<(Filter, u16)>);

fn case() -> impl Strategy<Value = Case> {
    (
        vec(profile(), 0..14),
        vec(any::<bool>(), 14),
        vec(proptest::bool::weighted(0.2), 14),
        vec((filter(), select(vec![1, 2, 5, 1000])), 1..8),
    )
}

/// Every page, by cursors as text.
async fn listed(store: &Store, filter: &Filter, size: u16) -> Result<Vec<ProfileMetadata>, TestCaseError> {
    let fail = |error: &dyn std::fmt::Display| TestCaseError::fail(error.to_string());
    let size = PageSize::new(size).expect("a size");
    let (mut all, mut after): (Vec<ProfileMetadata>, Option<Cursor>) = (Vec::new(), None);
    loop {
        let page = store.list(filter, size, after.as_ref()).await.map_err(|error| fail(&error))?;
        prop_assert!(page.profiles.len() <= usize::from(size.get()));
        prop_assert!(page.next.is_none() || page.profiles.len() == usize::from(size.get()));
        all.extend(page.profiles);
        match page.next {
            Some(next) => after = Some(next.to_string().parse().map_err(|error| fail(&error))?),
            None => return Ok(all),
        }
    }
}

async fn exact(store: &Store, (profiles, marked, deleted, asked): Case) -> Result<(), TestCaseError> {
    let fail = |error: &dyn std::fmt::Display| TestCaseError::fail(error.to_string());
    let mut model: Vec<ProfileMetadata> = Vec::new();
    for profile in &profiles {
        model.push(store.create(profile).await.map_err(|error| fail(&error))?);
    }
    for (at, profile) in profiles.iter().enumerate().filter(|(at, _)| marked[*at]) {
        store.set_baseline(profile.id).await.map_err(|error| fail(&error))?;
        for other in &mut model {
            other.is_baseline &= (&other.cluster_id, &other.namespace) != (&profile.cluster_id, &profile.namespace);
        }
        model[at].is_baseline = true;
    }
    for (_, profile) in profiles.iter().enumerate().filter(|(at, _)| deleted[*at]) {
        store.delete(profile.id).await.map_err(|error| fail(&error))?;
        model.retain(|other| other.id != profile.id);
    }
    model.sort_by_key(|profile| Reverse((profile.created_at, profile.id)));
    for (filter, size) in asked {
        let expected: Vec<ProfileMetadata> = model.iter().filter(|p| filter.matches(p)).cloned().collect();
        prop_assert_eq!(listed(store, &filter, size).await?, expected, "{:?} by {}", filter, size);
    }
    for profile in model {
        store.delete(profile.id).await.map_err(|error| fail(&error))?;
    }
    prop_assert_eq!(store.collect(far()).await.map_err(|error| fail(&error))?.documents, Vec::new());
    Ok(())
}

/// P15: "For any set of stored profiles and any filter combination (cluster, label, namespace, time range), the listing
/// endpoint SHALL return exactly the profiles matching all filters, and each result SHALL contain metadata without full
/// telemetry data": newest first, whatever the size of a page, after any baselines and deletions.
#[test]
fn p15_listing_exact() {
    run(async {
        for places in Places::all("P15").await {
            // Where documents are makes no difference to a list.
            if places.name.starts_with("S3") {
                continue;
            }
            let store = places.store().await;
            let handle = tokio::runtime::Handle::current();
            tokio::task::block_in_place(|| {
                crate::holds(file!(), crate::CASES, &case(), |case| handle.block_on(exact(&store, case)));
            });
        }
    });
}
