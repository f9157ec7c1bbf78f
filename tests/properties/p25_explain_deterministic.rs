use crate::strategies::{CATALOG, choice, compiled, refused};
use proptest::prelude::*;
use tdsql::explain::Question;

/// P25: "For any explain input (key, preset, or profile), calling the explain function twice with identical inputs SHALL
/// produce identical output" (requirement R4.4), on one compilation and on two.
#[test]
fn p25_explain_deterministic() {
    let strategy = (choice(), proptest::sample::select(CATALOG.ids().collect::<Vec<_>>()));
    crate::holds(file!(), crate::CASES, &strategy, |(choice, id)| {
        let (mut one, mut two) = (compiled(&CATALOG, &choice)?, compiled(&CATALOG, &choice)?);
        let profile = one.profile();
        let first = one.explain_key(&Question::new(id), None);
        let preset = one.explain_preset().map_err(|faults| refused(&faults))?;
        let whole = one.explain_profile(&profile).map_err(|faults| refused(&faults))?;
        prop_assert_eq!(&first, &one.explain_key(&Question::new(id), None));
        prop_assert_eq!(&first, &two.explain_key(&Question::new(id), None));
        prop_assert_eq!(&preset, &two.explain_preset().map_err(|faults| refused(&faults))?);
        prop_assert_eq!(&whole, &two.explain_profile(&profile).map_err(|faults| refused(&faults))?);
        Ok(())
    });
}
