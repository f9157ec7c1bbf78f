use crate::strategies::{CATALOG, choice_with, compiled, refused};
use proptest::prelude::*;
use tdsql::model::Class;

/// P23: "For any Scale_Preset name (with optional modifier), the preset explanation SHALL contain SLO targets, topology
/// derivation steps, locked safety parameters with reasons, and a non-empty reasoning narrative" (requirement R4.2).
#[test]
fn p23_explain_preset() {
    crate::holds(file!(), crate::CASES, &choice_with(Vec::new(), 0..=0), |choice| {
        let mut compilation = compiled(&CATALOG, &choice)?;
        let explanation = compilation.explain_preset().map_err(|faults| refused(&faults))?;
        prop_assert_eq!(&explanation.preset_name, &choice.preset);
        prop_assert_eq!(&explanation.modifier, &choice.modifier);
        let count = |class| CATALOG.parameters.iter().filter(|parameter| parameter.class == class).count();
        prop_assert_eq!(explanation.slo_targets.len(), count(Class::Slo));
        prop_assert_eq!(explanation.topology_derivation.len(), count(Class::Topology));
        prop_assert!(!explanation.locked_safety_params.is_empty());
        for held in &explanation.locked_safety_params {
            prop_assert!(!held.reason.trim().is_empty(), "`{}` has a reason", &held.key);
            let parameter = CATALOG.parameter(CATALOG.find(&held.key).expect("it is a parameter"));
            prop_assert_eq!(parameter.class, Class::Safety);
            prop_assert_eq!(parameter.locked, held.locked);
        }
        prop_assert!(explanation.reasoning_narrative.contains(&choice.preset));
        Ok(())
    });
}
