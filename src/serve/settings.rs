//! The settings file of the service: its grammar, and what is read from it. Every fault has its place.
//!
//! The file is read with the same reader as data files. A secret never stands in it: it names a file or a variable that
//! has one. What a URL says before its `@` is blanked in everything that is shown of the file.

use crate::cluster::{Ecs, EcsAt, Frontend};
use crate::collector::{Collector, FILES};
use crate::diag::{At, Code, Diagnostic, Diagnostics, SourceMap, Span};
use crate::loader::Unread;
use crate::loader::shape::{Kind, Shape, may};
use crate::loader::{Decoder, Row};
use crate::model::{Digest, Text};
use crate::prometheus::{self, Auth, Secret};
use crate::store::{Location, S3At};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The settings file.
pub static SETTINGS: Shape = Shape {
    name: "the settings file",
    doc: "Settings of the service.",
    fields: &[
        may("listen", Kind::Text, "Address and port to listen on; 127.0.0.1:8484 where it is not said."),
        may("hosts", Kind::Texts, "Names that the service goes by, besides addresses and localhost."),
        may("token_file", Kind::Text, "A file with the bearer token that every request has to have."),
        may("token_env", Kind::Text, "The variable with that token."),
        may("store", Kind::Table(&STORE), "Where profiles are kept."),
        may("prometheus", Kind::Table(&PROMETHEUS), "Where telemetry comes from; without it no profile can be made."),
        may(
            "collectors",
            Kind::TableMap(&COLLECTOR),
            "Where the configuration of clusters stands: name → files; a request chooses one by its name.",
        ),
        may("limits", Kind::Table(&LIMITS), "What a request may take."),
    ],
};

/// `[store]`.
static STORE: Shape = Shape {
    name: "the store",
    doc: "Where behaviour profiles are kept.",
    fields: &[
        may("at", Kind::Text, "A directory, or the index alone as postgres://… or dsql://[USER@]ENDPOINT."),
        may("documents", Kind::Text, "A directory for the documents."),
        may("bucket", Kind::Text, "A bucket for the documents."),
        may("prefix", Kind::Text, "What the keys in the bucket begin with."),
        may("endpoint", Kind::Text, "The endpoint of an S3 service other than Amazon's."),
        may("region", Kind::Text, "The bucket's region."),
    ],
};

/// `[prometheus]`.
static PROMETHEUS: Shape = Shape {
    name: "the source of telemetry",
    doc: "Prometheus, Amazon Managed Prometheus, or what speaks their API.",
    fields: &[
        may("url", Kind::Text, "Its address, without the API's own path."),
        may("exporter", Kind::Text, "How its exporter writes names; found out where it is not said."),
        may("scrape_interval", Kind::Int, "Seconds between two scrapes."),
        may("user", Kind::Text, "The user; with a password."),
        may("password_file", Kind::Text, "A file with the password."),
        may("password_env", Kind::Text, "The variable with the password."),
        may("bearer_file", Kind::Text, "A file with a bearer token."),
        may("bearer_env", Kind::Text, "The variable with a bearer token."),
        may(
            "sigv4_region",
            Kind::Text,
            "Sign for Amazon Managed Prometheus in this region, with the credentials of the environment.",
        ),
        may(
            "header_env",
            Kind::TextMap,
            "Headers of every request, such as a tenant's: name → the variable with its value.",
        ),
        may("parameters", Kind::TextMap, "Further parameters of every query."),
        may("ca_file", Kind::Text, "Certificates to trust besides the system's, as PEM."),
        may("timeout", Kind::Text, "How long one query may take."),
        may("concurrency", Kind::Int, "Queries under way at once."),
    ],
};

