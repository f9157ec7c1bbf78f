//! Lists over a million indexed profiles, on SQLite and PostgreSQL, and reading one profile.
//!
//!   cargo bench --bench store                         SQLite
//!   scripts/services run cargo bench --bench store    PostgreSQL too
//!   cargo bench --bench store -- 100000               over so many profiles
//!
//! The profiles cover a year, one each half minute: twenty clusters of uneven size, five namespaces, ten labels and a rare
//! one. Nine of ten were made within an hour of their window, some long after. What is asked is drawn anew for each
//! question, but from the same seed in each run.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints its figures")]

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tdsql::catalog::Catalog;
use tdsql::model::behaviour::{
    BehaviourProfile, ConfigSnapshot, MetricAggregate, ProfileId, Statistics, TelemetrySummary, Timestamp,
};
use tdsql::store::index::{Database, Index};
use tdsql::store::{Cursor, Filter, Location, PageSize, Store};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// 1 January 2026.
const START: i64 = 1_767_225_600 * SECOND;
/// Between two profiles.
const APART: i64 = 31 * SECOND;
const QUESTIONS: usize = 400;

/// Fills the table by one statement: `i` counts up from 1.
fn fill(profiles: u32, series: &str, id: &str, name: &str) -> String {
    // A multiplier that scatters neighbours.
    let hash = |by: u32| format!("((i * {by}) % 1000003)");
    let skew = format!("({} % 20) * ({} % 20) / 20", hash(7919), hash(104_729));
    let end = format!("({START} + i * {APART})");
    let lag = format!(
        "(CASE WHEN i % 10 < 9 THEN {h} % 3600 WHEN i % 50 = 9 THEN {h} * 3 ELSE {h} % 86400 END)",
        h = hash(15_485_863)
    );
    format!(
        "INSERT INTO behaviour_profile
    (id, name, label, cluster_id, namespace, window_start, window_end, created_at, lag, digest, revision)
SELECT {id}, {name}, label, cluster_id, namespace, window_end - {hour}, window_end,
    window_end + lag * {SECOND},
    CASE WHEN lag <= 3600 THEN 0 WHEN lag <= 86400 THEN 1 WHEN lag <= 2764800 THEN 2 ELSE 3 END,
    'd3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3', 0
FROM (
    SELECT i, {end} AS window_end, {lag} AS lag,
        'cluster-' || ({skew}) AS cluster_id,
        'namespace-' || ({ns} % 5) AS namespace,
        CASE WHEN {la} % 20000 = 0 THEN 'rare' ELSE 'label-' || ({la} % 10) END AS label
    FROM {series}
) AS made
LIMIT {profiles}",
        hour = 3600 * SECOND,
        ns = hash(32_452_843),
        la = hash(49_979_687),
    )
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn filter(&mut self, kind: &str, profiles: u32) -> Filter {
        let mut filter = Filter::default();
        if kind.contains("cluster") {
            filter.cluster = Some(format!("cluster-{}", self.below(19)));
        }
        if kind.contains("namespace") {
            filter.namespace = Some(format!("namespace-{}", self.below(5)));
        }
        if kind.contains("label") {
            filter.label = Some(format!("label-{}", self.below(10)));
        }
        if kind.contains("rare") {
            filter.label = Some("rare".to_owned());
        }
        for (name, days) in [("day", 1), ("week", 7), ("month", 30)] {
            if kind.contains(name) {
                let all = i64::from(profiles) * APART;
                let from = START + self.below(all.unsigned_abs()).cast_signed();
                filter.from = Timestamp::from_micros(from);
                filter.to = Timestamp::from_micros(from + days * DAY);
            }
        }
        filter
    }
}

async fn lists(name: &str, index: &dyn Index, profiles: u32) {
    let kinds = [
        "all",
        "cluster",
        "namespace",
        "label",
        "rare",
        "cluster namespace",
        "cluster label",
        "namespace label",
        "cluster namespace label",
        "cluster namespace rare",
        "day",
        "week",
        "month",
        "cluster day",
        "cluster week",
        "cluster month",
        "label month",
        "rare month",
        "cluster namespace label month",
        "nobody",
    ];
    println!("\n{name}, {profiles} profiles, pages of 50, {QUESTIONS} questions each, milliseconds");
    println!("{:<34} {:>8} {:>8} {:>8}", "filter", "p50", "p99", "max");
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut all = Vec::new();
    for kind in kinds {
        let mut times = Vec::new();
        for _ in 0..QUESTIONS {
            let mut filter = random.filter(kind, profiles);
            if kind == "nobody" {
                filter.cluster = Some("nobody".to_owned());
            }
            // Every other question goes on from somewhere.
            let cursor: Option<Cursor> = (random.below(2) == 0).then(|| {
                let micros = START + random.below((i64::from(profiles) * APART).unsigned_abs()).cast_signed();
                format!("{micros:016x}-{}", ProfileId::from_bytes([0x80; 16])).parse().unwrap()
            });
            let begun = Instant::now();
            let page = index.list(&filter, PageSize::default(), cursor.as_ref()).await.unwrap();
            times.push(begun.elapsed());
            assert!(page.profiles.iter().all(|profile| filter.matches(profile)));
        }
        show(kind, &mut times);
        all.extend(times);
    }
    show("of all", &mut all);
}

