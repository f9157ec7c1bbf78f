//! What is collected when the source answers some queries, none, or all.

use std::collections::BTreeSet;
use std::time::Duration;

use promql_parser::parser::Expr;
use promql_parser::util::{ExprVisitor, walk_expr};
use tdsql::catalog::telemetry::Selection;
use tdsql::collect::{CollectError, Wanted, collect};
use tdsql::model::behaviour::{GapState, MetricAggregate, TelemetrySummary, Window};
use tdsql::prometheus::Settings;

use crate::scripted::{Asked, Reply, Scripted, series};
use crate::{CATALOG, wait};

fn wanted() -> Wanted {
    let at = |text: &str| text.parse().expect("it is a time");
    Wanted {
        window: Window::new(at("2026-01-01T00:00:00Z"), at("2026-01-01T01:00:00Z")).expect("it is a window"),
        selection: Selection { cluster: Some("prod".to_owned()), ..Selection::default() },
        exporter: Some("tally".to_owned()),
        scrape_interval: None,
        at: at("2026-01-01T02:00:00Z"),
    }
}

pub(crate) fn is_instant(asked: &Asked) -> bool {
    asked.head.starts_with("POST /api/v1/query ")
}

/// One series at an instant.
pub(crate) fn found(labels: &str) -> Reply {
    let body = format!(
        r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{{labels}}},"value":[0,"1"]}}]}}}}"#
    );
    Reply::Say("200 OK", "", body)
}

