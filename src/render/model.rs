//! What templates read, made once and shared by any number of renderings.

use crate::model::Text;
use minijinja::Value;
use minijinja::value::{Enumerator, Object, Serde};
use serde::Serialize;
use std::sync::Arc;

/// A value that templates read. A copy costs nothing.
#[derive(Debug, Clone)]
pub struct Model(pub(super) Value);

impl Model {
    /// Any value.
    #[must_use]
    pub fn of(value: &impl Serialize) -> Model {
        Model(Value::from(Serde(value)))
    }

    /// Values in order.
    #[must_use]
    pub fn list(values: Vec<Model>) -> Model {
        Model(values.into_iter().map(|value| value.0).collect())
    }

    /// Values by name; what has no name here is looked up in `base`.
    #[must_use]
    pub fn record(entries: Vec<(&'static str, Model)>, base: Option<&Model>) -> Model {
        Model(Value::from_object(Record { entries, base: base.map(|base| base.0.clone()) }))
    }

    /// Values by names that are only known at run time.
    #[must_use]
    pub fn map(entries: Vec<(Text, Model)>, base: Option<&Model>) -> Model {
        Model(Value::from_object(Record { entries, base: base.map(|base| base.0.clone()) }))
    }
}

impl From<&str> for Model {
    fn from(text: &str) -> Model {
        Model(Value::from(text))
    }
}

impl From<i64> for Model {
    fn from(number: i64) -> Model {
        Model(Value::from(number))
    }
}

/// A handful of named values: looked through one by one, which costs less than a map that is read a few times.
#[derive(Debug)]
struct Record<N> {
    entries: Vec<(N, Model)>,
    base: Option<Value>,
}

impl<N: AsRef<str> + std::fmt::Debug + Send + Sync + 'static> Object for Record<N> {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        match self.entries.iter().find(|(known, _)| known.as_ref() == name) {
            Some((_, value)) => Some(value.0.clone()),
            None => self.base.as_ref()?.get_attr(name).ok().filter(|value| !value.is_undefined()),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let mut names: Vec<Value> = self.entries.iter().map(|(name, _)| Value::from(name.as_ref())).collect();
        if let Some(base) = self.base.as_ref().and_then(|base| base.try_iter().ok()) {
            names.extend(base);
        }
        Enumerator::Values(names)
    }
}
