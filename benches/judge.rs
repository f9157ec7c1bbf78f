//! Warm costs of judging behaviour profiles: a comparison, and an assessment of telemetry that is there.
//!
//! `cargo bench --bench judge`. Each figure is the median of many runs; compare figures of one run, not across runs.
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

mod median;

use median::median;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::hint::black_box;
use tdsql::assess::assess;
use tdsql::catalog::Catalog;
use tdsql::compare::{Thresholds, compare};
use tdsql::compile::{Given, Request, compile};
use tdsql::loader::{DataSet, Depth};
use tdsql::model::behaviour::{
    BehaviourProfile, ConfigSnapshot, DynamicConfigEntry, MetricAggregate, ProfileId, Statistics, TelemetrySummary,
    Timestamp,
};
use tdsql::model::{Channel, Scalar};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Entries of dynamic configuration that each profile has.
const KEYS: usize = 700;
const HOUR: i64 = 3_600_000_000;
/// 1 January 2026.
const START: i64 = 1_767_225_600_000_000;

/// A profile of this hour, whose pool has so many connections, and whose metrics all have this value.
fn profile(catalog: &Catalog, hour: i64, pool: i64, value: f64, compiled: bool) -> BehaviourProfile {
    let given = vec![Given::new("persistence.maxConns", Scalar::Int(pool))];
    let request = Request { preset: "mid-scale".to_owned(), given, ..Request::default() };
    let compilation = compile(catalog, &request, "").expect("the request is good");
    let entry =
        |key: &str, value: Value| DynamicConfigEntry { key: key.to_owned(), value, constraints: BTreeMap::new() };
    let mut dynamic_config: Vec<DynamicConfigEntry> = Vec::new();
    for id in catalog.ids() {
        let parameter = catalog.parameter(id);
        if let Some(key) = parameter.output(Channel::DynamicConfig) {
            let value = parameter.value_type.show(compilation.resolution.value(id));
            dynamic_config.push(entry(key, json!(value)));
        }
    }
    // Every tenth of the others differs between two profiles.
    let others = catalog.settings.all.iter().filter(|setting| {
        catalog.ids().all(|id| catalog.parameter(id).output(Channel::DynamicConfig) != Some(&setting.key))
    });
    let values = others
        .enumerate()
        .map(|(at, setting)| entry(&setting.key, json!(if at.is_multiple_of(10) { hour } else { 7 })));
    let room = KEYS - dynamic_config.len();
    dynamic_config.extend(values.take(room));
    let made = dynamic_config.len();
    dynamic_config.extend((made..KEYS).map(|at| entry(&format!("system.unregistered{at}"), json!(at))));
    let at = |hour: i64| Timestamp::from_micros(START + hour * HOUR).expect("it is a time");
    BehaviourProfile {
        id: ProfileId::new(at(hour + 1)),
        name: format!("hour {hour}"),
        label: None,
        cluster_id: "prod".to_owned(),
        namespace: Some("orders".to_owned()),
        task_queue: None,
        time_window_start: at(hour),
        time_window_end: at(hour + 1),
        temporal_server_version: Some(semver::Version::new(1, 29, 0)),
        dsql_plugin_version: None,
        worker_code_sha: None,
        config_snapshot: ConfigSnapshot {
            dynamic_config,
            config_profile: compiled.then(|| compilation.profile()),
            ..ConfigSnapshot::default()
        },
        telemetry: TelemetrySummary::complete(catalog.measured(), |_, _| {
            MetricAggregate::Measured(Statistics::new([value; 6]).expect("finite"))
        }),
        created_at: at(hour + 1),
        is_baseline: false,
    }
}

fn main() {
    let catalog = Catalog::link(DataSet::embedded(), Depth::Judgement).expect("the catalog has no faults");
    let thresholds = Thresholds::of(&catalog);
    println!(
        "{KEYS} keys of dynamic configuration, {} metrics, {} correlation and {} recommendation rules",
        catalog.metrics.len(),
        catalog.correlations.len(),
        catalog.recommendations.len()
    );
    for (what, compiled, turned) in [
        ("with what was compiled", true, false),
        ("with what was compiled, keys in another order", true, true),
        ("dynamic configuration alone", false, false),
    ] {
        let before = profile(&catalog, 0, 50, 20.0, compiled);
        let mut after = profile(&catalog, 2, 20, 90.0, compiled);
        if turned {
            after.config_snapshot.dynamic_config.reverse();
        }
        let told = compare(&catalog, &before, &after, &thresholds).expect("two profiles");
        println!(
            "{what}: {} of configuration differ, {} changes explain something",
            told.config_diffs.len(),
            told.correlations.explanations.len()
        );
        println!(
            "  compare  {:>10.1?}",
            median(500, || {
                black_box(compare(&catalog, &before, &after, &thresholds)).expect("two profiles");
            })
        );
        println!(
            "  assess   {:>10.1?}",
            median(100, || {
                black_box(assess(&catalog, Some(&before), &after, None, &thresholds)).expect("no preset is named");
            })
        );
    }
}
