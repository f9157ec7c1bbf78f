//! Environment variables of a running deployment against a preset: which of them the preset makes needless, which say
//! something else, and what nothing can make sense of.
//!
//! Values are compared as the parameter's reader takes them: `5m` is `300s`, `1` is `true`. Shown at work by
//! `tests/it/cli_migrate.rs` and by the property P12.

mod suggest;

pub use suggest::{Suggestion, Suggestions, suggest};

use crate::catalog::{Catalog, ParamId};
use crate::compile::{Compilation, Given, Request, compile};
use crate::diag::Diagnostics;
use crate::eval::Withheld;
use crate::inputs::Entry;
use crate::model::{Channel, GuardRailResult, Scalar, clipped};
use std::collections::BTreeMap;

/// A variable whose value could be read, against the preset's.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The variable, or the key of a dynamic configuration.
    pub env_var: String,
    /// The parameter that it sets.
    pub parameter_key: String,
    /// What it says; a duration is Go text.
    pub value: Scalar,
    /// What the preset alone gives.
    pub preset_default: Scalar,
    /// What is worth knowing before it is taken out or kept.
    pub remarks: Vec<String>,
}

/// A variable whose value its parameter does not take.
#[derive(Debug, Clone, PartialEq)]
pub struct Invalid {
    /// The variable.
    pub env_var: String,
    /// The parameter that it would set.
    pub parameter_key: String,
    /// What is wrong.
    pub message: String,
    /// What the process does with it.
    pub effect: String,
}

/// A variable that is no parameter's.
#[derive(Debug, Clone, PartialEq)]
pub struct Passed {
    /// The variable.
    pub env_var: String,
    /// What kind of variable it is.
    pub kind: String,
    /// What it is.
    pub summary: String,
}

/// A variable that nothing knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Unknown {
    /// The variable.
    pub env_var: String,
    /// What was meant, likely.
    pub suggestion: Option<String>,
}

/// What became of each variable. Every one is in exactly one of the lists.
#[derive(Debug, Clone, PartialEq)]
pub struct Migration {
    /// The preset.
    pub preset: String,
    /// The modifier.
    pub modifier: Option<String>,
    /// Those that say what the preset says.
    pub redundant: Vec<Compared>,
    /// Those that say something else.
    pub overriding: Vec<Compared>,
    /// Those that nothing knows.
    pub unknown: Vec<Unknown>,
    /// Those whose value is not taken.
    pub invalid: Vec<Invalid>,
    /// Those that hold a secret: names, never values.
    pub secret: Vec<Passed>,
    /// Those that are no parameters and stay as they are.
    pub pass_through: Vec<Passed>,
    /// Those that nothing reads although deployments set them.
    pub ignored: Vec<Passed>,
    /// Those that are empty, which to the plugin means not set.
    pub empty: Vec<String>,
    /// The rails that fire with the variables laid over the preset.
    pub guard_rails: Vec<GuardRailResult>,
    /// Why the variables cannot be laid over the preset, where they cannot.
    pub refused: Vec<String>,
    /// The values that count, by parameter.
    pub wanted: Vec<(ParamId, Scalar)>,
}

/// Against what the variables are held.
#[derive(Debug, Clone, Default)]
pub struct Against {
    /// The preset.
    pub preset: String,
    /// The modifier.
    pub modifier: Option<String>,
    /// The server version; the catalog's default when none is named.
    pub temporal_version: Option<String>,
    /// The plugin version; likewise.
    pub plugin_version: Option<String>,
}

impl Against {
    fn request(&self, given: Vec<Given>) -> Request {
        Request {
            preset: self.preset.clone(),
            modifier: self.modifier.clone(),
            temporal_version: self.temporal_version.clone(),
            plugin_version: self.plugin_version.clone(),
            given,
            ..Request::default()
        }
    }
}

