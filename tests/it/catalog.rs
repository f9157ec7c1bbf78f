//! The shipped data: it links without a word, says why of everything, keeps the figures of the sizing page, and its
//! rails do what their cases state.

use std::collections::{BTreeMap, BTreeSet};

use tdsql::catalog::{Candidate, Case, Rail, Rule};
use tdsql::eval::{self, Inputs, Override};
use tdsql::loader::DataSet;
use tdsql::model::{Channel, Scalar, ValueType};

use crate::support::{combinations, data, fired, fixtures, good, id, read, root, shipped, text, values};

#[test]
fn the_shipped_catalog_links_without_a_word() {
    let catalog = shipped();
    assert!(catalog.warnings.is_empty(), "{}", text(&catalog.sources, catalog.warnings.as_slice()));
}

#[test]
fn what_is_embedded_is_what_stands_in_the_folders() {
    let (embedded, folders) = (DataSet::embedded(), data(&[root()]));
    let embedded: BTreeMap<&str, &str> = embedded.iter().collect();
    let folders: BTreeMap<&str, &str> = folders.iter().collect();
    let differing: Vec<&&str> =
        embedded.keys().chain(folders.keys()).filter(|path| embedded.get(*path) != folders.get(*path)).collect();
    assert!(differing.is_empty(), "stale in the binary, touch build.rs: {differing:?}");
}

#[test]
fn the_catalog_has_what_the_requirements_count() {
    let catalog = shipped();
    let on = |channel| catalog.parameters.iter().filter(|parameter| parameter.output(channel).is_some()).count();
    assert!(catalog.parameters.len() >= 180, "{} parameters", catalog.parameters.len());
    assert!(on(Channel::DynamicConfig) >= 110, "{} of dynamic config", on(Channel::DynamicConfig));
    assert!(on(Channel::WorkerOptions) >= 15, "{} worker options", on(Channel::WorkerOptions));
    assert!(catalog.rails.len() >= 30, "{} rails", catalog.rails.len());
    let names: Vec<&str> = catalog.presets.keys().map(AsRef::as_ref).collect();
    assert_eq!(names, ["high-throughput", "mid-scale", "starter"]);
    let names: Vec<&str> = catalog.modifiers.keys().map(AsRef::as_ref).collect();
    assert_eq!(names, ["batch-processor", "long-running", "orchestrator", "simple-crud"]);
    let inputs = catalog.parameters.iter().filter(|parameter| parameter.is_input()).count();
    assert!(inputs <= 15, "{inputs} inputs");
    let derived =
        catalog.parameters.iter().filter(|parameter| matches!(parameter.registry.rule, Rule::Derive(_))).count();
    assert!(derived >= 60, "{derived} derivations");
}

#[test]
fn every_variable_that_the_plugin_reads_is_known() {
    let catalog = shipped();
    let unknown: Vec<String> = read(&fixtures().join("dsql-env-names.txt"))
        .lines()
        .filter(|name| catalog.find_variable(name).is_none() && !catalog.variables.contains_key(*name))
        .map(str::to_owned)
        .collect();
    assert!(unknown.is_empty(), "neither a parameter's output nor a variable: {unknown:?}");
}

#[test]
fn every_field_of_the_plugin_config_is_there() {
    // Whether the field may be null.
    let fields = [
        ("reservoir_enabled", false),
        ("reservoir_target_ready", false),
        ("reservoir_base_lifetime_min", false),
        ("reservoir_lifetime_jitter_min", false),
        ("reservoir_guard_window_sec", false),
        ("reservoir_inflight_limit", false),
        ("max_conns", false),
        ("max_idle_conns", false),
        ("max_conn_lifetime_min", false),
        ("connection_rate_limit", false),
        ("connection_burst_limit", false),
        ("distributed_rate_limiter_enabled", false),
        ("distributed_rate_limiter_table", true),
        ("token_bucket_enabled", false),
        ("token_bucket_rate", true),
        ("token_bucket_capacity", true),
        ("slot_block_enabled", false),
        ("slot_block_size", true),
        ("slot_block_count", true),
    ];
    for (preset, modifier, name) in combinations(shipped()) {
        let config = good(&preset, modifier.as_deref(), &[]).plugin_config();
        let found: BTreeSet<&str> = config.keys().map(String::as_str).collect();
        assert_eq!(found, fields.iter().map(|(field, _)| *field).collect(), "{name}");
        for (field, nullable) in fields {
            assert!(nullable || !config[field].is_null(), "{name}: {field} is null");
            if field.ends_with("_min") || field.ends_with("_sec") {
                assert!(config[field].is_f64(), "{name}: {field} is {}", config[field]);
            }
        }
    }
}

