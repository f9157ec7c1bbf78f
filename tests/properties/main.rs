//! Properties of the compiler, each by its number in the specification, over at least 100 random cases.
//!
//! Over the shipped catalog: `pNN_words.rs`, with strategies made from the registry's own types and constraints, so that
//! a new parameter is covered at once. Over random catalogs: [`synthetic`]. Over any text at all: [`hostile`].
//! `PROPTEST_CASES` raises the number of cases; a failing case is kept in `tests/proptest-regressions/` and tried first
//! from then on.

mod behaviour;
mod hostile;
mod hostile_lint;
mod hostile_snapshot;
mod p01_one_class_each;
mod p02_derived_values_complete;
mod p03_at_most_fifteen_inputs;
mod p04_dynamic_config_valid;
mod p05_override_wins;
mod p06_why_present;
mod p07_adapters_render;
mod p08_idle_equals_max;
mod p09_all_findings_reported;
mod p10_profile_round_trip;
mod p11_describe_complete;
mod p12_redundant_variables;
mod p13_profile_complete;
mod p14_telemetry_complete;
#[cfg(feature = "server")]
mod p15_listing_exact;
#[cfg(feature = "server")]
mod p16_retrieval_identity;
mod p17_comparison;
mod p18_behaviour_round_trip;
mod p19_drift;
mod p20_correlation;
mod p21_conformance;
mod p22_explain_key;
mod p23_explain_preset;
mod p24_explain_profile;
mod p25_explain_deterministic;
mod p26_explain_two_formats;
mod p27_remedy_holds;
mod p28_diff_names_causes;
#[cfg(feature = "server")]
#[expect(dead_code, reason = "the tests of the stores use the others")]
#[path = "../store/parts.rs"]
mod parts;
#[path = "../it/secrets.rs"]
mod secrets;
mod strategies;
mod synthetic;
mod telemetry;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseResult, TestRunner};

/// Cases of each property, unless it says otherwise.
const CASES: u32 = 128;

/// Runs a property over so many cases that it does not reject.
///
/// # Panics
///
/// With the smallest case found for which the property does not hold; also where a third of all cases is rejected,
/// because a property that hardly anything reaches says little.
fn holds<S: Strategy>(source: &'static str, cases: u32, strategy: &S, property: impl Fn(S::Value) -> TestCaseResult) {
    let wanted = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(cases);
    let cases = cases.max(wanted);
    let config = Config {
        cases,
        max_global_rejects: cases / 2 - 1,
        source_file: Some(source),
        // Next to this folder: tests/proptest-regressions/<file>.txt.
        failure_persistence: Some(Box::new(FileFailurePersistence::SourceParallel("proptest-regressions"))),
        ..Config::default()
    };
    if let Err(fault) = TestRunner::new(config).run(strategy, property) {
        panic!("{fault}");
    }
}
