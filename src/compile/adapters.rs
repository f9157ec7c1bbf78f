//! Renders a profile through the folders of `templates/adapters/`.

use super::request::layer_word;
use super::{Compilation, first_sentence, one_line, platform};
use crate::catalog::{Adapter, Catalog, Output, OutputField, PARTS, ParamId, Platform};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::eval::Withheld;
use crate::model::{Channel, RenderedSnippet, Scalar, Source, Text, ValueType};
use crate::render::{Model, TemplateFault, Templates};
use crate::threads::shared;
use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

/// The files of SDK adapters, and those of platform adapters.
pub type Snippets = (Vec<RenderedSnippet>, Vec<RenderedSnippet>);

/// Whether the files of an adapter may carry a parameter that has no output: its templates or their services read it.
pub(super) fn carries(catalog: &Catalog, id: ParamId) -> bool {
    catalog.platform.services.iter().any(|service| service.replicas == id)
        || catalog.adapters.iter().any(|adapter| {
            let fields = adapter.outputs.iter().flat_map(|output| &output.fields);
            adapter.values.iter().map(|(_, read)| *read).chain(fields.map(|field| field.id)).any(|read| read == id)
        })
}

/// What an adapter comes to: its files.
pub(crate) type Rendered = Result<Vec<RenderedSnippet>, Diagnostics>;

/// Renders the chosen adapters, those of platforms and those of SDKs; all of them where none of either kind was chosen. `each` takes what
/// one comes to on the thread that rendered it, while it is at hand. The others are done beside them, and come first in the result.
pub(crate) fn render<T: Send>(
    compilation: &Compilation<'_>,
    others: &[&(dyn Fn() -> T + Sync)],
    each: &(dyn Fn(&Adapter, Rendered) -> T + Sync),
) -> Vec<T> {
    let (of_platform, of_sdk) = chosen(compilation.catalog, &compilation.sdk, &compilation.platform);
    let adapters: Vec<&Adapter> = of_platform.into_iter().chain(of_sdk).collect();
    let renderer = Renderer::new(compilation);
    let adapter = |index: usize| each(adapters[index], renderer.adapter(adapters[index]));
    // The first adapter makes what the next ones share, and the others need nothing of that; adapters of SDKs are short and fill the
    // time that is left.
    let first = adapters.len().min(1);
    let job = |(): &mut (), index: usize| match index.checked_sub(first) {
        None => adapter(0),
        Some(index) => others.get(index).map_or_else(|| adapter(index - others.len() + first), |other| other()),
    };
    let count = others.len() + adapters.len();
    let mut made = shared(count > 1, count, || (), job);
    made[..others.len() + first].rotate_left(first);
    made
}

/// The files of SDK adapters and of platform adapters, or every fault in them.
pub(super) fn snippets(compilation: &Compilation<'_>) -> Result<Snippets, Diagnostics> {
    let (mut sdk, mut platform, mut faults) = (Vec::new(), Vec::new(), Diagnostics::default());
    for (of_sdk, rendered) in render(compilation, &[], &|adapter, rendered| (adapter.sdk, rendered)) {
        match rendered {
            Ok(files) if of_sdk => sdk.extend(files),
            Ok(files) => platform.extend(files),
            Err(more) => faults.extend(more),
        }
    }
    faults.sort();
    if faults.is_empty() { Ok((sdk, platform)) } else { Err(faults) }
}

/// The chosen adapters, those of platforms and those of SDKs; all of them where none of either was chosen.
fn chosen<'c>(catalog: &'c Catalog, sdk: &[String], platform: &[String]) -> (Vec<&'c Adapter>, Vec<&'c Adapter>) {
    let every = sdk.is_empty() && platform.is_empty();
    let of_kind = |of_sdk: bool, names: &[String]| {
        let adapters = catalog.adapters.iter().filter(|adapter| adapter.sdk == of_sdk);
        adapters.filter(|adapter| every || names.iter().any(|name| *name == adapter.name)).collect()
    };
    (of_kind(false, platform), of_kind(true, sdk))
}

