use crate::strategies::{CATALOG, choice, compiled, refused};
use proptest::prelude::*;
use tdsql::compile::{again, compile};
use tdsql::model::Source;

/// P24: "For any compiled Config_Profile, the profile explanation SHALL contain the base preset name, all applied overrides
/// with before/after values, any guard rails that fired, and derivation chains for all non-default values" (requirement
/// R4.3), when the profile is compiled again from what it records.
#[test]
fn p24_explain_profile() {
    crate::holds(file!(), crate::CASES, &choice(), |choice| {
        let profile = compiled(&CATALOG, &choice)?.profile();
        let (request, left) = again(&CATALOG, &profile);
        prop_assert!(left.is_empty(), "{:?}", left);
        let mut compilation = compile(&CATALOG, &request, "").map_err(|faults| refused(&faults))?;
        let explanation = compilation.explain_profile(&profile).map_err(|faults| refused(&faults))?;
        prop_assert_eq!(&explanation.base_preset, &choice.preset);
        prop_assert!(explanation.same_digest && explanation.differences.is_empty());
        prop_assert_eq!(explanation.overrides_applied.len(), choice.overrides.len());
        for (key, _) in &choice.overrides {
            let detail = explanation.overrides_applied.iter().find(|detail| detail.key == *key);
            let detail = detail.expect("every override is told");
            let resolved = profile.get_param(key).expect("every parameter is in the profile");
            prop_assert_eq!(&detail.override_value, &resolved.value);
            prop_assert_eq!(detail.classification, resolved.classification);
        }
        prop_assert_eq!(explanation.guard_rails_fired.len(), compilation.findings.len());
        let expected = profile.params().filter(|parameter| parameter.source != Source::Default).count();
        prop_assert_eq!(explanation.derivation_chains.len(), expected);
        for chain in &explanation.derivation_chains {
            prop_assert!(!chain.derivation_chain.is_empty(), "`{}` has a chain", &chain.parameter_key);
        }
        prop_assert!(!explanation.composition_narrative.trim().is_empty());
        Ok(())
    });
}
