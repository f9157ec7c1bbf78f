use crate::behaviour::profile;
use crate::parts::{Places, run};
use proptest::prelude::*;
use tdsql::model::behaviour::BehaviourProfile;
use tdsql::store::{Store, StoreError};

async fn same(store: &Store, profile: BehaviourProfile) -> Result<(), TestCaseError> {
    let fail = |error: StoreError| TestCaseError::fail(error.to_string());
    let metadata = store.create(&profile).await.map_err(fail)?;
    prop_assert_eq!(&metadata, &profile.metadata());
    let read = store.get(profile.id).await.map_err(fail)?;
    prop_assert!(read == profile, "read {:?}", read.id);
    store.set_baseline(profile.id).await.map_err(fail)?;
    let marked = store.get(profile.id).await.map_err(fail)?;
    let expected = BehaviourProfile { is_baseline: true, ..profile.clone() };
    prop_assert!(marked == expected, "as a baseline");
    store.delete(profile.id).await.map_err(fail)?;
    let gone = matches!(store.get(profile.id).await, Err(StoreError::NotFound { .. }));
    prop_assert!(gone, "read after its deletion");
    Ok(())
}

/// P16: "For any created Behaviour_Profile, retrieving it by ID SHALL return a profile equivalent to the one that was
/// created", from every pair of stores.
#[test]
fn p16_retrieval_identity() {
    run(async {
        for places in Places::all("P16").await {
            let store = places.store().await;
            let handle = tokio::runtime::Handle::current();
            tokio::task::block_in_place(|| {
                crate::holds(file!(), crate::CASES, &profile(), |profile| handle.block_on(same(&store, profile)));
            });
        }
    });
}
