//! Where the compiled cluster runs, as adapters tell it: services, placeholders, what must exist first.

use super::{Compilation, one_line};
use crate::catalog::{Adapter, Catalog, Grant, ParamId, Prerequisite};
use crate::diag::{At, Code, Diagnostic, Diagnostics};
use crate::eval::{Resolution, Withheld};
use crate::expr::{Expr, Frame};
use crate::model::{Change, Channel, Effect, Scalar};
use crate::render::Model;
use serde_json::{Map, Value, json};

/// A prerequisite whose condition holds, with those of its grants whose conditions hold.
#[derive(Debug)]
pub(super) struct Need<'c> {
    prerequisite: &'c Prerequisite,
    grants: Vec<&'c Grant>,
}

/// What this configuration presupposes.
///
/// # Errors
///
/// Every condition that could not be evaluated.
pub(super) fn needs<'c>(resolution: &mut Resolution<'c>) -> Result<Vec<Need<'c>>, Diagnostics> {
    let catalog: &'c Catalog = resolution.catalog;
    let frame = resolution.frame();
    let mut diags = Diagnostics::default();
    let mut needs = Vec::new();
    for prerequisite in &catalog.platform.prerequisites {
        if !holds(prerequisite.when.as_ref(), frame, &prerequisite.name, &mut diags) {
            continue;
        }
        let grants = prerequisite
            .grants
            .iter()
            .filter(|grant| holds(grant.when.as_ref(), frame, &prerequisite.name, &mut diags))
            .collect();
        needs.push(Need { prerequisite, grants });
    }
    if diags.is_empty() { Ok(needs) } else { Err(diags) }
}

fn holds(when: Option<&At<Expr>>, frame: &Frame, name: &str, diags: &mut Diagnostics) -> bool {
    let Some(at) = when else { return true };
    match at.value.eval(frame) {
        Ok(value) => value == Scalar::Bool(true),
        Err(fault) => {
            diags.push(
                Diagnostic::error(Code::ExpressionFailed, format!("the prerequisite `{name}`: {}", fault.message))
                    .at(at.span, "evaluated here"),
            );
            false
        }
    }
}

/// A service, as templates read it.
#[derive(Debug, serde::Serialize)]
pub(super) struct ServiceFacts {
    pub(super) name: String,
    replicas: Scalar,
    ports: Vec<Value>,
    summary: String,
}

/// The services, in the order of artifacts.
pub(super) fn services(compilation: &Compilation<'_>) -> Vec<ServiceFacts> {
    let platform = &compilation.catalog.platform;
    platform
        .services
        .iter()
        .map(|service| ServiceFacts {
            name: service.name.to_string(),
            replicas: compilation.resolution.shown(service.replicas),
            ports: service.ports.iter().map(|(name, number)| json!({ "name": name, "number": number })).collect(),
            summary: one_line(&service.summary).into_owned(),
        })
        .collect()
}

/// What the templates of every platform adapter may read.
pub(super) fn cluster(compilation: &Compilation<'_>, common: &Model) -> Model {
    let prerequisites: Vec<Value> = compilation.needs.iter().map(|need| need.tell(compilation)).collect();
    let entries = vec![
        ("prerequisites", Model::of(&prerequisites)),
        ("rollout", Model::of(&rollout(compilation))),
        ("dynamic_config", compilation.dynamic_config_yaml().into()),
    ];
    Model::record(entries, Some(common))
}

