use crate::strategies::{CATALOG, choice, compiled};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use tdsql::loader::DataSet;
use tdsql::model::Class;

/// Key → class, as the data files have it, read without the loader.
static WRITTEN: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let mut written = BTreeMap::new();
    let files = DataSet::embedded();
    for (path, text) in files.iter().filter(|(path, _)| path.starts_with("registry/parameters/")) {
        let table: toml::Table = text.parse().expect("a shipped file is TOML");
        for parameter in table["parameter"].as_array().expect("an array of tables") {
            let key = parameter["key"].as_str().expect("a key").to_owned();
            let class = parameter["class"].as_str().unwrap_or_else(|| panic!("{path}: `{key}` has one class"));
            assert!(Class::WORDS.contains(&class), "{path}: `{key}` is {class}");
            let earlier = written.insert(key.clone(), class.to_owned());
            assert_eq!(earlier, None, "{path}: `{key}` is defined once");
        }
    }
    written
});

/// P1: "For any parameter in the registry, it SHALL be classified into exactly one Parameter_Classification (SLO,
/// Topology, Safety, or Tuning)" (requirement R1.2): in the files, in the catalog and in every profile alike.
#[test]
fn p01_one_class_each() {
    assert_eq!(WRITTEN.len(), CATALOG.parameters.len(), "the catalog has each parameter of the files");
    crate::holds(file!(), crate::CASES, &choice(), |choice| {
        let profile = compiled(&CATALOG, &choice)?.profile();
        let groups = [
            (Class::Slo, &profile.slo_params),
            (Class::Topology, &profile.topology_params),
            (Class::Safety, &profile.safety_params),
            (Class::Tuning, &profile.tuning_params),
        ];
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (class, parameters) in groups {
            for parameter in parameters {
                prop_assert_eq!(parameter.classification, class, "{}", &parameter.key);
                found.entry(&parameter.key).or_default().push(class.as_str());
            }
        }
        prop_assert_eq!(found.len(), WRITTEN.len());
        for (key, class) in &*WRITTEN {
            prop_assert_eq!(found.get(key.as_str()), Some(&vec![class.as_str()]), "{}", key);
        }
        Ok(())
    });
}
