//! Names under which the world outside knows parameters: what people paste.

use crate::catalog::{Catalog, ParamId};
use crate::diag::{Code, Diagnostic, nearest};
use crate::model::{ExternalName, clipped};

/// A parameter that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The parameter.
    pub id: ParamId,
    /// Whether it was asked for by its key.
    pub by_key: bool,
}

/// The parameter of a key, or of a name that the server, the plugin or an SDK has for it. Dynamic configuration is read
/// without regard to case, so such names are too; a name that fits exactly goes before one that does not.
///
/// # Errors
///
/// The name is none of a parameter, or of several; with the nearest name, or what there is to know of it.
pub fn find(catalog: &Catalog, name: &str) -> Result<Found, Box<Diagnostic>> {
    if let Some(id) = catalog.find(name) {
        return Ok(Found { id, by_key: true });
    }
    for fits in [|known: &str, name: &str| known == name, |known: &str, name: &str| known.eq_ignore_ascii_case(name)] {
        let found: Vec<ParamId> = catalog
            .ids()
            .filter(|id| {
                fits(&catalog.parameter(*id).key, name)
                    || names(catalog, *id).iter().any(|external| fits(&external.name, name))
            })
            .collect();
        match found[..] {
            [] => {}
            [id] => return Ok(Found { id, by_key: false }),
            _ => return Err(Box::new(ambiguous(catalog, name, &found))),
        }
    }
    Err(unknown(catalog, name))
}

/// Every name of a parameter outside: one for each channel, then those that adapters have of their own.
#[must_use]
pub(super) fn names(catalog: &Catalog, id: ParamId) -> Vec<ExternalName> {
    let channels = catalog.parameter(id).outputs.iter().map(|(channel, name)| (channel.as_str(), name));
    let fields = catalog.adapters.iter().flat_map(|adapter| {
        let fields = adapter.outputs.iter().flat_map(|output| &output.fields);
        fields.filter(|field| field.id == id).map(|field| (adapter.name.as_str(), &field.name))
    });
    let mut names: Vec<ExternalName> = Vec::new();
    for (channel, name) in channels.chain(fields) {
        let external = ExternalName { channel: channel.to_owned(), name: name.clone() };
        if !names.contains(&external) {
            names.push(external);
        }
    }
    names
}

fn ambiguous(catalog: &Catalog, name: &str, found: &[ParamId]) -> Diagnostic {
    let keys: Vec<&str> = found.iter().map(|id| catalog.parameter(*id).key.as_str()).collect();
    Diagnostic::error(Code::UnknownParameter, format!("`{}` is a name of {} parameters", clipped(name), keys.len()))
        .help(format!("name one by its key: {}", keys.join(", ")))
        .fact("key", clipped(name))
        .fact("name", clipped(name))
        .fact("available", keys)
        .fact("suggestion", serde_json::Value::Null)
}

fn unknown(catalog: &Catalog, name: &str) -> Box<Diagnostic> {
    if let Some((known, variable)) = catalog.variables.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        let message = format!("`{known}` is no parameter: it belongs to the deployment ({})", variable.kind);
        return Box::new(
            Diagnostic::error(Code::UnknownParameter, message)
                .help(variable.summary.trim().to_owned())
                .fact("key", clipped(name))
                .fact("name", clipped(name))
                .fact("suggestion", serde_json::Value::Null),
        );
    }
    let diagnostic = catalog.unknown_parameter(name);
    if diagnostic.facts.iter().any(|(fact, value)| *fact == "suggestion" && !value.is_null()) {
        return diagnostic;
    }
    // No key is near; perhaps a name outside is.
    let externals: Vec<(ParamId, ExternalName)> =
        catalog.ids().flat_map(|id| names(catalog, id).into_iter().map(move |name| (id, name))).collect();
    let Some(near) = nearest(name, externals.iter().map(|(_, external)| external.name.as_str())) else {
        return diagnostic;
    };
    let key = externals.iter().find(|(_, external)| external.name == near).map(|(id, _)| &catalog.parameter(*id).key);
    let key = key.map_or(near, String::as_str);
    let mut diagnostic = Diagnostic::error(diagnostic.code, diagnostic.message.clone())
        .fact("key", clipped(name))
        .fact("name", clipped(name))
        .fact("suggestion", key.to_owned());
    diagnostic = diagnostic.help(format!("did you mean `{near}`? it is `{key}`"));
    Box::new(diagnostic)
}
