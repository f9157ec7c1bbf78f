//! A file of environment variables, as the plugin and the start scripts read it.

use super::Linter;
use super::dynamic_config::MOST_SUGGESTIONS;
use super::facts::{self, Facts};
use crate::catalog::ParamId;
use crate::diag::{Code, Diagnostic, Diagnostics, Span};
use crate::eval::Withheld;
use crate::inputs::Entry;
use crate::migrate::effect;
use crate::model::{Channel, Scalar, clipped};
use std::collections::BTreeMap;

pub(super) fn judge(linter: &Linter<'_>, entries: &[Entry], diags: &mut Diagnostics) {
    let catalog = linter.catalog;
    let start = entries.first().map_or_else(Span::default, |entry| Span::point(entry.key.span.file, 0));
    let mut facts =
        Facts { channel: Channel::EnvVars, set: BTreeMap::new(), scoped: Vec::new(), assumed: BTreeMap::new(), start };
    for entry in entries {
        let name = entry.key.value.as_str();
        match catalog.find_variable(name) {
            Some(id) => value(linter, id, entry, &mut facts, diags),
            None => no_parameter(linter, entry, diags),
        }
    }
    // Where a switch is off, what belongs to it counts for nothing.
    if !facts.set.is_empty() {
        for id in catalog.ids().filter(|id| read(linter, *id)) {
            let parameter = catalog.parameter(id);
            let fallback = parameter.fallback.as_ref().map(|text| Scalar::Str(text.to_string()));
            if let Some(Ok(value)) = fallback.map(|text| parameter.value_type.read(&text))
                && parameter.output(Channel::EnvVars).is_some()
            {
                facts.assumed.insert(id, value);
            }
        }
        facts::judge(linter, facts, diags);
    }
}

/// Whether the plugin of this version reads a variable.
fn read(linter: &Linter<'_>, id: ParamId) -> bool {
    let withheld = linter.presets.first().and_then(|preset| preset.resolution.withheld(id));
    !matches!(withheld, Some(Withheld::Plugin | Withheld::Temporal))
}

fn value(linter: &Linter<'_>, id: ParamId, entry: &Entry, facts: &mut Facts, diags: &mut Diagnostics) {
    let (catalog, name) = (linter.catalog, entry.key.value.as_str());
    let parameter = catalog.parameter(id);
    let place = if entry.value.span.start == entry.value.span.end { entry.key.span } else { entry.value.span };
    let told = |diagnostic: Diagnostic| diagnostic.fact("name", name).fact("key", parameter.key.clone());
    if entry.value.value == Scalar::Str(String::new()) {
        diags.push(told(
            Diagnostic::note(Code::Unread, format!("`{name}` is empty, which is the same as not set"))
                .at(entry.key.span, "no value")
                .help("give it a value, or remove the line"),
        ));
        return;
    }
    if !read(linter, id) {
        let range = parameter.plugin.as_ref().map(ToString::to_string).unwrap_or_default();
        diags.push(told(
            Diagnostic::warning(
                Code::Unread,
                format!("the plugin of version {} does not read `{name}`", linter.plugin),
            )
            .at(entry.key.span, format!("read by {range}"))
            .help("remove it, or name the version that runs with `--plugin-version`"),
        ));
        return;
    }
    let value = match parameter.value_type.read(&entry.value.value) {
        Ok(value) => value,
        Err(fault) => {
            diags.push(told(
                Diagnostic::error(Code::InvalidValue, format!("`{name}`: {}", fault.message))
                    .at(place, effect(catalog, id, &entry.value.value))
                    .help(fault.help.split(';').next().unwrap_or_default()),
            ));
            return;
        }
    };
    if let Some(violation) = parameter.violation(&value) {
        let shown = parameter.value_type.text(&value);
        diags.push(told(
            Diagnostic::error(Code::ConstraintViolation, format!("`{name}` is {shown}, {}", violation.fault))
                .at(place, violation.bounds)
                .help(parameter.rationale.trim().to_owned()),
        ));
        return;
    }
    let usual =
        parameter.fallback.as_ref().and_then(|text| parameter.value_type.read(&Scalar::Str(text.to_string())).ok());
    if usual.as_ref() == Some(&value) {
        diags.push(told(
            Diagnostic::note(Code::RestatedDefault, format!("`{name}` says what the plugin takes without it"))
                .at(place, "its own default"),
        ));
    }
    diags.extend(
        linter.compare_with_presets(id, &value, |note| told(note.at(place, "another value than any preset's"))),
    );
    facts.set.insert(id, (value, place));
}

fn no_parameter(linter: &Linter<'_>, entry: &Entry, diags: &mut Diagnostics) {
    let (catalog, name) = (linter.catalog, entry.key.value.as_str());
    if let Some(variable) = catalog.variables.get(name) {
        if variable.is_ignored() {
            diags.push(
                Diagnostic::warning(Code::Unread, format!("nothing reads `{name}`"))
                    .at(entry.key.span, "without effect")
                    .help(variable.summary.trim().to_owned())
                    .fact("name", name),
            );
        }
        return;
    }
    let ours = catalog.variable_prefixes.iter().any(|prefix| name.starts_with(prefix.as_ref()));
    let near = if ours && diags.len() > MOST_SUGGESTIONS { None } else { catalog.near_variable(name) };
    // Another program's variables stand in such files too.
    if !ours && near.is_none() {
        return;
    }
    let message = format!("nothing reads the variable `{}`", clipped(name));
    let found = if ours {
        Diagnostic::error(Code::UnknownVariable, message)
    } else {
        Diagnostic::warning(Code::UnknownVariable, message)
    };
    diags.push(
        found
            .at(entry.key.span, "unknown variable")
            .help(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "remove it; `tdsql list-parameters --format json` has every name".to_owned(),
            })
            .fact("name", clipped(name))
            .fact("suggestion", near.map(str::to_owned)),
    );
}
