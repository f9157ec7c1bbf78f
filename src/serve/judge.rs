//! What is made of behaviour profiles.

use super::problem::{Kind, Problem};
use super::profiles::id;
use super::route::{Call, Json};
use crate::model::behaviour::Recommendations;
use crate::recommend::recommend;

pub(super) async fn recommendations(call: Call<()>) -> Result<Json<Recommendations>, Problem> {
    let (catalog, store) = (call.service.catalog, &call.service.store);
    let profile = store.get(id(&call.name)?).await?;
    let baseline = match store.baseline(&profile.cluster_id, profile.namespace.as_deref()).await? {
        Some(found) if found.id != profile.id => Some(store.get(found.id).await?),
        _ => None,
    };
    recommend(catalog, baseline.as_ref(), &profile, call.query.text("preset").as_deref())
        .map(Json)
        .map_err(|faults| Problem::refused(Kind::Unprocessable, catalog, &faults))
}
