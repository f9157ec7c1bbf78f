//! Behaviour profiles.

use super::config;
use super::problem::{Kind, Problem};
use super::route::{Call, Created, Done, Json, Page};
use super::{Service, Telemetry};
use crate::create::{Blame, CreateError, Creation, create as make};
use crate::model::behaviour::{BehaviourProfile, CreateProfileRequest, ProfileId, ProfileMetadata};
use crate::prometheus::Prometheus;
use crate::store::{Cursor, Filter, PageSize, StoreError};
use std::sync::Arc;

pub(super) async fn list(call: Call<()>) -> Result<Page<ProfileMetadata>, Problem> {
    let Call { service, query, .. } = call;
    let filter = Filter {
        cluster: query.text("cluster"),
        namespace: query.text("namespace"),
        label: query.text("label"),
        from: query.value("from"),
        to: query.value("to"),
    };
    let size = query.value("limit").and_then(PageSize::new).unwrap_or_default();
    let cursor: Option<Cursor> = query.value("cursor");
    let page = service.store.list(&filter, size, cursor.as_ref()).await?;
    let next = page.next.map(|next| format!("/profiles?{}", query.with("cursor", &next.to_string())));
    Ok(Page { items: page.profiles, next })
}

/// The id of a path; what cannot be one is no profile's.
pub(super) fn id(text: &str) -> Result<ProfileId, StoreError> {
    text.parse().map_err(|_| StoreError::not_found(crate::model::clipped(text)))
}

pub(super) async fn create(call: Call<Json<CreateProfileRequest>>) -> Result<Created<ProfileMetadata>, Problem> {
    let Call { service, body: Json(request), .. } = call;
    let (source, creation) = creation(&service, request).await?;
    let profile = make(service.catalog, source, &service.store, creation).await?;
    Ok(Created { location: format!("/profiles/{}", profile.id), what: profile.metadata() })
}

/// What a profile is made of, and the source of its telemetry.
pub(super) async fn creation(
    service: &Arc<Service>,
    mut request: CreateProfileRequest,
) -> Result<(&Prometheus, Creation), Problem> {
    let Some(Telemetry { source, exporter, scrape_interval }) = &service.source else {
        return Err(Problem::new(Kind::Unavailable, "the service has no source of telemetry")
            .remedy("have `url` set in `[prometheus]` of its settings"));
    };
    let captured = config::captured(service, request.config.take()).await?;
    let creation = Creation {
        request,
        snapshot: captured.config,
        temporal_server_version: captured.temporal_server_version,
        dsql_plugin_version: captured.dsql_plugin_version,
        worker_code_sha: None,
        exporter: exporter.clone(),
        scrape_interval: *scrape_interval,
        at: service.now(),
    };
    Ok((source, creation))
}

impl From<CreateError> for Problem {
    fn from(error: CreateError) -> Self {
        match (error.blame(), error) {
            (_, CreateError::Store(error)) => error.into(),
            (Blame::Request, error) => Problem::new(Kind::BadRequest, error.to_string()),
            (_, error) => Problem::new(Kind::Upstream, error.to_string())
                .remedy("see to it that the source of telemetry answers the service, then try again"),
        }
    }
}

pub(super) async fn get(call: Call<()>) -> Result<Json<BehaviourProfile>, Problem> {
    Ok(Json(call.service.store.get(id(&call.name)?).await?))
}

pub(super) async fn baseline(call: Call<()>) -> Result<Json<ProfileMetadata>, Problem> {
    Ok(Json(call.service.store.set_baseline(id(&call.name)?).await?))
}

pub(super) async fn delete(call: Call<()>) -> Result<Done, Problem> {
    let id = id(&call.name)?;
    if let Some(left) = call.service.store.delete(id).await?.left {
        // The profile is gone all the same; `tdsql profile gc` removes what is left of it.
        let at = call.service.now().to_string();
        call.service.log(&serde_json::json!({ "at": at, "left": id, "why": left }));
    }
    Ok(Done)
}
