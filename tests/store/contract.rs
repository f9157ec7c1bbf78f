//! What holds of every pair of stores.

use crate::parts::{Places, SECRET_KEY, bucket, far, now, postgres, profile, run, s3_server};
use std::collections::BTreeSet;
use std::time::Duration;
use tdsql::model::behaviour::{BehaviourProfile, ProfileId};
use tdsql::store::index::Row;
use tdsql::store::{Cursor, Filter, PageSize, Store, StoreError};

/// Every id of a list, page by page.
async fn ids(store: &Store, filter: &Filter, size: u16) -> Vec<ProfileId> {
    let (mut all, mut after): (Vec<ProfileId>, Option<Cursor>) = (Vec::new(), None);
    loop {
        let page = store.list(filter, PageSize::new(size).expect("a size"), after.as_ref()).await.expect("a page");
        assert!(page.profiles.len() <= usize::from(size));
        all.extend(page.profiles.iter().map(|profile| profile.id));
        match page.next {
            Some(next) => after = Some(next.to_string().parse().expect("a cursor is read as it is written")),
            None => return all,
        }
    }
}

/// Every document there is.
async fn documents(store: &Store) -> BTreeSet<ProfileId> {
    let (mut all, mut after) = (BTreeSet::new(), None);
    loop {
        let (some, next) = store.documents().list(after).await.expect("a list of documents");
        all.extend(some);
        match next {
            Some(_) => after = next,
            None => return all,
        }
    }
}

#[test]
fn what_was_created_is_read_listed_and_deleted() {
    run(async {
        for places in Places::all("create, get, list, delete").await {
            let store = places.store().await;
            let made = profile("one", Some("payments"));
            let metadata = store.create(&made).await.expect("created");
            assert_eq!(metadata, made.metadata(), "{}", places.name);

            let other = places.store().await;
            assert_eq!(other.get(made.id).await.expect("read"), made, "{}", places.name);
            let page = other.list(&Filter::default(), PageSize::default(), None).await.expect("listed");
            assert_eq!((page.profiles, page.next), (vec![metadata], None), "{}", places.name);

            assert_eq!(store.delete(made.id).await.expect("deleted").left, None);
            for _ in 0..2 {
                assert!(matches!(other.get(made.id).await, Err(StoreError::NotFound { .. })), "{}", places.name);
                assert!(matches!(other.delete(made.id).await, Err(StoreError::NotFound { .. })), "{}", places.name);
                assert!(matches!(other.set_baseline(made.id).await, Err(StoreError::NotFound { .. })));
            }
            assert_eq!(documents(&store).await, BTreeSet::new(), "{}", places.name);
        }
    });
}

#[test]
fn an_id_is_taken_once_and_a_faulty_profile_never_kept() {
    run(async {
        for places in Places::all("taken ids").await {
            let store = places.store().await;
            let made = profile("one", None);
            store.create(&made).await.expect("created");
            let again = BehaviourProfile { name: "another".to_owned(), ..made.clone() };
            assert!(matches!(store.create(&again).await, Err(StoreError::Taken { .. })), "{}", places.name);
            assert_eq!(store.get(made.id).await.expect("read"), made, "{}: the first one stands", places.name);

            let mut faulty = profile("", Some(""));
            faulty.time_window_end = faulty.time_window_start;
            match store.create(&faulty).await {
                Err(StoreError::Invalid(faults)) => assert_eq!(faults.len(), 3, "{faults:?}"),
                other => panic!("{}: {other:?}", places.name),
            }
            assert_eq!(ids(&store, &Filter::default(), 50).await, [made.id]);
        }
    });
}

