//! Profiles that are made: what is kept, what is refused, and whose fault that is.

use tdsql::create::{Blame, CreateError, Creation, create};
use tdsql::model::behaviour::{BehaviourProfile, ConfigSnapshot, CreateProfileRequest, GapState, MetricAggregate};
use tdsql::prometheus::{Prometheus, Settings};
use tdsql::store::{Filter, Location, PageSize, Store};

use crate::collect::{found, is_instant};
use crate::scripted::{Reply, Scripted, series};
use crate::{CATALOG, wait};

fn creation() -> Creation {
    let at = |text: &str| text.parse().expect("it is a time");
    Creation {
        request: CreateProfileRequest {
            name: "before the release".to_owned(),
            cluster_id: "prod".to_owned(),
            time_window_start: at("2026-01-01T00:00:00Z"),
            time_window_end: at("2026-01-01T01:00:00Z"),
            namespace: Some("payments".to_owned()),
            task_queue: None,
            label: Some("nightly".to_owned()),
            config: None,
        },
        snapshot: ConfigSnapshot::default(),
        temporal_server_version: Some(semver::Version::new(1, 29, 0)),
        dsql_plugin_version: None,
        worker_code_sha: None,
        exporter: None,
        scrape_interval: None,
        at: at("2026-01-01T02:00:00Z"),
    }
}

/// A store of its own, in a folder that goes with it.
fn place() -> (tempfile::TempDir, Location) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let location = Location::directory(&folder.path().join("store"));
    (folder, location)
}

async fn listed(store: &Store) -> usize {
    let page = store.list(&Filter::default(), PageSize::new(10).expect("a size"), None).await;
    page.expect("it lists").profiles.len()
}

fn of(source: &Prometheus, creation: Creation) -> (Result<BehaviourProfile, CreateError>, usize) {
    let (_folder, location) = place();
    wait(async {
        let store = Store::open(&location).await.expect("it opens");
        let made = create(&CATALOG, source, &store, creation).await;
        let kept = listed(&store).await;
        if let Ok(made) = &made {
            assert_eq!(&store.get(made.id).await.expect("it is there"), made);
        }
        (made, kept)
    })
}

#[test]
fn a_profile_is_made_of_request_configuration_and_telemetry() {
    let scripted = Scripted::new(|_, asked| if is_instant(asked) { found("") } else { series(&["1", "3"]) });
    let mut creation = creation();
    let switch = CATALOG.metrics.iter().find_map(|metric| metric.needs.clone()).expect("some metric needs a switch");
    let switch = CATALOG.parameter(CATALOG.find(&switch).expect("it is a parameter"));
    let field = switch.output(tdsql::model::Channel::DsqlPlugin).expect("the snapshot has a field of it");
    creation.snapshot.dsql_plugin_config =
        serde_json::from_value(serde_json::json!({ field: false })).expect("a snapshot");
    let (made, kept) = of(&scripted.source(), creation.clone());
    let made = made.expect("it is made");
    assert_eq!(kept, 1);
    assert_eq!((made.created_at, made.is_baseline), (creation.at, false));
    assert_eq!(made.config_snapshot, creation.snapshot);
    assert_eq!(made.telemetry.lacking(CATALOG.measured()), Vec::new());
    let skipped = made.telemetry.iter().filter(
        |(_, _, aggregate)| matches!(aggregate, MetricAggregate::Gap(gap) if gap.state == GapState::NotApplicable),
    );
    assert!(skipped.count() > 0, "what is switched off does not apply");
}

#[test]
fn what_cannot_be_a_profile_is_refused_whole_and_nothing_is_asked() {
    let scripted = Scripted::new(|_, _| series(&["1"]));
    let mut wrong = creation();
    wrong.request.name.clear();
    wrong.request.label = Some("\u{7}".to_owned());
    std::mem::swap(&mut wrong.request.time_window_start, &mut wrong.request.time_window_end);
    let (made, kept) = of(&scripted.source(), wrong);
    let fault = made.expect_err("it is refused");
    assert_eq!((fault.blame(), kept, scripted.asked().len()), (Blame::Request, 0, 0));
    assert!(matches!(&fault, CreateError::Request(faults) if faults.len() == 3), "{fault}");

    let mut ahead = creation();
    ahead.at = ahead.request.time_window_start;
    let fault = of(&scripted.source(), ahead).0.expect_err("nothing is known of it yet");
    assert_eq!(
        fault.to_string(),
        "the window begins at 2026-01-01T00:00:00Z, which is not before now, 2026-01-01T00:00:00Z: nothing is known of it yet"
    );
}

#[test]
fn a_source_that_is_down_and_a_name_that_it_does_not_know_are_told_apart() {
    let nobody = Prometheus::new(Settings::at("http://127.0.0.1:9").expect("an address")).expect("a client");
    let (made, kept) = of(&nobody, creation());
    let fault = made.expect_err("there is no source");
    assert_eq!((fault.blame(), kept), (Blame::Source, 0));
    assert!(fault.of_source().is_some());

    let scripted = Scripted::new(|_, asked| match asked {
        asked if asked.body.contains("group%20by") => found(r#""cluster":"staging""#),
        asked if asked.body.contains("cluster") => {
            Reply::Say("200 OK", "", r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#.to_owned())
        }
        _ => found(""),
    });
    let (made, kept) = of(&scripted.source(), creation());
    assert_eq!((made.expect_err("there is no such cluster").blame(), kept), (Blame::Request, 0));
}

#[test]
fn a_store_that_fails_is_to_blame_itself() {
    let scripted = Scripted::new(|_, asked| if is_instant(asked) { found("") } else { series(&["1"]) });
    let (_folder, location) = place();
    let fault = wait(async {
        let store = Store::open(&location).await.expect("it opens");
        let first = create(&CATALOG, &scripted.source(), &store, creation()).await.expect("it is made");
        let tdsql::store::DocumentsAt::Directory(documents) = &location.documents else { unreachable!("a directory") };
        // Documents cannot be written where their folder is a file.
        break_documents(documents, &first);
        let fault = create(&CATALOG, &scripted.source(), &store, creation()).await.expect_err("nothing can be kept");
        assert_eq!(listed(&store).await, 1);
        fault
    });
    assert_eq!(fault.blame(), Blame::Store);
}

/// Puts a file in the place of every folder below.
fn break_documents(documents: &std::path::Path, kept: &BehaviourProfile) {
    let folders: Vec<_> = std::fs::read_dir(documents)
        .expect("it is there")
        .map(|entry| entry.expect("it is readable").path())
        .filter(|path| path.is_dir())
        .collect();
    assert!(!folders.is_empty(), "{} is kept somewhere", kept.id);
    for folder in folders {
        std::fs::remove_dir_all(&folder).expect("it can be removed");
        std::fs::write(&folder, "").expect("it can be written");
    }
}
