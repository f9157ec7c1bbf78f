use crate::strategies::{CATALOG, choice, compiled};
use proptest::prelude::*;
use tdsql::explain::Question;

/// P22: "For any registered parameter key and compiled Config_Profile, the key explanation SHALL contain the parameter's
/// purpose, classification, resolved value, and rationale, all non-empty" (requirement R4.1); the value is the profile's.
#[test]
fn p22_explain_key() {
    let strategy = (choice(), proptest::sample::select(CATALOG.ids().collect::<Vec<_>>()));
    crate::holds(file!(), crate::CASES, &strategy, |(choice, id)| {
        let mut compilation = compiled(&CATALOG, &choice)?;
        let explanation = compilation.explain_key(&Question::new(id), None);
        let parameter = CATALOG.parameter(id);
        prop_assert_eq!(&explanation.fact.key, &parameter.key);
        prop_assert_eq!(explanation.fact.classification, parameter.class);
        let profile = compilation.profile();
        let resolved = profile.get_param(&parameter.key).expect("every parameter is in the profile");
        prop_assert_eq!(&explanation.fact.value, &resolved.value);
        prop_assert_eq!(explanation.fact.source, resolved.source);
        prop_assert_eq!(explanation.fact.emitted, resolved.emitted);
        for text in [&explanation.fact.description, &explanation.fact.rationale, &explanation.fact.evidence] {
            prop_assert!(!text.trim().is_empty());
        }
        // Every rail that fires and names the parameter is among those that watch it, and says so.
        for finding in compilation.findings.iter().filter(|finding| finding.rail.parameters.contains(&id)) {
            let stands = explanation.rails.iter().find(|rail| rail.rule_name == finding.rail.name);
            prop_assert!(stands.is_some_and(|rail| rail.fires || rail.fault.is_some()), "{}", &finding.rail.name);
        }
        // A condition whose parts must all hold fires exactly where one of them fails.
        for rail in explanation.rails.iter().filter(|rail| rail.applies && rail.all && rail.fault.is_none()) {
            prop_assert_eq!(rail.fires, rail.parts.iter().any(|part| !part.holds), "{}", &rail.rule_name);
        }
        Ok(())
    });
}
