use crate::strategies::{CATALOG, choice, compiled};
use proptest::prelude::*;

/// The most parameters that an adopter is asked to think about.
const MOST: usize = 15;

/// P3: "For any Scale_Preset (with or without a workload modifier), the total count of SLO_Parameters plus
/// Topology_Parameters in the resolved Config_Profile SHALL be at most 15" (requirement R1.4).
#[test]
fn p03_at_most_fifteen_inputs() {
    crate::holds(file!(), crate::CASES, &choice(), |choice| {
        let profile = compiled(&CATALOG, &choice)?.profile();
        let inputs = profile.slo_params.len() + profile.topology_params.len();
        prop_assert!(inputs <= MOST, "{} inputs", inputs);
        let counted = CATALOG.parameters.iter().filter(|parameter| parameter.is_input()).count();
        prop_assert_eq!(inputs, counted, "no input is left out to stay below the limit");
        Ok(())
    });
}
