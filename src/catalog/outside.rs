//! Names under which the world outside knows parameters: what people paste; and what is said of a name that is none.

use super::{Catalog, ParamId};
use crate::diag::{Code, Diagnostic, nearest};
use crate::model::{Channel, ExternalName, clipped};
use std::collections::HashMap;
use std::sync::OnceLock;

/// The parameters that channels carry, by channel and name; made when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct Carried(OnceLock<HashMap<Channel, HashMap<String, ParamId>>>);

impl Catalog {
    /// The parameter that a channel carries by this name; the first of those that never exist together. Names of dynamic
    /// configuration are compared without case, as servers do.
    #[must_use]
    pub fn find_carried(&self, channel: Channel, name: &str) -> Option<ParamId> {
        let carried = self.carried.0.get_or_init(|| {
            let mut carried: HashMap<Channel, HashMap<String, ParamId>> = HashMap::new();
            for (id, (channel, name)) in self.ids().flat_map(|id| {
                let outputs = &self.parameter(id).outputs;
                outputs.iter().map(move |output| (id, output))
            }) {
                let names = carried.entry(*channel).or_default();
                names.entry(channel.folded(name).into_owned()).or_insert(id);
            }
            carried
        });
        carried.get(&channel)?.get(channel.folded(name).as_ref()).copied()
    }

    /// Every name of a parameter outside: one for each channel, then those that adapters have of their own.
    #[must_use]
    pub fn outside_names(&self, id: ParamId) -> Vec<ExternalName> {
        let channels = self.parameter(id).outputs.iter().map(|(channel, name)| (channel.as_str(), name));
        let fields = self.adapters.iter().flat_map(|adapter| {
            let fields = adapter.outputs.iter().flat_map(|output| &output.fields);
            fields.filter(|field| field.id == id).map(|field| (adapter.name.as_ref(), &field.name))
        });
        let mut names: Vec<ExternalName> = Vec::new();
        for (channel, name) in channels.chain(fields) {
            let external = ExternalName { channel: channel.to_owned(), name: name.to_string() };
            if !names.contains(&external) {
                names.push(external);
            }
        }
        names
    }

    /// That a parameter does not exist, and what was most likely meant: the parameter that has this name outside, what of
    /// the deployment has it, the nearest key, the nearest name outside.
    #[must_use]
    pub fn unknown_parameter(&self, name: &str) -> Box<Diagnostic> {
        let diagnostic =
            Diagnostic::error(Code::UnknownParameter, format!("there is no parameter `{}`", clipped(name)))
                .fact("key", clipped(name))
                .fact("name", clipped(name));
        let keys = || self.parameters.iter().map(|parameter| parameter.key.as_ref());
        let outside: Vec<(ParamId, ExternalName)> =
            self.ids().flat_map(|id| self.outside_names(id).into_iter().map(move |name| (id, name))).collect();
        let key_of = |known: &str| {
            let found = outside.iter().find(|(_, external)| external.name == known);
            found.map_or_else(String::new, |(id, _)| self.parameter(*id).key.to_string())
        };
        // A key that differs in its case alone is the nearest key.
        let cased = keys().any(|key| key.eq_ignore_ascii_case(name));
        let known = outside.iter().find(|(_, external)| external.name.eq_ignore_ascii_case(name)).filter(|_| !cased);
        if let Some((id, external)) = known {
            let key = self.parameter(*id).key.clone();
            let help = format!("`{}` is the name of `{key}` in `{}`", external.name, external.channel);
            return Box::new(diagnostic.help(help).fact("suggestion", key));
        }
        if let Some((known, variable)) = self.variables.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            let help = format!("`{known}` belongs to the deployment ({}): {}", variable.kind, variable.summary.trim());
            return Box::new(diagnostic.help(help).fact("suggestion", serde_json::Value::Null));
        }
        if let Some(near) = nearest(name, keys()) {
            return Box::new(diagnostic.help(format!("did you mean `{near}`?")).fact("suggestion", near.to_owned()));
        }
        match nearest(name, outside.iter().map(|(_, external)| external.name.as_str())) {
            Some(near) => {
                let key = key_of(near);
                let help = format!("did you mean `{near}`? it is the parameter `{key}`");
                Box::new(diagnostic.help(help).fact("suggestion", key))
            }
            None => Box::new(
                diagnostic
                    .help("`tdsql list-parameters` shows every parameter")
                    .fact("suggestion", serde_json::Value::Null),
            ),
        }
    }
}
