use crate::strategies::{CATALOG, CLOCK, choice_with, compiled, overridable, permitted, refused};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::collections::BTreeSet;
use tdsql::catalog::ParamId;
use tdsql::compile::{Given, compile};
use tdsql::diag::Code;
use tdsql::model::{Scalar, Source, ValueType};

/// P5: "For any parameter that accepts overrides and any override value within the parameter's constraints, the final
/// resolved value in the Config_Profile SHALL equal the override value, not the preset-derived default" (requirement
/// R2.4).
#[test]
fn p05_override_wins() {
    crate::holds(file!(), crate::CASES, &choice_with(overridable(), 1..=6), |choice| {
        let mut compilation = compiled(&CATALOG, &choice)?;
        let profile = compilation.profile();
        let trace = compilation.trace();
        prop_assert_eq!(profile.overrides.values.len(), choice.overrides.len());
        for (key, value) in &choice.overrides {
            let resolved = profile.get_param(key).expect("every parameter is in the profile");
            prop_assert_eq!(&resolved.value, value, "`{}`", key);
            prop_assert_eq!(resolved.source, Source::Override, "`{}`", key);
            prop_assert_eq!(profile.overrides.values.get(key), Some(value), "`{}`", key);
            let traced = trace.iter().find(|trace| trace.parameter_key == *key).expect("every parameter is traced");
            prop_assert_eq!((&traced.final_value, traced.source), (value, Source::Override), "`{}`", key);
        }
        for parameter in profile.params().filter(|parameter| parameter.source == Source::Override) {
            let given = choice.overrides.iter().any(|(key, _)| *key == parameter.key);
            prop_assert!(given, "nobody overrode `{}`", &parameter.key);
        }
        Ok(())
    });
}

/// P5, the same however it is written (requirement R2.4: "an override is parsed by the parameter's own type"): as text,
/// and after an earlier value for the same key, it compiles to the same configuration.
#[test]
fn p05_override_wins_as_text_and_over_earlier_ones() {
    crate::holds(file!(), crate::CASES, &choice_with(overridable(), 1..=4), |choice| {
        let profile = compiled(&CATALOG, &choice)?.profile();
        let mut request = choice.request();
        request.given = request
            .given
            .iter()
            .map(|given| Given::new(given.key.value.clone(), Scalar::Str(given.value.value.to_string())))
            .collect();
        let first = request.given[0].key.value.clone();
        let id = CATALOG.find(&first).expect("the key exists");
        let earlier = CATALOG.parameter(id).value_type.show(compiled(&CATALOG, &choice)?.resolution.value(id));
        request.given.insert(0, Given::new(first, earlier));
        let same = compile(&CATALOG, &request, CLOCK).map_err(|faults| refused(&faults))?;
        prop_assert_eq!(same.profile(), profile);
        Ok(())
    });
}

/// A value that the registry does not permit, and how it must be refused.
fn forbidden(id: ParamId) -> BoxedStrategy<(Scalar, Code)> {
    let parameter = CATALOG.parameter(id);
    if parameter.locked {
        return permitted(id).prop_map(|value| (value, Code::LockedParameter)).boxed();
    }
    let value_type = parameter.value_type;
    let outside = |value: Scalar| (value_type.show(&value), Code::ConstraintViolation);
    let words = |words: &[&str]| words.iter().map(|word| Scalar::Str((*word).to_owned())).collect::<Vec<_>>();
    let mut ill_typed = match value_type {
        ValueType::Int => words(&["", "banana", "1.5", "1e3", "1_000", "99999999999999999999"]),
        ValueType::Float => words(&["", "banana", "NaN", "inf", "1,5"]),
        ValueType::Duration => words(&["", "banana", "5", "5 m", "1d", "1us"]),
        ValueType::Bool => words(&["", "yes", "on", "2"]),
        ValueType::Str => vec![Scalar::Int(1), Scalar::Float(0.5), Scalar::Bool(true)],
    };
    match value_type {
        ValueType::Int => ill_typed.extend([Scalar::Bool(true), Scalar::Float(1.0)]),
        ValueType::Float => ill_typed.extend([Scalar::Bool(true), Scalar::Float(f64::NAN)]),
        ValueType::Duration => ill_typed.extend([Scalar::Bool(true), Scalar::Int(30)]),
        ValueType::Bool => ill_typed.extend([Scalar::Int(1), Scalar::Float(1.0)]),
        ValueType::Str => {}
    }
    let mut wrong: Vec<(Scalar, Code)> = ill_typed.into_iter().map(|value| (value, Code::InvalidValue)).collect();
    let mut beyond = Vec::new();
    for (bound, step) in [(&parameter.min, -1_i64), (&parameter.max, 1)] {
        match bound.as_ref().map(|bound| &bound.value) {
            Some(Scalar::Int(bound)) => beyond.extend(bound.checked_add(step).map(Scalar::Int).map(outside)),
            Some(Scalar::Float(bound)) => beyond.push(outside(Scalar::Float(bound + step as f64 * 0.001))),
            _ => {}
        }
    }
    if parameter.allowed.is_some() && value_type == ValueType::Str {
        beyond.push(outside(Scalar::Str("none of these".to_owned())));
    }
    // Bounds are what constraints are for; types are the reader's business.
    for _ in 0..3 {
        wrong.extend(beyond.iter().cloned());
    }
    select(wrong).boxed()
}

/// P5, the other way round: a value outside the constraints is refused, and N wrong overrides give exactly N diagnostics,
/// one for each, whatever good ones stand among them (requirement R2.4: "all faults in all of them are reported
/// together").
#[test]
fn p05_override_wins_unless_refused() {
    let ids: Vec<ParamId> = CATALOG.ids().collect();
    let wrong = subsequence(ids, 1..=5)
        .prop_flat_map(|ids| ids.into_iter().map(|id| (Just(id), forbidden(id))).collect::<Vec<_>>());
    let strategy = (choice_with(overridable(), 0..=4), wrong, any::<u64>());
    crate::holds(file!(), crate::CASES, &strategy, |(choice, wrong, place)| {
        let mut request = choice.request();
        let key = |id: ParamId| CATALOG.parameter(id).key.clone();
        request.given.retain(|given| wrong.iter().all(|(id, _)| key(*id) != given.key.value));
        for (position, (id, (value, _))) in wrong.iter().enumerate() {
            let at = (place as usize).rotate_right(position as u32 * 8) % (request.given.len() + 1);
            request.given.insert(at, Given::new(key(*id), value.clone()));
        }
        let Err(faults) = compile(&CATALOG, &request, CLOCK) else {
            return Err(TestCaseError::fail("nothing was refused"));
        };
        let named: BTreeSet<(String, Code)> = faults
            .iter()
            .filter_map(|fault| {
                let key = fault.facts.iter().find(|(name, _)| *name == "key").and_then(|(_, key)| key.as_str())?;
                names(&fault.message, key).then(|| (key.to_owned(), fault.code))
            })
            .collect();
        let expected: BTreeSet<(String, Code)> =
            wrong.iter().map(|(id, (_, code))| (key(*id).to_string(), *code)).collect();
        prop_assert_eq!(named, expected, "{:?}", refused(&faults));
        prop_assert_eq!(faults.len(), wrong.len());
        Ok(())
    });
}

fn names(message: &str, key: &str) -> bool {
    message.contains(&format!("`{key}`"))
}
