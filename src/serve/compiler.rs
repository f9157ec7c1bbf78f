//! What the compiler can be asked: presets, a compile, why a value is what it is.

use super::problem::{Kind, Problem};
use super::route::{Call, Json};
use crate::catalog::Catalog;
use crate::compile::{Compilation, Given, Request, explore};
use crate::diag::{Code, Diagnostics};
use crate::explain::{self, Question};
use crate::model::{CompilationResult, KeyExplanation, Overrides, PresetDescription, PresetSummary};
use schemars::JsonSchema;
use serde::Deserialize;

pub(super) async fn presets(call: Call<()>) -> Result<Json<Vec<PresetSummary>>, Problem> {
    Ok(Json(call.service.catalog.preset_summaries()))
}

pub(super) async fn preset(call: Call<()>) -> Result<Json<PresetDescription>, Problem> {
    let catalog = call.service.catalog;
    let request = Request { preset: call.name, modifier: call.query.text("modifier"), ..Request::default() };
    let described = compiled(catalog, &request).and_then(|mut compilation| compilation.describe());
    described.map(Json).map_err(|faults| Problem::refused(kind(&faults, Code::UnknownPreset), catalog, &faults))
}

/// What names the thing that the path asks for is not found; all else is wrong with the request.
fn kind(faults: &Diagnostics, of_path: Code) -> Kind {
    let missing = faults.iter().any(|fault| fault.code == of_path);
    if missing { Kind::NotFound } else { Kind::BadRequest }
}

fn compiled<'c>(catalog: &'c Catalog, request: &Request) -> Result<Compilation<'c>, Diagnostics> {
    crate::compile::compile(catalog, request, "")
}

/// What is to be compiled.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CompileRequest {
    /// The preset.
    preset: String,
    /// The workload modifier.
    #[serde(default)]
    modifier: Option<String>,
    /// Values that are set.
    #[serde(default)]
    overrides: Overrides,
    /// SDK adapters to render; all, where no adapter of either kind is named.
    #[serde(default)]
    sdk: Vec<String>,
    /// Platform adapters to render; likewise.
    #[serde(default)]
    platform: Vec<String>,
    /// The Temporal server version that the artifacts are for.
    #[serde(default)]
    temporal_version: Option<String>,
    /// The version label of the DSQL plugin that they are for.
    #[serde(default)]
    plugin_version: Option<String>,
    /// Whether a guard rail of severity warning withholds artifacts too.
    #[serde(default)]
    deny_warnings: bool,
}

pub(super) async fn compile(call: Call<Json<CompileRequest>>) -> Result<Json<CompilationResult>, Problem> {
    let catalog = call.service.catalog;
    let CompileRequest { preset, modifier, overrides, sdk, platform, temporal_version, plugin_version, deny_warnings } =
        call.body.0;
    bounded(catalog, &overrides, sdk.len() + platform.len())?;
    let given = overrides.values.into_iter().map(|(key, value)| Given::new(key, value)).collect();
    let request = Request {
        preset,
        modifier,
        given,
        temporal_version,
        plugin_version,
        sdk,
        platform,
        deny_warnings,
        running: None,
    };
    let refused = |faults: Diagnostics| Problem::refused(Kind::Unprocessable, catalog, &faults);
    let at = call.service.now().to_string();
    let mut compilation = crate::compile::compile(catalog, &request, &at).map_err(refused)?;
    let result = compilation.result().map_err(refused)?;
    if !compilation.is_refused() {
        return Ok(Json(result));
    }
    let fired = compilation.diagnostics();
    let errors = serde_json::Value::from(result.errors.clone());
    let whole = serde_json::to_value(&result).map_err(|fault| Problem::new(Kind::Internal, fault.to_string()))?;
    Err(Problem::refused(Kind::Unprocessable, catalog, &fired).with("errors", errors).with("result", whole))
}

/// Refuses more names than there are: each one that is unknown is compared with all that are known.
fn bounded(catalog: &Catalog, overrides: &Overrides, adapters: usize) -> Result<(), Problem> {
    let counted = [
        ("values", overrides.values.len(), "parameters", catalog.parameters.len()),
        ("adapters", adapters, "adapters", catalog.adapters.len()),
    ];
    for (what, named, kind, known) in counted {
        if named > known {
            let detail = format!("{named} {what} are named, and there are {known} {kind}");
            return Err(Problem::new(Kind::Unprocessable, detail));
        }
    }
    Ok(())
}

pub(super) async fn explain(call: Call<()>) -> Result<Json<KeyExplanation>, Problem> {
    let catalog = call.service.catalog;
    let refused = |of_path: Code| move |faults: Diagnostics| Problem::refused(kind(&faults, of_path), catalog, &faults);
    let found = explain::find(catalog, &call.name)
        .map_err(|fault| refused(Code::UnknownParameter)(Diagnostics::from(*fault)))?;
    let request = Request {
        preset: call.query.text("preset").unwrap_or_default(),
        modifier: call.query.text("modifier"),
        ..Request::default()
    };
    // Only the path can be missing: a preset that there is not is wrong with the query.
    let mut compilation = explore(catalog, &request).map_err(refused(Code::UnknownParameter))?;
    let asked = (!found.by_key).then_some(call.name);
    Ok(Json(compilation.explain_key(&Question { asked, ..Question::new(found.id) }, None)))
}
