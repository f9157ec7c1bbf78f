//! Renders a profile through the folders of `templates/adapters/`.

use super::request::layer_word;
use super::{Compilation, first_sentence, one_line, platform};
use crate::catalog::{Adapter, Catalog, Output, OutputField, ParamId, Platform};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::eval::Withheld;
use crate::model::{RenderedSnippet, Scalar, Source, ValueType};
use crate::render::{Model, TemplateFault, Templates};
use crate::threads::shared;
use std::borrow::Cow;

/// The folder of `templates/` whose files those of platform adapters may include.
const PARTS: &str = "parts/";

/// SDK files, platform files.
type Snippets = (Vec<RenderedSnippet>, Vec<RenderedSnippet>);

/// Whether the files of an adapter may carry a parameter that has no output: its templates or their services read it.
pub(super) fn carries(catalog: &Catalog, id: ParamId) -> bool {
    catalog.platform.services.iter().any(|service| service.replicas == id)
        || catalog.adapters.iter().any(|adapter| {
            let fields = adapter.outputs.iter().flat_map(|output| &output.fields);
            adapter.values.iter().map(|(_, read)| *read).chain(fields.map(|field| field.id)).any(|read| read == id)
        })
}

/// Renders the chosen adapters; all of them where none of either kind was chosen.
pub(crate) fn render(
    compilation: &Compilation<'_>,
    sdk: &[String],
    platform: &[String],
) -> Result<Snippets, Diagnostics> {
    let every = sdk.is_empty() && platform.is_empty();
    let of_kind = |of_sdk: bool, names: &[String]| {
        let adapters = compilation.catalog.adapters.iter().filter(|adapter| adapter.sdk == of_sdk);
        adapters.filter(|adapter| every || names.contains(&adapter.name)).collect::<Vec<&Adapter>>()
    };
    let (of_sdk, of_platform) = (of_kind(true, sdk), of_kind(false, platform));
    // Those of platforms take longest, so they come first and the others fill the time that is left.
    let adapters: Vec<&Adapter> = of_platform.iter().chain(&of_sdk).copied().collect();
    let engine = || Renderer::new(compilation);
    let mut platform =
        shared(adapters.len() > 1, adapters.len(), engine, |engine, index| engine.adapter(adapters[index]));
    let sdk = platform.split_off(of_platform.len());
    match (joined(sdk), joined(platform)) {
        (Ok(sdk), Ok(platform)) => Ok((sdk, platform)),
        (sdk, platform) => {
            let mut diags = Diagnostics::default();
            [sdk, platform].into_iter().filter_map(Result::err).for_each(|faults| diags.extend(faults));
            Err(diags)
        }
    }
}

/// The files of every adapter, or every fault in them.
fn joined(rendered: Vec<Result<Vec<RenderedSnippet>, Diagnostics>>) -> Result<Vec<RenderedSnippet>, Diagnostics> {
    let mut diags = Diagnostics::default();
    let mut files = Vec::new();
    for outcome in rendered {
        match outcome {
            Ok(rendered) => files.extend(rendered),
            Err(faults) => diags.extend(faults),
        }
    }
    if diags.is_empty() { Ok(files) } else { Err(diags) }
}

/// One engine for many adapters, and what they all say of a parameter made once: together they take most of the time.
struct Renderer<'r> {
    compilation: &'r Compilation<'r>,
    templates: Templates<'r>,
    parameters: Vec<Option<Model>>,
    /// What every template may read.
    common: Model,
    /// What those of platform adapters may read besides.
    cluster: Option<Model>,
}

impl<'r> Renderer<'r> {
    fn new(compilation: &'r Compilation<'_>) -> Self {
        let inputs = &compilation.resolution.inputs;
        let common = Model::record(
            vec![
                ("header", Model::of(&compilation.header())),
                ("preset", Model::of(&inputs.preset.map(|preset| preset.layer.name.as_str()))),
                ("modifier", Model::of(&inputs.modifier.map(|modifier| modifier.name.as_str()))),
                ("digest", compilation.digest.as_str().into()),
                ("services", Model::of(&platform::services(compilation))),
            ],
            None,
        );
        Renderer {
            compilation,
            templates: Templates::new(),
            parameters: vec![None; compilation.catalog.parameters.len()],
            common,
            cluster: None,
        }
    }

