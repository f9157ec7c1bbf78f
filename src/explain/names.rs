//! Names under which the world outside knows parameters: what people paste.

use crate::catalog::{Catalog, ParamId};
use crate::diag::{Code, Diagnostic};
use crate::model::clipped;

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
                    || catalog.outside_names(*id).iter().any(|external| fits(&external.name, name))
            })
            .collect();
        match found[..] {
            [] => {}
            [id] => return Ok(Found { id, by_key: false }),
            _ => return Err(Box::new(ambiguous(catalog, name, &found))),
        }
    }
    Err(catalog.unknown_parameter(name))
}

fn ambiguous(catalog: &Catalog, name: &str, found: &[ParamId]) -> Diagnostic {
    let keys: Vec<&str> = found.iter().map(|id| catalog.parameter(*id).key.as_ref()).collect();
    Diagnostic::error(Code::UnknownParameter, format!("`{}` is a name of {} parameters", clipped(name), keys.len()))
        .help(format!("name one by its key: {}", keys.join(", ")))
        .fact("key", clipped(name))
        .fact("name", clipped(name))
        .fact("available", keys)
        .fact("suggestion", serde_json::Value::Null)
}
