//! The JSON Schemas of data files: the shipped files satisfy them, a broken file does not.

use std::path::PathBuf;

use serde_json::{Value, json};
use tdsql::loader::schema::{kinds, schema};

use crate::support::{files_below, fixtures, read, root};

/// The files below a data folder that a pattern such as `registry/rails/*.toml` names.
fn files_of(data: &std::path::Path, pattern: &str) -> Vec<PathBuf> {
    let (before, after) = pattern.split_once('*').unwrap_or((pattern, ""));
    let folder = data.join(before.rsplit_once('/').map_or("", |(folder, _)| folder));
    if !folder.is_dir() {
        return Vec::new();
    }
    files_below(&folder, ".toml")
        .into_iter()
        .filter(|path| {
            let path = path.strip_prefix(data).expect("the file is below the folder").display().to_string();
            path.starts_with(before)
                && path.ends_with(after)
                && (after.contains('/') || path[before.len()..].matches('/').count() == 0)
        })
        .collect()
}

fn validator(kind: &str) -> jsonschema::Validator {
    let kind = kinds().find(|known| known.name == kind).unwrap_or_else(|| panic!("there is a kind `{kind}`"));
    jsonschema::draft7::new(&schema(kind)).unwrap_or_else(|fault| panic!("{} has a good schema: {fault}", kind.name))
}

fn faults(validator: &jsonschema::Validator, toml: &str) -> Vec<String> {
    let value: Value = toml::from_str(toml).expect("the file is TOML");
    validator.iter_errors(&value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect()
}

#[test]
fn each_schema_is_draft_7() {
    for kind in kinds() {
        let schema = schema(kind);
        assert_eq!(schema["$schema"], json!("http://json-schema.org/draft-07/schema#"), "{}", kind.name);
        assert!(jsonschema::draft7::meta::is_valid(&schema), "{}", kind.name);
        assert_eq!(schema["title"], json!(kind.path));
        assert_eq!(schema["additionalProperties"], json!(false), "{}", kind.name);
        for (name, property) in schema["properties"].as_object().expect("an object of properties") {
            assert!(property["description"].as_str().is_some_and(|text| text.ends_with('.')), "{}: {name}", kind.name);
        }
    }
}

#[test]
fn every_shipped_file_satisfies_its_schema() {
    for (data, least) in [(root().to_owned(), 100), (fixtures().join("diagnostics/base"), 10)] {
        let (mut checked, mut wrong) = (0, Vec::new());
        for kind in kinds() {
            let validator = validator(kind.name);
            for path in files_of(&data, kind.path) {
                checked += 1;
                wrong.extend(
                    faults(&validator, &read(&path)).into_iter().map(|fault| format!("{}: {fault}", path.display())),
                );
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(checked >= least, "only {checked} files below {}", data.display());
    }
}

#[test]
fn every_data_file_has_a_schema() {
    let covered: Vec<PathBuf> = kinds().flat_map(|kind| files_of(root(), kind.path)).collect();
    for folder in ["registry", "presets", "modifiers", "templates"] {
        for path in files_below(&root().join(folder), ".toml") {
            assert!(covered.contains(&path), "{} is of no kind", path.display());
        }
    }
}

#[test]
fn broken_files_do_not() {
    let good = "title = \"T\"\n[[parameter]]\nkey = \"a.b\"\nclass = \"slo\"\ntype = \"int\"\ndefault = 1\nsummary = \"S.\"\nrationale = \"R.\"\nsource = \"S\"\n";
    let parameters = validator("parameters");
    assert_eq!(faults(&parameters, good), Vec::<String>::new());
    for (from, to) in [
        ("default = 1", "default = 1\nminimum = 1"),
        ("\"slo\"", "\"sloo\""),
        ("\"a.b\"", "\"a-b\""),
        ("\"a.b\"", "\"1.b\""),
        ("summary = \"S.\"\n", ""),
        ("default = 1", "default = [1]"),
        ("default = 1", "default = 1\nlocked = \"yes\""),
        ("default = 1", "default = 1\noutputs = { env_var = \"A\" }"),
        ("default = 1", "default = 1\noutputs = { env_vars = false }"),
        ("summary = \"S.\"", "summary = \"\""),
        ("title = \"T\"\n", ""),
    ] {
        let broken = good.replace(from, to);
        assert_ne!(broken, good);
        assert!(!faults(&parameters, &broken).is_empty(), "accepted:\n{broken}");
    }
    for (kind, broken) in [
        ("preset", "description = \"D.\"\nrationale = \"R.\"\n"),
        ("preset", "description = \"D.\"\nrationale = \"R.\"\nthroughput = { min = \"1\", description = \"d\" }\n"),
        ("modifier", "description = \"D.\"\nrationale = \"R.\"\n[sets]\na = 1\n"),
        (
            "rail",
            "severity = \"fatal\"\nsummary = \"S.\"\nrationale = \"R.\"\nsource = \"s\"\ncase = []\n[rule]\nrequire = 'a'\nmessage = \"m\"\nhelp = \"h\"\nparameters = [\"a\"]\n",
        ),
        ("adapter", "kind = \"sdk\"\ntitle = \"T\"\nlanguage = \"go\"\n"),
        ("registry", "format = \"1\"\n"),
        ("metric", "[[metric]]\nname = \"a\"\n"),
        ("variables", "[[variable]]\nname = \"A\"\nkind = \"other\"\nsummary = \"S.\"\nsource = \"s\"\n"),
        ("settings", "[settings]\n\"a.b\" = { kind = \"int\" }\n"),
    ] {
        assert!(!faults(&validator(kind), broken).is_empty(), "accepted as {kind}:\n{broken}");
    }
}