    fn adapter(&mut self, adapter: &'r Adapter) -> Result<Vec<RenderedSnippet>, Diagnostics> {
        let catalog = self.compilation.catalog;
        let mut diags = Diagnostics::default();
        for form in adapter.literals.iter().chain(&adapter.forms) {
            if let Err(fault) = self.templates.add(&form.template, &form.text) {
                diags.push(failed(catalog, adapter, None, &fault));
            }
        }
        if !adapter.sdk && self.cluster.is_none() {
            for (path, file) in catalog.templates().filter(|(path, _)| path.starts_with(PARTS)) {
                if let Err(fault) = self.templates.add(path, catalog.sources.text(file)) {
                    diags.push(failed(catalog, adapter, None, &fault));
                }
            }
        }
        for output in &adapter.outputs {
            if let Some(text) = catalog.template(&output.template)
                && let Err(fault) = self.templates.add(&output.template, text)
            {
                diags.push(failed(catalog, adapter, Some(output), &fault));
            }
        }
        if !diags.is_empty() {
            return Err(diags);
        }
        let common = match self.common(adapter) {
            Ok(common) => common,
            Err(fault) => return Err(Diagnostics::from(failed(catalog, adapter, None, &fault))),
        };
        let mut files = Vec::new();
        for output in &adapter.outputs {
            match self.output(adapter, output, &common) {
                Ok(rendered) => files.extend(rendered),
                Err(diagnostic) => diags.push(*diagnostic),
            }
        }
        if diags.is_empty() { Ok(files) } else { Err(diags) }
    }

    /// What every template of an adapter may read.
    fn common(&mut self, adapter: &Adapter) -> Result<Model, TemplateFault> {
        let mut values = Vec::with_capacity(adapter.values.len());
        for (name, id) in &adapter.values {
            let value = match self.compilation.resolution.withheld(*id) {
                None | Some(Withheld::NoOutput) => {
                    let literal = self.literal(adapter, *id)?;
                    Model::record(vec![("literal", literal.as_str().into())], Some(self.parameter(*id)))
                }
                Some(_) => Model::of(&()),
            };
            values.push((name.clone(), value));
        }
        let compilation = self.compilation;
        let mut entries = vec![("values", Model::map(values, None))];
        if !adapter.sdk {
            let cluster = self.cluster.get_or_insert_with(|| platform::cluster(compilation, &self.common));
            entries.extend(platform::identity(compilation, adapter));
            return Ok(Model::record(entries, Some(cluster)));
        }
        Ok(Model::record(entries, Some(&self.common)))
    }

