//! One route: its handler, and what the OpenAPI document says of it, from the same types.

use super::Service;
use super::problem::{Kind, Problem};
use super::query::{Parameter, Query};
use axum::body::{Body, Bytes};
use axum::extract::{RawPathParams, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, LINK, LOCATION};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::time::Instant;

/// A request that a handler answers.
pub(super) struct Call<B> {
    pub(super) service: Arc<Service>,
    /// What stands in the place of the path's parameter; empty where it has none.
    pub(super) name: String,
    pub(super) query: Query,
    pub(super) body: B,
}

/// What a route takes as its body.
pub(super) trait Takes: Send + 'static {
    /// Whether there is a body.
    const BODY: bool;
    /// Its schema.
    fn schema(generator: &mut SchemaGenerator) -> Value;
    /// Reads it.
    fn read(bytes: &[u8]) -> Result<Self, Problem>
    where
        Self: Sized;
}

impl Takes for () {
    const BODY: bool = false;

    fn schema(_: &mut SchemaGenerator) -> Value {
        Value::Null
    }

    fn read(_: &[u8]) -> Result<Self, Problem> {
        Ok(())
    }
}

/// A body or an answer that is JSON.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Takes for Json<T> {
    const BODY: bool = true;

    fn schema(generator: &mut SchemaGenerator) -> Value {
        generator.subschema_for::<T>().to_value()
    }

    fn read(bytes: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(bytes).map(Json).map_err(|fault| {
            let kind = match fault.classify() {
                serde_json::error::Category::Data => Kind::Unprocessable,
                _ => Kind::BadRequest,
            };
            // What it quotes may be a secret that stands in the wrong place.
            Problem::new(kind, format!("the body: {}", crate::model::unquoted(&fault.to_string())))
        })
    }
}

/// What a route answers with.
pub(super) trait Gives: Send + 'static {
    /// The status of success.
    const STATUS: StatusCode;
    /// The media type; none without a body.
    const MEDIA_TYPE: Option<&'static str> = Some("application/json");
    /// Headers that it has, with what they mean.
    const HEADERS: &'static [(&'static str, &'static str)] = &[];
    /// The schema of the body.
    fn schema(generator: &mut SchemaGenerator) -> Value;
    /// The answer.
    fn give(self) -> Result<Response, Problem>;
}

fn json_answer(status: StatusCode, body: &impl Serialize) -> Result<Response, Problem> {
    // What the model cannot write as JSON cannot be made either; a fault here is the service's own.
    let text = serde_json::to_vec(body).map_err(|fault| Problem::new(Kind::Internal, fault.to_string()))?;
    Ok(typed(status, "application/json", text))
}

fn typed(status: StatusCode, media_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

impl<T: Serialize + JsonSchema + Send + 'static> Gives for Json<T> {
    const STATUS: StatusCode = StatusCode::OK;

    fn schema(generator: &mut SchemaGenerator) -> Value {
        generator.subschema_for::<T>().to_value()
    }

    fn give(self) -> Result<Response, Problem> {
        json_answer(Self::STATUS, &self.0)
    }
}

/// Something that was made, and where it is.
pub(super) struct Created<T> {
    pub(super) location: String,
    pub(super) what: T,
}

impl<T: Serialize + JsonSchema + Send + 'static> Gives for Created<T> {
    const STATUS: StatusCode = StatusCode::CREATED;
    const HEADERS: &'static [(&'static str, &'static str)] = &[("Location", "Where it is.")];

    fn schema(generator: &mut SchemaGenerator) -> Value {
        generator.subschema_for::<T>().to_value()
    }

    fn give(self) -> Result<Response, Problem> {
        let mut response = json_answer(Self::STATUS, &self.what)?;
        insert(response.headers_mut(), LOCATION, &self.location);
        Ok(response)
    }
}

/// One page of a list, and the query of the next one.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
}

impl<T: Serialize + JsonSchema + Send + 'static> Gives for Page<T> {
    const STATUS: StatusCode = StatusCode::OK;
    const HEADERS: &'static [(&'static str, &'static str)] =
        &[("Link", "`<…>; rel=\"next\"`: the next page; absent on the last one.")];

    fn schema(generator: &mut SchemaGenerator) -> Value {
        generator.subschema_for::<Vec<T>>().to_value()
    }

    fn give(self) -> Result<Response, Problem> {
        let mut response = json_answer(Self::STATUS, &self.items)?;
        if let Some(next) = self.next {
            insert(response.headers_mut(), LINK, &format!("<{next}>; rel=\"next\""));
        }
        Ok(response)
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Done, and nothing to say.
pub(super) struct Done;

impl Gives for Done {
    const STATUS: StatusCode = StatusCode::NO_CONTENT;
    const MEDIA_TYPE: Option<&'static str> = None;

    fn schema(_: &mut SchemaGenerator) -> Value {
        Value::Null
    }

    fn give(self) -> Result<Response, Problem> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = Self::STATUS;
        Ok(response)
    }
}

/// The service's own measures, in the text form that Prometheus scrapes.
pub(super) struct Measures(pub(super) String);

impl Gives for Measures {
    const STATUS: StatusCode = StatusCode::OK;
    const MEDIA_TYPE: Option<&'static str> = Some("application/openmetrics-text; version=1.0.0; charset=utf-8");

    fn schema(_: &mut SchemaGenerator) -> Value {
        json!({ "type": "string" })
    }

    fn give(self) -> Result<Response, Problem> {
        Ok(typed(Self::STATUS, "application/openmetrics-text; version=1.0.0; charset=utf-8", self.0))
    }
}

