//! The environment of the server: variables, and what the DSQL plugin makes of them.

use super::Reading;
use super::section::Section;
use crate::diag::{At, Code, SourceMap, Span};
use crate::inputs::{Entry, Origin};
use crate::model::behaviour::EnvVarEntry;
use crate::model::{Channel, Scalar, clipped};
use std::collections::HashMap;

/// Variables, each once, in the order in which they were first given.
#[derive(Default)]
pub(super) struct Environment {
    pub(super) variables: Vec<EnvVarEntry>,
    places: HashMap<String, usize>,
}

/// Variables that somebody has read, with a source that shows their names.
pub(super) fn entries(name: &str, pairs: &[(String, String)], sources: &mut SourceMap) -> Vec<Entry> {
    let mut text = String::new();
    let spans: Vec<_> = pairs
        .iter()
        .map(|(name, _)| {
            let start = text.len();
            text.extend(name.chars().map(|c| if c.is_control() { ' ' } else { c }));
            let end = text.len();
            text.push_str("=*\n");
            start..end
        })
        .collect();
    let file = sources.add_unfiled(name, text);
    let entry = |((name, value), range): (&(String, String), std::ops::Range<usize>)| {
        let span = Span::new(file, range);
        let origin = Origin::Environment;
        Entry { key: At::new(name.clone(), span), value: At::new(Scalar::Str(value.clone()), span), origin }
    };
    pairs.iter().zip(spans).map(entry).collect()
}

impl Environment {
    /// Takes a variable, and what the plugin makes of it.
    pub(super) fn take(&mut self, reading: &mut Reading<'_>, entry: Entry, plugin: &mut Section) {
        let (name, value) = (entry.key.value.as_str(), entry.value.value);
        let Scalar::Str(text) = &value else { return };
        if reading.redactor.hides_variable(name) {
            self.secret(reading, name.to_owned());
            return;
        }
        let shown = reading.redactor.text(text);
        self.put(EnvVarEntry::plain(reading.redactor.text(name), shown));
        // Empty is the same as not set.
        let Some(id) = reading.redactor.parameter(name).filter(|_| !text.is_empty()) else { return };
        let parameter = reading.catalog.parameter(id);
        let Some(output) = parameter.output(Channel::DsqlPlugin) else { return };
        let read = parameter.value_type.read(&value).or_else(|_| {
            let message = format!("`{}` is not {}", clipped(name), parameter.value_type.described());
            reading.warn(Code::InvalidValue, entry.value.span, message, "the process takes its default in its place");
            let fallback = parameter.fallback.clone().unwrap_or_default();
            parameter.value_type.read(&Scalar::Str(fallback.into_owned()))
        });
        if let Ok(value) = read {
            plugin.set(output, parameter.value_type, &value);
        }
    }

    /// Takes the name of a secret.
    pub(super) fn secret(&mut self, reading: &mut Reading<'_>, name: String) {
        self.put(EnvVarEntry::redacted(reading.redactor.text(&name)));
    }

    fn put(&mut self, variable: EnvVarEntry) {
        let next = self.variables.len();
        let place = *self.places.entry(variable.name().to_owned()).or_insert(next);
        if place == next {
            self.variables.push(variable);
        } else {
            self.variables[place] = variable;
        }
    }
}