/// What many adapters say of a parameter and of the cluster, made once: together they take most of the time.
struct Renderer<'r> {
    compilation: &'r Compilation<'r>,
    parameters: Vec<OnceLock<Model>>,
    /// What every template may read.
    common: Model,
    /// What those of platform adapters may read besides.
    cluster: OnceLock<Model>,
}

impl<'r> Renderer<'r> {
    fn new(compilation: &'r Compilation<'_>) -> Self {
        let inputs = &compilation.resolution.inputs;
        let common = Model::record(
            vec![
                ("header", Model::of(&compilation.header())),
                ("preset", Model::of(&inputs.preset.map(|preset| preset.layer.name.as_ref()))),
                ("modifier", Model::of(&inputs.modifier.map(|modifier| modifier.name.as_ref()))),
                ("digest", compilation.digest.as_str().into()),
                ("services", Model::of(&platform::services(compilation))),
            ],
            None,
        );
        let parameters = compilation.catalog.parameters.iter().map(|_| OnceLock::new()).collect();
        Renderer { compilation, parameters, common, cluster: OnceLock::new() }
    }

    fn adapter(&self, adapter: &Adapter) -> Rendered {
        let catalog = self.compilation.catalog;
        let parsed = catalog.parsed_templates();
        if !parsed.faults().is_empty() {
            self.faultless(adapter, parsed.faults())?;
        }
        let templates = &parsed.engine;
        let mut diags = Diagnostics::default();
        let common = match self.common(adapter, templates) {
            Ok(common) => common,
            Err(fault) => return Err(Diagnostics::from(failed(catalog, adapter, None, &fault))),
        };
        let lacks = self.lacks(adapter);
        let mut files = Vec::new();
        // The fields of the outputs that take a whole channel: the same in each.
        let mut selected = HashMap::new();
        for output in &adapter.outputs {
            match self.output(adapter, templates, output, (&common, &lacks), &mut selected) {
                Ok(rendered) => files.extend(rendered),
                Err(diagnostic) => diags.push(*diagnostic),
            }
        }
        if diags.is_empty() { Ok(files) } else { Err(diags) }
    }

