//! Real parts: databases, buckets, and profiles to put there.

use hyper_util::rt::{TokioExecutor, TokioIo};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tdsql::model::behaviour::{
    BehaviourProfile, ConfigSnapshot, GapState, MetricAggregate, ProfileId, Section, TelemetrySummary, Timestamp,
};
use tdsql::store::documents::{Directory, Documents, S3};
use tdsql::store::index::{Database, Index};
use tdsql::store::{S3At, Store};
use tempfile::TempDir;

pub(crate) const ACCESS_KEY: &str = "tdsql-test";
pub(crate) const SECRET_KEY: &str = "a-secret-of-the-tests";
pub(crate) const BUCKET: &str = "profiles";

/// Runs a future on threads of its own.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime starts").block_on(future)
}

/// Where PostgreSQL is; where it is not, says so past the capture of the test's output.
pub(crate) fn postgres(test: &str) -> Option<String> {
    let url = std::env::var("TDSQL_TEST_POSTGRES").ok().filter(|url| !url.is_empty());
    if url.is_none() {
        let _ = writeln!(
            std::io::stderr(),
            "\n*** SKIPPED on PostgreSQL: {test}: TDSQL_TEST_POSTGRES is not set (scripts/services starts one). ***"
        );
    }
    url
}

/// A new, empty database of this server.
pub(crate) async fn database(server: &str) -> String {
    use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
    let name = format!("t_{}", ProfileId::new(now()).to_string().replace('-', ""));
    let mut connection = PgConnection::connect(server).await.expect("PostgreSQL answers");
    let made = sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await;
    made.expect("a database is made");
    let (head, _) = server.rsplit_once('/').expect("the URL names a database");
    format!("{head}/{name}")
}

/// An S3 server that checks signatures, over this folder; it ends with the runtime.
pub(crate) async fn s3_server(folder: &Path) -> SocketAddr {
    std::fs::create_dir_all(folder.join(BUCKET)).expect("a bucket is made");
    let files = s3s_fs::FileSystem::new(folder).expect("a server over the folder");
    let mut service = s3s::service::S3ServiceBuilder::new(files);
    service.set_auth(s3s::auth::SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let service = service.build();
    // Over plain files a conditional write looks and writes in two steps; S3 does both at once.
    let one_at_a_time = Arc::new(tokio::sync::Mutex::new(()));
    let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let (service, one_at_a_time) = (service.clone(), one_at_a_time.clone());
        async move {
            let _alone = one_at_a_time.lock().await;
            service.call(request.map(s3s::Body::from)).await
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let http = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                let _ = http.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

/// The documents of a bucket at this address.
pub(crate) fn bucket(address: SocketAddr, secret: &str) -> S3 {
    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(Credentials::new(ACCESS_KEY, secret, None, None, "test"))
        .region(Region::new("eu-central-1"))
        .endpoint_url(format!("http://{address}"))
        .force_path_style(true)
        .build();
    let at = S3At { bucket: BUCKET.to_owned(), prefix: "tdsql/".to_owned(), ..S3At::default() };
    S3::with(aws_sdk_s3::Client::from_conf(config), &at)
}

/// A pair of places for a store, each empty.
pub(crate) struct Places {
    pub(crate) name: &'static str,
    dir: TempDir,
    bucket: Option<SocketAddr>,
    database: Option<String>,
}

impl Places {
    /// Every pair that can be had here.
    pub(crate) async fn all(test: &str) -> Vec<Places> {
        let server = postgres(test);
        let mut all = Vec::new();
        for (name, s3, pg) in [
            ("directory and SQLite", false, false),
            ("S3 and SQLite", true, false),
            ("directory and PostgreSQL", false, true),
            ("S3 and PostgreSQL", true, true),
        ] {
            let dir = tempfile::tempdir().expect("a folder");
            let bucket = if s3 { Some(s3_server(&dir.path().join("s3")).await) } else { None };
            let database = match (&server, pg) {
                (None, true) => continue,
                (Some(server), true) => Some(database(server).await),
                (_, false) => None,
            };
            all.push(Places { name, dir, bucket, database });
        }
        all
    }

    /// The documents, reached anew.
    pub(crate) async fn documents(&self) -> Arc<dyn Documents> {
        match self.bucket {
            Some(address) => Arc::new(bucket(address, SECRET_KEY)),
            None => Arc::new(Directory::open(&self.dir.path().join("store")).await.expect("a directory")),
        }
    }

    /// The index, reached anew.
    pub(crate) async fn index(&self) -> Arc<dyn Index> {
        match &self.database {
            Some(url) => Arc::new(Database::postgres(url).await.expect("PostgreSQL")),
            None => Arc::new(Database::sqlite(&self.dir.path().join("index.sqlite")).await.expect("SQLite")),
        }
    }

    /// The store, opened anew as another process would.
    pub(crate) async fn store(&self) -> Store {
        let joined = Store::join(self.documents().await, self.index().await).await;
        joined.unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

pub(crate) fn now() -> Timestamp {
    Timestamp::of(std::time::SystemTime::now())
}

/// A time later than any that a test runs at.
pub(crate) fn far() -> Timestamp {
    "9000-01-01T00:00:00Z".parse().expect("a time")
}

/// A small profile of a cluster and a namespace.
pub(crate) fn profile(cluster: &str, namespace: Option<&str>) -> BehaviourProfile {
    let created_at = now();
    let mut telemetry = TelemetrySummary::default();
    telemetry
        .section_mut(Section::Throughput)
        .insert("starts", MetricAggregate::gap(GapState::Absent, "nothing was started"));
    BehaviourProfile {
        id: ProfileId::new(created_at),
        name: format!("of {cluster}"),
        label: Some("nightly".to_owned()),
        cluster_id: cluster.to_owned(),
        namespace: namespace.map(str::to_owned),
        task_queue: None,
        time_window_start: created_at.before(std::time::Duration::from_secs(3600)),
        time_window_end: created_at,
        temporal_server_version: None,
        dsql_plugin_version: None,
        worker_code_sha: None,
        config_snapshot: ConfigSnapshot::default(),
        telemetry,
        created_at,
        is_baseline: false,
    }
}