/// Holds variables against a preset. Of a name given twice the last counts.
///
/// # Errors
///
/// A preset, a modifier or a version that is not known.
///
/// # Examples
///
/// ```
/// use tdsql::catalog::Catalog;
/// use tdsql::inputs::environment_entries;
/// use tdsql::migrate::{Against, migrate};
///
/// let mut catalog = Catalog::embedded().expect("the shipped catalog has no faults");
/// let variables = [("DSQL_TOKEN_DURATION".to_owned(), "900s".to_owned())];
/// let entries = environment_entries(variables.into_iter(), &|_| true, &mut catalog.sources);
/// let against = Against { preset: "starter".into(), ..Against::default() };
/// let migration = migrate(&catalog, &against, &entries).expect("a known preset");
/// assert_eq!(migration.redundant[0].env_var, "DSQL_TOKEN_DURATION");
/// ```
pub fn migrate(catalog: &Catalog, against: &Against, entries: &[Entry]) -> Result<Migration, Diagnostics> {
    migrate_with(catalog, against, entries, &[])
}

/// Likewise, with the values of a dynamic configuration beside the variables.
///
/// # Errors
///
/// As [`migrate`].
pub fn migrate_with(
    catalog: &Catalog,
    against: &Against,
    entries: &[Entry],
    settings: &[(ParamId, Scalar)],
) -> Result<Migration, Diagnostics> {
    let plain = compile(catalog, &against.request(Vec::new()), "")?;
    let mut migration = Migration {
        preset: against.preset.clone(),
        modifier: against.modifier.clone(),
        redundant: Vec::new(),
        overriding: Vec::new(),
        unknown: Vec::new(),
        invalid: Vec::new(),
        secret: Vec::new(),
        pass_through: Vec::new(),
        ignored: Vec::new(),
        empty: Vec::new(),
        guard_rails: Vec::new(),
        refused: Vec::new(),
        wanted: Vec::new(),
    };
    // The order of names makes the report the same whatever the order of the files.
    let last: BTreeMap<&str, &Entry> = entries.iter().map(|entry| (entry.key.value.as_str(), entry)).collect();
    let mut read: Vec<(ParamId, String, Scalar)> = Vec::new();
    for (name, entry) in last {
        let Some(id) = catalog.find_variable(name) else {
            migration.no_parameter(catalog, name);
            continue;
        };
        if entry.value.value == Scalar::Str(String::new()) {
            migration.empty.push(name.to_owned());
            continue;
        }
        match typed(catalog, id, &entry.value.value) {
            Ok(value) => read.push((id, name.to_owned(), value)),
            Err(message) => migration.invalid.push(Invalid {
                env_var: name.to_owned(),
                parameter_key: catalog.parameter(id).key.to_string(),
                message,
                effect: effect(catalog, id, &entry.value.value),
            }),
        }
    }
    for (id, value) in settings {
        let parameter = catalog.parameter(*id);
        let name = parameter.output(Channel::DynamicConfig).unwrap_or(&parameter.key).to_owned();
        match typed(catalog, *id, &parameter.value_type.show(value)) {
            Ok(value) => read.push((*id, name, value)),
            Err(message) => migration.invalid.push(Invalid {
                env_var: name,
                parameter_key: parameter.key.to_string(),
                message,
                effect: "the server knows no bounds, and runs with it".to_owned(),
            }),
        }
    }
    let given = read.iter().map(|(id, _, value)| {
        let parameter = catalog.parameter(*id);
        Given::new(parameter.key.clone(), parameter.value_type.show(value))
    });
    let mut applied = match compile(catalog, &against.request(given.collect()), "") {
        Ok(applied) => Some(applied),
        Err(faults) => {
            migration.refused = faults.iter().map(|fault| fault.message.clone()).collect();
            None
        }
    };
    migration.guard_rails = applied.as_ref().map(Compilation::guard_rail_results).unwrap_or_default();
    for (id, name, value) in read {
        let parameter = catalog.parameter(id);
        let same = *plain.resolution.value(id) == value;
        let compared = Compared {
            env_var: name,
            parameter_key: parameter.key.to_string(),
            value: parameter.value_type.show(&value),
            preset_default: plain.resolution.shown(id),
            remarks: remarks(catalog, id, &value, same, &plain, applied.as_mut()),
        };
        if same {
            migration.redundant.push(compared)
        } else {
            migration.overriding.push(compared)
        }
        let counts = applied.as_ref().is_none_or(|applied| applied.resolution.withheld(id).is_none());
        if counts {
            migration.wanted.push((id, value));
        }
    }
    Ok(migration)
}

