//! P27: the nearest change that a compile proposes does what it says.

use crate::strategies::{CATALOG, CLOCK, choice_with, compiled, overridable, refused};
use proptest::prelude::*;
use std::cell::Cell;
use std::collections::BTreeSet;
use tdsql::compile::{Compilation, Given, Request, compile};
use tdsql::model::{Scalar, Severity};

/// The rails of a severity that fired.
fn fired(compilation: &Compilation<'_>, severity: Severity) -> BTreeSet<String> {
    let findings = compilation.findings.iter().filter(|finding| finding.severity == severity);
    findings.map(|finding| finding.rail.name.to_string()).collect()
}

/// P27: for any configuration in which a guard rail fires, what is proposed compiles from its `-s` arguments with no rail
/// of severity error and no rail that did not fire before; it sets what it says; and it is the same each time
/// (requirement R2.15).
#[test]
fn p27_a_proposed_change_compiles_with_no_error() {
    let (found, missed) = (Cell::new(0_u32), Cell::new(0_u32));
    crate::holds(file!(), crate::CASES, &choice_with(overridable(), 1..=4), |choice| {
        let compilation = compiled(&CATALOG, &choice)?;
        let Some(nearest) = compilation.nearest_change() else {
            prop_assert!(compilation.findings.is_empty(), "a rail fires and nothing is said of a change");
            return Ok(());
        };
        if !nearest.found {
            missed.set(missed.get() + 1);
            prop_assert!(nearest.changes.is_empty() && nearest.arguments.is_empty());
            return Ok(());
        }
        found.set(found.get() + 1);
        let again = compiled(&CATALOG, &choice)?;
        prop_assert_eq!(Some(nearest), again.nearest_change());
        prop_assert!(nearest.preset.is_some() || !nearest.changes.is_empty(), "a change changes something");
        let set = nearest.arguments.iter().filter(|argument| *argument != "-s");
        let given = set.map(|pair| {
            let (key, value) = pair.split_once('=').expect("an argument is KEY=VALUE");
            Given::new(key, Scalar::Str(value.to_owned()))
        });
        let mut request = Request { given: given.collect(), ..choice.request() };
        if let Some(preset) = &nearest.preset {
            prop_assert_ne!(preset, &request.preset);
            request.preset.clone_from(preset);
        }
        let mended = compile(&CATALOG, &request, CLOCK).map_err(|faults| refused(&faults))?;
        prop_assert_eq!(fired(&mended, Severity::Error), BTreeSet::new());
        let left = fired(&mended, Severity::Warning);
        prop_assert_eq!(&left, &nearest.warnings.iter().cloned().collect::<BTreeSet<_>>());
        prop_assert!(left.is_subset(&fired(&compilation, Severity::Warning)), "{left:?} are new");
        for change in &nearest.changes {
            let id = CATALOG.find(&change.key).expect("a parameter of the registry");
            prop_assert_eq!(&change.after, &mended.resolution.shown(id));
            prop_assert_eq!(&change.before, &compilation.resolution.shown(id));
            prop_assert!(!CATALOG.parameter(id).locked, "{} is locked", change.key);
        }
        Ok(())
    });
    let (found, missed) = (found.get(), missed.get());
    assert!(found > 5 * missed, "{found} configurations were mended, {missed} were not");
}
