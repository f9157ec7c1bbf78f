use crate::strategies::{CATALOG, permitted, refused, version};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::collections::BTreeSet;
use tdsql::catalog::ParamId;
use tdsql::compile::{Request, compile};
use tdsql::diag::SourceMap;
use tdsql::inputs::environment_entries;
use tdsql::migrate::{Against, migrate};
use tdsql::model::{Channel, Scalar, ValueType};

/// The parameters that a variable sets.
fn variables() -> Vec<ParamId> {
    CATALOG
        .ids()
        .filter(|id| !CATALOG.parameter(*id).locked && CATALOG.parameter(*id).output(Channel::EnvVars).is_some())
        .collect()
}

/// Ways to write a value that its reader takes for the same; a number picks one.
fn spelling(value_type: ValueType, value: &Scalar, pick: usize) -> String {
    let ways: Vec<String> = match (value_type, value) {
        (ValueType::Duration, Scalar::Int(ms)) => {
            let mut ways = vec![value_type.text(value), format!("{ms}ms"), format!("0h{ms}ms")];
            if *ms >= 0 {
                ways.push(format!("+{ms}ms"));
            }
            for (unit, size) in [("s", 1_000), ("m", 60_000), ("h", 3_600_000)] {
                if ms % size == 0 {
                    ways.push(format!("{}{unit}", ms / size));
                    ways.push(format!("{}.0{unit}", ms / size));
                }
            }
            if *ms == 0 {
                ways.push("0".to_owned());
            }
            ways
        }
        (ValueType::Bool, Scalar::Bool(true)) => ["1", "t", "T", "true", "True", "TRUE"].map(str::to_owned).to_vec(),
        (ValueType::Bool, _) => ["0", "f", "F", "false", "False", "FALSE"].map(str::to_owned).to_vec(),
        (ValueType::Int, Scalar::Int(value)) if *value >= 0 => {
            vec![value.to_string(), format!("+{value}"), format!("00{value}")]
        }
        (ValueType::Float, Scalar::Float(value)) => vec![format!("{value:?}"), format!("{value:e}")],
        _ => vec![value.to_string()],
    };
    ways[pick % ways.len()].clone()
}

/// P12: "For any set of existing DSQL environment variables where a subset matches the preset-derived defaults, the compiler
/// SHALL identify exactly that subset as redundant — no false positives and no false negatives" (requirement R5.3). The
/// values are spelt in any way that their reader takes for the same.
#[test]
fn p12_redundant_variables() {
    let presets: Vec<String> = CATALOG.presets.keys().map(ToString::to_string).collect();
    let modifiers: Vec<Option<String>> =
        std::iter::once(None).chain(CATALOG.modifiers.keys().map(|name| Some(name.to_string()))).collect();
    let ids = variables();
    let most = ids.len();
    let given = subsequence(ids, 0..=most).prop_flat_map(|ids| {
        ids.into_iter().map(|id| (Just(id), any::<bool>(), permitted(id), any::<usize>())).collect::<Vec<_>>()
    });
    let strategy = (select(presets), select(modifiers), given, version(&CATALOG.temporal), version(&CATALOG.plugin));
    crate::holds(file!(), crate::CASES, &strategy, |(preset, modifier, given, temporal, plugin)| {
        let against = Against {
            preset,
            modifier,
            temporal_version: Some(temporal.to_string()),
            plugin_version: Some(plugin.to_string()),
        };
        let request = Request {
            preset: against.preset.clone(),
            modifier: against.modifier.clone(),
            temporal_version: against.temporal_version.clone(),
            plugin_version: against.plugin_version.clone(),
            ..Request::default()
        };
        let plain = compile(&CATALOG, &request, "").map_err(|faults| refused(&faults))?;
        let (mut same, mut other, mut empty) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut variables = Vec::new();
        for (id, equal, drawn, pick) in given {
            let parameter = CATALOG.parameter(id);
            let name = parameter.output(Channel::EnvVars).expect("it has a variable").to_owned();
            let preset_value = plain.resolution.value(id).clone();
            let value =
                if equal { preset_value.clone() } else { parameter.value_type.read(&drawn).expect("permitted") };
            let text = spelling(parameter.value_type, &value, pick);
            let list = match () {
                () if text.is_empty() => &mut empty,
                () if value == preset_value => &mut same,
                () => &mut other,
            };
            list.insert(name.clone());
            variables.push((name, text));
        }
        let entries = environment_entries(variables.into_iter(), &|_| true, &mut SourceMap::default());
        let migration = migrate(&CATALOG, &against, &entries).map_err(|faults| refused(&faults))?;
        let names =
            |list: &[tdsql::migrate::Compared]| list.iter().map(|found| found.env_var.clone()).collect::<BTreeSet<_>>();
        prop_assert_eq!(names(&migration.redundant), same);
        prop_assert_eq!(names(&migration.overriding), other);
        prop_assert_eq!(migration.empty.iter().cloned().collect::<BTreeSet<_>>(), empty);
        prop_assert!(migration.invalid.is_empty() && migration.unknown.is_empty(), "{:?}", migration.invalid);
        prop_assert_eq!(migration.redundant.len() + migration.overriding.len() + migration.empty.len(), entries.len());
        Ok(())
    });
}