/// `[collectors.NAME]`.
static COLLECTOR: Shape = Shape {
    name: "a collector",
    doc: "The files and services that say what one cluster runs with; read and asked whenever a profile is made.",
    fields: &[
        may("config_profile", Kind::Text, "The compiled profile that was deployed."),
        may("task_definition", Kind::Text, "An ECS task definition, as JSON."),
        may("env_file", Kind::Text, "The environment of the server."),
        may("worker_options", Kind::Text, "Options of the SDK workers, as JSON or YAML."),
        may("dynamic_config", Kind::Text, "The dynamic configuration of the server, as YAML."),
        may("ecs", Kind::Table(&ECS), "The ECS service whose task definition says the environment of the server."),
        may(
            "temporal_address",
            Kind::Text,
            "The HTTP API of a Temporal frontend, which says the server's version; port 7243 unless the server's \
             configuration says otherwise.",
        ),
    ],
};

/// `[collectors.NAME.ecs]`.
static ECS: Shape = Shape {
    name: "the ECS service",
    doc: "A service of Amazon ECS, asked with the credentials of the environment.",
    fields: &[
        may("cluster", Kind::Text, "The cluster, by name or ARN; `default` where it is not said."),
        may("service", Kind::Text, "The service, by name or ARN."),
        may("region", Kind::Text, "The region."),
        may("endpoint", Kind::Text, "An endpoint other than the region's own."),
    ],
};

/// `[limits]`.
static LIMITS: Shape = Shape {
    name: "the limits",
    doc: "What a request may take.",
    fields: &[
        may("body", Kind::Int, "Bytes of a body."),
        may("request", Kind::Text, "How long a request may take, its body included."),
        may("creation", Kind::Text, "How long one may take that waits for a source of telemetry."),
        may("requests", Kind::Int, "Requests under way at once; more are refused."),
        may("connections", Kind::Int, "Connections at once; more wait."),
        may("drain", Kind::Text, "How long requests may take to end when the service is stopped."),
    ],
};

/// What a request may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body.
    pub body: usize,
    /// How long a request may take, its body included.
    pub request: Duration,
    /// How long one may take that waits for a source of telemetry.
    pub creation: Duration,
    /// Requests under way at once.
    pub requests: usize,
    /// Connections at once.
    pub connections: usize,
    /// How long requests may take to end when the service is stopped.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            body: 1024 * 1024,
            request: Duration::from_secs(30),
            creation: Duration::from_secs(120),
            requests: 256,
            connections: 1024,
            drain: Duration::from_secs(20),
        }
    }
}

/// A bearer token, as its digest: it is compared, never shown.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// The fewest characters that a token has: fewer can be guessed.
    pub const SHORTEST: usize = 16;

    /// The token of this text; white space around it is no part of it.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() < Self::SHORTEST {
            return Err(format!("a token has {} characters at least", Self::SHORTEST));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("a token has visible ASCII characters only".to_owned());
        }
        Ok(Token(Digest::of(text)))
    }

    /// Whether it is this one. The time that this takes says nothing of the token.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        subtle::ConstantTimeEq::ct_eq(self.0.as_bytes(), Digest::of(text).as_bytes()).into()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What the settings file says.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where to listen.
    pub listen: Option<SocketAddr>,
    /// Names that the service goes by.
    pub hosts: Vec<String>,
    /// The token that every request has to have.
    pub token: Option<Token>,
    /// Where profiles are kept.
    pub store: Option<Location>,
    /// Where telemetry comes from.
    pub source: Option<Source>,
    /// Where the configuration of clusters stands, by name.
    pub collectors: BTreeMap<String, Collector>,
    /// What a request may take.
    pub limits: Limits,
}

/// Where telemetry comes from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The address, and how to be let in.
    pub settings: prometheus::Settings,
    /// How its exporter writes names; found out where there is none.
    pub exporter: Option<String>,
    /// Seconds between two scrapes; the registry's where there is none.
    pub scrape_interval: Option<u32>,
}

/// What is outside of the file: other files, and the environment.
pub struct Outside<'a> {
    /// The text of a file.
    pub file: &'a dyn Fn(&Path) -> Result<String, String>,
    /// Where a file that the settings name is.
    pub place: &'a dyn Fn(&Path) -> PathBuf,
    /// The value of a variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
}

