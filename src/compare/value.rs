//! Values as what reads them takes them.

use crate::model::behaviour::Moved;
use crate::model::{Scalar, ValueType, server_milliseconds};
use serde_json::Value;
use std::cmp::Ordering;

/// A value that can be compared with others of its key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Typed {
    /// A number; a duration is milliseconds.
    Number(f64),
    /// A whole number too large for a float.
    Large(i64),
    /// A switch.
    Switch(bool),
    /// Text.
    Text(String),
    /// A list or a mapping: compared as it is written.
    Other(Value),
}

impl Typed {
    /// A value of the dynamic configuration, as the server reads it: by the type of its setting, or else by that of the
    /// parameter.
    pub(super) fn of_server(parameter: Option<ValueType>, setting: Option<&str>, value: &Value) -> Typed {
        let duration = match setting {
            Some(setting) => setting == "duration",
            None => parameter == Some(ValueType::Duration),
        };
        let switch = match setting {
            Some(setting) => matches!(setting, "bool" | "typed:bool-or-gradual-change"),
            None => parameter == Some(ValueType::Bool),
        };
        let number = match setting {
            Some(setting) => matches!(setting, "int" | "float" | "typed:int-or-gradual-change"),
            None => matches!(parameter, Some(ValueType::Int | ValueType::Float)),
        };
        match value {
            // A bare number is seconds.
            Value::Number(seconds) if duration => match seconds.as_f64() {
                Some(seconds) => Typed::Number(seconds * 1000.0),
                None => Typed::plain(value),
            },
            Value::String(text) if duration => match server_milliseconds(text) {
                Some(milliseconds) => Typed::Number(milliseconds),
                None => Typed::plain(value),
            },
            Value::String(text) if switch => Self::read(ValueType::Bool, text),
            Value::String(text) if number => Self::read(ValueType::Float, text),
            _ => Typed::plain(value),
        }
    }

    /// A value that is written as text, by the type of its parameter.
    pub(super) fn of_text(parameter: Option<ValueType>, value: &Value) -> Typed {
        match (parameter, value) {
            (Some(value_type), Value::String(text)) => Self::read(value_type, text),
            _ => Typed::plain(value),
        }
    }

    /// A value as JSON has it.
    pub(super) fn plain(value: &Value) -> Typed {
        match value {
            Value::Bool(on) => Typed::Switch(*on),
            Value::String(text) => Typed::Text(text.clone()),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Self::whole(whole),
                (None, Some(number)) => Typed::Number(number),
                (None, None) => Typed::Other(value.clone()),
            },
            _ => Typed::Other(value.clone()),
        }
    }

    /// Text as the reader of a type takes it; what it does not take is text.
    fn read(value_type: ValueType, text: &str) -> Typed {
        match value_type.read(&Scalar::Str(text.to_owned())) {
            Ok(Scalar::Int(whole)) => Self::whole(whole),
            Ok(Scalar::Float(number)) => Typed::Number(number),
            Ok(Scalar::Bool(on)) => Typed::Switch(on),
            _ => Typed::Text(text.to_owned()),
        }
    }

    fn whole(whole: i64) -> Typed {
        // 2^53: above it not every integer has a float of its own.
        if whole.unsigned_abs() <= 1 << 53 { Typed::Number(whole as f64) } else { Typed::Large(whole) }
    }
}

/// Whether two values are the same to what reads them.
pub(super) fn same(old: &Typed, new: &Typed) -> bool {
    match (old, new) {
        (Typed::Other(old), Typed::Other(new)) => alike(old, new),
        _ => old == new,
    }
}

/// Whether two documents are the same, with numbers compared as numbers: `1` is `1.0`.
fn alike(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| alike(old, new))
        }
        (Value::Object(old), Value::Object(new)) => {
            old.len() == new.len() && old.iter().all(|(key, old)| new.get(key).is_some_and(|new| alike(old, new)))
        }
        (Value::Number(_), Value::Number(_)) => Typed::plain(old) == Typed::plain(new),
        _ => old == new,
    }
}

/// Which way a value went; none where values have no order.
pub(super) fn moved(old: &Typed, new: &Typed) -> Option<Moved> {
    let order = match (old, new) {
        (Typed::Number(old), Typed::Number(new)) => old.partial_cmp(new)?,
        (Typed::Large(old), Typed::Large(new)) => old.cmp(new),
        (Typed::Large(old), Typed::Number(new)) => (*old as f64).partial_cmp(new)?,
        (Typed::Number(old), Typed::Large(new)) => old.partial_cmp(&(*new as f64))?,
        (Typed::Switch(old), Typed::Switch(new)) => old.cmp(new),
        _ => return None,
    };
    match order {
        Ordering::Less => Some(Moved::Raised),
        Ordering::Greater => Some(Moved::Lowered),
        Ordering::Equal => None,
    }
}
