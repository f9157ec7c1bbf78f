//! Strategies of behaviour profiles: any identity, configuration and telemetry that the model can hold, with the metrics
//! of the shipped registry.

use crate::strategies::{CATALOG, choice, compiled, text};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use semver::Version;
use serde_json::{Value, json};
use tdsql::model::behaviour::{
    BehaviourProfile, ConfigSnapshot, DSQLPluginSnapshot, DynamicConfigEntry, EnvVarEntry, GapState, MetricAggregate,
    ProfileId, Section, Statistics, TelemetrySummary, Timestamp, WorkerOptionsSnapshot,
};

pub(crate) fn timestamp() -> impl Strategy<Value = Timestamp> {
    // The years 1 to 9998, so that a window still fits behind.
    (-62_135_596_800_000_000..253_370_764_800_000_000_i64)
        .prop_map(|micros| Timestamp::from_micros(micros).expect("a year of four digits"))
}

/// A finite number, often one that text likes to spoil.
pub(crate) fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("finite", |value| value.is_finite()),
        select(vec![0.0, -0.0, 1.0, 0.1, 1.0 / 3.0, 1e-7, 1e300, f64::MIN_POSITIVE, f64::MAX, 5e-324]),
        0.0..1e6,
    ]
}

pub(crate) fn aggregate() -> impl Strategy<Value = MetricAggregate> {
    let values = [number(), number(), number(), number(), number(), number()];
    let states = select(vec![GapState::Absent, GapState::NotApplicable, GapState::Failed]);
    prop_oneof![
        3 => values.prop_map(|values| MetricAggregate::Measured(Statistics::new(values).expect("finite"))),
        1 => (states, text()).prop_map(|(state, reason)| MetricAggregate::gap(state, reason)),
    ]
}

/// Telemetry with every metric of the registry, and sometimes one that the registry no longer has.
pub(crate) fn telemetry() -> impl Strategy<Value = TelemetrySummary> {
    let metrics: Vec<(Section, &'static str)> = CATALOG.measured().collect();
    let extra = option::of((select(Section::ALL.to_vec()), "[a-z]{3}_[a-z]{1,9}", aggregate()));
    (vec(aggregate(), metrics.len()), extra).prop_map(move |(aggregates, extra)| {
        let mut aggregates = aggregates.into_iter();
        let mut telemetry =
            TelemetrySummary::complete(metrics.clone(), |_, _| aggregates.next().expect("one for each metric"));
        if let Some((section, name, aggregate)) = extra {
            telemetry.section_mut(section).insert(name, aggregate);
        }
        telemetry
    })
}

fn setting() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(|value| json!(value)),
        any::<u64>().prop_map(|value| json!(value)),
        number().prop_map(|value| json!(value)),
        text().prop_map(|value| json!(value)),
        any::<bool>().prop_map(|value| json!(value)),
        vec(text(), 0..3).prop_map(|value| json!(value)),
        btree_map("[a-z]{1,5}", any::<i64>(), 0..3).prop_map(|value| json!(value)),
    ]
}

fn worker_options() -> impl Strategy<Value = WorkerOptionsSnapshot> {
    let number = || option::of(any::<i64>());
    let further = btree_map("x_[a-z]{1,8}", setting(), 0..3);
    (number(), number(), option::of(self::number()), option::of(any::<bool>()), further).prop_map(
        |(activities, pollers, sticky, eager, more)| WorkerOptionsSnapshot {
            max_concurrent_activities: activities,
            activity_task_pollers: pollers,
            sticky_schedule_to_start_timeout_sec: sticky,
            disable_eager_activities: eager,
            more,
            ..WorkerOptionsSnapshot::default()
        },
    )
}

fn plugin() -> impl Strategy<Value = DSQLPluginSnapshot> {
    let further = btree_map("x_[a-z]{1,8}", setting(), 0..3);
    (option::of(any::<bool>()), option::of(any::<i64>()), option::of(number()), further).prop_map(
        |(enabled, target, lifetime, more)| DSQLPluginSnapshot {
            reservoir_enabled: enabled,
            reservoir_target_ready: target,
            reservoir_base_lifetime_min: lifetime,
            more,
            ..DSQLPluginSnapshot::default()
        },
    )
}

fn variable() -> impl Strategy<Value = EnvVarEntry> {
    (text(), text(), any::<bool>()).prop_map(|(name, value, secret)| {
        if secret { EnvVarEntry::redacted(name) } else { EnvVarEntry::plain(name, value) }
    })
}

fn snapshot() -> impl Strategy<Value = ConfigSnapshot> {
    let entry = (text(), setting(), btree_map("[a-z]{1,9}", setting(), 0..2))
        .prop_map(|(key, value, constraints)| DynamicConfigEntry { key, value, constraints });
    (vec(entry, 0..4), vec(variable(), 0..4), worker_options(), plugin(), option::of(choice())).prop_map(
        |(dynamic_config, server_env_vars, worker_options, dsql_plugin_config, choice)| ConfigSnapshot {
            dynamic_config,
            server_env_vars,
            worker_options,
            dsql_plugin_config,
            config_profile: choice.and_then(|choice| compiled(&CATALOG, &choice).ok()).map(|made| made.profile()),
        },
    )
}

/// A short text that a profile's identity may have.
pub(crate) fn name() -> impl Strategy<Value = String> {
    "[ -~é漢]{1,40}"
}

fn version() -> impl Strategy<Value = Version> {
    "[1-9]?[0-9]\\.[1-9]?[0-9]\\.[0-9](-rc\\.[1-9])?".prop_map(|text| Version::parse(&text).expect("a version"))
}

/// Any behaviour profile.
pub(crate) fn profile() -> impl Strategy<Value = BehaviourProfile> {
    let identity = (any::<[u8; 16]>(), name(), option::of(name()), name(), option::of(name()), option::of(name()));
    let window = (timestamp(), 1..=86_400_000_000_i64, timestamp());
    let versions = (option::of(version()), option::of(version()), option::of("[0-9a-f]{40}"));
    (identity, window, versions, snapshot(), telemetry()).prop_map(
        |(identity, (start, length, created_at), versions, config_snapshot, telemetry)| {
            let (id, name, label, cluster_id, namespace, task_queue) = identity;
            BehaviourProfile {
                id: ProfileId::from_bytes(id),
                name,
                label,
                cluster_id,
                namespace,
                task_queue,
                time_window_start: start,
                time_window_end: Timestamp::from_micros(start.as_micros() + length).expect("within the years"),
                temporal_server_version: versions.0,
                dsql_plugin_version: versions.1,
                worker_code_sha: versions.2,
                config_snapshot,
                telemetry,
                created_at,
                is_baseline: false,
            }
        },
    )
}
