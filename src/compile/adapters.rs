//! Renders a profile through the folders of `templates/adapters/`.

use super::{Compilation, one_line};
use crate::catalog::{Adapter, Catalog, Output, ParamId};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::model::{RenderedSnippet, Scalar, ValueType};
use crate::render::{TemplateFault, Templates};
use serde_json::{Value, json};

/// SDK files, platform files.
type Snippets = (Vec<RenderedSnippet>, Vec<RenderedSnippet>);

/// Renders the chosen adapters; all of them where none of either kind was chosen.
pub(crate) fn render(
    compilation: &Compilation<'_>,
    sdk: &[String],
    platform: &[String],
) -> Result<Snippets, Diagnostics> {
    let every = sdk.is_empty() && platform.is_empty();
    let mut diags = Diagnostics::default();
    let (mut sdk_files, mut platform_files) = (Vec::new(), Vec::new());
    for adapter in &compilation.catalog.adapters {
        let (names, files) = if adapter.sdk { (sdk, &mut sdk_files) } else { (platform, &mut platform_files) };
        if every || names.contains(&adapter.name) {
            match render_adapter(compilation, adapter) {
                Ok(rendered) => files.extend(rendered),
                Err(faults) => diags.extend(faults),
            }
        }
    }
    if diags.is_empty() { Ok((sdk_files, platform_files)) } else { Err(diags) }
}

fn render_adapter(compilation: &Compilation<'_>, adapter: &Adapter) -> Result<Vec<RenderedSnippet>, Diagnostics> {
    let catalog = compilation.catalog;
    let mut diags = Diagnostics::default();
    let mut templates = Templates::new();
    for (kind, text) in &adapter.literals {
        if let Err(fault) = templates.add(kind, text) {
            diags.push(failed(catalog, adapter, None, &fault));
        }
    }
    for output in &adapter.outputs {
        if let Some(text) = catalog.template(&output.template)
            && let Err(fault) = templates.add(&output.template, text)
        {
            diags.push(failed(catalog, adapter, Some(output), &fault));
        }
    }
    if !diags.is_empty() {
        return Err(diags);
    }
    let mut files = Vec::new();
    for output in &adapter.outputs {
        match render_output(compilation, adapter, output, &templates) {
            Ok(rendered) => files.extend(rendered),
            Err(diagnostic) => diags.push(*diagnostic),
        }
    }
    if diags.is_empty() { Ok(files) } else { Err(diags) }
}

fn render_output(
    compilation: &Compilation<'_>,
    adapter: &Adapter,
    output: &Output,
    templates: &Templates<'_>,
) -> Result<Vec<RenderedSnippet>, Box<Diagnostic>> {
    let catalog = compilation.catalog;
    let fault = |fault: TemplateFault| Box::new(failed(catalog, adapter, Some(output), &fault));
    let chosen: Vec<(ParamId, String)> = match output.select {
        Some(channel) => catalog
            .ids()
            .filter(|id| compilation.resolution.withheld(*id).is_none())
            .filter_map(|id| catalog.parameter(id).output(channel).map(|name| (id, name.to_owned())))
            .collect(),
        None => {
            output.fields.iter().filter(|(id, _)| compilation.resolution.withheld(*id).is_none()).cloned().collect()
        }
    };
    let fields = chosen
        .into_iter()
        .map(|(id, name)| field(compilation, adapter, templates, id, name))
        .collect::<Result<Vec<Value>, _>>()
        .map_err(fault)?;
    let services: Vec<Option<&str>> = if output.per_service {
        catalog.services.iter().map(|service| Some(service.as_str())).collect()
    } else {
        vec![None]
    };
    let mut files = Vec::with_capacity(services.len());
    for service in services {
        let model = json!({
            "header": compilation.header(),
            "preset": compilation.resolution.inputs.preset.map(|preset| preset.layer.name.clone()),
            "modifier": compilation.resolution.inputs.modifier.map(|modifier| modifier.name.clone()),
            "digest": compilation.digest,
            "services": catalog.services,
            "service": service,
            "fields": fields,
        });
        let content = templates.render(&output.template, &model).map_err(fault)?;
        if content.trim().is_empty() {
            return Err(Box::new(
                Diagnostic::error(
                    Code::AdapterFailed,
                    format!("the adapter `{}` rendered nothing into `{}`", adapter.name, output.file),
                )
                .at(output.span, "this output")
                .help("a template must render something for every profile"),
            ));
        }
        files.push(RenderedSnippet {
            adapter: adapter.name.clone(),
            language: adapter.language.clone(),
            filename: output.file.replace("{{ service }}", service.unwrap_or_default()),
            content,
        });
    }
    Ok(files)
}

fn field(
    compilation: &Compilation<'_>,
    adapter: &Adapter,
    templates: &Templates<'_>,
    id: ParamId,
    name: String,
) -> Result<Value, TemplateFault> {
    let parameter = compilation.catalog.parameter(id);
    let value = compilation.resolution.value(id);
    let shown = parameter.value_type.show(value);
    let form = match (parameter.value_type, value) {
        (ValueType::Duration, _) => "duration",
        (_, Scalar::Bool(true)) => "true",
        (_, Scalar::Bool(false)) => "false",
        (_, Scalar::Int(_)) => "int",
        (_, Scalar::Float(_)) => "float",
        (_, Scalar::Str(_)) => "string",
    };
    let milliseconds = (parameter.value_type == ValueType::Duration).then(|| value.as_i64()).flatten();
    let shown = serde_json::to_value(&shown).unwrap_or_default();
    let literal = if adapter.literals.iter().any(|(kind, _)| *kind == form) {
        templates.render(form, &json!({ "value": shown, "milliseconds": milliseconds.unwrap_or(0) }))?
    } else {
        shown.to_string()
    };
    let mut why = String::new();
    compilation.provenance(id, &mut why);
    Ok(json!({
        "key": parameter.key,
        "name": name,
        "value": shown,
        "literal": literal,
        "type": parameter.value_type.as_str(),
        "milliseconds": milliseconds.unwrap_or(0),
        "summary": one_line(&parameter.summary),
        "rationale": one_line(&parameter.rationale),
        "why": why,
    }))
}

fn failed(catalog: &Catalog, adapter: &Adapter, output: Option<&Output>, fault: &TemplateFault) -> Diagnostic {
    let path = output.map(|output| output.template.as_str());
    let file = catalog.templates().find(|(known, _)| path == Some(*known)).map(|(_, file)| file);
    let mut diagnostic =
        Diagnostic::error(Code::AdapterFailed, format!("the adapter `{}` failed: {}", adapter.name, fault.message))
            .help("see docs/templates.md for what templates may read")
            .fact("name", adapter.name.clone());
    if let Some(file) = file {
        diagnostic = diagnostic.at(catalog.sources.span(file, fault.range.clone().unwrap_or(0..0)), "here");
    } else if let Some(output) = output {
        diagnostic = diagnostic.at(output.span, "this output");
    }
    diagnostic
}
