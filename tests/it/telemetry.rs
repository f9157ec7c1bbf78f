//! Queries as the sources take them, in every spelling of exporters, and what window rules make of windows.

use std::fmt::Write as _;

use tdsql::catalog::Catalog;
use tdsql::catalog::telemetry::{Exporter, Reads, Selection, Telemetry, Terms};
use tdsql::loader::{DataSet, Depth};
use tdsql::telemetry::{Window, plan};

use crate::support::snapshots;

fn checked() -> Catalog {
    Catalog::link(DataSet::embedded(), Depth::Check).expect("the shipped catalog has no faults")
}

fn selection() -> Selection {
    Selection {
        cluster: Some("prod".to_owned()),
        namespace: Some("my-team.\"prod\"\\\n".to_owned()),
        task_queue: Some("orders".to_owned()),
    }
}

fn every_query(catalog: &Catalog, exporter: &Exporter, selection: &Selection) -> Vec<(String, String)> {
    let telemetry = &catalog.telemetry;
    let metrics = catalog.metrics.iter().map(|metric| (metric.name.to_string(), metric.query.value.as_ref()));
    let probes = telemetry.probes.iter().flat_map(|probe| {
        [(probe.of.words().to_owned(), probe.query.as_ref()), (format!("{}s", probe.of.words()), &probe.values)]
    });
    let expand = |query| telemetry.expand(query, Terms { exporter, selection, rate_window: 300, window: 3600 });
    metrics.chain(probes).map(|(name, query)| (name, expand(query))).collect()
}

#[test]
fn every_query_parses_in_every_spelling() {
    let catalog = checked();
    assert!(!catalog.telemetry.exporters.is_empty());
    for exporter in &catalog.telemetry.exporters {
        let terms = Terms { exporter, selection: &Selection::default(), rate_window: 300, window: 3600 };
        let detect = catalog.telemetry.expand(&exporter.detect, terms);
        promql_parser::parser::parse(&detect).unwrap_or_else(|fault| panic!("{}: {fault}", exporter.detect));
        for selection in [Selection::default(), selection()] {
            for (name, query) in every_query(&catalog, exporter, &selection) {
                promql_parser::parser::parse(&query).unwrap_or_else(|fault| panic!("{name}: {fault}: {query}"));
            }
        }
    }
}

#[test]
fn queries() {
    let catalog = checked();
    for exporter in ["tally", "otel"] {
        let exporter = catalog.telemetry.exporter(exporter).expect("it ships");
        let mut text = String::new();
        for (name, query) in every_query(&catalog, exporter, &selection()) {
            let _ = writeln!(text, "{name}\n    {query}");
        }
        snapshots("telemetry").bind(|| insta::assert_snapshot!(format!("queries@{}", exporter.name), text));
    }
}

#[test]
fn a_counter_that_ends_in_the_suffix_keeps_its_name_and_a_modulo_stays() {
    let catalog = checked();
    let telemetry: &Telemetry = &catalog.telemetry;
    let otel = telemetry.exporter("otel").expect("it ships");
    let terms = Terms { exporter: otel, selection: &Selection::default(), rate_window: 60, window: 3600 };
    let expand = |query: &str| telemetry.expand(query, terms);
    assert_eq!(expand("%counter:a_total% % 5 + %counter:b% % 2"), "a_total % 5 + b_total % 2");
    assert_eq!(expand("100%"), "100%");
    assert_eq!(expand("%NS%%TQ%x"), "namespace!~\"temporal.system\",x");
}

#[test]
fn windows() {
    let rules = checked().telemetry.window;
    let of =
        |seconds: i64, reads| plan(&rules, Window { start: 1_767_225_601, end: 1_767_225_601 + seconds }, 15, reads);
    let day = of(86_400, Reads::Rate);
    assert_eq!((day.step, day.rate_window, day.steps()), (120, 300, 720));
    assert_eq!((day.start % 120, day.end % 120), (0, 0));
    let day = of(86_400, Reads::Gauge);
    assert_eq!((day.step, day.steps()), (15, 5_760));
    // Shorter than a step: one point, the last that had come.
    let moment = of(3, Reads::Gauge);
    assert_eq!((moment.start, moment.end, moment.steps()), (1_767_225_600, 1_767_225_600, 1));
}
