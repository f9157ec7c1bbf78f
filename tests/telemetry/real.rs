//! A real Prometheus with backfilled series of known answers, one cluster in each of two spellings.

use tdsql::catalog::telemetry::{Reads, Selection, Terms};
use tdsql::collect::{CollectError, Wanted, collect};
use tdsql::model::behaviour::{
    BehaviourProfile, GapState, MetricAggregate, Statistics, TelemetrySummary, Timestamp, Window,
};
use tdsql::prometheus::Prometheus;
use tdsql::telemetry;

use crate::cli::{json, make, tdsql};
use crate::prometheus::{EPOCH, Series, Server};
use crate::{CATALOG, wait};

/// Two hours, scraped every 15 s.
const SCRAPES: i64 = 480;

impl Series {
    fn counter(&mut self, name: &str, labels: &str, each: f64) {
        self.add(name, labels, |at| each * at as f64);
    }

    /// 90 observations of 30 ms, 8 of 150 ms and 2 of 800 ms between two scrapes.
    fn timer(&mut self, name: &str, labels: &str, unit: f64) {
        for (bound, below) in
            [(0.02, 0.0), (0.05, 90.0), (0.1, 90.0), (0.2, 98.0), (0.5, 98.0), (1.0, 100.0), (2.0, 100.0)]
        {
            self.counter(&format!("{name}_bucket"), &format!("{labels},le=\"{}\"", bound * unit), below);
        }
        self.counter(&format!("{name}_bucket"), &format!("{labels},le=\"+Inf\""), 100.0);
    }
}

/// What one cluster shows, in the spelling of its exporter; both tell the same.
fn cluster(series: &mut Series, name: &str, counter: &str, timer: &str, histogram: &str, unit: f64, namespace: &str) {
    let of = |labels: &str| format!("cluster=\"{name}\",{labels}");
    for replica in ["h1", "h2"] {
        let history = of(&format!("service_name=\"history\",instance=\"{replica}\""));
        let inside = format!("{history},namespace=\"{namespace}\"");
        // The second replica starts anew after an hour: its counters do too, and have counted by the first scrape.
        let starts = |at: i64| if replica == "h2" && at >= 240 { at - 239 } else { at };
        let operation = "operation=\"StartWorkflowExecution\"";
        series.add(&format!("service_requests{counter}"), &format!("{inside},{operation}"), |at| {
            18.0 * starts(at) as f64
        });
        series.counter(&format!("workflow_success{counter}"), &format!("{inside},taskqueue=\"orders\""), 15.0);
        series.counter(&format!("state_transition_count{histogram}_count"), &inside, 150.0);
        series.counter(&format!("state_transition_count{histogram}_sum"), &inside, 1200.0);
        series.add("num_goroutines", &history, |_| 300.0);
        let waits = format!("{inside},taskqueue=\"orders\",task_type=\"Workflow\"");
        series.timer(&format!("task_schedule_to_start_latency{timer}"), &waits, unit);
        series.timer(&format!("persistence_latency{timer}"), &inside, unit);
        // Swings within a minute: a coarser step would see one value of it.
        series.add("dsql_pool_in_use", &history, |at| 10.0 + (at % 4) as f64);
        series.add("dsql_pool_open", &history, |_| 50.0);
        series.add("dsql_pool_max_open", &history, |_| 50.0);
        series.add("dsql_reservoir_target", &history, |_| 50.0);
        series.add("dsql_reservoir_size", &history, |at| if at == 200 { f64::NAN } else { 48.0 });
    }
    let front =
        of(&format!("service_name=\"frontend\",namespace=\"{namespace}\",operation=\"StartWorkflowExecution\""));
    series.counter(&format!("service_requests{counter}"), &front, 36.0);
    // Handles of the start-up phase keep their last value for ever.
    series.add("dsql_pool_open", &of("service_name=\"server\""), |_| 100.0);
    let matching = of(&format!("service_name=\"matching\",namespace=\"{namespace}\",taskqueue=\"orders\""));
    series.counter(&format!("poll_success{counter}"), &matching, 300.0);
    series.counter(&format!("poll_success_sync{counter}"), &matching, 240.0);
}

/// Two clusters, one in each spelling.
fn server() -> Option<Server> {
    Server::with(|| {
        let mut series = Series::over(SCRAPES);
        cluster(&mut series, "plain", "", "", "", 1.0, "my_team_prod");
        cluster(&mut series, "suffixed", "_total", "_milliseconds", "_ratio", 1000.0, "my-team.prod");
        series
    })
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros((EPOCH + seconds) * 1_000_000).expect("it is a time")
}

fn wanted(cluster: &str, exporter: Option<&str>) -> Wanted {
    Wanted {
        window: Window::new(at(1800), at(5400)).expect("it is a window"),
        selection: Selection {
            cluster: Some(cluster.to_owned()),
            namespace: Some("my-team.prod".to_owned()),
            task_queue: Some("orders".to_owned()),
        },
        exporter: exporter.map(str::to_owned),
        scrape_interval: None,
        at: at(9000),
    }
}

fn of<'s>(summary: &'s TelemetrySummary, name: &str) -> &'s Statistics {
    match summary.get(name) {
        Some(MetricAggregate::Measured(statistics)) => statistics,
        other => panic!("{name} was measured, not {other:?}"),
    }
}

