use crate::strategies::{CATALOG, choice, compiled};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// P11: "For any Scale_Preset name (with optional modifier), the describe-preset output SHALL contain every parameter from
/// the registry grouped by Parameter_Classification, with each group non-empty for at least SLO and Topology"
/// (requirement R1.12): the profile, which that output is made of, has every parameter in exactly one group.
#[test]
fn p11_describe_complete() {
    crate::holds(file!(), crate::CASES, &choice(), |choice| {
        let compilation = compiled(&CATALOG, &choice)?;
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
            prop_assert_eq!(seen.remove(parameter.key.as_str()), Some(1), "`{}` stands once", &parameter.key);
            let described = profile.get_param(&parameter.key).expect("it was just seen");
            prop_assert_eq!(described.classification, parameter.class);
            prop_assert_eq!(&described.value, &compilation.resolution.shown(id));
            prop_assert_eq!(described.emitted, described.reason.is_none(), "what is not emitted has a reason");
        }
        prop_assert!(seen.is_empty(), "not in the registry: {:?}", seen);
        Ok(())
    });
}
