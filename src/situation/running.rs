//! What a snapshot says of parameters: every name that a channel gives them, read as what reads it does.

use crate::catalog::{Catalog, ParamId, Parameter};
use crate::model::behaviour::ConfigSnapshot;
use crate::model::{Channel, FIELD_UNITS, Scalar, ValueType};
use serde_json::Value;
use std::collections::BTreeMap;

/// The parameters that a snapshot has values of, apart from what was compiled; a duration is milliseconds.
#[must_use]
pub fn running(catalog: &Catalog, snapshot: &ConfigSnapshot) -> BTreeMap<ParamId, Scalar> {
    let mut values = BTreeMap::new();
    let mut take = |channel: Channel, name: &str, value: &Value| {
        let bare = FIELD_UNITS.iter().find_map(|(suffix, _)| name.strip_suffix(suffix));
        let find = |name| catalog.find_carried(channel, name);
        let id = find(name).or_else(|| bare.and_then(find));
        if let Some((id, value)) = id.and_then(|id| Some((id, read(catalog.parameter(id), name, value)?))) {
            values.insert(id, value);
        }
    };
    for (channel, section) in [
        (Channel::DsqlPlugin, serde_json::to_value(&snapshot.dsql_plugin_config)),
        (Channel::WorkerOptions, serde_json::to_value(&snapshot.worker_options)),
    ] {
        for (name, value) in section.ok().as_ref().and_then(Value::as_object).into_iter().flatten() {
            take(channel, name, value);
        }
    }
    // What processes are started with speaks last.
    for variable in snapshot.server_env_vars.iter().filter(|variable| !variable.is_redacted()) {
        take(Channel::EnvVars, variable.name(), &Value::from(variable.value()));
    }
    for entry in snapshot.dynamic_config.iter().filter(|entry| entry.constraints.is_empty()) {
        take(Channel::DynamicConfig, &entry.key, &entry.value);
    }
    values
}

fn read(parameter: &Parameter, name: &str, value: &Value) -> Option<Scalar> {
    if parameter.value_type == ValueType::Duration
        && let Some(number) = value.as_f64()
    {
        // Without a unit in the name it is the server's file, where a bare number is seconds.
        let size = FIELD_UNITS.iter().find(|(suffix, _)| name.ends_with(suffix)).map_or(1_000.0, |(_, size)| *size);
        return Some(Scalar::Int((number * size).round() as i64));
    }
    let given = match value {
        Value::Bool(on) => Scalar::Bool(*on),
        Value::Number(number) => number.as_i64().map(Scalar::Int).or_else(|| number.as_f64().map(Scalar::Float))?,
        Value::String(text) => Scalar::Str(text.clone()),
        _ => return None,
    };
    parameter.value_type.read(&given).ok()
}
