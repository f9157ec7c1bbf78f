//! The shipped adapters: what their files look like, and that they carry every option.

use crate::support::{good, redacted, shipped, snapshots};
use std::collections::BTreeSet;
use tdsql::model::Channel;

/// What an adapter of worker options writes for a preset.
fn sdk_file(adapter: &str, overrides: &[(&str, &str)]) -> String {
    let compilation = good("mid-scale", None, overrides);
    let (files, _) = compilation.snippets().expect("the templates render");
    let file = files.iter().find(|file| file.adapter == adapter).expect("the adapter is shipped");
    redacted(&file.content, &compilation)
}

#[test]
fn worker_options_of_each_sdk() {
    snapshots("adapters").bind(|| {
        for adapter in shipped().adapters.iter().filter(|adapter| adapter.sdk) {
            insta::assert_snapshot!(format!("{}.mid-scale", adapter.name), sdk_file(&adapter.name, &[]));
        }
    });
}

/// Every option that takes another form than usual, in one SDK whose forms differ most.
#[test]
fn worker_options_with_every_other_form() {
    let overrides = [
        ("sdk.poller_autoscaling_enabled", "true"),
        ("sdk.nexus_task_pollers", "2"),
        ("sdk.max_task_queue_activities_per_second", "100"),
        ("sdk.sticky_execution_enabled", "false"),
        ("sdk.graceful_shutdown_timeout", "1500ms"),
    ];
    snapshots("adapters").bind(|| {
        for name in ["java", "rust"] {
            insta::assert_snapshot!(format!("{name}.other-forms"), sdk_file(name, &overrides));
        }
    });
}

#[test]
fn every_sdk_carries_every_worker_option_or_says_that_it_lacks_it() {
    let catalog = shipped();
    let options = || catalog.ids().filter(|id| catalog.parameter(*id).output(Channel::WorkerOptions).is_some());
    assert!(options().count() > 20);
    for adapter in catalog.adapters.iter().filter(|adapter| adapter.sdk) {
        let mut carried = BTreeSet::new();
        for field in adapter.outputs.iter().flat_map(|output| &output.fields) {
            carried.insert(field.id);
            carried.extend(field.with.iter().map(|(_, id)| *id));
        }
        let lacking: BTreeSet<_> = adapter.lacks.iter().map(|(id, _)| *id).collect();
        for id in options() {
            let key = &catalog.parameter(id).key;
            assert!(carried.contains(&id) || lacking.contains(&id), "{} is silent about `{key}`", adapter.name);
            assert!(!(carried.contains(&id) && lacking.contains(&id)), "{} has and lacks `{key}`", adapter.name);
        }
    }
}

#[test]
fn no_option_is_written_twice() {
    for overrides in [&[("sdk.poller_autoscaling_enabled", "true")][..], &[]] {
        for eager in ["true", "false"] {
            let given: Vec<(&str, &str)> =
                overrides.iter().copied().chain([("sdk.disable_eager_activities", eager)]).collect();
            let compilation = good("mid-scale", None, &given);
            let (files, _) = compilation.snippets().expect("the templates render");
            for adapter in shipped().adapters.iter().filter(|adapter| adapter.sdk) {
                let file = files.iter().find(|file| file.adapter == adapter.name).expect("it has a file");
                for name in adapter.outputs.iter().flat_map(|output| &output.fields).map(|field| &field.name) {
                    let set = |line: &&str| {
                        line.trim_start()
                            .trim_start_matches('.')
                            .strip_prefix(name.as_ref())
                            .is_some_and(|rest| rest.starts_with(['=', ':', '(']) || rest.starts_with(" = "))
                    };
                    assert!(file.content.lines().filter(set).count() <= 1, "{}: {name}", file.filename);
                }
            }
        }
    }
}