impl Settings {
    /// Reads the settings file of this name and text. What is wrong is in `diags`; what is right counts all the same.
    pub fn read(
        name: &str,
        text: &str,
        outside: &Outside<'_>,
        sources: &mut SourceMap,
        diags: &mut Diagnostics,
    ) -> Self {
        let file = sources.add(name, blanked(text));
        crate::loader::decode(Unread::new(file, text), diags, &SETTINGS, |decoder, row| settings(decoder, row, outside))
    }
}

fn settings(d: &mut Decoder<'_>, row: &Row<'_>, outside: &Outside<'_>) -> Settings {
    let listen = d.text(row, "listen").and_then(|text| match text.value.parse() {
        Ok(address) => Some(address),
        Err(_) => {
            invalid(
                d,
                text.span,
                "`listen` is no address and port",
                "write an address and a port such as 127.0.0.1:8484",
            );
            None
        }
    });
    let hosts = d.texts(row, "hosts").into_iter().map(|host| host.value.into_owned()).collect();
    let token = secret(d, row, "token_file", "token_env", outside).and_then(|secret| match Token::new(&secret.value) {
        Ok(token) => Some(token),
        Err(fault) => {
            invalid(d, secret.span, &fault, "make one with a generator of random text");
            None
        }
    });
    let store = d.table(row, "store").and_then(|row| store(d, &row));
    let source = d.table(row, "prometheus").and_then(|row| source(d, &row, outside));
    let collectors = d.table_map(row, "collectors");
    let collectors =
        collectors.into_iter().map(|(name, row)| (name.value.into_owned(), collector(d, &row, outside))).collect();
    let limits = d.table(row, "limits").map_or_else(Limits::default, |row| limits(d, &row));
    Settings { listen, hosts, token, store, source, collectors, limits }
}

fn collector(d: &mut Decoder<'_>, row: &Row<'_>, outside: &Outside<'_>) -> Collector {
    let named = FILES.iter().filter_map(|(kind, _)| Some((*kind, d.text(row, kind)?)));
    let files = named.map(|(kind, path)| (kind, (outside.place)(Path::new(&*path.value)))).collect();
    let ecs = d.table(row, "ecs").and_then(|row| ecs(d, &row)).map(Arc::new);
    let frontend = d.text(row, "temporal_address").and_then(|text| {
        let frontend = Frontend::at(&text.value);
        frontend
            .map_err(|fault| {
                invalid(
                    d,
                    text.span,
                    &format!("`temporal_address`: {fault}"),
                    "write an address such as http://temporal:7243",
                );
            })
            .ok()
    });
    Collector { files, ecs, frontend }
}