/// How the values reach what runs: the words of each way with what goes it, the order, the connections meanwhile.
fn rollout(compilation: &Compilation<'_>) -> Value {
    let catalog = compilation.catalog;
    let effects: Vec<Value> = catalog
        .platform
        .effects
        .iter()
        .map(|words| {
            let emitted = |id: &ParamId| compilation.resolution.withheld(*id).is_none();
            let carried = catalog.ids().filter(emitted).map(|id| catalog.parameter(id));
            // Dynamic configuration reloads but for what servers read once; that is worth naming.
            let exceptions: Vec<&str> = carried
                .filter(|parameter| parameter.effect == Some(words.effect))
                .filter(|parameter| {
                    words.effect == Effect::Restart && parameter.output(Channel::DynamicConfig).is_some()
                })
                .map(|parameter| parameter.key.as_ref())
                .collect();
            // What does not apply is not rolled out; what no channel carries (replicas, images) is, by the platform.
            let applies = |change: &&Change| {
                change.emitted
                    || catalog
                        .find(&change.key)
                        .is_some_and(|id| compilation.resolution.withheld(id) == Some(Withheld::NoOutput))
            };
            let changes: Vec<&Change> = compilation
                .changes
                .iter()
                .filter(|change| change.effect == Some(words.effect))
                .filter(applies)
                .collect();
            json!({
                "name": words.effect.as_str(),
                "title": one_line(&words.title),
                "summary": one_line(&words.summary),
                "exceptions": exceptions,
                "changes": changes,
            })
        })
        .collect();
    json!({ "effects": effects, "plan": compilation.rollout, "changed": !compilation.changes.is_empty() })
}

/// What only the installation knows, as far as the adapter's image reads it: the variables, and the placeholders in them.
pub(super) fn identity(compilation: &Compilation<'_>, adapter: &Adapter) -> [(&'static str, Model); 2] {
    let (catalog, image) = (compilation.catalog, adapter.image.as_deref());
    let known = &catalog.platform.placeholders;
    let read = || catalog.variables.iter().filter(|(_, variable)| variable.is_read_by(image));
    let named = |text: &str| vec![("summary", Model::from(&*one_line(text)))];
    let models: Vec<Model> = known
        .iter()
        .map(|placeholder| {
            let mut entries = named(&placeholder.summary);
            entries.push(("name", placeholder.name.as_ref().into()));
            Model::record(entries, None)
        })
        .collect();
    let placeholders = known.iter().zip(&models).filter_map(|(placeholder, model)| {
        let wanted = read().filter(|(_, variable)| variable.placeholder.as_ref() == Some(&placeholder.name));
        let names: Vec<Model> = wanted.map(|(name, _)| name.as_ref().into()).collect();
        (!names.is_empty()).then(|| Model::record(vec![("variables", Model::list(names))], Some(model)))
    });
    let identity = read().filter_map(|(name, variable)| {
        let wanted = variable.placeholder.as_ref()?;
        let at = known.iter().position(|placeholder| placeholder.name == *wanted)?;
        let mut entries = named(&variable.summary);
        entries.extend([("name", name.as_ref().into()), ("placeholder", models[at].clone())]);
        Some(Model::record(entries, None))
    });
    [("identity", Model::list(identity.collect())), ("placeholders", Model::list(placeholders.collect()))]
}

impl Need<'_> {
    fn tell(&self, compilation: &Compilation<'_>) -> Value {
        let need = self.prerequisite;
        let parameters: Vec<Value> = need
            .parameters
            .iter()
            .map(|id| json!({ "key": compilation.catalog.parameter(*id).key, "value": shown(compilation, *id) }))
            .collect();
        let facts: Map<String, Value> =
            need.facts.iter().map(|(name, value)| (name.to_string(), json!(value))).collect();
        let actions: Vec<&str> = self.grants.iter().flat_map(|grant| grant.actions.iter().map(AsRef::as_ref)).collect();
        json!({
            "name": need.name,
            "kind": need.kind,
            "title": one_line(&need.title),
            "parameters": parameters,
            "facts": facts,
            "steps": need.steps.iter().map(|step| one_line(step)).collect::<Vec<_>>(),
            "actions": actions,
            "rationale": one_line(&need.rationale),
            "source": one_line(&need.source),
        })
    }
}

fn shown(compilation: &Compilation<'_>, id: ParamId) -> Value {
    serde_json::to_value(compilation.resolution.shown(id)).unwrap_or_default()
}