impl Migration {
    /// Files a variable that is no parameter's.
    fn no_parameter(&mut self, catalog: &Catalog, name: &str) {
        let Some(variable) = catalog.variables.get(name) else {
            let suggestion = catalog.near_variable(name).map(str::to_owned);
            self.unknown.push(Unknown { env_var: clipped(name), suggestion });
            return;
        };
        let passed = Passed {
            env_var: name.to_owned(),
            kind: variable.kind.to_string(),
            summary: variable.summary.trim().to_owned(),
        };
        let list = match variable {
            variable if variable.is_secret() => &mut self.secret,
            variable if variable.is_ignored() => &mut self.ignored,
            _ => &mut self.pass_through,
        };
        list.push(passed);
    }
}

/// A variable's text as its parameter's value.
///
/// # Errors
///
/// Why the parameter does not take it.
pub(crate) fn typed(catalog: &Catalog, id: ParamId, given: &Scalar) -> Result<Scalar, String> {
    let parameter = catalog.parameter(id);
    if parameter.locked {
        return Err(format!("`{}` cannot be overridden", parameter.key));
    }
    let value = parameter.value_type.read(given).map_err(|fault| {
        // What the plugin does otherwise is said with the effect.
        format!("{}; {}", fault.message, fault.help.split(';').next().unwrap_or_default())
    })?;
    match parameter.violation(&value) {
        None => Ok(value),
        Some(violation) => {
            Err(format!("{} is {}: it {}", parameter.value_type.text(&value), violation.fault, violation.bounds))
        }
    }
}

/// What the process does with a value that its parameter does not take.
pub(crate) fn effect(catalog: &Catalog, id: ParamId, given: &Scalar) -> String {
    let parameter = catalog.parameter(id);
    let readable = parameter.value_type.read(given).is_ok();
    match &parameter.fallback {
        Some(_) if readable => "the process can read it, and runs with it".to_owned(),
        Some(fallback) if fallback.is_empty() => "the process takes nothing in its place, without a message".to_owned(),
        Some(fallback) => format!("the process takes its default in its place, {fallback}, without a message"),
        None => "it stands in the server's static configuration as it was given".to_owned(),
    }
}

fn remarks(
    catalog: &Catalog,
    id: ParamId,
    value: &Scalar,
    same: bool,
    plain: &Compilation<'_>,
    applied: Option<&mut Compilation<'_>>,
) -> Vec<String> {
    let parameter = catalog.parameter(id);
    let mut remarks = Vec::new();
    if plain.resolution.withheld(id) == Some(Withheld::Plugin)
        || plain.resolution.withheld(id) == Some(Withheld::Temporal)
    {
        remarks.extend(plain.resolution.reason(id));
    }
    if parameter.immutable && !same {
        remarks.push("fixed for the life of the cluster: keep it, the server ignores another value".to_owned());
    }
    let Some(applied) = applied else { return remarks };
    if applied.resolution.withheld(id) == Some(Withheld::When) {
        let when = parameter.when.as_ref().map_or("", crate::expr::Expr::source);
        remarks.push(format!("without effect: it counts only while `{when}`"));
        return remarks;
    }
    let follows = applied.resolution.base_value(id);
    if same && follows != *value {
        remarks.push(format!(
            "keep it: with the other variables the preset would give {}",
            parameter.value_type.text(&follows)
        ));
    } else if !same && follows == *value {
        remarks.push("needless beside the others: with them the preset gives the same".to_owned());
    }
    remarks
}
