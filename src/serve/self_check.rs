//! What the service says of itself.

use super::problem::{Kind, Problem};
use super::route::{Call, Document, Json, Measures};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

/// How long the stores may take to say that they are there.
const PATIENCE: Duration = Duration::from_secs(2);

/// How the service is.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    /// It runs.
    Ok,
    /// The stores answer.
    Ready,
}

/// How the service is.
#[derive(Serialize, JsonSchema)]
pub(super) struct Condition {
    status: Word,
}

pub(super) async fn health(_: Call<()>) -> Result<Json<Condition>, Problem> {
    Ok(Json(Condition { status: Word::Ok }))
}

pub(super) async fn ready(call: Call<()>) -> Result<Json<Condition>, Problem> {
    let service = call.service;
    // Whoever asks needs no token, so the cause goes to the log.
    let cause = match tokio::time::timeout(PATIENCE, service.store.ping()).await {
        Ok(Ok(())) => return Ok(Json(Condition { status: Word::Ready })),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("they did not answer within {PATIENCE:?}"),
    };
    service.log(&serde_json::json!({ "at": service.now().to_string(), "not_ready": cause }));
    Err(Problem::new(Kind::Unavailable, "the stores do not answer").remedy("the log of the service says why"))
}

pub(super) async fn measures(call: Call<()>) -> Result<Measures, Problem> {
    Ok(Measures(call.service.measures.text()))
}

pub(super) async fn openapi(call: Call<()>) -> Result<Document, Problem> {
    Ok(Document(call.service.document.clone()))
}
