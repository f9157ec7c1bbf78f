use crate::strategies::{CATALOG, choice, compiled, link};
use proptest::prelude::*;
use semver::{Version, VersionReq};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;
use tdsql::catalog::{Catalog, Parameter};
use tdsql::expr::Expr;
use tdsql::loader::DataSet;
use tdsql::model::{Channel, Scalar, ValueType, parse_duration};

/// The conditions of all parameters.
static CONDITIONS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    CATALOG.parameters.iter().filter_map(|parameter| parameter.when.as_ref()).map(Expr::source).collect()
});

/// The shipped catalog with two more parameters for every condition: one that is derived by it, so that what the artifact
/// ought to have is known without asking the code that decides it, and one that is emitted while it holds, for few of
/// those that ship with a condition go into this artifact.
static PROBED: LazyLock<Catalog> = LazyLock::new(|| {
    let mut probes = String::from("title = \"Probes\"\norder = 1000000\n");
    let about = "class = \"tuning\"\nsummary = \"A condition.\"\nrationale = \"Read by a test.\"\nsource = \"test\"\n";
    for (index, when) in CONDITIONS.iter().enumerate() {
        let _ = write!(
            probes,
            "\n[[parameter]]\nkey = \"probe.p{index}\"\ntype = \"bool\"\nderive = '''{when}'''\n{about}\
             \n[[parameter]]\nkey = \"gated.p{index}\"\ntype = \"bool\"\ndefault = true\nwhen = '''{when}'''\n\
             outputs = {{ dynamic_config = true }}\n{about}"
        );
    }
    let mut files = DataSet::embedded();
    files.insert("registry/parameters/probes-of-a-test.toml", probes);
    // No server registers the probes; without a list of what servers register nothing is held against it.
    let settings: Vec<String> = files
        .iter()
        .filter(|(path, _)| path.starts_with("registry/settings/"))
        .map(|(path, _)| path.to_owned())
        .collect();
    for path in settings {
        files.insert(path, "[settings]\n");
    }
    link(files)
});

/// Whether a condition holds, as its probe has it.
fn holds(when: Option<&Expr>, value_of: impl Fn(&str) -> Option<Scalar>) -> bool {
    when.is_none_or(|when| {
        let index = CONDITIONS.iter().position(|known| *known == when.source()).expect("each condition has a probe");
        value_of(&format!("probe.p{index}")) == Some(Scalar::Bool(true))
    })
}

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
            serde_yaml::from_str(yaml).map_err(|fault| TestCaseError::fail(format!("no YAML: {fault}\n{yaml}")))?;
        let value_of = |key: &str| catalog.find(key).map(|id| compilation.resolution.value(id).clone());
        let mut expected = 0;
        for parameter in &catalog.parameters {
            let Some(name) = parameter.output(Channel::DynamicConfig) else { continue };
            let holds = holds(parameter.when.as_ref(), value_of);
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
            let wanted = value_of(&parameter.key).expect("a parameter is found by its key");
            prop_assert!(fits(parameter, value, &wanted), "`{}` is {:?}, resolved {:?}", name, value, wanted);
        }
        prop_assert!(expected > 0);
        prop_assert_eq!(read.len(), expected, "nothing else is written");
        // A reader that takes the last of two equal keys would hide the first.
        let keys = yaml.lines().filter(|line| !line.starts_with([' ', '#']) && !line.is_empty()).count();
        prop_assert_eq!(keys, expected, "each key once");
        Ok(())
    });
}
