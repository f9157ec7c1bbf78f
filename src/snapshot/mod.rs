//! The configuration that a running cluster has, from the documents that say so.

use crate::catalog::Catalog;
use crate::model::behaviour::ConfigSnapshot;
use crate::model::{Channel, Scalar};
use serde_json::Value;

/// Whether a switch, a parameter of type bool, was on in a snapshot; none where the snapshot does not tell.
#[must_use]
pub fn switch(catalog: &Catalog, snapshot: &ConfigSnapshot, key: &str) -> Option<bool> {
    let running = catalog.find(key).and_then(|id| {
        let parameter = catalog.parameter(id);
        let of =
            |channel, document: serde_json::Result<Value>| document.ok()?.get(parameter.output(channel)?)?.as_bool();
        of(Channel::DsqlPlugin, serde_json::to_value(&snapshot.dsql_plugin_config))
            .or_else(|| of(Channel::WorkerOptions, serde_json::to_value(&snapshot.worker_options)))
    });
    let compiled = || match snapshot.config_profile.as_ref()?.get_param(key)?.value {
        Scalar::Bool(value) => Some(value),
        _ => None,
    };
    running.or_else(compiled)
}
