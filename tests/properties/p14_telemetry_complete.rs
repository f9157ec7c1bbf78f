use crate::behaviour::{aggregate, telemetry};
use crate::strategies::CATALOG;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use tdsql::model::behaviour::{MetricAggregate, MetricGroup, Section, Statistics, TelemetrySummary};

const STATISTICS: [&str; 6] = ["min", "max", "mean", "p50", "p95", "p99"];

/// The fields of the seed's models: whatever the registry becomes, it has these.
const CONTRACT: [(&str, &[&str]); 6] = [
    ("throughput", &["workflows_started_per_sec", "workflows_completed_per_sec", "state_transitions_per_sec"]),
    (
        "latency",
        &[
            "workflow_schedule_to_start_p95",
            "workflow_schedule_to_start_p99",
            "activity_schedule_to_start_p95",
            "activity_schedule_to_start_p99",
            "persistence_latency_p95",
            "persistence_latency_p99",
        ],
    ),
    ("matching", &["sync_match_rate", "async_match_rate", "task_dispatch_latency", "backlog_count", "backlog_age"]),
    (
        "dsql_pool",
        &[
            "pool_open_count",
            "pool_in_use_count",
            "pool_idle_count",
            "reservoir_size",
            "reservoir_empty_events",
            "open_failures",
            "reconnect_count",
        ],
    ),
    ("errors", &["occ_conflicts_per_sec", "exhausted_retries_per_sec", "dsql_auth_failures"]),
    (
        "resources",
        &[
            "cpu_utilization/history",
            "cpu_utilization/matching",
            "cpu_utilization/frontend",
            "cpu_utilization/worker",
            "memory_utilization/history",
            "memory_utilization/matching",
            "memory_utilization/frontend",
            "memory_utilization/worker",
            "worker_task_slot_utilization",
        ],
    ),
];

/// P14: "For any TelemetrySummary, all six metric categories (throughput, latency, matching, dsql_pool, errors, resources)
/// SHALL be present, and every MetricAggregate within SHALL contain all six statistical fields (min, max, mean, p50, p95,
/// p99)": numbers where it was measured; null beside a gap with state and reason where it was not (R6.4).
#[test]
fn p14_telemetry_complete() {
    crate::holds(file!(), crate::CASES, &telemetry(), |telemetry| {
        prop_assert_eq!(telemetry.lacking(CATALOG.measured()), Vec::new());
        let document = serde_json::to_value(&telemetry).expect("telemetry has a JSON form");
        prop_assert_eq!(document.as_object().expect("an object").len(), Section::ALL.len());
        for (section, metrics) in CONTRACT {
            for metric in metrics {
                let found = document.pointer(&format!("/{section}/{metric}"));
                let Some(found) = found else { return Err(TestCaseError::fail(format!("no {section}/{metric}"))) };
                let gap = found.get("gap").is_some();
                for statistic in STATISTICS {
                    let value = found.get(statistic);
                    prop_assert!(value.is_some(), "{}/{} has no `{}`", section, metric, statistic);
                    prop_assert_eq!(value.is_some_and(Value::is_null), gap, "{}/{} {}", section, metric, statistic);
                }
                if gap {
                    prop_assert!(found["gap"]["state"].is_string() && found["gap"]["reason"].is_string());
                }
            }
        }
        Ok(())
    });
}

/// A summary that lacks a metric of the registry says which.
#[test]
fn p14_what_is_lacking_is_named() {
    let metrics: Vec<(Section, &str)> = CATALOG.measured().collect();
    crate::holds(file!(), crate::CASES, &(telemetry(), select(metrics)), |(telemetry, (section, name))| {
        let others = telemetry.iter().filter(|(_, metric, _)| *metric != name);
        let mut without = TelemetrySummary::default();
        for (section, metric, aggregate) in others {
            without.section_mut(section).insert(metric, aggregate.clone());
        }
        let lacking = without.lacking(CATALOG.measured());
        prop_assert_eq!(lacking.len(), 1);
        prop_assert_eq!((lacking[0].section, lacking[0].name.as_str()), (section, name));
        Ok(())
    });
}

/// Numbers that JSON cannot carry never become statistics, and no aggregate is read that is neither measured nor a gap.
#[test]
fn p14_no_statistic_without_a_value() {
    let spoilt = select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
    crate::holds(file!(), crate::CASES, &(aggregate(), 0..6_usize, spoilt), |(aggregate, at, spoilt)| {
        if let MetricAggregate::Measured(statistics) = &aggregate {
            let mut values = statistics.values();
            values[at] = spoilt;
            prop_assert!(Statistics::new(values).is_err());
        }
        let document = serde_json::to_value(&aggregate).expect("an aggregate has a JSON form");
        let measured = aggregate.statistics().is_some();
        for broken in [None, Some(if measured { Value::Null } else { json!(1.5) }), Some(json!("1"))] {
            let mut document = document.clone();
            let fields = document.as_object_mut().expect("an object");
            match broken {
                None => drop(fields.remove(STATISTICS[at])),
                Some(value) => fields[STATISTICS[at]] = value,
            }
            prop_assert!(serde_json::from_value::<MetricAggregate>(document.clone()).is_err(), "{}", document);
            let group = json!({ "m": document, "s": { "history": document } });
            prop_assert!(serde_json::from_value::<MetricGroup>(group).is_err());
        }
        Ok(())
    });
}