    /// Whether every template of an adapter was parsed.
    fn faultless(&self, adapter: &Adapter, faults: &BTreeMap<Text, TemplateFault>) -> Result<(), Diagnostics> {
        let catalog = self.compilation.catalog;
        let output = |path: &str| adapter.outputs.iter().find(|output| output.template == path);
        let forms = adapter.literals.iter().chain(&adapter.forms).map(|form| form.template.as_ref());
        let outputs = adapter.outputs.iter().map(|output| output.template.as_ref());
        let files = catalog.with_named(outputs, PARTS);
        let faults: Diagnostics = forms
            .chain(files.into_iter().map(|(path, _)| path))
            .filter_map(|name| Some(failed(catalog, adapter, output(name), faults.get(name)?)))
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// What every template of an adapter may read.
    fn common(&self, adapter: &Adapter, templates: &Templates<'_>) -> Result<Model, TemplateFault> {
        let mut values = Vec::with_capacity(adapter.values.len());
        for (name, id) in &adapter.values {
            let value = match self.compilation.resolution.withheld(*id) {
                None | Some(Withheld::NoOutput) => {
                    let literal = self.literal(adapter, templates, *id)?;
                    Model::record(vec![("literal", literal.as_str().into())], Some(self.parameter(*id)))
                }
                Some(_) => Model::of(&()),
            };
            values.push((name.clone(), value));
        }
        let compilation = self.compilation;
        let mut entries = vec![("values", Model::map(values, None))];
        if !adapter.sdk {
            let cluster = self.cluster.get_or_init(|| platform::cluster(compilation, &self.common));
            entries.extend(platform::identity(compilation, adapter));
            return Ok(Model::record(entries, Some(cluster)));
        }
        Ok(Model::record(entries, Some(&self.common)))
    }

    fn output(
        &self,
        adapter: &Adapter,
        templates: &Templates<'_>,
        output: &Output,
        (common, lacks): (&Model, &Model),
        selected: &mut HashMap<Channel, Model>,
    ) -> Result<Vec<RenderedSnippet>, Box<Diagnostic>> {
        let catalog = self.compilation.catalog;
        let fault = |fault: TemplateFault| Box::new(failed(catalog, adapter, Some(output), &fault));
        let fields = match output.select {
            Some(channel) => match selected.entry(channel) {
                Entry::Occupied(made) => Some(made.get().clone()),
                Entry::Vacant(place) => {
                    Some(place.insert(self.fields(adapter, templates, output).map_err(fault)?).clone())
                }
            },
            None if output.fields.is_empty() => None,
            None => Some(self.fields(adapter, templates, output).map_err(fault)?),
        };
        let services = if output.per_service {
            platform::services(self.compilation).into_iter().map(Some).collect()
        } else {
            vec![None]
        };
        let mut files = Vec::with_capacity(services.len());
        for service in services {
            let mut entries = vec![("service", Model::of(&service)), ("lacks", lacks.clone())];
            // Without any they are not defined, so that a template which expects some is told.
            entries.extend(fields.clone().map(|fields| ("fields", fields)));
            let model = Model::record(entries, Some(common));
            let content = templates.render_model(&output.template, &model).map_err(fault)?;
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
                adapter: adapter.name.to_string(),
                language: adapter.language.to_string(),
                filename: output.file.replace(Platform::SERVICE, service.as_ref().map_or("", |service| &service.name)),
                content,
            });
        }
        Ok(files)
    }

    /// What an output may read of its parameters.
    fn fields(&self, adapter: &Adapter, templates: &Templates<'_>, output: &Output) -> Result<Model, TemplateFault> {
        let catalog = self.compilation.catalog;
        let chosen: Vec<Cow<'_, OutputField>> = match output.select {
            Some(channel) => catalog
                .ids()
                .filter(|id| self.emitted(*id) && catalog.parameter(*id).is_read_by(adapter.image.as_deref()))
                .filter_map(|id| {
                    let (_, name) = catalog.parameter(id).outputs.iter().find(|(on, _)| *on == channel)?;
                    let (name, group) = (name.clone(), Text::default());
                    Some(Cow::Owned(OutputField { id, name, form: None, with: Vec::new(), group }))
                })
                .collect(),
            None => output.fields.iter().filter(|field| self.emitted(field.id)).map(Cow::Borrowed).collect(),
        };
        let mut fields = Vec::with_capacity(chosen.len());
        for field in chosen {
            fields.extend(self.field(adapter, templates, &field)?);
        }
        Ok(Model::list(fields))
    }

    /// What the adapter's consumer has no option for, and why.
    fn lacks(&self, adapter: &Adapter) -> Model {
        let lacking = adapter.lacks.iter().filter(|(id, _)| self.emitted(*id));
        let lacks = lacking.map(|(id, reason)| {
            Model::record(vec![("reason", (&*one_line(reason)).into())], Some(self.parameter(*id)))
        });
        Model::list(lacks.collect())
    }

    fn emitted(&self, id: ParamId) -> bool {
        self.compilation.resolution.withheld(id).is_none()
    }

    /// A field with its literal, or nothing where its form writes none.
    fn field(
        &self,
        adapter: &Adapter,
        templates: &Templates<'_>,
        field: &OutputField,
    ) -> Result<Option<Model>, TemplateFault> {
        let mut literal = self.literal(adapter, templates, field.id)?;
        let own = self.parameter(field.id).clone();
        let (mut parts, mut form_name) = (vec![own.clone()], "");
        if let Some(form) = field.form.map(|form| &adapter.forms[form]) {
            form_name = &form.name;
            let mut entries: Vec<(Text, Model)> = vec![("literal".into(), Model::from(literal.as_str()))];
            for (name, id) in &field.with {
                let literal = self.literal(adapter, templates, *id)?;
                let part = self.parameter(*id).clone();
                entries.push((name.clone(), Model::record(vec![("literal", literal.as_str().into())], Some(&part))));
                parts.push(part);
            }
            literal = templates.render_model(&form.template, &Model::map(entries, Some(&own)))?;
            if literal.trim().is_empty() {
                return Ok(None);
            }
        }
        Ok(Some(Model::record(
            vec![
                ("name", field.name.as_ref().into()),
                ("literal", literal.as_str().into()),
                ("form", form_name.into()),
                ("group", field.group.as_ref().into()),
                ("parts", Model::list(parts)),
            ],
            Some(&own),
        )))
    }

    /// A value as the adapter's language writes it.
    fn literal(&self, adapter: &Adapter, templates: &Templates<'_>, id: ParamId) -> Result<String, TemplateFault> {
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
            // Most forms are a word, or the value as it is: nothing that an engine is needed for.
            Some(form) if form.is_word() => Ok(form.text.to_string()),
            Some(form) => match form.text.split_once("{{ value }}") {
                Some((before, after))
                    if matches!(kind, "int" | "duration") && !before.contains('{') && !after.contains('{') =>
                {
                    Ok([before, &parameter.value_type.text(value), after].concat())
                }
                _ => templates.render_model(&form.template, self.parameter(id)),
            },
            None => Ok(serde_json::to_value(parameter.value_type.show(value)).unwrap_or_default().to_string()),
        }
    }

    /// What templates may read of a parameter.
    fn parameter(&self, id: ParamId) -> &Model {
        let compilation = self.compilation;
        self.parameters[id.index()].get_or_init(|| {
            let parameter = compilation.catalog.parameter(id);
            let value = compilation.resolution.value(id);
            let winner = compilation.resolution.winner(id);
            let milliseconds = (parameter.value_type == ValueType::Duration).then(|| value.as_i64()).flatten();
            let reason = match (&winner.candidate.because, winner.source) {
                (Some(because), _) => one_line(first_sentence(because)),
                (None, Source::Derived | Source::Default) => one_line(first_sentence(&parameter.rationale)),
                (None, _) => Cow::default(),
            };
            let mut why = String::new();
            compilation.provenance(id, &mut why);
            Model::record(
                vec![
                    ("key", parameter.key.as_ref().into()),
                    ("value", Model::of(&parameter.value_type.show(value))),
                    ("text", parameter.value_type.text(value).as_str().into()),
                    ("milliseconds", milliseconds.unwrap_or(0).into()),
                    ("type", parameter.value_type.as_str().into()),
                    ("summary", (&*one_line(&parameter.summary)).into()),
                    ("rationale", (&*one_line(&parameter.rationale)).into()),
                    ("reason", (&*reason).into()),
                    ("layer", (&*one_line(&layer_word(winner.source, winner.layer))).into()),
                    ("why", why.as_str().into()),
                ],
                None,
            )
        })
    }
}

fn failed(catalog: &Catalog, adapter: &Adapter, output: Option<&Output>, fault: &TemplateFault) -> Diagnostic {
    let path = output.map(|output| output.template.as_ref());
    // What is included is to blame itself.
    let part = fault.template.as_deref().filter(|template| template.starts_with(PARTS));
    let file = catalog.templates().find(|(known, _)| part.or(path) == Some(*known)).map(|(_, file)| file);
    let mut diagnostic =
        Diagnostic::error(Code::AdapterFailed, format!("the adapter `{}` failed: {}", adapter.name, fault.message))
            .help("see docs/templates.md for what templates may read")
            .fact("name", adapter.name.clone());
    let forms = || adapter.literals.iter().chain(&adapter.forms);
    if let Some(form) = forms().find(|form| fault.template.as_deref() == Some(form.template.as_ref())) {
        diagnostic = diagnostic.at(form.span, "this form");
    } else if let Some(file) = file {
        diagnostic = diagnostic.at(catalog.sources.span(file, fault.range.clone().unwrap_or(0..0)), "here");
    } else if let Some(output) = output {
        diagnostic = diagnostic.at(output.span, "this output");
    }
    diagnostic
}
