//! Links adapters: safe paths, templates that exist, fields that name parameters.

use super::Linker;
use crate::catalog::{Adapter, Form, Output, OutputField, PARTS, Platform};
use crate::diag::{At, Code, Diagnostic, FileId, Span, nearest};
use crate::loader::Named;
use crate::loader::records::{RawAdapter, RawField};
use crate::model::Text;
use std::collections::BTreeMap;

impl Linker<'_> {
    pub(super) fn adapters(
        &mut self,
        raw: Vec<Named<RawAdapter>>,
        templates: &BTreeMap<Text, FileId>,
        platform: &Platform,
    ) -> Vec<Adapter> {
        raw.into_iter().map(|adapter| self.adapter(adapter, templates, platform)).collect()
    }

    pub(super) fn adapter(
        &mut self,
        raw: Named<RawAdapter>,
        templates: &BTreeMap<Text, FileId>,
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
        let form = |table: &str, form: Text, text: At<Text>| Form {
            template: format!("adapters/{name}/adapter.toml {table}.{form}").into(),
            name: form,
            text: text.value,
            span: text.span,
        };
        let literals: Vec<Form> =
            raw.literals.into_iter().map(|(kind, text)| form("literals", kind.into(), text)).collect();
        let forms: Vec<Form> = raw.forms.into_iter().map(|(name, text)| form("forms", name.value, text)).collect();
        let lacks = raw.lacks.into_iter().filter_map(|(key, why)| Some((self.resolve(&key)?, why.value))).collect();
        let mut taken: Vec<(String, Span)> = Vec::new();
        let mut outputs = Vec::new();
        for output in raw.outputs {
            self.safe_path(&output.file);
            if output.per_service != output.file.value.contains(Platform::SERVICE) {
                self.diags.push(
                    Diagnostic::error(
                        Code::ConflictingFields,
                        "a file per service needs `{{ service }}` in its path, and no other file may have it",
                    )
                    .at(output.file.span, "this path")
                    .help("give both `each = \"service\"` and `{{ service }}` in `file`, or neither"),
                );
            }
            for path in platform.files(&output.file.value) {
                self.new_path(&path, output.file.span, &mut taken);
            }
            let beside = format!("adapters/{name}/");
            let template = match output.template.value.starts_with(PARTS) {
                true => output.template.value.to_string(),
                false => format!("{beside}{}", output.template.value),
            };
            if !templates.contains_key(&*template) {
                let parts = templates.keys().map(AsRef::as_ref).filter(|path| path.starts_with(PARTS));
                let known = templates.keys().filter_map(|path| path.strip_prefix(&beside)).chain(parts);
                let help = match nearest(&output.template.value, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "the template stands beside the manifest, or is one of `parts/`".to_owned(),
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
            if output.selects && !output.fields.is_empty() {
                self.diags.push(
                    Diagnostic::error(
                        Code::ConflictingFields,
                        "an output takes a channel or a list of fields, not both",
                    )
                    .at(output.span, "this output")
                    .help("give either `select` or `[[output.field]]`, or neither where the template reads no fields"),
                );
            }
            let fields = output.fields.into_iter().filter_map(|field| self.output_field(field, &forms)).collect();
            outputs.push(Output {
                file: output.file.value,
                template: template.into(),
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

    /// A path must be one on every system, and below the adapter's own folder.
    fn safe_path(&mut self, file: &At<Text>) {
        let path = file.value.as_ref();
        let leaves = path.starts_with('/')
            || path.contains(['\\', '\0', ':'])
            || path.split('/').any(|part| part.is_empty() || part == "." || part == "..");
        let odd = path.contains(|c: char| c.is_control() || "*?\"<>|".contains(c))
            || path.split('/').any(|part| part.ends_with(['.', ' ']));
        if leaves || odd {
            let (what, help) = if leaves {
                (
                    "does not stay inside the output folder",
                    "write a path below the adapter's own folder, with `/` between its parts",
                )
            } else {
                (
                    "is not a path on every system",
                    "leave out control characters, `*?\"<>|`, and a dot or space at the end of a part",
                )
            };
            self.diags.push(
                Diagnostic::error(Code::UnsafePath, format!("`{}` {what}", path.escape_debug()))
                    .at(file.span, "not a safe path")
                    .help(help),
            );
        }
        if path.replace(Platform::SERVICE, "").contains("{{") {
            self.diags.push(
                Diagnostic::error(Code::InvalidTemplate, format!("`{path}`: a path is no template"))
                    .at(file.span, "this path")
                    .help("only `{{ service }}` is filled in, where the output has `each = \"service\"`"),
            );
        }
    }

    /// One file must not take the place of another: the same path, the same but for the case of letters, or a file where
    /// another needs a folder.
    fn new_path(&mut self, path: &str, span: Span, taken: &mut Vec<(String, Span)>) {
        let folded = path.to_lowercase();
        let below = |file: &str, folder: &str| file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let clash = taken.iter().find_map(|(other, first)| {
            let known = other.to_lowercase();
            if other == path {
                Some((format!("`{path}` would be written twice"), "written again here", *first))
            } else if known == folded {
                let message = format!("`{path}` and `{other}` are one file where the case of letters does not count");
                Some((message, "written again here", *first))
            } else if below(&folded, &known) {
                Some((format!("`{path}` needs a folder where `{other}` is a file"), "needs a folder", *first))
            } else if below(&known, &folded) {
                Some((format!("`{path}` is a file where `{other}` needs a folder"), "needs a file", *first))
            } else {
                None
            }
        });
        match clash {
            Some((message, label, first)) => self.diags.push(
                Diagnostic::error(Code::DuplicatePath, message)
                    .at(span, label)
                    .and(first, "first written here")
                    .help("give each output a path of its own"),
            ),
            None => taken.push((path.to_owned(), span)),
        }
    }

    fn output_field(&mut self, raw: RawField, forms: &[Form]) -> Option<OutputField> {
        let id = self.resolve(&raw.parameter);
        let mut form = None;
        if let Some(wanted) = raw.form {
            form = forms.iter().position(|form| form.name == wanted.value);
            if form.is_none() {
                let help = match nearest(&wanted.value, forms.iter().map(|form| form.name.as_ref())) {
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
