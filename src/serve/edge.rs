//! What every request passes: its id, who may ask, how many at once, the access log, the measures.

use super::Service;
use super::problem::{Kind, Problem};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, HOST, HeaderName, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::json;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

/// The header that carries a request's id.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a browser says of where a request comes from.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The longest id and the longest path that are taken and logged.
const LONGEST: usize = 128;

/// A request's id, for whoever has to tell it.
#[derive(Clone)]
pub(super) struct RequestId(pub(super) String);

/// Lets a request pass, and remembers it.
pub(super) async fn pass(State(service): State<Arc<Service>>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let _counted = service.measures.begin();
    let id = id(request.headers());
    let method = request.method().clone();
    let path: String = request.uri().path().chars().take(LONGEST).collect();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = match admitted(&service, &request, route.as_deref()) {
        Err(problem) => problem.answer(&path, &id),
        Ok(()) => {
            let open = route.as_deref().is_some_and(|route| service.is_open(route));
            match (open, service.places.try_acquire()) {
                (false, Err(_)) => Problem::new(Kind::Unavailable, "too many requests are under way")
                    .remedy("try again in a second")
                    .header(RETRY_AFTER, HeaderValue::from_static("1"))
                    .answer(&path, &id),
                (_, _place) => next.run(request).await,
            }
        }
    };
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let took = begun.elapsed();
    let status = response.status().as_u16();
    service.measures.finish(&method, route.as_deref(), status, took);
    // The query and the body stay out: they are the caller's.
    let line = json!({
        "at": service.now().to_string(),
        "request_id": id,
        "method": method.as_str(),
        "path": path,
        "status": status,
        "ms": (took.as_secs_f64() * 1e6).round() / 1e3,
    });
    service.log(&line);
    response
}

/// The id that the caller gave, where it is one that can stand in a log; else a new one.
fn id(headers: &HeaderMap) -> String {
    let sane = |id: &&str| {
        (1..=LONGEST).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(sane);
    given.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned)
}

/// Whether the request may be answered.
fn admitted(service: &Service, request: &Request, route: Option<&str>) -> Result<(), Problem> {
    if route.is_some_and(|route| service.is_open(route)) {
        return Ok(());
    }
    let header = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = header(HOST).unwrap_or_default();
    // A page that has its own name lead here would be of the same origin to a browser.
    if !service.goes_by(name_of(host)) {
        return Err(Problem::new(
            Kind::Misdirected,
            format!("`{}` is no name of this service", crate::model::clipped(host)),
        ));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        let own_origin = |origin: &str| origin.split_once("://").is_some_and(|(_, of)| of.eq_ignore_ascii_case(host));
        let foreign = match header(FETCH_SITE) {
            Some(site) => !matches!(site, "same-origin" | "none"),
            None => header(ORIGIN).is_some_and(|origin| !own_origin(origin)),
        };
        if foreign {
            return Err(Problem::new(Kind::CrossSite, "a page of another origin sent the request"));
        }
    }
    let given = header(AUTHORIZATION).and_then(|value| value.split_once(' '));
    let token = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    if service.lets_in(token) {
        return Ok(());
    }
    let detail = if token.is_some() { "the token is another one" } else { "the request has no token" };
    let challenge = HeaderValue::from_static("Bearer realm=\"tdsql\"");
    Err(Problem::new(Kind::Unauthorized, detail).header(WWW_AUTHENTICATE, challenge))
}

/// The host of a `Host` header, without its port.
fn name_of(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// Whether a name can only lead to this machine, or is an address, which no page can have led elsewhere.
pub(super) fn is_own(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok()
}
