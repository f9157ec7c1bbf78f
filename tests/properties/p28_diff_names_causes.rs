//! P28: `diff` says what differs, all of it, and why.

use crate::strategies::{CATALOG, Choice, choice_with, compiled, overridable};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use std::collections::{BTreeMap, BTreeSet};
use tdsql::diff::{Kind, Side, diff};
use tdsql::model::Scalar;

fn side(choice: &Choice) -> Result<Side<'static>, TestCaseError> {
    let compiled = compiled(&CATALOG, choice)?;
    Ok(Side { name: format!("{choice:?}"), profile: compiled.profile(), compiled: Some(compiled) })
}

fn values(side: &Side<'_>) -> BTreeMap<String, (Scalar, bool)> {
    side.profile.params().map(|of| (of.key.clone(), (of.value.clone(), of.emitted))).collect()
}

/// P28: a configuration does not differ from itself; of two, each parameter that differs is listed exactly once, with causes
/// that are among the differences of what was asked for; swapping the sides swaps before and after.
#[test]
fn p28_every_difference_is_listed_once_with_a_cause() {
    let strategy = (choice_with(overridable(), 0..=4), choice_with(overridable(), 0..=4));
    crate::holds(file!(), crate::CASES, &strategy, |(one, other)| {
        let (a, b) = (side(&one)?, side(&other)?);
        let same = diff(&CATALOG, &a, &a);
        prop_assert!(same.identical && same.changes.is_empty() && same.causes.is_empty());
        let found = diff(&CATALOG, &a, &b);
        let (before, after) = (values(&a), values(&b));
        let differ: Vec<&String> = before.keys().filter(|key| before[*key] != after[*key]).collect();
        let listed: BTreeSet<&String> = found.changes.iter().map(|change| &change.key).collect();
        prop_assert_eq!(listed.len(), found.changes.len(), "one is listed twice");
        prop_assert_eq!(listed, differ.into_iter().collect::<BTreeSet<_>>());
        for change in &found.changes {
            prop_assert!(!change.causes.is_empty(), "{} has no cause", change.key);
            for cause in &change.causes {
                let cause = &found.causes[*cause];
                prop_assert!(cause.kind != Kind::Catalog, "{} is said to come of another catalog", change.key);
                prop_assert!(cause.before != cause.after, "{cause:?} is no difference");
                prop_assert!(
                    cause.kind != Kind::Input || cause.key.as_ref() != Some(&change.key),
                    "{} is said to be its own cause",
                    change.key
                );
            }
        }
        let back = diff(&CATALOG, &b, &a);
        prop_assert_eq!(back.identical, found.identical);
        for (one, other) in found.changes.iter().zip(&back.changes) {
            prop_assert_eq!((&one.key, &one.before, &one.after), (&other.key, &other.after, &other.before));
        }
        prop_assert_eq!(found.changes.len(), back.changes.len());
        Ok(())
    });
}

/// P28, its sharpest case: where one override is all that differs, it is the cause of everything.
#[test]
fn p28_a_single_override_is_the_only_cause() {
    let strategy = (choice_with(overridable(), 0..=3), choice_with(overridable(), 1..=1));
    crate::holds(file!(), crate::CASES, &strategy, |(choice, more)| {
        let (key, value) = more.overrides[0].clone();
        let (a, b) = (side(&choice)?, side(&choice.clone().with([(key.clone(), value)]))?);
        let found = diff(&CATALOG, &a, &b);
        prop_assert!(found.causes.len() <= 1);
        for change in &found.changes {
            prop_assert_eq!(&change.causes, &[0]);
            prop_assert_eq!(&found.causes[0].key, &Some(key.clone()));
            prop_assert_eq!(found.causes[0].kind, Kind::Override);
        }
        Ok(())
    });
}