/// A JSON document that is made once.
pub(super) struct Document(pub(super) Bytes);

impl Gives for Document {
    const STATUS: StatusCode = StatusCode::OK;

    fn schema(_: &mut SchemaGenerator) -> Value {
        json!({ "type": "object" })
    }

    fn give(self) -> Result<Response, Problem> {
        Ok(typed(Self::STATUS, "application/json", self.0))
    }
}

type Handler = dyn Fn(Call<Vec<u8>>) -> BoxFuture<'static, Result<Response, Problem>> + Send + Sync;

/// What the OpenAPI document says of a success.
pub(super) struct Success {
    pub(super) status: StatusCode,
    pub(super) media_type: Option<&'static str>,
    pub(super) headers: &'static [(&'static str, &'static str)],
    pub(super) schema: fn(&mut SchemaGenerator) -> Value,
}

/// One route.
pub(super) struct Route {
    pub(super) method: Method,
    /// Its path, with at most one parameter in braces.
    pub(super) path: &'static str,
    /// Its name, for programs.
    pub(super) name: &'static str,
    /// What it does, in a line.
    pub(super) summary: &'static str,
    pub(super) parameters: &'static [Parameter],
    /// The schema of its body, where it takes one.
    pub(super) body: Option<fn(&mut SchemaGenerator) -> Value>,
    pub(super) success: Success,
    /// The problems that it may have besides those of every route.
    pub(super) problems: &'static [Kind],
    /// Whether it answers without a token, whatever the service is called, and however busy it is.
    pub(super) open: bool,
    /// Whether it waits for a source of telemetry.
    pub(super) slow: bool,
    handler: Box<Handler>,
}

impl Route {
    /// A route; what it takes and gives is what its handler takes and gives.
    pub(super) fn new<B, A, F, R>(
        method: Method,
        path: &'static str,
        name: &'static str,
        summary: &'static str,
        handler: F,
    ) -> Self
    where
        B: Takes,
        A: Gives,
        F: Fn(Call<B>) -> R + Send + Sync + Copy + 'static,
        R: Future<Output = Result<A, Problem>> + Send + 'static,
    {
        let handler = move |call: Call<Vec<u8>>| {
            async move {
                let Call { service, name, query, body } = call;
                // What is wrong with the query is told before what is wrong with the body.
                query.faults()?;
                handler(Call { service, name, query, body: B::read(&body)? }).await?.give()
            }
            .boxed()
        };
        Route {
            method,
            path,
            name,
            summary,
            parameters: &[],
            body: B::BODY.then_some(B::schema as fn(&mut SchemaGenerator) -> Value),
            success: Success { status: A::STATUS, media_type: A::MEDIA_TYPE, headers: A::HEADERS, schema: A::schema },
            problems: &[],
            open: false,
            slow: false,
            handler: Box::new(handler),
        }
    }

    /// The parameters of its query.
    pub(super) fn with(mut self, parameters: &'static [Parameter]) -> Self {
        self.parameters = parameters;
        self
    }

    /// The problems that it may have besides those of every route.
    pub(super) fn fails(mut self, problems: &'static [Kind]) -> Self {
        self.problems = problems;
        self
    }

    /// Answers without a token, whatever the service is called, and however busy it is.
    pub(super) fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// Waits for a source of telemetry.
    pub(super) fn slow(mut self) -> Self {
        self.slow = true;
        self
    }

    /// Answers a request, within its time.
    pub(super) async fn answer(
        &self,
        service: Arc<Service>,
        path: RawPathParams,
        request: Request,
    ) -> Result<Response, Problem> {
        let limits = &service.limits;
        let within = if self.slow { limits.creation } else { limits.request };
        let deadline = Instant::now() + within;
        let name = path.iter().next().map(|(_, value)| value.to_owned()).unwrap_or_default();
        let query = Query::read(self.parameters, request.uri().query());
        let body = match self.body {
            Some(_) => {
                let read = tokio::time::timeout_at(Instant::now() + limits.request, body(request, limits.body)).await;
                let slow = |_| Problem::new(Kind::SlowRequest, format!("the body was not there after {within:?}"));
                read.map_err(slow)??
            }
            None => Vec::new(),
        };
        let answer = (self.handler)(Call { service, name, query, body });
        match tokio::time::timeout_at(deadline, AssertUnwindSafe(answer).catch_unwind()).await {
            Ok(Ok(answer)) => answer,
            // What it panicked with went to standard error; it is nothing for a caller.
            Ok(Err(_)) => Err(Problem::new(Kind::Internal, "the service met a fault of its own")),
            Err(_) => Err(Problem::new(Kind::Unavailable, format!("the answer was not there after {within:?}"))
                .remedy("ask for less, or try again when there is less to do")),
        }
    }
}

/// Reads a body that says it is JSON and is not too large.
async fn body(request: Request, limit: usize) -> Result<Vec<u8>, Problem> {
    let (head, body) = request.into_parts();
    let header = |name: HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
    let media_type = header(CONTENT_TYPE).and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        let found = if media_type.is_empty() { "nothing" } else { media_type };
        return Err(Problem::new(
            Kind::MediaType,
            format!("the media type of the body: {}", crate::model::clipped(found)),
        ));
    }
    let too_large = || Problem::new(Kind::TooLarge, format!("the body is larger than {limit} bytes"));
    if header(CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok()).is_some_and(|length| length > limit as u64)
    {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Kind::BadRequest, "the body broke off"))?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
