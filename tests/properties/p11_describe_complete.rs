use crate::strategies::{CATALOG, choice, compiled, refused};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;

/// P11: "For any Scale_Preset name (with optional modifier), the describe-preset output SHALL contain every parameter from
/// the registry grouped by Parameter_Classification, with each group non-empty for at least SLO and Topology"
/// (requirement R1.12): that output, and the profile, which agree.
#[test]
fn p11_describe_complete() {
    crate::holds(file!(), crate::CASES, &choice(), |choice| {
        let mut compilation = compiled(&CATALOG, &choice)?;
        let output = compilation.describe().map_err(|faults| refused(&faults))?;
        // What is printed is its JSON.
        let output = serde_json::to_value(&output).expect("it is JSON");
        prop_assert_eq!(&output["name"], &serde_json::json!(choice.preset));
        prop_assert_eq!(&output["modifier"], &serde_json::json!(choice.modifier));
        let mut told: BTreeMap<String, Vec<(&str, &Value)>> = BTreeMap::new();
        for group in ["slo", "topology", "safety", "tuning"] {
            let parameters = output[format!("{group}_params")].as_array().expect("a group is a list");
            prop_assert!(!parameters.is_empty(), "{} is empty", group);
            for parameter in parameters {
                prop_assert!(parameter["rationale"].as_str().is_some_and(|text| !text.trim().is_empty()));
                let key = parameter["key"].as_str().expect("a key is text").to_owned();
                told.entry(key).or_default().push((group, &parameter["value"]));
            }
        }
        let profile = compilation.profile();
        prop_assert_eq!(&profile.preset_name, &choice.preset);
        prop_assert_eq!(&profile.modifier, &choice.modifier);
        prop_assert!(!profile.slo_params.is_empty() && !profile.topology_params.is_empty());
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for parameter in profile.params() {
            *seen.entry(&parameter.key).or_default() += 1;
        }
        for id in CATALOG.ids() {
            let parameter = CATALOG.parameter(id);
            prop_assert_eq!(seen.remove(parameter.key.as_ref()), Some(1), "`{}` stands once", &parameter.key);
            let described = profile.get_param(&parameter.key).expect("it was just seen");
            prop_assert_eq!(described.classification, parameter.class);
            prop_assert_eq!(&described.value, &compilation.resolution.shown(id));
            let value = serde_json::to_value(&described.value).expect("a value is JSON");
            prop_assert_eq!(told.remove(parameter.key.as_ref()), Some(vec![(parameter.class.as_str(), &value)]));
            prop_assert_eq!(described.emitted, described.reason.is_none(), "what is not emitted has a reason");
        }
        prop_assert!(seen.is_empty(), "not in the registry: {:?}", seen);
        prop_assert!(told.is_empty(), "described, and not in the registry: {:?}", told);
        Ok(())
    });
}
