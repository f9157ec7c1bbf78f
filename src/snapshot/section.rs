//! A section of a snapshot while it is filled: the fields that the contract lists, and more beside them.

use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::model::{FIELD_UNITS, Scalar, ValueType};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The fields of a section.
pub(super) struct Section(Map<String, Value>);

impl Section {
    /// The fields of a section that says nothing yet.
    pub(super) fn of(empty: &impl Serialize) -> Self {
        match serde_json::to_value(empty) {
            Ok(Value::Object(fields)) => Section(fields),
            _ => Section(Map::new()),
        }
    }

    /// Sets the field of a parameter by the name that the registry gives it.
    pub(super) fn set(&mut self, output: &str, value_type: ValueType, value: &Scalar) {
        let field = self.field(output);
        let value = value_type.field(&field, value);
        self.0.insert(field, value);
    }

    /// Sets a field.
    pub(super) fn insert(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// The contract's spelling of a field: with the unit of its number, where it has one.
    pub(super) fn field(&self, output: &str) -> String {
        let with_unit = FIELD_UNITS.iter().map(|(suffix, _)| format!("{output}{suffix}"));
        let known = std::iter::once(output.to_owned()).chain(with_unit).find(|name| self.0.contains_key(name));
        known.unwrap_or_else(|| output.to_owned())
    }

    /// The section. A catalog that gives a field of the contract another type is told so.
    pub(super) fn into_snapshot<T: DeserializeOwned + Default>(self, diags: &mut Diagnostics) -> T {
        serde_json::from_value(Value::Object(self.0)).unwrap_or_else(|_| {
            let message = "the catalog has another type for a field of a behaviour profile than the profile itself";
            diags
                .push(Diagnostic::error(Code::WrongType, message).help("mend the parameter in `registry/parameters/`"));
            T::default()
        })
    }
}