/// Words only, in lower case.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

#[test]
fn every_reason_is_a_reason_and_every_figure_has_a_source() {
    let catalog = shipped();
    let mut wrong = Vec::new();
    let mut judge = |what: &str, summary: &str, rationale: &str, source: &str| {
        let (summary, rationale) = (words(summary), words(rationale));
        if rationale.len() < 5 || rationale.starts_with(&summary) || summary == rationale {
            wrong.push(format!("{what}: the rationale says nothing beyond the summary"));
        }
        if source.trim().is_empty() {
            wrong.push(format!("{what}: no source"));
        }
    };
    for parameter in &catalog.parameters {
        judge(&parameter.key, &parameter.summary, &parameter.rationale, &parameter.source);
    }
    for rail in &catalog.rails {
        judge(&rail.name, &rail.summary, &rail.rationale, &rail.source);
    }
    for preset in catalog.presets.values() {
        judge(
            &preset.layer.name,
            &preset.layer.description,
            &preset.layer.rationale,
            "measured or assumed, says the rationale",
        );
    }
    for modifier in catalog.modifiers.values() {
        judge(&modifier.name, &modifier.description, &modifier.rationale, "measured or assumed, says the rationale");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sentences_are_sentences() {
    let catalog = shipped();
    let mut wrong = Vec::new();
    let mut judge = |what: &str, sentence: &str| {
        let sentence = sentence.trim();
        if !sentence.ends_with('.') || sentence.contains("  ") || sentence.contains("TODO") {
            wrong.push(format!("{what}: {sentence}"));
        }
    };
    for parameter in &catalog.parameters {
        judge(&parameter.key, &parameter.summary);
        judge(&parameter.key, &parameter.rationale);
    }
    for rail in &catalog.rails {
        judge(&rail.name, &rail.summary);
        judge(&rail.name, &rail.rationale);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// --- rails ------------------------------------------------------------------------------------------------------

fn inputs_of(case: &Case) -> Inputs<'static> {
    let catalog = shipped();
    let overrides = case
        .set
        .iter()
        .map(|(id, value)| Override {
            id: *id,
            candidate: Candidate { rule: Rule::Set(value.clone()), span: case.span, because: None },
            origin: "case".to_owned(),
        })
        .collect();
    Inputs {
        preset: Some(&catalog.presets[&case.preset]),
        modifier: case.modifier.as_ref().map(|name| &catalog.modifiers[name]),
        overrides,
        temporal: case.temporal.clone().unwrap_or_else(|| catalog.temporal.default.clone()),
        plugin: case.plugin.clone().unwrap_or_else(|| catalog.plugin.default.clone()),
        constrained: false,
    }
}

fn outcome(rail: &Rail, case: &Case) -> Result<bool, String> {
    let sources = &shipped().sources;
    let mut resolution =
        eval::resolve(shipped(), inputs_of(case)).map_err(|faults| text(sources, faults.as_slice()))?;
    tdsql::rails::fires(rail, &mut resolution).map_err(|fault| text(sources, &[*fault]))
}

#[test]
fn every_rail_does_what_its_cases_state() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for rail in &shipped().rails {
        for case in &rail.cases {
            count += 1;
            match outcome(rail, case) {
                Ok(fires) if fires == case.fires.value => {}
                Ok(fires) => wrong.push(format!(
                    "{}: `{}` {}",
                    shipped().place(case.span),
                    case.note,
                    if fires { "fires" } else { "is silent" }
                )),
                Err(fault) => wrong.push(format!("{}: `{}`\n{fault}", shipped().place(case.span), case.note)),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 2 * shipped().rails.len(), "{count} cases");
}

#[test]
fn every_rail_has_a_case_on_each_side_and_one_where_it_does_not_apply() {
    let mut wrong = Vec::new();
    for rail in &shipped().rails {
        let silent = rail.cases.iter().filter(|case| !case.fires.value).count();
        if silent == rail.cases.len() {
            wrong.push(format!("{}: no case fires", rail.name));
        }
        // One on the safe side of the bound, and one where `when` does not hold.
        let least = if rail.when.is_some() { 2 } else { 1 };
        if silent < least {
            wrong.push(format!("{}: {silent} silent cases, needs {least}", rail.name));
        }
        let notes: BTreeSet<&str> = rail.cases.iter().map(|case| case.note.as_ref()).collect();
        if notes.len() < rail.cases.len() {
            wrong.push(format!("{}: two cases have the same note", rail.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A rail's words are rendered for every case in which it fires, so that none fails when it is needed.
#[test]
fn every_rail_that_fires_says_what_is_wrong() {
    let mut wrong = Vec::new();
    for rail in &shipped().rails {
        for case in rail.cases.iter().filter(|case| case.fires.value) {
            let mut resolution = eval::resolve(shipped(), inputs_of(case)).expect("the case resolves");
            match tdsql::rails::judge_one(rail, &mut resolution) {
                Err(faults) => wrong.push(text(&shipped().sources, faults.as_slice())),
                Ok(finding) => {
                    let Some(finding) = finding else {
                        continue;
                    };
                    for words in [&finding.message, &finding.remedy] {
                        if words.contains("{{")
                            || words.contains('\n')
                            || words.ends_with('.')
                            || words.trim().is_empty()
                        {
                            wrong.push(format!("{}: `{}`: {words}", rail.name, case.note));
                        }
                    }
                    if !finding.message.chars().any(|c| c.is_ascii_digit()) && rail.steps.len() > 1 {
                        wrong.push(format!("{}: the message shows no number: {}", rail.name, finding.message));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_rails_parameters_may_be_overridden() {
    let catalog = shipped();
    let locked: Vec<String> = catalog
        .rails
        .iter()
        .flat_map(|rail| rail.parameters.iter().map(move |id| (rail, catalog.parameter(*id))))
        .filter(|(_, parameter)| parameter.locked)
        .map(|(rail, parameter)| format!("{}: {}", rail.name, parameter.key))
        .collect();
    assert!(locked.is_empty(), "blamed, yet locked: {locked:?}");
}

#[test]
fn the_required_rails_exist_with_their_severity() {
    // R2.5, items 1 to 7: what an adopter must be able to rely on, provoked rather than looked up by name.
    for (what, preset, set, severity) in [
        ("ready connections beyond the quota", "mid-scale", &[("persistence.maxConns", "700")][..], "error"),
        ("pools beyond the quota", "starter", &[("persistence.maxConns", "1500")], "error"),
        ("open connections beyond the quota", "mid-scale", &[("persistence.maxConns", "340")], "error"),
        ("partitions beyond use", "starter", &[("matching.numTaskqueueReadPartitions", "64")], "warning"),
        ("sticky for short workflows", "mid-scale", &[("typical_workflow_runtime", "1s")], "warning"),
        ("rotation all at once", "mid-scale", &[("dsql.reservoir_lifetime_jitter", "0s")], "error"),
        ("jitter too small for the rate", "mid-scale", &[("dsql.reservoir_lifetime_jitter", "5s")], "error"),
        ("idle unlike maximum", "mid-scale", &[("persistence.maxIdleConns", "10")], "error"),
        (
            "reservoir without target",
            "mid-scale",
            &[("dsql.reservoir_target_ready", "0"), ("dsql.reservoir_low_watermark", "0")],
            "error",
        ),
        ("shared limiter without table", "high-throughput", &[("dsql.distributed_rate_limiter_table", "")], "error"),
        ("per-process rates beyond the quota", "mid-scale", &[("dsql.connection_rate_limit", "10")], "error"),
        ("lifetime beyond the service's", "starter", &[("dsql.max_conn_lifetime", "90m")], "error"),
        ("write beyond read partitions", "mid-scale", &[("matching.numTaskqueueWritePartitions", "9")], "error"),
        ("pollers beyond slots", "mid-scale", &[("sdk.max_concurrent_workflow_tasks", "4")], "error"),
        ("more hosts than shards can feed", "mid-scale", &[("history.replicas", "600")], "error"),
        ("target outside the preset's range", "mid-scale", &[("target_state_transitions_per_sec", "5000")], "warning"),
    ] {
        let compilation = good(preset, None, set);
        let found: Vec<&str> = compilation.findings.iter().map(|finding| finding.rail.severity.as_str()).collect();
        assert!(found.contains(&severity), "{what}: {:?} {found:?}", fired(&compilation));
    }
}

// --- figures ----------------------------------------------------------------------------------------------------

#[test]
fn the_fifteen_combinations_compile_with_no_finding_and_no_notice() {
    let all = combinations(shipped());
    assert_eq!(all.len(), 15);
    for (preset, modifier, name) in all {
        let mut compilation = good(&preset, modifier.as_deref(), &[]);
        assert_eq!(fired(&compilation), Vec::<String>::new(), "{name}");
        assert!(compilation.notices.is_empty(), "{name}: {:?}", compilation.notices);
        assert!(!compilation.is_refused());
        let bounds = compilation
            .expected_bounds()
            .unwrap_or_else(|faults| panic!("{}", text(&shipped().sources, faults.as_slice())));
        assert!(bounds.len() >= 5, "{name}");
        for bound in bounds {
            assert!(bound.lower.is_some() || bound.upper.is_some(), "{name}: {}", bound.metric);
            if let (Some(lower), Some(upper)) = (bound.lower, bound.upper) {
                assert!(lower <= upper, "{name}: {} between {lower} and {upper}", bound.metric);
            }
        }
    }
}

/// Whether a value is the figure of the sizing page: `~` marks one that the page rounds, to the decimals it shows.
fn is_figure(key: &str, found: &Scalar, figure: &str) -> bool {
    let parameter = shipped().parameter(id(key));
    match (figure.strip_prefix('~'), found.as_f64()) {
        (Some(rounded), Some(found)) => {
            let decimals = rounded.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            let rounded: f64 = rounded.parse().expect("the figure is a number");
            (found - rounded).abs() <= 0.5 * 0.1_f64.powi(i32::try_from(decimals).expect("few decimals")) + 1e-9
        }
        _ => parameter.value_type.text(found) == figure,
    }
}

/// The figures of sizing.md, sections 1 to 10, for starter, mid-scale and high-throughput. `-` where the page gives none;
/// `!` before a figure where nothing is emitted.
const FIGURES: &[(&str, &str, [&str; 3])] = &[
    ("1", "target_state_transitions_per_sec", ["25", "150", "1000"]),
    ("2", "target_workflow_completion_rate", ["4", "25", "166"]),
    ("1", "max_schedule_to_start_latency_ms", ["500", "200", "100"]),
    ("1", "max_e2e_workflow_latency_ms", ["1000", "500", "300"]),
    ("1", "history.shards", ["512", "512", "4096"]),
    ("1", "history.replicas", ["2", "6", "8"]),
    ("1", "matching.replicas", ["2", "4", "6"]),
    ("1", "frontend.replicas", ["2", "3", "4"]),
    ("1", "worker.replicas", ["1", "2", "2"]),
    ("1", "matching.numTaskqueueReadPartitions", ["4", "8", "16"]),
    ("1", "matching.numTaskqueueWritePartitions", ["4", "8", "16"]),
    ("1", "sdk.worker_count", ["2", "8", "16"]),
    ("1", "load.processes", ["7", "15", "20"]),
    ("2", "load.workflow_tasks_per_sec", ["~8.3", "50.0", "~333"]),
    ("2", "load.activity_tasks_per_sec", ["~8.3", "50.0", "~333"]),
    ("2", "load.tasks_per_sec", ["~16.7", "100.0", "~667"]),
    ("2", "load.db_operations_per_sec", ["300.0", "1800.0", "12000.0"]),
    ("3", "dsql.reservoir_enabled", ["false", "true", "true"]),
    ("3", "load.busy_connections", ["~6", "~36", "~238"]),
    ("3", "persistence.maxConns", ["10", "50", "50"]),
    ("3", "persistence.maxIdleConns", ["10", "50", "50"]),
    ("3", "dsql.reservoir_target_ready", ["!0", "50", "50"]),
    ("3", "dsql.reservoir_low_watermark", ["!0", "50", "50"]),
    ("3", "load.open_connections", ["70", "1500", "2000"]),
    ("4", "dsql.max_conn_lifetime", ["55m", "55m", "55m"]),
    ("4", "dsql.reservoir_base_lifetime", ["!11m", "11m", "11m"]),
    ("4", "dsql.reservoir_lifetime_jitter", ["!2m", "2m", "2m"]),
    ("4", "dsql.reservoir_guard_window", ["!45s", "45s", "45s"]),
    ("4", "load.steady_reconnects_per_sec", ["~0.02", "~1.1", "~1.5"]),
    ("4", "load.peak_reconnects_per_sec", ["~7", "~6.25", "~8.3"]),
    ("5", "dsql.distributed_rate_limiter_enabled", ["false", "false", "true"]),
    ("5", "dsql.distributed_rate_limiter_limit", ["!100", "!100", "100"]),
    ("5", "dsql.connection_rate_limit", ["14", "6", "5"]),
    ("5", "dsql.connection_burst_limit", ["40", "66", "50"]),
    ("5", "dsql.token_bucket_enabled", ["false", "false", "true"]),
    ("5", "dsql.token_bucket_rate", ["!100", "!100", "100"]),
    ("5", "dsql.token_bucket_capacity", ["!1000", "!1000", "1000"]),
    ("5", "dsql.staggered_startup", ["true", "true", "true"]),
    ("5", "dsql.staggered_startup_max_delay", ["5s", "8s", "10s"]),
    ("5", "dsql.reservoir_initial_fill_timeout", ["-", "30s", "30s"]),
    ("5", "dsql.reservoir_inflight_limit", ["-", "8", "8"]),
    ("5", "dsql.token_duration", ["15m", "15m", "15m"]),
    ("6", "dsql.slot_block_enabled", ["false", "false", "true"]),
    ("6", "dsql.slot_block_size", ["!100", "!100", "100"]),
    ("6", "dsql.slot_block_count", ["!95", "!95", "95"]),
    ("6", "dsql.slot_block_ttl", ["!3m", "!3m", "3m"]),
    ("6", "dsql.slot_block_renew_interval", ["!1m", "!1m", "1m"]),
    // The baseline's; the default plugin version has slot blocks instead.
    ("6", "dsql.distributed_conn_limit", ["!9500", "!9500", "!9500"]),
    ("7", "history.persistenceMaxQPS", ["1000", "5000", "10000"]),
    ("7", "matching.persistenceMaxQPS", ["1000", "5000", "10000"]),
    ("7", "frontend.persistenceMaxQPS", ["1000", "5000", "10000"]),
    ("8", "matching.maxTaskBatchSize", ["100", "100", "100"]),
    ("8", "matching.getTasksBatchSize", ["500", "1000", "1000"]),
    ("8", "matching.longPollExpirationInterval", ["1m", "1m", "1m"]),
    ("8", "matching.rps", ["1200", "1200", "1200"]),
    ("9", "history.hostLevelCacheMaxSizeBytes", ["536870912", "1073741824", "2147483648"]),
    ("9", "history.cacheSizeBasedLimit", ["true", "true", "true"]),
    ("9", "history.timerProcessorMaxPollRPS", ["10", "20", "20"]),
    ("9", "history.timerProcessorUpdateAckInterval", ["30s", "30s", "30s"]),
    ("9", "history.rps", ["3000", "3000", "3000"]),
    // The page's 4024 counts workflow pollers only; the formula says all pollers: (3000 + 2 * 640) / 4 * 4.
    ("9", "frontend.rps", ["1200", "1200", "4280"]),
    ("9", "frontend.namespaceRPS", ["1200", "1200", "4280"]),
    ("9", "frontend.namespaceCount", ["1200", "1200", "1200"]),
    ("9", "system.transactionSizeLimit", ["1000000", "1000000", "1000000"]),
    ("9", "limit.blobSize.error", ["786432", "786432", "786432"]),
    ("9", "history.MaxBufferedQueryCount", ["1000", "1000", "1000"]),
    ("9", "system.enableActivityEagerExecution", ["true", "true", "true"]),
    ("10", "sdk.workflow_task_pollers", ["8", "12", "32"]),
    ("10", "sdk.activity_task_pollers", ["4", "4", "8"]),
    ("10", "sdk.max_concurrent_workflow_tasks", ["100", "100", "200"]),
    ("10", "sdk.max_concurrent_activities", ["100", "100", "200"]),
    ("10", "sdk.max_concurrent_local_activities", ["100", "100", "200"]),
    ("10", "sdk.sticky_cache_size", ["1000", "1000", "1000"]),
    ("10", "sdk.sticky_schedule_to_start_timeout", ["5s", "2s", "2s"]),
    ("10", "sdk.disable_eager_activities", ["false", "false", "false"]),
];

#[test]
fn presets_have_the_figures_of_the_sizing_page() {
    let mut wrong = Vec::new();
    for (column, preset) in ["starter", "mid-scale", "high-throughput"].into_iter().enumerate() {
        let compilation = good(preset, None, &[]);
        for (section, key, figures) in FIGURES {
            let (figure, quiet) = match figures[column].strip_prefix('!') {
                Some(figure) => (figure, true),
                None => (figures[column], false),
            };
            let found = compilation.resolution.value(id(key));
            let withheld = compilation.resolution.withheld(id(key));
            if figure != "-" && !is_figure(key, found, figure) {
                wrong.push(format!(
                    "sizing.md {section}: {key} at {preset} is {}, not {figure}",
                    compilation.resolution.text(id(key))
                ));
            }
            let emitted = withheld.is_none();
            let has_outputs = !shipped().parameter(id(key)).outputs.is_empty();
            if has_outputs && figure != "-" && emitted == quiet {
                wrong.push(format!("sizing.md {section}: {key} at {preset} is emitted: {emitted} ({withheld:?})"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// R1.5, in its own words.
#[test]
fn presets_are_what_the_requirements_call_them() {
    let value = |preset: &str, key: &str| good(preset, None, &[]).resolution.value(id(key)).clone();
    let number = |preset: &str, key: &str| value(preset, key).as_f64().expect("a number");
    let holds = |preset: &str, key: &str| value(preset, key) == Scalar::Bool(true);
    assert!(!holds("starter", "dsql.reservoir_enabled"));
    assert_eq!(value("starter", "persistence.maxConns"), Scalar::Int(10));
    assert!(!holds("starter", "dsql.distributed_rate_limiter_enabled"));
    assert!(!holds("starter", "dsql.slot_block_enabled"));
    assert!(holds("mid-scale", "dsql.reservoir_enabled"));
    assert_eq!(value("mid-scale", "persistence.maxConns"), Scalar::Int(50));
    assert!(!holds("mid-scale", "dsql.distributed_rate_limiter_enabled"));
    for key in [
        "dsql.reservoir_enabled",
        "dsql.distributed_rate_limiter_enabled",
        "dsql.token_bucket_enabled",
        "dsql.slot_block_enabled",
        "dsql.staggered_startup",
    ] {
        assert!(holds("high-throughput", key), "{key}");
    }
    assert_eq!(
        value("high-throughput", "dsql.reservoir_target_ready"),
        value("high-throughput", "persistence.maxConns")
    );
    let longest = number("high-throughput", "dsql.reservoir_base_lifetime")
        + number("high-throughput", "dsql.reservoir_lifetime_jitter");
    assert!(longest < 55.0 * 60_000.0);
    assert!(number("high-throughput", "matching.numTaskqueueReadPartitions") >= 16.0);
    for service in ["history", "matching", "frontend"] {
        let key = format!("{service}.persistenceMaxQPS");
        assert!(
            number("starter", &key) < number("mid-scale", &key)
                && number("mid-scale", &key) < number("high-throughput", &key),
            "{key}"
        );
    }
}

/// R1.6, in its own words.
#[test]
fn modifiers_are_what_the_requirements_call_them() {
    for preset in shipped().presets.keys() {
        let plain = values(&good(preset, None, &[]));
        let with = |modifier: &str| values(&good(preset, Some(modifier), &[]));
        let int = |values: &BTreeMap<String, String>, key: &str| values[key].parse::<i64>().expect("an integer");
        let (partitions, slots, activities) = (
            "matching.numTaskqueueReadPartitions",
            "sdk.max_concurrent_workflow_tasks",
            "sdk.max_concurrent_activities",
        );
        let crud = with("simple-crud");
        assert_eq!(crud["sdk.disable_eager_activities"], "false");
        assert_eq!(crud["system.enableActivityEagerExecution"], "true");
        assert!(int(&crud, partitions) < int(&plain, partitions), "{preset}");
        let orchestrator = with("orchestrator");
        assert!(int(&orchestrator, partitions) <= int(&plain, partitions), "{preset}");
        assert!(
            int(&orchestrator, slots) > int(&plain, slots) && int(&orchestrator, slots) <= 2 * int(&plain, slots),
            "{preset}"
        );
        let batch = with("batch-processor");
        assert!(int(&batch, partitions) > int(&plain, partitions), "{preset}");
        assert!(int(&batch, activities) > int(&plain, activities), "{preset}");
        let long = with("long-running");
        assert_eq!(long["sdk.sticky_execution_enabled"], "true");
        let timeout = "sdk.sticky_schedule_to_start_timeout";
        let read = |values: &BTreeMap<String, String>| {
            ValueType::Duration
                .read(&Scalar::Str(values[timeout].clone()))
                .ok()
                .and_then(|value| value.as_i64())
                .expect("a duration")
        };
        assert!(read(&long) > read(&plain), "{preset}");
        assert!(int(&long, "sdk.sticky_cache_size") >= 10_000, "{preset}");
    }
}

// --- what moves with what ---------------------------------------------------------------------------------------

/// Every parameter whose value an override changes: key, before, after; the override itself left out.
fn moved(preset: &str, key: &str, value: &str) -> Vec<String> {
    let before = values(&good(preset, None, &[]));
    let after = values(&good(preset, None, &[(key, value)]));
    assert_eq!(after[key], value);
    before
        .iter()
        .filter(|(moved, before)| *moved != key && after[*moved] != **before)
        .map(|(moved, before)| format!("{moved}: {before} -> {}", after[moved]))
        .collect()
}

/// Holds what moves to the sizing page's figures and to those of the registry's other derivations.
fn assert_moved(key: &str, value: &str, sizing: &[&str], besides: &[&str]) {
    let mut expected: Vec<String> = sizing.iter().chain(besides).map(|line| (*line).to_owned()).collect();
    expected.sort();
    let mut found = moved("mid-scale", key, value);
    found.sort();
    assert_eq!(found, expected, "{key} = {value}");
}

#[test]
fn what_moves_with_the_target() {
    // The pool and what follows it stay at their floors: 4 * 107.1 / 15 = 28.6 of 50 connections, so 5,000 operations a
    // second, where 4 * 12 * 450 / 6 = 3,600 would do. One activity per workflow: 450 / 6 = 75 a second.
    assert_moved(
        "target_state_transitions_per_sec",
        "450",
        &[
            "target_workflow_completion_rate: 25 -> 75",
            "load.workflow_tasks_per_sec: 50.0 -> 150.0",
            "load.activity_tasks_per_sec: 50.0 -> 150.0",
            "load.tasks_per_sec: 100.0 -> 300.0",
            "load.db_operations_per_sec: 1800.0 -> 5400.0",
            "load.busy_connections: 35.7 -> 107.1",
            // up(150 * 0.25 * 2 / 0.35 / 8 = 26.8, 4); up(150 * 0.5 * 0.25 * 2 / 8 = 4.7, 4)
            "sdk.workflow_task_pollers: 12 -> 28",
            "sdk.activity_task_pollers: 4 -> 8",
            "load.pollers: 128 -> 288",
            // up(5 * 28 = 140, 50), and activities at least as many
            "sdk.max_concurrent_workflow_tasks: 100 -> 150",
            "sdk.max_concurrent_activities: 100 -> 150",
            "sdk.max_concurrent_local_activities: 100 -> 150",
            // ceil((3 * 450 + 2 * 288) / 3) * 4
            "frontend.rps: 1200 -> 2568",
            "frontend.namespaceRPS: 1200 -> 2568",
        ],
        &[
            "frontend.namespaceRPS.visibility: 20 -> 50",
            "sdk.activity_task_pollers_initial: 4 -> 5",
            "sdk.activity_task_pollers_max: 4 -> 8",
            "sdk.activity_task_pollers_min: 1 -> 2",
            "sdk.workflow_task_pollers_max: 12 -> 28",
            "sdk.workflow_task_pollers_min: 2 -> 3",
            "system.visibilityPersistenceMaxReadQPS: 500 -> 1000",
            "worker.batcherRPS: 20 -> 22",
            "worker.perNamespaceWorkerCount: 1 -> 2",
            "worker.schedulerNamespaceStartWorkflowRPS: 30.0 -> 45.0",
        ],
    );
}

#[test]
fn what_moves_with_the_history_hosts() {
    // Twenty-one processes share what fifteen shared. Per-host limits stay: 4 * 12 * 150 / 12 = 600 of 5,000 operations,
    // and 1,050 / 50 = 21 s of jitter are less than two minutes.
    assert_moved(
        "history.replicas",
        "12",
        &[
            "load.processes: 15 -> 21",
            "load.pool_connections: 750 -> 1050",
            "load.ready_connections: 750 -> 1050",
            "load.open_connections: 1500 -> 2100",
            // 1,050 / (660 + 60 - 45); 1,050 / 120
            "load.steady_reconnects_per_sec: 1.111111 -> 1.555556",
            "load.peak_reconnects_per_sec: 6.25 -> 8.75",
            // floor(100 / 21), floor(1000 / 21), ceil(1050 / 100)
            "dsql.connection_rate_limit: 6 -> 4",
            "dsql.connection_burst_limit: 66 -> 47",
            "dsql.staggered_startup_max_delay: 8s -> 11s",
        ],
        &["history.startupMembershipJoinDelay: 10s -> 15s"],
    );
}

#[test]
fn what_moves_with_the_pool() {
    // Idle connections, target and watermark follow the pool; a connection carries 100 operations a second. The burst stays:
    // 1,000 / 15 = 66 is less than four pools. So do the fill timeout (1.5 * 18 s) and the jitter (36 s), at their floors.
    assert_moved(
        "persistence.maxConns",
        "120",
        &[
            "persistence.maxIdleConns: 50 -> 120",
            "dsql.reservoir_target_ready: 50 -> 120",
            "dsql.reservoir_low_watermark: 50 -> 120",
            "dsql.slot_block_size: 100 -> 150",
            "dsql.slot_block_count: 95 -> 63",
            "load.pool_connections: 750 -> 1800",
            "load.ready_connections: 750 -> 1800",
            "load.open_connections: 1500 -> 3600",
            "load.steady_reconnects_per_sec: 1.111111 -> 2.666667",
            "load.peak_reconnects_per_sec: 6.25 -> 15.0",
            "dsql.staggered_startup_max_delay: 8s -> 18s",
            "history.persistenceMaxQPS: 5000 -> 12000",
            "matching.persistenceMaxQPS: 5000 -> 12000",
            "frontend.persistenceMaxQPS: 5000 -> 12000",
        ],
        &[
            "dsql.pool_warmup_stagger_duration: 50s -> 2m",
            "history.startupMembershipJoinDelay: 10s -> 20s",
            "history.timerProcessorSchedulerWorkerCount: 256 -> 512",
            "history.transferProcessorSchedulerWorkerCount: 256 -> 512",
            "system.visibilityPersistenceMaxWriteQPS: 2500 -> 6000",
            "worker.ESProcessorNumOfWorkers: 2 -> 5",
        ],
    );
}
