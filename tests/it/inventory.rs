//! Lists of what exists: a new entry shows in review.

use std::fmt::Write as _;

use tdsql::diag::Code;
use tdsql::model::Channel;

use crate::support::{shipped, snapshots};

#[test]
fn diagnostic_codes() {
    let mut list = String::new();
    for code in Code::ALL {
        let _ = writeln!(list, "{}: {}", code.as_str(), code.description());
        assert!(code.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code}");
        assert!(code.description().ends_with('.'), "{code}");
    }
    snapshots("inventory").bind(|| insta::assert_snapshot!("diagnostic-codes", list));
}

#[test]
fn expression_functions() {
    let mut list = String::new();
    for function in tdsql::expr::functions() {
        let _ = writeln!(
            list,
            "{}\n    {}\n    {} = {}",
            function.signature, function.summary, function.example, function.result
        );
    }
    let names: Vec<&str> = tdsql::expr::functions().iter().map(|function| function.name).collect();
    assert!(names.is_sorted(), "{names:?}");
    snapshots("inventory").bind(|| insta::assert_snapshot!("expression-functions", list));
}

#[test]
fn environment_variables() {
    let catalog = shipped();
    let mut list: Vec<String> = catalog
        .parameters
        .iter()
        .filter_map(|parameter| Some(format!("{} = {}", parameter.output(Channel::EnvVars)?, parameter.key)))
        .chain(catalog.variables.iter().map(|(name, variable)| format!("{name}: {}", variable.kind)))
        .collect();
    list.sort();
    snapshots("inventory").bind(|| insta::assert_snapshot!("environment-variables", list.join("\n")));
}