fn nothing() -> Reply {
    Reply::Say("200 OK", "", r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#.to_owned())
}

fn run(scripted: &Scripted, wanted: &Wanted, off: &str) -> Result<TelemetrySummary, CollectError> {
    wait(collect(&CATALOG, &scripted.source(), wanted, |key| (key == off).then_some(false)))
}

#[test]
fn a_failing_query_hides_no_other_and_what_does_not_apply_is_not_asked() {
    let scripted = Scripted::new(|_, asked| match asked {
        asked if is_instant(asked) => found(""),
        asked if asked.body.contains("dsql_pool_idle") => Reply::Say("400 Bad Request", "", "bad".to_owned()),
        asked if asked.body.contains("approximate_backlog_count") => nothing_in_range(),
        _ => series(&["1", "3", "NaN"]),
    });
    let switch = CATALOG.metrics.iter().find_map(|metric| metric.needs.clone()).expect("some metric needs a switch");
    let summary = run(&scripted, &wanted(), &switch).expect("most is answered");
    let state = |name: &str| match summary.get(name) {
        Some(MetricAggregate::Gap(gap)) => Some(gap.state),
        _ => None,
    };
    let mut not_applicable = 0;
    for metric in &CATALOG.metrics {
        let expected = match metric.name.as_ref() {
            "pool_idle_count" => Some(GapState::Failed),
            "backlog_count" => Some(GapState::Absent),
            _ if metric.needs.as_deref() == Some(switch.as_ref()) => Some(GapState::NotApplicable),
            _ => None,
        };
        not_applicable += usize::from(expected == Some(GapState::NotApplicable));
        assert_eq!(state(&metric.name), expected, "{}", metric.name);
    }
    assert!(not_applicable > 0);
    let asked = scripted.asked();
    assert_eq!(asked.iter().filter(|asked| !is_instant(asked)).count(), CATALOG.metrics.len() - not_applicable);
    let mean = summary.get("pool_open_count").and_then(MetricAggregate::statistics).and_then(|found| found.get("mean"));
    assert_eq!(mean, Some(2.0));
    // Two values of an hour's 241 are hardly any.
    let collection = summary.collection.expect("it says how it was asked for");
    assert!(collection.partial["pool_open_count"] < 0.01 && !collection.partial.contains_key("backlog_count"));
}

fn nothing_in_range() -> Reply {
    Reply::Say("200 OK", "", r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#.to_owned())
}

#[test]
fn no_more_at_once_than_is_allowed() {
    let scripted = Scripted::new(|_, asked| {
        std::thread::sleep(Duration::from_millis(20));
        if is_instant(asked) { found("") } else { series(&["1"]) }
    });
    let mut settings = scripted.settings();
    settings.concurrency = 3;
    let source = tdsql::prometheus::Prometheus::new(settings).expect("a client can be made");
    wait(collect(&CATALOG, &source, &wanted(), |_| None)).expect("it is answered");
    assert!((2..=3).contains(&scripted.most_at_once()), "{}", scripted.most_at_once());
}

#[test]
fn a_name_that_the_source_does_not_know_is_refused_with_those_it_knows() {
    let scripted =
        Scripted::new(
            |_, asked| {
                if asked.body.contains("group%20by") { found(r#""cluster":"staging""#) } else { nothing() }
            },
        );
    let fault = run(&scripted, &wanted(), "").expect_err("there is no such cluster");
    assert_eq!(fault.to_string(), "the source has no cluster `prod` in this window; it has `staging`");
    // Where nothing would name it, nothing disproves it either.
    let scripted = Scripted::new(|_, asked| if is_instant(asked) { nothing() } else { series(&["1"]) });
    let summary = run(&scripted, &wanted(), "").expect("it cannot be disproved");
    assert_eq!(summary.collection.map(|collection| collection.warnings.len()), Some(1));
}

/// A source of one cluster need not label it; one of several must.
#[test]
fn a_source_that_names_no_cluster_is_that_of_the_one_that_is_meant() {
    let selects = |asked: &Asked| asked.body.contains("cluster%3D%22prod%22");
    let scripted = Scripted::new(move |_, asked| match asked {
        asked if asked.body.contains("group%20by") => nothing(),
        asked if selects(asked) => {
            if is_instant(asked) {
                nothing()
            } else {
                nothing_in_range()
            }
        }
        asked if is_instant(asked) => found(""),
        _ => series(&["1"]),
    });
    let summary = run(&scripted, &wanted(), "").expect("it is answered");
    assert!(scripted.asked().iter().filter(|asked| !is_instant(asked)).all(|asked| !selects(asked)));
    let open = summary.get("pool_open_count").and_then(MetricAggregate::statistics);
    assert!(open.is_some(), "what the source has is measured");
    let warnings = summary.collection.expect("it says how it was asked for").warnings;
    assert_eq!(warnings, ["no series of the source names a cluster: all are taken to be of `prod`"]);
}

#[test]
fn a_window_whose_last_samples_may_be_on_their_way_is_remarked() {
    let scripted = Scripted::new(|_, asked| if is_instant(asked) { found("") } else { series(&["1"]) });
    for (at, late) in [
        ("2026-01-01T00:30:00Z", true),
        ("2026-01-01T01:00:00Z", true),
        ("2026-01-01T01:01:59Z", true),
        ("2026-01-01T01:02:00Z", false),
    ] {
        let wanted = Wanted { at: at.parse().expect("it is a time"), ..wanted() };
        let summary = run(&scripted, &wanted, "").expect("it is answered");
        let warnings = summary.collection.expect("it says how it was asked for").warnings;
        assert_eq!(warnings.iter().any(|warning| warning.contains("may be incomplete")), late, "{at}: {warnings:?}");
    }
}

#[test]
fn a_source_that_is_down_is_one_fault_and_not_thirty_gaps() {
    let scripted =
        Scripted::new(
            |_, asked| {
                if is_instant(asked) { found("") } else { Reply::Say("403 Forbidden", "", "no".to_owned()) }
            },
        );
    let fault = run(&scripted, &wanted(), "").expect_err("nothing is answered");
    assert_eq!(fault.to_string(), "the source answered 403: no");
    let nobody = Settings::at("http://127.0.0.1:9").expect("an address");
    let source = tdsql::prometheus::Prometheus::new(nobody).expect("a client");
    assert!(matches!(wait(collect(&CATALOG, &source, &wanted(), |_| None)), Err(CollectError::Source(_))));
}

#[test]
fn an_unknown_exporter_is_refused_with_those_there_are() {
    let scripted = Scripted::new(|_, _| nothing());
    let wanted = Wanted { exporter: Some("statsd".to_owned()), ..wanted() };
    let fault = run(&scripted, &wanted, "").expect_err("there is none");
    assert!(fault.to_string().starts_with("there is no exporter `statsd`; there are tally, otel"), "{fault}");
    assert_eq!(scripted.asked().len(), 0);
}

#[test]
fn every_metric_is_asked_once_in_the_spelling_of_the_exporter() {
    for (exporter, expected) in [("tally", "rate(workflow_success{"), ("otel", "rate(workflow_success_total{")] {
        let scripted = Scripted::new(|_, asked| if is_instant(asked) { found("") } else { series(&["1"]) });
        let wanted = Wanted { exporter: Some(exporter.to_owned()), ..wanted() };
        run(&scripted, &wanted, "").expect("it is answered");
        let bodies: BTreeSet<String> = scripted.asked().into_iter().map(|asked| asked.body).collect();
        assert_eq!(bodies.len(), CATALOG.metrics.len() + 1, "each query differs, and one probe");
        let expected: String = expected.replace('(', "%28").replace('{', "%7B");
        assert!(bodies.iter().any(|body| body.contains(&expected)), "{exporter}");
    }
}

/// The labels and values that a query matches series by.
fn matchers(query: &str) -> Vec<(String, String)> {
    struct All(Vec<(String, String)>);
    impl ExprVisitor for All {
        type Error = ();
        fn pre_visit(&mut self, expr: &Expr) -> Result<bool, ()> {
            let selector = match expr {
                Expr::VectorSelector(selector) => selector,
                Expr::MatrixSelector(matrix) => &matrix.vs,
                _ => return Ok(true),
            };
            self.0.extend(selector.matchers.matchers.iter().map(|found| (found.name.clone(), found.value.clone())));
            Ok(true)
        }
    }
    let expr = promql_parser::parser::parse(query).unwrap_or_else(|fault| panic!("{fault}: {query}"));
    let mut all = All(Vec::new());
    walk_expr(&mut all, &expr).expect("it never stops");
    all.0
}

#[test]
fn a_name_is_a_value_in_every_query_whatever_is_in_it() {
    let name = "x\",job=~\".*\"} or vector(1) or up{a=\"%RATE%\\";
    let sanitised: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    for (exporter, written) in [("otel", name), ("tally", sanitised.as_str())] {
        let scripted = Scripted::new(|_, asked| if is_instant(asked) { found("") } else { series(&["1"]) });
        let [cluster, namespace, task_queue] = [(); 3].map(|()| Some(name.to_owned()));
        let wanted = Wanted {
            exporter: Some(exporter.to_owned()),
            selection: Selection { cluster, namespace, task_queue },
            ..wanted()
        };
        run(&scripted, &wanted, "").expect("it is answered");
        let mut seen = BTreeSet::new();
        for asked in scripted.asked() {
            let query = form_urlencoded::parse(asked.body.as_bytes())
                .find_map(|(field, value)| (field == "query").then(|| value.into_owned()))
                .expect("it has a query");
            for (label, value) in matchers(&query) {
                assert!(label != "job" && label != "a", "{query}");
                // What workers export is as they wrote it, whatever the server's exporter does.
                let meant = match label.as_str() {
                    "cluster" | "task_queue" => value == name,
                    "taskqueue" => value == written,
                    "namespace" => value == written || value == name,
                    _ => continue,
                };
                assert!(meant, "{label} in {query}");
                seen.insert(label);
            }
        }
        assert_eq!(seen.len(), 4, "each of them is looked for: {seen:?}");
    }
}