fn show(name: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!("{name:<34} {:>8.2} {:>8.2} {:>8.2}", at(0.50), at(0.99), at(1.0));
}

/// Reads one profile over and over, and creates some, in a directory with SQLite.
async fn single(dir: &Path) {
    let store = Store::open(&Location::directory(dir)).await.unwrap();
    let catalog = Catalog::embedded().unwrap();
    let created_at = Timestamp::from_micros(START).unwrap();
    let measured = Statistics::new([0.25, 1234.5, 77.125, 70.5, 900.25, 1200.75]).unwrap();
    let profile = || BehaviourProfile {
        id: ProfileId::new(created_at),
        name: "measured".to_owned(),
        label: None,
        cluster_id: "c".to_owned(),
        namespace: None,
        task_queue: None,
        time_window_start: created_at.before(Duration::from_secs(3600)),
        time_window_end: created_at,
        temporal_server_version: None,
        dsql_plugin_version: None,
        worker_code_sha: None,
        config_snapshot: ConfigSnapshot::default(),
        telemetry: TelemetrySummary::complete(catalog.measured(), |_, _| MetricAggregate::Measured(measured)),
        created_at,
        is_baseline: false,
    };
    let one = profile();
    store.create(&one).await.unwrap();
    let mut created = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        store.create(&profile()).await.unwrap();
        created.push(begun.elapsed());
    }
    println!("\none profile of {} bytes, directory and SQLite, milliseconds", serde_json::to_vec(&one).unwrap().len());
    println!("{:<34} {:>8} {:>8} {:>8}", "", "p50", "p99", "max");
    show("create", &mut created);
    let mut read = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        let begun = Instant::now();
        store.get(one.id).await.unwrap();
        read.push(begun.elapsed());
    }
    let a_second = read.len() as f64 / begun.elapsed().as_secs_f64();
    show("get", &mut read);
    println!("{a_second:.0} gets a second, one after the other");
}

fn main() {
    let profiles: u32 = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let dir = tempfile::tempdir().unwrap();
        single(&dir.path().join("single")).await;

        let file = dir.path().join("index.sqlite");
        drop(Database::sqlite(&file).await.unwrap());
        let mut connection = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        let series = format!(
            "(WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {profiles}) SELECT i FROM c)"
        );
        let id = "printf('%08x-0000-7000-8000-%012x', i / 16, i)";
        let text = fill(profiles, &series, id, "'profile ' || i");
        // All of it in memory: a million rows go to random places of nine indexes.
        for pragma in ["PRAGMA synchronous = OFF", "PRAGMA cache_size = -3000000"] {
            sqlx::query(pragma).execute(&mut connection).await.unwrap();
        }
        sqlx::query(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let index: Arc<dyn Index> = Arc::new(Database::sqlite(&file).await.unwrap());
        lists("SQLite", &*index, profiles).await;

        let Ok(server) = std::env::var("TDSQL_TEST_POSTGRES") else {
            println!("\nPostgreSQL: not measured, TDSQL_TEST_POSTGRES is not set (scripts/services)");
            return;
        };
        let mut connection = PgConnection::connect(&server).await.unwrap();
        let name = format!("bench_{}", std::process::id());
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
        let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
        let index: Arc<dyn Index> = Arc::new(Database::postgres(&url).await.unwrap());
        let mut within = PgConnection::connect(&url).await.unwrap();
        let id = "lpad(to_hex(i / 16), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(i), 12, '0')";
        let text = fill(profiles, &format!("generate_series(1::bigint, {profiles}) AS s(i)"), id, "'profile ' || i");
        sqlx::query(AssertSqlSafe(text)).execute(&mut within).await.unwrap();
        sqlx::query("VACUUM ANALYZE behaviour_profile").execute(&mut within).await.unwrap();
        within.close().await.unwrap();
        lists("PostgreSQL", &*index, profiles).await;
        drop(index);
        let _ = sqlx::query(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).execute(&mut connection).await;
    });
}
