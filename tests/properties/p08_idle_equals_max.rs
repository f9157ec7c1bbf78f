use crate::strategies::{CATALOG, choice, compiled, permitted, refused};
use proptest::prelude::*;
use tdsql::model::{Scalar, Severity};

/// The guard rail of the property; which parameters it is about is the rail's to say.
const RAIL: &str = "idle-connections-equal-pool";

/// Where the idle connections stand to the pool.
#[derive(Debug, Clone)]
enum Idle {
    Derived,
    Equal,
    Off(i64),
    Any(Scalar),
}

/// P8: "For any configuration where MaxIdleConns does not equal MaxConns, the guard rail engine SHALL produce an
/// error-severity GuardRailResult, and compilation SHALL halt" (requirement R2.5, 5); where they are equal the rail is
/// silent.
#[test]
fn p08_idle_equals_max() {
    let rail = CATALOG.rails.iter().find(|rail| rail.name == RAIL).expect("the rail exists");
    let &[idle_id, pool_id] = rail.parameters.as_slice() else { panic!("the rail is about two parameters") };
    let [idle_key, pool_key] = [idle_id, pool_id].map(|id| CATALOG.parameter(id).key.clone());
    assert_eq!(rail.severity, Severity::Error);
    let idle = prop_oneof![
        1 => Just(Idle::Derived),
        2 => Just(Idle::Equal),
        3 => prop_oneof![Just(-1), Just(1), -500_i64..500].prop_map(Idle::Off),
        2 => permitted(idle_id).prop_map(Idle::Any),
    ];
    let strategy = (choice(), permitted(pool_id), idle);
    crate::holds(file!(), 2 * crate::CASES, &strategy, |(mut choice, pool, idle)| {
        choice.overrides.retain(|(key, _)| *key != idle_key && *key != pool_key);
        let count = pool.as_i64().expect("connections are counted");
        let idle = match idle {
            Idle::Derived => None,
            Idle::Equal => Some(pool.clone()),
            Idle::Off(by) => Some(Scalar::Int(count + by)),
            Idle::Any(idle) => Some(idle),
        };
        prop_assume!(idle.as_ref().is_none_or(|idle| CATALOG.parameter(idle_id).violation(idle).is_none()));
        let idle = idle.map(|idle| (idle_key.to_string(), idle));
        let choice = choice.with([(pool_key.to_string(), pool.clone())]).with(idle.clone());
        let mut compilation = compiled(&CATALOG, &choice)?;
        let equal = idle.is_none_or(|(_, idle)| idle == pool);
        let fired = compilation.findings.iter().any(|finding| finding.rail.name == RAIL);
        prop_assert_eq!(fired, !equal);
        if !equal {
            prop_assert!(compilation.is_refused());
            let result = compilation.result().map_err(|faults| refused(&faults))?;
            let found = result.guard_rail_results.iter().find(|found| found.rule_name == RAIL);
            prop_assert_eq!(found.map(|found| found.severity), Some(Severity::Error));
            prop_assert!(result.dynamic_config_yaml.is_empty() && result.dsql_plugin_config.is_empty());
        }
        Ok(())
    });
}
