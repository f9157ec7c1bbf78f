//! What is taken out of everything that a snapshot keeps or tells: by the name of a value, and by its looks.

use crate::catalog::{Catalog, ParamId};
use crate::diag::{Diagnostic, Diagnostics};
use crate::model::behaviour::REDACTED;
use crate::model::{Channel, ConfigProfile, Scalar};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// Takes secrets out.
pub(super) struct Redactor<'c> {
    catalog: &'c Catalog,
    /// The variables that set parameters.
    variables: HashMap<&'c str, ParamId>,
    /// Names of parameters on every channel: what the catalog knows is no secret by its name.
    known: HashSet<&'c str>,
}

impl<'c> Redactor<'c> {
    pub(super) fn new(catalog: &'c Catalog) -> Self {
        let (mut variables, mut known) = (HashMap::new(), HashSet::new());
        for id in catalog.ids() {
            let parameter = catalog.parameter(id);
            known.insert(parameter.key.as_ref());
            for (channel, name) in &parameter.outputs {
                known.insert(name);
                if *channel == Channel::EnvVars {
                    variables.insert(name.as_ref(), id);
                }
            }
        }
        Redactor { catalog, variables, known }
    }

    /// The parameter that a variable sets.
    pub(super) fn parameter(&self, variable: &str) -> Option<ParamId> {
        self.variables.get(variable).copied()
    }

    /// Text without what its looks give away.
    pub(super) fn text(&self, text: &str) -> String {
        self.catalog.redaction.masked(text).into_owned()
    }

    /// Whether the value of a variable is a secret.
    pub(super) fn hides_variable(&self, name: &str) -> bool {
        if self.variables.contains_key(name) {
            return false;
        }
        match self.catalog.variables.get(name) {
            Some(variable) => variable.is_secret(),
            None => self.catalog.redaction.names_secret(name),
        }
    }

    /// Whether the value of a setting or an option is a secret.
    pub(super) fn hides_field(&self, name: &str) -> bool {
        !self.known.contains(name)
            && self.catalog.settings.find(name).is_none()
            && self.catalog.redaction.names_secret(name)
    }

    /// The value of a field of this name, however deep it goes.
    pub(super) fn field(&self, name: &str, value: Value) -> Value {
        match value {
            Value::Null => Value::Null,
            _ if self.hides_field(name) => Value::from(REDACTED),
            value => self.value(value),
        }
    }

    /// A value, however deep it goes.
    pub(super) fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::Object(fields) => Value::Object(self.fields(fields)),
            other => other,
        }
    }

    fn fields(&self, fields: Map<String, Value>) -> Map<String, Value> {
        let shown = |(name, value): (String, Value)| (self.text(&name), self.field(&name, value));
        fields.into_iter().map(shown).collect()
    }

    fn scalar(&self, name: &str, value: &mut Scalar) {
        if self.hides_field(name) {
            *value = Scalar::Str(REDACTED.to_owned());
        } else if let Scalar::Str(text) = value {
            *text = self.text(text);
        }
    }

    /// A compiled profile: what was set, and every value.
    pub(super) fn profile(&self, mut profile: ConfigProfile) -> ConfigProfile {
        let shown = |text: &mut String| *text = self.text(text);
        shown(&mut profile.preset_name);
        profile.modifier.as_mut().into_iter().for_each(shown);
        profile.overrides.values = std::mem::take(&mut profile.overrides.values)
            .into_iter()
            .map(|(key, mut value)| {
                self.scalar(&key, &mut value);
                (self.text(&key), value)
            })
            .collect();
        let classes = [
            &mut profile.slo_params,
            &mut profile.topology_params,
            &mut profile.safety_params,
            &mut profile.tuning_params,
        ];
        for parameter in classes.into_iter().flatten() {
            self.scalar(&parameter.key, &mut parameter.value);
            shown(&mut parameter.key);
            parameter.reason.as_mut().into_iter().for_each(shown);
        }
        for text in [&mut profile.compiled_at, &mut profile.digest] {
            shown(text);
        }
        profile
    }

    /// Diagnostics: whatever they quote of a document.
    pub(super) fn diagnostics(&self, diags: Diagnostics) -> Diagnostics {
        let mut shown = Diagnostics::default();
        for mut diagnostic in diags.into_vec() {
            self.diagnostic(&mut diagnostic);
            shown.push(diagnostic);
        }
        shown
    }

    fn diagnostic(&self, diagnostic: &mut Diagnostic) {
        let shown = |text: &mut String| *text = self.text(text);
        shown(&mut diagnostic.message);
        diagnostic.help.as_mut().into_iter().for_each(shown);
        let labels = diagnostic.primary.iter_mut().chain(&mut diagnostic.related);
        labels.for_each(|label| shown(&mut label.text));
        for (_, value) in &mut diagnostic.facts {
            *value = self.value(value.take());
        }
    }
}