#[track_caller]
fn near(summary: &TelemetrySummary, name: &str, expected: f64) {
    for value in of(summary, name).values() {
        assert!((value - expected).abs() < 1e-6 * expected.abs().max(1.0), "{name} is {value}, not {expected}");
    }
}

fn check(summary: &TelemetrySummary) {
    near(summary, "workflows_started_per_sec", 2.4);
    near(summary, "workflows_completed_per_sec", 2.0);
    near(summary, "state_transitions_per_sec", 20.0);
    near(summary, "workflow_schedule_to_start_p95", 162.5);
    near(summary, "workflow_schedule_to_start_p99", 750.0);
    near(summary, "persistence_latency_p95", 162.5);
    near(summary, "sync_match_rate", 0.8);
    near(summary, "async_match_rate", 0.2);
    near(summary, "pool_open_count", 100.0);
    // Never seen, and their probes are there: a true zero.
    near(summary, "reservoir_empty_events", 0.0);
    near(summary, "open_failures", 0.0);
    // The one step without a number is left out.
    near(summary, "reservoir_size", 96.0);
    let [least, most, mean, ..] = of(summary, "pool_in_use_count").values();
    assert_eq!((least, most), (20.0, 26.0));
    assert!((mean - (60.0 * 92.0 + 20.0) / 241.0).abs() < 1e-9, "{mean}");
    for absent in
        ["occ_conflicts_per_sec", "activity_schedule_to_start_p95", "backlog_count", "cpu_utilization.history"]
    {
        let gap = matches!(summary.get(absent), Some(MetricAggregate::Gap(gap)) if gap.state == GapState::Absent);
        assert!(gap, "{absent} is a gap, not a zero: {:?}", summary.get(absent));
    }
}

#[test]
fn known_answers_in_both_spellings() {
    let Some(server) = server() else { return };
    let source = server.source();
    let summaries: Vec<TelemetrySummary> = [("plain", "tally"), ("suffixed", "otel")]
        .into_iter()
        .map(|(cluster, exporter)| {
            wait(collect(&CATALOG, &source, &wanted(cluster, Some(exporter)), |_| None)).expect("it is answered")
        })
        .collect();
    summaries.iter().for_each(check);

    // The spelling is found out where it is not named; a wrong name is told from a quiet cluster.
    let summary = wait(collect(&CATALOG, &source, &wanted("plain", None), |_| None)).expect("it is answered");
    assert_eq!(summary.collection.map(|collection| collection.exporter), Some("tally".to_owned()));
    let fault =
        wait(collect(&CATALOG, &source, &wanted("plian", None), |_| None)).expect_err("there is no such cluster");
    assert!(matches!(&fault, CollectError::NotThere { known, .. } if known == &["plain"]), "{fault}");

    same_as_the_server(&source, &summaries[1]);
    from_the_command_line(&server.address);
}

/// The program makes the same of it, and names what the source has where it was asked for something else.
fn from_the_command_line(address: &str) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let of = ["--prometheus", address, "--namespace", "my-team.prod", "--task-queue", "orders"];
    let made = json(&make(folder.path(), "plain", &of));
    let id = made["id"].as_str().unwrap_or_else(|| panic!("it is made: {made}"));
    let shown = json(&tdsql(folder.path(), &["profile", "show", id, "--format", "json"]));
    let profile: BehaviourProfile = serde_json::from_value(shown).expect("it is a profile");
    check(&profile.telemetry);

    let refused = make(folder.path(), "plian", &of);
    assert_eq!(refused.status.code(), Some(1));
    assert!(json(&refused)["errors"][0]["message"].as_str().is_some_and(|text| text.contains("`plain`")));
}

/// The statistics are those that the server itself takes over a subquery of the same steps.
fn same_as_the_server(source: &Prometheus, summary: &TelemetrySummary) {
    let rules = &CATALOG.telemetry;
    let wanted = wanted("suffixed", Some("otel"));
    let window = telemetry::Window { start: EPOCH + 1800, end: EPOCH + 5400 };
    for metric in &CATALOG.metrics {
        let Some(MetricAggregate::Measured(statistics)) = summary.get(&metric.name) else { continue };
        let plan = telemetry::plan(&rules.window, window, rules.window.scrape_interval, metric.reads);
        let exporter = rules.exporter("otel").expect("it ships");
        let terms =
            Terms { exporter, selection: &wanted.selection, rate_window: plan.rate_window, window: window.length() };
        let query = rules.expand(&metric.query.value, terms);
        // Prometheus before 3 takes the left edge of a subquery's range too.
        let range = format!("({query})[{}s:{}s]", plan.end - plan.start, plan.step);
        let functions = [
            "min_over_time(",
            "max_over_time(",
            "avg_over_time(",
            "quantile_over_time(0.5,",
            "quantile_over_time(0.95,",
            "quantile_over_time(0.99,",
        ];
        for (function, ours) in functions.into_iter().zip(statistics.values()) {
            let theirs = wait(source.instant(&format!("{function}{range})"), plan.end)).expect("it is answered");
            let theirs = theirs.first().map(|found| found.value).expect("it has a value");
            // A gauge's one NaN makes the server's own statistics NaN; ours leave it out.
            assert!(
                theirs.is_nan() || (theirs - ours).abs() <= 1e-9 * ours.abs().max(1.0),
                "{}: {function} gives {theirs}, not {ours}",
                metric.name
            );
        }
        assert!(metric.reads != Reads::Gauge || plan.steps() == 241);
    }
}
