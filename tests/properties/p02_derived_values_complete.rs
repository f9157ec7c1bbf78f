use crate::strategies::{CATALOG, choice, compiled};
use proptest::prelude::*;
use tdsql::model::Class;

/// P2: "the compiled Config_Profile SHALL contain non-empty Safety_Parameter and Tuning_Parameter dictionaries, and every
/// Safety and Tuning parameter defined in the registry SHALL have a resolved value" (requirement R2.3). What leaves the
/// range of a derived value is refused instead; [`crate::holds`] fails where that is a third of the cases.
#[test]
fn p02_derived_values_complete() {
    crate::holds(file!(), crate::CASES, &choice(), |choice| {
        let profile = compiled(&CATALOG, &choice)?.profile();
        prop_assert!(!profile.safety_params.is_empty() && !profile.tuning_params.is_empty());
        for parameter in &CATALOG.parameters {
            let group = match parameter.class {
                Class::Safety => &profile.safety_params,
                Class::Tuning => &profile.tuning_params,
                Class::Slo | Class::Topology => continue,
            };
            let resolved = group.iter().find(|resolved| resolved.key == parameter.key);
            let Some(resolved) = resolved else {
                return Err(TestCaseError::fail(format!("`{}` has no value", parameter.key)));
            };
            prop_assert_eq!(resolved.value_type, parameter.value_type, "{}", &parameter.key);
            let value = parameter.value_type.read(&resolved.value);
            let Ok(value) = value else {
                return Err(TestCaseError::fail(format!("`{}` has {:?}", parameter.key, resolved.value)));
            };
            prop_assert_eq!(parameter.violation(&value), None, "`{}` is {:?}", &parameter.key, value);
        }
        Ok(())
    });
}
