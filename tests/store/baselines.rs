//! At most one baseline per cluster and namespace, whoever sets and deletes at the same time (R6.7).

use crate::parts::{Places, profile, run};
use tdsql::model::behaviour::{ProfileId, ProfileMetadata};
use tdsql::store::{Filter, PageSize, Store, StoreError};

async fn baselines(store: &Store) -> Vec<ProfileMetadata> {
    let page = store.list(&Filter::default(), PageSize::MOST, None).await.expect("a page");
    page.profiles.into_iter().filter(|profile| profile.is_baseline).collect()
}

#[test]
fn a_baseline_replaces_the_one_before_of_its_cluster_and_namespace_alone() {
    run(async {
        for places in Places::all("baselines").await {
            let store = places.store().await;
            let mut made = Vec::new();
            for (cluster, namespace) in
                [("a", None), ("a", None), ("a", Some("x")), ("a", Some("y")), ("b", None), ("b", Some("x"))]
            {
                let profile = profile(cluster, namespace);
                store.create(&profile).await.expect("created");
                made.push(profile);
            }
            assert_eq!(store.baseline("a", None).await.expect("an answer"), None, "{}", places.name);
            for profile in &made {
                let set = store.set_baseline(profile.id).await.expect("set");
                assert!(set.is_baseline && set.id == profile.id, "{}", places.name);
            }
            store.set_baseline(made[1].id).await.expect("setting it again changes nothing");
            let ids = |all: Vec<ProfileMetadata>| all.into_iter().map(|p| p.id).collect::<Vec<ProfileId>>();
            let mut expected: Vec<ProfileId> = made[1..].iter().map(|profile| profile.id).collect();
            expected.reverse();
            assert_eq!(ids(baselines(&store).await), expected, "{}", places.name);
            for profile in &made[1..] {
                let found = store.baseline(&profile.cluster_id, profile.namespace.as_deref()).await.expect("an answer");
                assert_eq!(found.map(|found| found.id), Some(profile.id), "{}", places.name);
                assert!(store.get(profile.id).await.expect("read").is_baseline, "{}", places.name);
            }
            assert!(!store.get(made[0].id).await.expect("read").is_baseline, "{}", places.name);

            store.delete(made[1].id).await.expect("deleted");
            assert_eq!(store.baseline("a", None).await.expect("an answer"), None, "{}", places.name);
            assert_eq!(baselines(&store).await.len(), 4, "{}", places.name);
        }
    });
}

#[test]
fn many_writers_leave_one_baseline_and_none_without_a_profile() {
    const WRITERS: usize = 24;
    run(async {
        for places in Places::all("baselines of many writers").await {
            // Four processes, as it were.
            let mut stores = Vec::new();
            for _ in 0..4 {
                stores.push(places.store().await);
            }
            let mut made = Vec::new();
            for _ in 0..WRITERS {
                let profile = profile("busy", Some("payments"));
                stores[0].create(&profile).await.expect("created");
                made.push(profile.id);
            }
            let mut writers = tokio::task::JoinSet::new();
            for (at, id) in made.iter().copied().enumerate() {
                let store = stores[at % stores.len()].clone();
                writers.spawn(async move {
                    store.set_baseline(id).await.expect("set, however many others are at it");
                    let page = store.list(&Filter::default(), PageSize::MOST, None).await.expect("a page");
                    let baselines = page.profiles.iter().filter(|profile| profile.is_baseline).count();
                    assert!(baselines <= 1, "{baselines} at once");
                });
            }
            writers.join_all().await;
            assert_eq!(baselines(&stores[1]).await.len(), 1, "{}", places.name);

            // Each is set and deleted at the same time: whichever comes first, none is left.
            let mut writers = tokio::task::JoinSet::new();
            for (at, id) in made.iter().copied().enumerate() {
                let (setter, deleter) = (stores[at % 4].clone(), stores[(at + 1) % 4].clone());
                writers.spawn(async move {
                    match setter.set_baseline(id).await {
                        Ok(_) | Err(StoreError::NotFound { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                });
                writers.spawn(async move {
                    deleter.delete(id).await.expect("deleted, however many others are at it");
                });
            }
            writers.join_all().await;
            assert_eq!(baselines(&stores[2]).await, Vec::new(), "{}", places.name);
            let left = stores[3].baseline("busy", Some("payments")).await.expect("an answer");
            assert_eq!(left, None, "{}: a baseline without a profile", places.name);
        }
    });
}