#[test]
fn pages_hold_each_profile_once_newest_first() {
    run(async {
        for places in Places::all("pages").await {
            let store = places.store().await;
            let mut made = Vec::new();
            for number in 0..23_u64 {
                let mut profile = profile(if number % 2 == 0 { "even" } else { "odd" }, None);
                // Some are of the same instant, some were made long after their window, some before it.
                profile.created_at = now().before(Duration::from_secs(number / 4 * 86_400 * 7));
                if number % 5 == 0 {
                    profile.time_window_end = profile.created_at.before(Duration::from_secs(90 * 86_400));
                    profile.time_window_start = profile.time_window_end.before(Duration::from_secs(60));
                }
                store.create(&profile).await.expect("created");
                made.push(profile);
            }
            made.sort_by_key(|profile| std::cmp::Reverse((profile.created_at, profile.id)));
            for size in [1, 7, 23, 50] {
                for filter in [
                    Filter::default(),
                    Filter { cluster: Some("odd".to_owned()), ..Filter::default() },
                    Filter { namespace: Some(String::new()), ..Filter::default() },
                    // PostgreSQL cannot hold such a text, and takes none to compare with.
                    Filter { label: Some("a\0b".to_owned()), ..Filter::default() },
                    Filter { from: Some(now().before(Duration::from_secs(86_400 * 30))), ..Filter::default() },
                    Filter { to: Some(now().before(Duration::from_secs(86_400 * 30))), ..Filter::default() },
                ] {
                    let expected: Vec<ProfileId> =
                        made.iter().filter(|p| filter.matches(&p.metadata())).map(|p| p.id).collect();
                    assert_eq!(ids(&store, &filter, size).await, expected, "{}: {filter:?} by {size}", places.name);
                }
            }
        }
    });
}

#[test]
fn what_crashes_leave_is_collected_and_nothing_that_is_being_written() {
    run(async {
        for places in Places::all("collect").await {
            let store = places.store().await;
            let kept = profile("kept", None);
            store.create(&kept).await.expect("created");
            let begin = |profile: BehaviourProfile| {
                let store = store.clone();
                async move {
                    store.index().reserve(profile.id, now()).await.expect("reserved");
                    let document = serde_json::to_vec(&profile).expect("a document");
                    store.documents().put(profile.id, document).await.expect("written");
                    profile
                }
            };
            // One creation that goes on, one that was left, one document without anything, one reservation alone.
            let going = begin(profile("going", None)).await;
            let orphan = profile("orphan", None);
            store.documents().put(orphan.id, b"{}".to_vec()).await.expect("written");

            let collected = store.collect(now().before(Duration::from_secs(60))).await.expect("collected");
            assert_eq!((collected.documents, collected.reservations), (vec![orphan.id], 0), "{}", places.name);

            let row = Row { metadata: going.metadata(), digest: "d".repeat(64) };
            assert!(store.index().publish(&row).await.expect("published"), "{}: it went on", places.name);
            assert!(store.index().publish(&row).await.expect("again"), "{}: twice is once", places.name);
            let other = Row { digest: "e".repeat(64), ..row.clone() };
            assert!(!store.index().publish(&other).await.expect("another"), "{}: but another is another", places.name);
            store.delete(going.id).await.expect("deleted");

            let left = begin(profile("left", None)).await;
            store.index().reserve(profile("alone", None).id, now()).await.expect("reserved");
            let collected = store.collect(far()).await.expect("collected");
            assert_eq!((collected.documents, collected.reservations), (vec![left.id], 2), "{}", places.name);

            // Its writer was only slow, and wakes up: too late, whatever it has written again.
            store.documents().put(left.id, b"{}".to_vec()).await.expect("written");
            let row = Row { metadata: left.metadata(), digest: "d".repeat(64) };
            assert!(!store.index().publish(&row).await.expect("an answer"), "{}: listed too late", places.name);
            assert_eq!(store.collect(far()).await.expect("collected").documents, [left.id], "{}", places.name);
            assert_eq!(documents(&store).await, BTreeSet::from([kept.id]), "{}", places.name);
            assert_eq!(store.get(kept.id).await.expect("read"), kept, "{}", places.name);
        }
    });
}

