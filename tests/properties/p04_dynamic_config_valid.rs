use crate::strategies::{CATALOG, choice, compiled, link};
use proptest::prelude::*;
use semver::{Version, VersionReq};
use serde_json::{Map, Value};
use std::fmt::Write as _;
use std::sync::LazyLock;
use tdsql::catalog::{Catalog, Parameter};
use tdsql::loader::DataSet;
use tdsql::model::{Channel, Scalar, ValueType, parse_duration};

/// Where the condition of a parameter can be read as a value of its own.
fn probe(parameter: usize) -> String {
    format!("probe.p{parameter}")
}

/// The shipped catalog, and for every condition a parameter that is derived by it: so what the artifact ought to have is
/// known without asking the code that decides it.
static PROBED: LazyLock<Catalog> = LazyLock::new(|| {
    let mut probes = String::from("title = \"Probes\"\norder = 1000000\n");
    for (index, parameter) in CATALOG.parameters.iter().enumerate() {
        if let Some(when) = &parameter.when {
            let key = probe(index);
            let _ = write!(
                probes,
                "\n[[parameter]]\nkey = {key:?}\nclass = \"tuning\"\ntype = \"bool\"\nderive = '''{}'''\n\
                 summary = \"A condition.\"\nrationale = \"Read by a test.\"\nsource = \"test\"\n",
                when.source()
            );
        }
    }
    let mut files = DataSet::embedded();
    files.insert("registry/parameters/probes-of-a-test.toml", probes);
    link(files)
});

fn takes(range: Option<&VersionReq>, version: &Version) -> bool {
    // A pre-release has what its release has.
    range.is_none_or(|range| range.matches(&Version::new(version.major, version.minor, version.patch)))
}

/// The one value of an entry, which is a list of one `{value, constraints: {}}`.
fn entry(entry: &Value) -> Option<&Value> {
    let [Value::Object(only)] = entry.as_array()?.as_slice() else { return None };
    let bare = only.len() == 2 && only.get("constraints") == Some(&Value::Object(Map::new()));
    only.get("value").filter(|_| bare)
}

fn fits(parameter: &Parameter, read: &Value, wanted: &Scalar) -> bool {
    match (parameter.value_type, wanted) {
        (ValueType::Int, Scalar::Int(wanted)) => read.as_i64() == Some(*wanted),
        (ValueType::Float, Scalar::Float(wanted)) => read.is_f64() && read.as_f64() == Some(*wanted),
        (ValueType::Bool, Scalar::Bool(wanted)) => read.as_bool() == Some(*wanted),
        (ValueType::Str, Scalar::Str(wanted)) => read.as_str() == Some(wanted),
        (ValueType::Duration, Scalar::Int(wanted)) => read.as_str().map(parse_duration) == Some(Ok(*wanted)),
        _ => false,
    }
}

/// P4: "the emitted dynamic config string SHALL be parseable as valid YAML and SHALL contain entries for all dynamic
/// config parameters in the registry" (requirement R2.8): exactly those that the chosen versions take and whose condition
/// holds, each with a native value of its type.
#[test]
fn p04_dynamic_config_valid() {
    crate::holds(file!(), crate::CASES, &choice(), |choice| {
        let catalog = &*PROBED;
        let compilation = compiled(catalog, &choice)?;
        let yaml = compilation.dynamic_config_yaml();
        let read: Map<String, Value> =
            serde_yaml::from_str(&yaml).map_err(|fault| TestCaseError::fail(format!("no YAML: {fault}\n{yaml}")))?;
        let value_of = |key: &str| catalog.find(key).map(|id| compilation.resolution.value(id));
        let mut expected = 0;
        for (index, parameter) in CATALOG.parameters.iter().enumerate() {
            let Some(name) = parameter.output(Channel::DynamicConfig) else { continue };
            let holds = parameter.when.is_none() || value_of(&probe(index)) == Some(&Scalar::Bool(true));
            let taken = takes(parameter.temporal.as_ref(), &choice.temporal)
                && takes(parameter.plugin.as_ref(), &choice.plugin);
            if !(holds && taken) {
                prop_assert_eq!(read.get(name), None, "the server does not take `{}`, or it does not apply", name);
                continue;
            }
            expected += 1;
            let Some(value) = read.get(name).and_then(entry) else {
                return Err(TestCaseError::fail(format!("`{name}` is {:?}", read.get(name))));
            };
            let wanted = value_of(&parameter.key).expect("the probed catalog has every parameter");
            prop_assert!(fits(parameter, value, wanted), "`{}` is {:?}, resolved {:?}", name, value, wanted);
        }
        prop_assert!(expected > 0);
        prop_assert_eq!(read.len(), expected, "nothing else is written");
        // A reader that takes the last of two equal keys would hide the first.
        let keys = yaml.lines().filter(|line| !line.starts_with([' ', '#']) && !line.is_empty()).count();
        prop_assert_eq!(keys, expected, "each key once");
        Ok(())
    });
}