fn ecs(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<Ecs> {
    let [cluster, service, region, endpoint] =
        ["cluster", "service", "region", "endpoint"].map(|name| d.text(row, name).map(|text| text.value.into_owned()));
    let mut needed = |name: &str, given: Option<String>| {
        if given.is_none() {
            let fault = Diagnostic::error(Code::MissingField, format!("`ecs` needs the field `{name}`"));
            d.report(
                fault.at(row.span, format!("`{name}` is missing here")).help("say which service it is, and where"),
            );
        }
        given
    };
    let (service, region) = (needed("service", service), needed("region", region));
    let at = EcsAt {
        cluster: cluster.unwrap_or_else(|| "default".to_owned()),
        service: service?,
        region: region?,
        endpoint,
    };
    Ecs::new(at)
        .map_err(|fault| {
            let fault = Diagnostic::error(Code::InvalidValue, format!("`ecs`: {fault}"));
            d.report(
                fault
                    .at(row.span, "here")
                    .help("write a region such as eu-west-1, and an endpoint only where it is another"),
            );
        })
        .ok()
}

fn store(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<Location> {
    let [at, documents, bucket, prefix, endpoint, region] =
        ["at", "documents", "bucket", "prefix", "endpoint", "region"].map(|name| d.text(row, name));
    let text = |text: Option<At<Text>>| text.map(|text| text.value.into_owned());
    let bucket = text(bucket).map(|bucket| S3At {
        bucket,
        prefix: text(prefix).map(|prefix| format!("{}/", prefix.trim_end_matches('/'))).unwrap_or_default(),
        endpoint: text(endpoint),
        region: text(region),
    });
    let Some(at) = at else {
        if documents.is_some() || bucket.is_some() {
            d.report(
                Diagnostic::error(Code::MissingField, "`store` needs the field `at`")
                    .at(row.span, "`at` is missing here")
                    .help("say where the index is: a directory, postgres://… or dsql://…"),
            );
        }
        return None;
    };
    match Location::new(&at.value, documents.as_ref().map(|dir| Path::new(&*dir.value)), bucket) {
        Ok(location) => Some(location),
        Err(fault) => {
            invalid(
                d,
                at.span,
                &fault.to_string(),
                "`documents = \"DIR\"` or `bucket = \"NAME\"` says where documents go",
            );
            None
        }
    }
}

fn source(d: &mut Decoder<'_>, row: &Row<'_>, outside: &Outside<'_>) -> Option<Source> {
    let text = |text: Option<At<Text>>| text.map(|text| text.value.into_owned());
    let Some(url) = d.text(row, "url") else {
        let fault = Diagnostic::error(Code::MissingField, "`prometheus` needs the field `url`");
        d.report(fault.at(row.span, "`url` is missing here").help("say where the source is"));
        return None;
    };
    let (user, region) = (d.text(row, "user"), d.text(row, "sigv4_region"));
    let password = secret(d, row, "password_file", "password_env", outside);
    let bearer = secret(d, row, "bearer_file", "bearer_env", outside);
    let at = prometheus::Settings::at(&url.value);
    if let Err(fault) = &at {
        invalid(d, url.span, &fault.to_string(), "write an address such as http://prometheus:9090");
    }
    // What else is wrong is told all the same.
    let mut settings = at.or_else(|_| prometheus::Settings::at("http://localhost")).ok()?;
    let spans = [user.as_ref().map(|at| at.span), bearer.as_ref().map(|at| at.span), region.as_ref().map(|at| at.span)];
    let given: Vec<Span> = spans.into_iter().flatten().collect();
    if let [_, second, ..] = given.as_slice() {
        invalid(d, *second, "there is more than one way to be let in", "keep one of user, bearer token and signature");
    }
    let kept = |text: At<String>| Secret::new(text.value.trim());
    match (user, bearer, region) {
        (Some(user), ..) => {
            let password = password.map_or_else(|| Secret::new(""), kept);
            settings.auth = Auth::Basic { user: user.value.into_owned(), password };
        }
        (None, Some(token), _) => settings.auth = Auth::Bearer(kept(token)),
        (None, None, Some(region)) => {
            settings.auth = Auth::SigV4 { region: region.value.into_owned(), service: "aps".to_owned() };
        }
        (None, None, None) => {}
    }
    for (name, variable) in d.text_map(row, "header_env") {
        match (outside.variable)(&variable.value) {
            Some(value) => settings.headers.push((name.value.into_owned(), Secret::new(value.trim()))),
            None => unset(d, &variable),
        }
    }
    settings.parameters = d
        .text_map(row, "parameters")
        .into_iter()
        .map(|(name, value)| (name.value.into_owned(), value.value.into_owned()))
        .collect();
    if let Some(file) = d.text(row, "ca_file") {
        settings.ca = read(d, &file, outside).map(String::into_bytes);
    }
    settings.timeout = duration(d, row, "timeout").unwrap_or(settings.timeout);
    settings.concurrency = count(d, row, "concurrency").unwrap_or(settings.concurrency);
    let scrape_interval = count(d, row, "scrape_interval").and_then(|seconds| u32::try_from(seconds).ok());
    Some(Source { settings, exporter: text(d.text(row, "exporter")), scrape_interval })
}

/// A number of at least 1.
fn count(d: &mut Decoder<'_>, row: &Row<'_>, name: &'static str) -> Option<usize> {
    let number = d.int(row, name)?;
    let counted = usize::try_from(number.value).ok().filter(|number| *number > 0);
    if counted.is_none() {
        invalid(d, number.span, &format!("`{name}` is {}", number.value), "write a number of at least 1");
    }
    counted
}

fn limits(d: &mut Decoder<'_>, row: &Row<'_>) -> Limits {
    let usual = Limits::default();
    let mut number = |name, usual: usize| count(d, row, name).unwrap_or(usual);
    let (body, requests, connections) =
        (number("body", usual.body), number("requests", usual.requests), number("connections", usual.connections));
    let mut time = |name, usual| duration(d, row, name).unwrap_or(usual);
    let (request, creation, drain) =
        (time("request", usual.request), time("creation", usual.creation), time("drain", usual.drain));
    // More permits than a semaphore can have are as good as none at all.
    let most = tokio::sync::Semaphore::MAX_PERMITS;
    Limits { body, request, creation, requests: requests.min(most), connections: connections.min(most), drain }
}

/// A length of time of at least a millisecond and at most a day.
fn duration(d: &mut Decoder<'_>, row: &Row<'_>, name: &'static str) -> Option<Duration> {
    const LONGEST: i64 = 24 * 60 * 60 * 1000;
    let text = d.text(row, name)?;
    match crate::model::parse_duration(&text.value) {
        Ok(millis @ 1..=LONGEST) => Some(Duration::from_millis(millis.unsigned_abs())),
        Ok(_) => {
            invalid(
                d,
                text.span,
                &format!("`{name}` is not between 1ms and 24h"),
                "write a duration such as 30s or 2m",
            );
            None
        }
        Err(fault) => {
            invalid(d, text.span, &format!("`{name}`: {fault}"), "write a duration such as 30s or 2m");
            None
        }
    }
}

/// A secret that a file or a variable has, which the settings name.
fn secret(
    d: &mut Decoder<'_>,
    row: &Row<'_>,
    of_file: &'static str,
    of_variable: &'static str,
    outside: &Outside<'_>,
) -> Option<At<String>> {
    let (file, variable) = (d.text(row, of_file), d.text(row, of_variable));
    match (file, variable) {
        (None, None) => None,
        (Some(_), Some(variable)) => {
            let message = format!("`{of_file}` and `{of_variable}` both stand");
            invalid(d, variable.span, &message, "keep one of the two");
            None
        }
        (Some(file), None) => read(d, &file, outside).map(|text| At { value: text, span: file.span }),
        (None, Some(variable)) => match (outside.variable)(&variable.value) {
            Some(text) => Some(At { value: text, span: variable.span }),
            None => {
                unset(d, &variable);
                None
            }
        },
    }
}

/// The text of a file that the settings name.
fn read(d: &mut Decoder<'_>, file: &At<Text>, outside: &Outside<'_>) -> Option<String> {
    match (outside.file)(Path::new(&*file.value)) {
        Ok(text) => Some(text),
        Err(fault) => {
            let fault = Diagnostic::error(Code::Io, format!("cannot read `{}`: {fault}", file.value));
            d.report(fault.at(file.span, "this file").help("name a file that can be read"));
            None
        }
    }
}

fn unset(d: &mut Decoder<'_>, variable: &At<Text>) {
    let message = format!("the variable `{}` is not set", variable.value);
    invalid(d, variable.span, &message, "set it, or name another");
}

fn invalid(d: &mut Decoder<'_>, span: Span, message: &str, help: &str) {
    d.report(Diagnostic::error(Code::InvalidValue, message).at(span, "here").help(help));
}

/// The text with everything between `://` and the `@` of an authority blanked; every other character stays where it is.
fn blanked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match (line.find("://"), line.rfind('@')) {
            (Some(start), Some(end)) if start + 3 < end => {
                shown.push_str(&line[..start + 3]);
                shown.extend(std::iter::repeat_n('*', end - start - 3));
                shown.push_str(&line[end..]);
            }
            _ => shown.push_str(line),
        }
    }
    shown
}
