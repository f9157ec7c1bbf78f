//! The server's own files: dynamic configuration YAML and the plugin's configuration.

use super::{Compilation, one_line};
use crate::catalog::{ParamId, Rule};
use crate::eval::Withheld;
use crate::model::{Channel, Scalar, ValueType};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

impl Compilation<'_> {
    /// The file that the Temporal server's file-based client loads with no warning: key → list of `value` and
    /// `constraints`, grouped as the catalog groups them. Every key carries the layer that decided it and the formula.
    #[must_use]
    pub fn dynamic_config_yaml(&self) -> &str {
        self.dynamic_config.get_or_init(|| self.dynamic_config())
    }

    fn dynamic_config(&self) -> String {
        let mut yaml = String::with_capacity(64 * self.catalog.parameters.len());
        for line in self.header() {
            let _ = writeln!(yaml, "# {line}");
        }
        let mut group = None;
        for id in self.catalog.ids() {
            let parameter = self.catalog.parameter(id);
            let Some(name) = parameter.output(Channel::DynamicConfig) else { continue };
            if self.resolution.withheld(id).is_some() {
                continue;
            }
            if group != Some(parameter.group) {
                group = Some(parameter.group);
                let _ = write!(yaml, "\n# ---- {} ----\n", one_line(&self.catalog.groups[parameter.group].title));
            }
            yaml.push_str("\n# ");
            self.provenance(id, &mut yaml);
            yaml.push('\n');
            push_key(&mut yaml, name);
            yaml.push_str(":\n  - value: ");
            push_value(&mut yaml, parameter.value_type, self.resolution.value(id));
            yaml.push_str("\n    constraints: {}\n");
        }
        yaml
    }

    /// The layer that decided a value, and its formula: one line.
    pub(crate) fn provenance(&self, id: ParamId, text: &mut String) {
        let winner = self.resolution.winner(id);
        text.push_str(winner.source.as_str());
        if !winner.layer.is_empty() {
            text.push(' ');
            push_line(text, winner.layer);
        }
        if let Rule::Derive(expr) = &winner.candidate.rule {
            text.push_str(": ");
            push_line(text, expr.source());
        }
    }

    /// `DSQLPluginConfig`: field → value. A field whose name ends in a unit is a plain number of that unit; a nullable
    /// one is null while it does not apply.
    #[must_use]
    pub fn plugin_config(&self) -> Map<String, Value> {
        let mut config = Map::new();
        for id in self.catalog.ids() {
            let parameter = self.catalog.parameter(id);
            let Some(field) = parameter.output(Channel::DsqlPlugin) else { continue };
            let applies = !matches!(self.resolution.withheld(id), Some(Withheld::When | Withheld::Plugin));
            let value = if parameter.nullable && !applies {
                Value::Null
            } else {
                parameter.value_type.field(field, self.resolution.value(id))
            };
            config.insert(field.to_owned(), value);
        }
        config
    }

    /// What a JSON artifact says of its origin.
    #[must_use]
    pub fn generated_by(&self) -> Value {
        let inputs = &self.resolution.inputs;
        json!({
            "tdsql": super::compiler_version().to_string(),
            "preset": inputs.preset.map(|preset| preset.layer.name.clone()),
            "modifier": inputs.modifier.map(|modifier| modifier.name.clone()),
            "digest": self.digest,
        })
    }
}

/// Text for a comment. Nearly all of it is one line without control characters already; a file's name need not be.
fn push_line(text: &mut String, part: &str) {
    if part.bytes().any(|byte| byte.is_ascii_control()) {
        text.push_str(&one_line(part));
    } else {
        text.push_str(part);
    }
}

/// A key in the plain style where YAML 1.1 and 1.2 agree that it is text, else quoted.
fn push_key(yaml: &mut String, key: &str) {
    let plain = key.contains('.')
        && key.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    if plain {
        yaml.push_str(key);
    } else {
        push_quoted(yaml, key);
    }
}

/// Text in double quotes: JSON's escapes are YAML's.
fn push_quoted(yaml: &mut String, text: &str) {
    yaml.push_str(&Value::from(text).to_string());
}

fn push_value(yaml: &mut String, value_type: ValueType, value: &Scalar) {
    match (value_type, value) {
        // Go duration text is letters and digits that no YAML reader takes for anything else.
        (ValueType::Duration, _) => yaml.push_str(&value_type.text(value)),
        (_, Scalar::Str(text)) => push_quoted(yaml, text),
        (_, Scalar::Float(number)) => {
            // No exponent: YAML 1.1 readers take `1e-5` for text.
            let digits = number.to_string();
            yaml.push_str(&digits);
            if !digits.contains('.') {
                yaml.push_str(".0");
            }
        }
        (_, value) => {
            let _ = write!(yaml, "{value}");
        }
    }
}
