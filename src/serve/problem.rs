//! Problem documents (RFC 9457): what every answer is that is no success.

use crate::catalog::Catalog;
use crate::diag::{self, Diagnostics, SourceMap};
use crate::store::StoreError;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};

/// The media type of a problem document.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// The kinds of problem. Each has a status of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    BadRequest,
    Unauthorized,
    CrossSite,
    NotFound,
    MethodNotAllowed,
    SlowRequest,
    Conflict,
    TooLarge,
    MediaType,
    Misdirected,
    Unprocessable,
    Internal,
    Upstream,
    Unavailable,
}

impl Kind {
    /// Every kind.
    pub(super) const ALL: [Kind; 14] = [
        Kind::BadRequest,
        Kind::Unauthorized,
        Kind::CrossSite,
        Kind::NotFound,
        Kind::MethodNotAllowed,
        Kind::SlowRequest,
        Kind::Conflict,
        Kind::TooLarge,
        Kind::MediaType,
        Kind::Misdirected,
        Kind::Unprocessable,
        Kind::Internal,
        Kind::Upstream,
        Kind::Unavailable,
    ];

    /// Status, name, title, what it means, and what to do where nothing better is known.
    fn facts(self) -> (StatusCode, &'static str, &'static str, &'static str, &'static str) {
        match self {
            Kind::BadRequest => (
                StatusCode::BAD_REQUEST,
                "bad-request",
                "The request cannot stand",
                "A parameter, a window or a value of the request is wrong; all of them are named.",
                "mend what is named and send it again",
            ),
            Kind::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "A token is needed",
                "The service asks for a bearer token, and the request has none or another one.",
                "send the header `Authorization: Bearer TOKEN`",
            ),
            Kind::CrossSite => (
                StatusCode::FORBIDDEN,
                "cross-site",
                "Another site's page may not change anything here",
                "A browser sent the request for a page of another origin.",
                "send the request from a program, or from a page of this origin",
            ),
            Kind::NotFound => (
                StatusCode::NOT_FOUND,
                "not-found",
                "There is no such thing",
                "Nothing has this path or this name.",
                "`GET /openapi.json` lists the routes, `GET /profiles` the profiles, `GET /presets` the presets",
            ),
            Kind::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "The route has no such method",
                "The header `Allow` names those that it has.",
                "use a method that the header `Allow` names",
            ),
            Kind::SlowRequest => (
                StatusCode::REQUEST_TIMEOUT,
                "slow-request",
                "The body did not arrive in time",
                "The body of the request was still not there when its time was over.",
                "send the request again over a faster connection",
            ),
            Kind::Conflict => (
                StatusCode::CONFLICT,
                "conflict",
                "It conflicts with what is there",
                "What the request wants made is there already.",
                "look at what is there",
            ),
            Kind::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "The body is too large",
                "The body is larger than the service takes.",
                "send less, or have `body_limit` raised",
            ),
            Kind::MediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "media-type",
                "The body is not JSON",
                "The request does not say that its body is JSON.",
                "send the header `Content-Type: application/json`",
            ),
            Kind::Misdirected => (
                StatusCode::MISDIRECTED_REQUEST,
                "misdirected",
                "The service does not go by this name",
                "The header `Host` names another host than this service is known by.",
                "use an address of the service, or have the name added to `hosts`",
            ),
            Kind::Unprocessable => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "unprocessable",
                "The body cannot be used",
                "The body is JSON, but not of the form that is wanted, or what it asks for was refused.",
                "mend what is named; `GET /openapi.json` has the form",
            ),
            Kind::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "The service failed",
                "A fault of the service itself.",
                "report it with the id of the request",
            ),
            Kind::Upstream => (
                StatusCode::BAD_GATEWAY,
                "upstream",
                "What the service depends on failed",
                "The source of telemetry or the document store failed; the detail is theirs.",
                "see to it that what is named answers, then try again",
            ),
            Kind::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "The service cannot answer now",
                "The index does not answer, too many requests are under way, or this one took too long.",
                "try again",
            ),
        }
    }

    /// The status.
    pub(super) fn status(self) -> StatusCode {
        self.facts().0
    }

    /// The name, as the OpenAPI document has it.
    pub(super) fn name(self) -> &'static str {
        self.facts().1
    }

    /// What it means.
    pub(super) fn about(self) -> &'static str {
        self.facts().3
    }
}

/// A request that came to nothing, and why.
#[derive(Debug)]
pub(super) struct Problem {
    kind: Kind,
    said: Box<Said>,
}

#[derive(Debug, Default)]
struct Said {
    detail: String,
    remedy: Option<String>,
    more: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem with what is wrong in this case.
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Problem { kind, said: Box::new(Said { detail: detail.into(), ..Said::default() }) }
    }

    /// What to do about it.
    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.said.remedy = Some(remedy.into());
        self
    }

    /// A further member.
    pub(super) fn with(mut self, name: &str, value: Value) -> Self {
        self.said.more.insert(name.to_owned(), value);
        self
    }

    /// A header beside it.
    pub(super) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.said.headers.push((name, value));
        self
    }

    /// What the catalog refused; every error is there, as on the command line.
    pub(super) fn refused(kind: Kind, catalog: &Catalog, diagnostics: &Diagnostics) -> Self {
        Self::told(kind, &catalog.sources, diagnostics)
    }

    /// Likewise, of faults that stand in other texts than the catalog's.
    pub(super) fn told(kind: Kind, sources: &SourceMap, diagnostics: &Diagnostics) -> Self {
        let errors: Vec<_> = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
        let detail: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
        let listed: Vec<Value> = errors.iter().map(|error| diag::to_json(sources, error)).collect();
        let problem = Problem::new(kind, detail.join("; ")).with("errors", Value::Array(listed));
        match errors.iter().find_map(|error| error.help.clone()) {
            Some(help) => problem.remedy(help),
            None => problem,
        }
    }

    /// The document, of a request for this path.
    pub(super) fn document(&self, instance: &str, request_id: &str) -> Value {
        let (status, name, title, _, usual) = self.kind.facts();
        let mut document = json!({
            "type": format!("/openapi.json#/components/responses/{name}"),
            "title": title,
            "status": status.as_u16(),
            "detail": self.said.detail,
            "instance": instance,
            "remedy": self.said.remedy.as_deref().unwrap_or(usual),
            "request_id": request_id,
        });
        if let Some(members) = document.as_object_mut() {
            for (name, value) in &self.said.more {
                members.entry(name.as_str()).or_insert_with(|| value.clone());
            }
        }
        document
    }

    /// The answer to a request for this path.
    pub(super) fn answer(self, instance: &str, request_id: &str) -> Response {
        let document = self.document(instance, request_id);
        let mut response = Response::new(Body::from(document.to_string()));
        *response.status_mut() = self.kind.status();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        for (name, value) in self.said.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::NotFound { .. } => Kind::NotFound,
            StoreError::Invalid(_) => Kind::BadRequest,
            StoreError::Taken { .. } => Kind::Conflict,
            StoreError::Documents { .. } | StoreError::Unreadable { .. } => Kind::Upstream,
            StoreError::Index { .. } | StoreError::Busy { .. } | StoreError::Expired { .. } | StoreError::Foreign => {
                Kind::Unavailable
            }
        };
        let problem = Problem::new(kind, error.to_string());
        match (&error, error.help()) {
            (StoreError::NotFound { id }, _) => {
                let id = Value::from(id.as_str());
                problem.remedy("`GET /profiles` lists the profiles").with("id", id)
            }
            (_, Some(help)) => problem.remedy(help),
            (_, None) => problem,
        }
    }
}
