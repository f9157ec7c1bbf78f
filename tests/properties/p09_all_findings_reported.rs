use crate::strategies::{CATALOG, choice_with, compiled, overridable, refused};
use proptest::prelude::*;
use proptest::sample::subsequence;
use std::cell::Cell;
use std::collections::BTreeSet;
use tdsql::model::{Scalar, Severity};
use tdsql::{eval, rails};

/// For each rail what makes it fire, by its own cases, as far as an override may do it.
fn pushes() -> Vec<Vec<(String, Scalar)>> {
    let cases = CATALOG.rails.iter().flat_map(|rail| &rail.cases);
    cases
        .filter(|case| case.fires.value)
        .filter(|case| {
            case.set.iter().all(|(id, value)| {
                let parameter = CATALOG.parameter(*id);
                !parameter.locked && parameter.violation(value).is_none()
            })
        })
        .map(|case| {
            let shown = case.set.iter().map(|(id, value)| {
                let parameter = CATALOG.parameter(*id);
                (parameter.key.to_string(), parameter.value_type.show(value))
            });
            shown.collect()
        })
        .collect()
}

/// P9: "For any configuration that triggers N guard rail errors (N >= 1), the CompilationResult SHALL contain exactly N
/// error-severity GuardRailResults — no errors are swallowed or short-circuited" (requirement R2.6): the findings are
/// exactly the rails that are violated when each is judged by itself.
#[test]
fn p09_all_findings_reported() {
    let (one, many) = (Cell::new(0), Cell::new(0));
    let strategy = (choice_with(overridable(), 0..=3), subsequence(pushes(), 0..=5).prop_shuffle());
    crate::holds(file!(), crate::CASES, &strategy, |(choice, pushes)| {
        let choice = choice.with(pushes.into_iter().flatten());
        let mut compilation = compiled(&CATALOG, &choice)?;
        let result = compilation.result().map_err(|faults| refused(&faults))?;

        // Resolved afresh and judged from the last to the first, so that nothing one rail leaves behind helps another.
        let inputs = compilation.resolution.inputs.clone();
        let mut alone = eval::resolve(&CATALOG, inputs).map_err(|faults| refused(&faults))?;
        let mut expected = BTreeSet::new();
        for rail in CATALOG.rails.iter().rev() {
            match rails::fires(rail, &mut alone) {
                Ok(true) => {
                    expected.insert((rail.name.as_ref(), rail.severity));
                }
                Ok(false) => {}
                // A rail that cannot be judged vouches for nothing: an error, whatever its own severity.
                Err(_) => {
                    expected.insert((rail.name.as_ref(), Severity::Error));
                }
            }
        }
        let reported: BTreeSet<(&str, Severity)> =
            result.guard_rail_results.iter().map(|found| (found.rule_name.as_str(), found.severity)).collect();
        prop_assert_eq!(&reported, &expected);
        prop_assert_eq!(result.guard_rail_results.len(), expected.len(), "each once");
        prop_assert_eq!(compilation.diagnostics().len(), expected.len());

        let errors = expected.iter().filter(|(_, severity)| *severity == Severity::Error).count();
        prop_assert_eq!((compilation.errors(), compilation.is_refused()), (errors, errors > 0));
        let counted: Vec<Option<u64>> = result.errors.iter().map(|error| error["count"].as_u64()).collect();
        let wanted = if errors > 0 { vec![Some(errors as u64)] } else { Vec::new() };
        prop_assert_eq!(counted, wanted, "one entry that counts the errors");
        let sdk = CATALOG.adapters.iter().filter(|adapter| adapter.sdk).count();
        let platform = CATALOG.adapters.len() - sdk;
        let written = [
            (!result.dynamic_config_yaml.is_empty(), true),
            (!result.dsql_plugin_config.is_empty(), true),
            (!result.sdk_snippets.is_empty(), sdk > 0),
            (!result.platform_snippets.is_empty(), platform > 0),
        ];
        for (written, exists) in written {
            prop_assert_eq!(written, exists && errors == 0, "artifacts are withheld exactly where there are errors");
        }
        for found in &result.guard_rail_results {
            prop_assert!(!found.message.trim().is_empty() && !found.remedy.trim().is_empty(), "{:?}", found);
        }
        one.set(one.get() + u32::from(errors > 0));
        many.set(many.get() + u32::from(errors > 1));
        Ok(())
    });
    let (one, many) = (one.get(), many.get());
    assert!(one >= crate::CASES / 4 && many >= crate::CASES / 8, "{one} cases with errors, {many} with several");
}
