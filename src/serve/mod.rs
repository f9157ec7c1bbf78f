//! The HTTP service: behaviour profiles, and what the compiler can be asked.
//!
//! A list of routes (`routes`) is all that the router and the OpenAPI document are made of. Whatever is no success is a
//! problem document (`problem`). What every request passes is in `edge`; the clock, the log and the end come in from
//! outside. Shown at work by `tests/serve/` and `conformance/service/`.

mod compiler;
mod config;
mod edge;
mod judge;
mod measures;
mod openapi;
mod problem;
mod profiles;
mod query;
mod route;
mod routes;
mod self_check;
mod settings;

pub use settings::{Limits, Outside, SETTINGS, Settings, Source, Token};

use crate::catalog::Catalog;
use crate::collector::Collector;
use crate::model::behaviour::Timestamp;
use crate::prometheus::Prometheus;
use crate::store::Store;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, Method};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter};
use edge::RequestId;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use measures::Measures;
use problem::{Kind, Problem};
use route::Route;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How long the head of a request may take at most; also how long a connection may be idle.
const HEAD: Duration = Duration::from_secs(30);

/// The most bytes of a head: what a connection can make the service hold.
const LONGEST_HEAD: usize = 32 * 1024;

/// How long to wait after a connection could not be accepted: there may be no file descriptors left.
const BREATH: Duration = Duration::from_millis(100);

/// Where the service writes: a line of JSON for each request.
pub type Log = dyn Fn(&str) + Send + Sync;

/// What a service is made of.
pub struct Parts {
    /// The catalog, with the queries of telemetry.
    pub catalog: &'static Catalog,
    /// Where profiles are kept.
    pub store: Store,
    /// Where telemetry comes from; without it no profile can be made.
    pub source: Option<Telemetry>,
    /// Where the configuration of clusters stands, by names that requests may say.
    pub collectors: BTreeMap<String, Collector>,
    /// The token that every request has to have.
    pub token: Option<Token>,
    /// Names that the service goes by besides addresses and localhost.
    pub hosts: Vec<String>,
    /// Whether a request may call the service by any name.
    pub any_host: bool,
    /// What a request may take.
    pub limits: Limits,
    /// The clock.
    pub clock: fn() -> SystemTime,
    /// Where to write.
    pub log: Box<Log>,
}

/// A source of telemetry, and how it is asked.
pub struct Telemetry {
    /// The source.
    pub source: Prometheus,
    /// How its exporter writes names; found out where there is none.
    pub exporter: Option<String>,
    /// Seconds between two scrapes; the registry's where there is none.
    pub scrape_interval: Option<u32>,
}

/// The service.
pub struct Service {
    catalog: &'static Catalog,
    store: Store,
    source: Option<Telemetry>,
    collectors: BTreeMap<String, Collector>,
    token: Option<Token>,
    hosts: Vec<String>,
    any_host: bool,
    limits: Limits,
    clock: fn() -> SystemTime,
    log: Box<Log>,
    measures: Measures,
    /// The OpenAPI document.
    document: Bytes,
    /// Paths of the routes that answer without a token.
    open: Vec<&'static str>,
    /// Places for requests under way.
    places: Semaphore,
}

impl Service {
    /// The service of these parts, and its routes.
    fn new(parts: Parts) -> (Arc<Self>, Vec<Route>) {
        let Parts { catalog, store, source, collectors, token, hosts, any_host, limits, clock, log } = parts;
        let routes = routes::all();
        let document = Bytes::from(openapi::document(&routes, token.is_some()).to_string());
        let open = routes.iter().filter(|route| route.open).map(|route| route.path).collect();
        let places = Semaphore::new(limits.requests);
        let measures = Measures::new();
        let service = Service {
            catalog,
            store,
            source,
            collectors,
            token,
            hosts,
            any_host,
            limits,
            clock,
            log,
            measures,
            document,
            open,
            places,
        };
        (Arc::new(service), routes)
    }

    fn now(&self) -> Timestamp {
        Timestamp::of((self.clock)())
    }

    fn log(&self, line: &serde_json::Value) {
        (self.log)(&line.to_string());
    }

    /// Whether the route of this path answers whoever asks.
    fn is_open(&self, path: &str) -> bool {
        self.open.contains(&path)
    }

    /// Whether a request may call the service so.
    fn goes_by(&self, name: &str) -> bool {
        self.any_host || edge::is_own(name) || self.hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
    }