    fn output(
        &mut self,
        adapter: &Adapter,
        output: &Output,
        common: &Model,
    ) -> Result<Vec<RenderedSnippet>, Box<Diagnostic>> {
        let catalog = self.compilation.catalog;
        let fault = |fault: TemplateFault| Box::new(failed(catalog, adapter, Some(output), &fault));
        let emitted = |id: ParamId| self.compilation.resolution.withheld(id).is_none();
        let chosen: Vec<Cow<'_, OutputField>> = match output.select {
            Some(channel) => catalog
                .ids()
                .filter(|id| emitted(*id) && catalog.parameter(*id).is_read_by(adapter.image.as_deref()))
                .filter_map(|id| {
                    let name = catalog.parameter(id).output(channel)?.to_owned();
                    Some(Cow::Owned(OutputField { id, name, form: None, with: Vec::new(), group: String::new() }))
                })
                .collect(),
            None => output.fields.iter().filter(|field| emitted(field.id)).map(Cow::Borrowed).collect(),
        };
        let lacking: Vec<&(ParamId, String)> = adapter.lacks.iter().filter(|(id, _)| emitted(*id)).collect();
        let mut fields = Vec::with_capacity(chosen.len());
        for field in chosen {
            fields.extend(self.field(adapter, &field).map_err(fault)?);
        }
        let lacks = lacking
            .into_iter()
            .map(|(id, reason)| {
                Model::record(vec![("reason", one_line(reason).as_str().into())], Some(self.parameter(*id)))
            })
            .collect();
        let (fields, lacks) = (Model::list(fields), Model::list(lacks));
        let services = if output.per_service {
            platform::services(self.compilation).into_iter().map(Some).collect()
        } else {
            vec![None]
        };
        let mut files = Vec::with_capacity(services.len());
        for service in services {
            let entries = vec![("service", Model::of(&service)), ("fields", fields.clone()), ("lacks", lacks.clone())];
            let model = Model::record(entries, Some(common));
            let content = self.templates.render_model(&output.template, &model).map_err(fault)?;
            if content.trim().is_empty() {
                return Err(Box::new(
                    Diagnostic::error(
                        Code::AdapterFailed,
                        format!("the adapter `{}` rendered nothing into `{}`", adapter.name, output.file),
                    )
                    .at(output.span, "this output")
                    .help("a template must render something for every profile")
                    .fact("name", adapter.name.clone()),
                ));
            }
            files.push(RenderedSnippet {
                adapter: adapter.name.clone(),
                language: adapter.language.clone(),
                filename: output.file.replace(Platform::SERVICE, service.as_ref().map_or("", |service| &service.name)),
                content,
            });
        }
        Ok(files)
    }

    /// A field with its literal, or nothing where its form writes none.
    fn field(&mut self, adapter: &Adapter, field: &OutputField) -> Result<Option<Model>, TemplateFault> {
        let mut literal = self.literal(adapter, field.id)?;
        let own = self.parameter(field.id).clone();
        let (mut parts, mut form_name) = (vec![own.clone()], "");
        if let Some(form) = field.form.map(|form| &adapter.forms[form]) {
            form_name = &form.name;
            let mut entries = vec![("literal".to_owned(), Model::from(literal.as_str()))];
            for (name, id) in &field.with {
                let literal = self.literal(adapter, *id)?;
                let part = self.parameter(*id).clone();
                entries.push((name.clone(), Model::record(vec![("literal", literal.as_str().into())], Some(&part))));
                parts.push(part);
            }
            literal = self.templates.render_model(&form.template, &Model::map(entries, Some(&own)))?;
            if literal.trim().is_empty() {
                return Ok(None);
            }
        }
        Ok(Some(Model::record(
            vec![
                ("name", field.name.as_str().into()),
                ("literal", literal.as_str().into()),
                ("form", form_name.into()),
                ("group", field.group.as_str().into()),
                ("parts", Model::list(parts)),
            ],
            Some(&own),
        )))
    }

    /// A value as the adapter's language writes it.
    fn literal(&mut self, adapter: &Adapter, id: ParamId) -> Result<String, TemplateFault> {
        let parameter = self.compilation.catalog.parameter(id);
        let value = self.compilation.resolution.value(id);
        let kind = match (parameter.value_type, value) {
            (ValueType::Duration, _) => "duration",
            (_, Scalar::Bool(true)) => "true",
            (_, Scalar::Bool(false)) => "false",
            (_, Scalar::Int(_)) => "int",
            (_, Scalar::Float(_)) => "float",
            (_, Scalar::Str(_)) => "string",
        };
        match adapter.literals.iter().find(|form| form.name == kind) {
            // Most forms are a word or nothing.
            Some(form) if !form.text.contains('{') => Ok(form.text.clone()),
            Some(form) => {
                let parameter = self.parameter(id).clone();
                self.templates.render_model(&form.template, &parameter)
            }
            None => Ok(serde_json::to_value(parameter.value_type.show(value)).unwrap_or_default().to_string()),
        }
    }

    /// What templates may read of a parameter.
    fn parameter(&mut self, id: ParamId) -> &Model {
        let compilation = self.compilation;
        self.parameters[id.index()].get_or_insert_with(|| {
            let parameter = compilation.catalog.parameter(id);
            let value = compilation.resolution.value(id);
            let winner = compilation.resolution.winner(id);
            let milliseconds = (parameter.value_type == ValueType::Duration).then(|| value.as_i64()).flatten();
            let reason = match (&winner.candidate.because, winner.source) {
                (Some(because), _) => one_line(first_sentence(because)),
                (None, Source::Derived | Source::Default) => one_line(first_sentence(&parameter.rationale)),
                (None, _) => String::new(),
            };
            let mut why = String::new();
            compilation.provenance(id, &mut why);
            Model::record(
                vec![
                    ("key", parameter.key.as_str().into()),
                    ("value", Model::of(&parameter.value_type.show(value))),
                    ("text", parameter.value_type.text(value).as_str().into()),
                    ("milliseconds", milliseconds.unwrap_or(0).into()),
                    ("type", parameter.value_type.as_str().into()),
                    ("summary", one_line(&parameter.summary).as_str().into()),
                    ("rationale", one_line(&parameter.rationale).as_str().into()),
                    ("reason", reason.as_str().into()),
                    ("layer", one_line(&layer_word(winner.source, winner.layer)).as_str().into()),
                    ("why", why.as_str().into()),
                ],
                None,
            )
        })
    }
}

fn failed(catalog: &Catalog, adapter: &Adapter, output: Option<&Output>, fault: &TemplateFault) -> Diagnostic {
    let path = output.map(|output| output.template.as_str());
    // What is included is to blame itself.
    let part = fault.template.as_deref().filter(|template| template.starts_with(PARTS));
    let file = catalog.templates().find(|(known, _)| part.or(path) == Some(*known)).map(|(_, file)| file);
    let mut diagnostic =
        Diagnostic::error(Code::AdapterFailed, format!("the adapter `{}` failed: {}", adapter.name, fault.message))
            .help("see docs/templates.md for what templates may read")
            .fact("name", adapter.name.clone());
    let forms = || adapter.literals.iter().chain(&adapter.forms);
    if let Some(form) = forms().find(|form| fault.template.as_ref() == Some(&form.template)) {
        diagnostic = diagnostic.at(form.span, "this form");
    } else if let Some(file) = file {
        diagnostic = diagnostic.at(catalog.sources.span(file, fault.range.clone().unwrap_or(0..0)), "here");
    } else if let Some(output) = output {
        diagnostic = diagnostic.at(output.span, "this output");
    }
    diagnostic
}