#[test]
fn a_document_that_is_not_what_was_written_is_never_passed_off_as_it() {
    run(async {
        for places in Places::all("unreadable documents").await {
            let store = places.store().await;
            let made = profile("one", None);
            store.create(&made).await.expect("created");
            let forged = serde_json::to_vec(&BehaviourProfile { name: "forged".to_owned(), ..made.clone() });
            store.documents().put(made.id, forged.expect("a document")).await.expect("written over");
            assert!(matches!(store.get(made.id).await, Err(StoreError::Unreadable { .. })), "{}", places.name);
            store.documents().delete(made.id).await.expect("removed");
            assert!(matches!(store.get(made.id).await, Err(StoreError::Unreadable { .. })), "{}", places.name);
        }
    });
}

#[test]
fn stores_that_do_not_belong_together_are_refused() {
    run(async {
        let places = Places::all("foreign stores").await;
        for own in &places {
            let store = own.store().await;
            store.create(&profile("one", None)).await.expect("created");
            let fresh = Places::all("foreign stores, fresh").await;
            let fresh = fresh.iter().find(|places| places.name == own.name).expect("the same kind");
            // An index that was lost, documents that were lost, and those of another store.
            let lost = Store::join(store.documents().clone(), fresh.index().await).await;
            assert!(matches!(lost, Err(StoreError::Foreign)), "{}: an empty index", own.name);
            let lost = Store::join(fresh.documents().await, store.index().clone()).await;
            assert!(matches!(lost, Err(StoreError::Foreign)), "{}: no documents", own.name);
            let other = fresh.store().await;
            let mixed = Store::join(other.documents().clone(), store.index().clone()).await;
            assert!(matches!(mixed, Err(StoreError::Foreign)), "{}: another's", own.name);
        }
    });
}

#[test]
fn many_may_open_a_new_store_at_once() {
    run(async {
        for places in Places::all("opening at once").await {
            let places = std::sync::Arc::new(places);
            let mut opening = tokio::task::JoinSet::new();
            for _ in 0..8 {
                let places = places.clone();
                opening.spawn(async move {
                    let store = places.store().await;
                    let made = profile("at once", None);
                    store.create(&made).await.expect("created");
                    made.id
                });
            }
            let made: BTreeSet<ProfileId> = opening.join_all().await.into_iter().collect();
            let store = places.store().await;
            assert_eq!(ids(&store, &Filter::default(), 50).await.into_iter().collect::<BTreeSet<_>>(), made);
            assert_eq!(documents(&store).await, made, "{}", places.name);
        }
    });
}

#[test]
fn failures_say_which_store_failed_and_never_a_secret() {
    run(async {
        let dir = tempfile::tempdir().expect("a folder");
        let address = s3_server(dir.path()).await;
        let wrong = bucket(address, "another-secret");
        let error = tdsql::store::documents::Documents::identity(&wrong).await.expect_err("a wrong signature");
        let text = format!("{error} {error:?}");
        assert!(matches!(error, StoreError::Documents { .. }), "{text}");
        assert!(text.contains("SignatureDoesNotMatch"), "{text}");
        assert!(!text.contains("another-secret") && !text.contains(SECRET_KEY), "{text}");

        // Nothing listens on port 9 of this machine.
        let url = "postgres://tdsql:hunter2@127.0.0.1:9/tdsql?application_name=password%3Dhunter2";
        let Err(error) = tdsql::store::index::Database::postgres(url).await else { panic!("nothing is there") };
        let text = format!("{error} {error:?}");
        assert!(matches!(error, StoreError::Index { .. }), "{text}");
        assert!(!text.contains("hunter2"), "{text}");

        if let Some(server) = postgres("wrong database") {
            let (head, _) = server.rsplit_once('/').expect("the URL names a database");
            let error = tdsql::store::index::Database::postgres(&format!("{head}/no_such_database")).await.err();
            let text = error.expect("there is none").to_string();
            assert!(text.contains("no_such_database"), "{text}");
        }
    });
}