    /// Whether who has this token may ask.
    fn lets_in(&self, token: Option<&str>) -> bool {
        self.token.as_ref().is_none_or(|wanted| token.is_some_and(|token| wanted.is(token)))
    }
}

/// The OpenAPI document of a service; `token` says whether it asks for one.
#[must_use]
pub fn openapi(token: bool) -> serde_json::Value {
    openapi::document(&routes::all(), token)
}

/// The router of these routes.
fn router(service: &Arc<Service>, routes: Vec<Route>) -> Router {
    let mut paths: BTreeMap<&'static str, MethodRouter<Arc<Service>>> = BTreeMap::new();
    let mut allowed: BTreeMap<&'static str, Vec<&str>> = BTreeMap::new();
    for route in &routes {
        let methods = allowed.entry(route.path).or_default();
        match route.method {
            Method::GET => methods.extend(["GET", "HEAD"]),
            Method::POST => methods.push("POST"),
            _ => methods.push("DELETE"),
        }
    }
    for route in routes {
        let (path, route) = (route.path, Arc::new(route));
        let filter = MethodFilter::try_from(route.method.clone()).unwrap_or(MethodFilter::GET);
        let handler = move |State(service): State<Arc<Service>>,
                            path: Result<RawPathParams, RawPathParamsRejection>,
                            request: Request| {
            let route = Arc::clone(&route);
            async move {
                let (instance, id) = asked(&request);
                let answer = match path {
                    Ok(path) => route.answer(service, path, request).await,
                    Err(fault) => Err(Problem::new(Kind::BadRequest, format!("the path: {fault}"))),
                };
                answer.unwrap_or_else(|problem| problem.answer(&instance, &id))
            }
        };
        let at = paths.remove(path).unwrap_or_default();
        paths.insert(path, at.on(filter, handler));
    }
    let mut router = Router::new();
    for (path, methods) in paths {
        let allow = allowed.remove(path).unwrap_or_default().join(", ");
        let allow = HeaderValue::try_from(allow).unwrap_or(HeaderValue::from_static("GET"));
        let refuse = move |request: Request| {
            let detail = format!("`{}` has no method {}", request.uri().path(), request.method());
            let problem = Problem::new(Kind::MethodNotAllowed, detail).header(ALLOW, allow.clone());
            std::future::ready(refused(&request, problem))
        };
        router = router.route(path, methods.fallback(refuse));
    }
    let nowhere = |request: Request| {
        let path = crate::model::clipped(request.uri().path());
        let problem = Problem::new(Kind::NotFound, format!("there is no route `{path}`"));
        std::future::ready(refused(&request, problem))
    };
    router
        .fallback(nowhere)
        .layer(axum::middleware::from_fn_with_state(Arc::clone(service), edge::pass))
        .with_state(Arc::clone(service))
}

/// What a problem says of the request that it is of: path and id.
fn asked(request: &Request) -> (String, String) {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    (request.uri().path().to_owned(), id)
}

fn refused(request: &Request, problem: Problem) -> Response {
    let (instance, id) = asked(request);
    problem.answer(&instance, &id)
}

/// How a service ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Connections that were cut off because their requests did not end in time.
    pub cut: usize,
}

/// Serves what comes in until `stop`, then lets the requests under way come to their end, within the limit.
pub async fn serve(listener: TcpListener, parts: Parts, stop: impl Future<Output = ()>) -> Ended {
    let (service, routes) = Service::new(parts);
    let router = TowerToHyperService::new(router(&service, routes));
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    let head = HEAD.min(service.limits.request);
    builder.http1().timer(TokioTimer::new()).header_read_timeout(head).max_buf_size(LONGEST_HEAD);
    let room = Arc::new(Semaphore::new(service.limits.connections));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        // What does not fit waits in the backlog of the listener.
        let accepted = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, stream) = tokio::select! {
            () = &mut stop => break,
            (place, accepted) = accepted => match accepted {
                Ok((stream, _)) => (place, stream),
                Err(_) => {
                    tokio::time::sleep(BREATH).await;
                    continue;
                }
            },
        };
        let _ = stream.set_nodelay(true);
        let connection = builder.serve_connection(TokioIo::new(stream), router.clone()).into_owned();
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            let _place = place;
            // What goes wrong with a connection is the peer's doing, or its loss.
            let _ = connection.await;
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let _ = tokio::time::timeout(service.limits.drain, graceful.shutdown()).await;
    while connections.try_join_next().is_some() {}
    let cut = connections.len();
    connections.shutdown().await;
    Ended { cut }
}
