//! Links adapters: safe paths, templates that exist, fields that name parameters.

use super::Linker;
use crate::catalog::{Adapter, Form, Output, OutputField, Platform};
use crate::diag::{At, Code, Diagnostic, FileId, Span, nearest};
use crate::loader::Named;
use crate::loader::records::{RawAdapter, RawField};
use std::collections::{BTreeMap, HashMap};

impl Linker<'_> {
    pub(super) fn adapters(
        &mut self,
        raw: Vec<Named<RawAdapter>>,
        templates: &BTreeMap<String, FileId>,
        platform: &Platform,
    ) -> Vec<Adapter> {
        raw.into_iter().map(|adapter| self.adapter(adapter, templates, platform)).collect()
    }

    pub(super) fn adapter(
        &mut self,
        raw: Named<RawAdapter>,
        templates: &BTreeMap<String, FileId>,
        platform: &Platform,
    ) -> Adapter {
        let (name, raw) = (raw.name, raw.record);
        if raw.outputs.is_empty() {
            self.diags.push(
                Diagnostic::error(Code::MissingOutput, format!("the adapter `{name}` has no output"))
                    .at(raw.span, "this adapter")
                    .help("add `[[output]]` with `file` and `template`"),
            );
        }
        let form = |table: &str, form: String, text: At<String>| Form {
            template: format!("adapters/{name}/adapter.toml {table}.{form}"),
            name: form,
            text: text.value,
            span: text.span,
        };
        let literals: Vec<Form> =
            raw.literals.into_iter().map(|(kind, text)| form("literals", kind.to_owned(), text)).collect();
        let forms: Vec<Form> = raw.forms.into_iter().map(|(name, text)| form("forms", name.value, text)).collect();
        let lacks = raw.lacks.into_iter().filter_map(|(key, why)| Some((self.resolve(&key)?, why.value))).collect();
        let mut seen: HashMap<String, Span> = HashMap::new();
        let mut outputs = Vec::new();
        for output in raw.outputs {
            let unsafe_path = output.file.value.starts_with('/')
                || output.file.value.contains(['\\', '\0', ':'])
                || output.file.value.split('/').any(|part| part.is_empty() || part == "." || part == "..");
            if unsafe_path {
                self.diags.push(
                    Diagnostic::error(
                        Code::UnsafePath,
                        format!("`{}` does not stay inside the output folder", output.file.value),
                    )
                    .at(output.file.span, "not a safe path")
                    .help("write a path below the adapter's own folder, with `/` between its parts"),
                );
            }
            if output.per_service != output.file.value.contains("{{ service }}") {
                self.diags.push(
                    Diagnostic::error(
                        Code::ConflictingFields,
                        "a file per service needs `{{ service }}` in its path, and no other file may have it",
                    )
                    .at(output.file.span, "this path")
                    .help("give both `each = \"service\"` and `{{ service }}` in `file`, or neither"),
                );
            }
            if let Some(first) = seen.insert(output.file.value.clone(), output.file.span) {
                self.diags.push(
                    Diagnostic::error(Code::DuplicatePath, format!("`{}` would be written twice", output.file.value))
                        .at(output.file.span, "written again here")
                        .and(first, "first written here"),
                );
            }
            let template = format!("adapters/{name}/{}", output.template.value);
            if !templates.contains_key(&template) {
                let beside = format!("adapters/{name}/");
                let known = templates.keys().filter_map(|path| path.strip_prefix(&beside));
                let help = match nearest(&output.template.value, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "the template stands beside the manifest".to_owned(),
                };
                self.diags.push(
                    Diagnostic::error(
                        Code::InvalidTemplate,
                        format!("there is no template `{}`", output.template.value),
                    )
                    .at(output.template.span, "no such file")
                    .help(help),
                );
            }
            if output.select.is_some() != output.fields.is_empty() {
                self.diags.push(
                    Diagnostic::error(Code::ConflictingFields, "an output takes a channel or a list of fields")
                        .at(output.span, "this output")
                        .help("give either `select` or `[[output.field]]`"),
                );
            }
            let fields = output.fields.into_iter().filter_map(|field| self.output_field(field, &forms)).collect();
            outputs.push(Output {
                file: output.file.value,
                template,
                per_service: output.per_service,
                select: output.select,
                fields,
                span: output.span,
            });
        }
        if let Some(image) = &raw.image {
            self.known_image(image, platform);
        }
        let values = raw.values.into_iter().filter_map(|(name, key)| Some((name.value, self.resolve(&key)?))).collect();
        Adapter {
            name,
            sdk: raw.sdk,
            title: raw.title,
            language: raw.language,
            image: raw.image.map(|image| image.value),
            values,
            literals,
            forms,
            lacks,
            outputs,
        }
    }

    fn output_field(&mut self, raw: RawField, forms: &[Form]) -> Option<OutputField> {
        let id = self.resolve(&raw.parameter);
        let mut form = None;
        if let Some(wanted) = raw.form {
            form = forms.iter().position(|form| form.name == wanted.value);
            if form.is_none() {
                let help = match nearest(&wanted.value, forms.iter().map(|form| form.name.as_str())) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "forms stand under `[forms]` of the manifest".to_owned(),
                };
                self.diags.push(
                    Diagnostic::error(Code::InvalidTemplate, format!("there is no form `{}`", wanted.value))
                        .at(wanted.span, "no such form")
                        .help(help),
                );
            }
        }
        let with = raw.with.into_iter().filter_map(|(name, key)| Some((name.value, self.resolve(&key)?))).collect();
        Some(OutputField { id: id?, name: raw.name, form, with, group: raw.group })
    }
}
