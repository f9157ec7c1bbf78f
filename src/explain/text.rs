//! Explanations → text, through the templates of `templates/explain/`.

use crate::catalog::Catalog;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::render::{TemplateFault, Templates};
use serde::Serialize;
use serde_json::{Value, json};

/// Where a text is shown.
#[derive(Debug, Clone)]
pub struct Page {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether it shows colours.
    pub colored: bool,
    /// What to run next: a command, and what it does.
    pub next: Vec<(String, String)>,
}

impl Default for Page {
    fn default() -> Self {
        Page { width: 80, colored: false, next: Vec::new() }
    }
}

/// Renders a template, named by its path below `templates/`, over a model and the page's `width`, `colored` and `next`. It may
/// take in what lies beside it.
///
/// # Errors
///
/// The template is missing or fails: its file, line and cause.
pub fn text(catalog: &Catalog, template: &str, model: &impl Serialize, page: &Page) -> Result<String, Diagnostics> {
    let missing = || {
        Diagnostics::from(
            Diagnostic::error(Code::InvalidTemplate, format!("there is no template `templates/{template}`"))
                .help("`tdsql init DIR` writes the shipped ones out"),
        )
    };
    catalog.template(template).ok_or_else(missing)?;
    let fault = |fault: TemplateFault| Diagnostics::from(template_diagnostic(catalog, template, &fault));
    let mut model = serde_json::to_value(model).unwrap_or_default();
    if let Value::Object(fields) = &mut model {
        fields.insert("width".to_owned(), json!(page.width));
        fields.insert("colored".to_owned(), json!(page.colored));
        let next = page.next.iter().map(|(command, why)| json!({ "command": command, "why": why }));
        fields.insert("next".to_owned(), next.collect());
    }
    let mut templates = Templates::new();
    let folder = |path: &str| path.rfind('/').map_or(0, |end| end + 1);
    let beside = catalog.templates().filter(|(path, _)| path[..folder(path)] == template[..folder(template)]);
    for (path, _) in beside {
        templates.add(path, catalog.template(path).unwrap_or_default()).map_err(fault)?;
    }
    templates.render(template, &model).map_err(fault)
}

/// A template's fault at its place in the catalog.
fn template_diagnostic(catalog: &Catalog, template: &str, fault: &TemplateFault) -> Diagnostic {
    let name = fault.template.as_deref().unwrap_or(template);
    let file = catalog.templates().find(|(path, _)| *path == name).map(|(_, file)| file);
    let mut diagnostic = Diagnostic::error(Code::InvalidTemplate, format!("`templates/{name}`: {}", fault.message))
        .help("see docs/templates.md for what templates may read");
    if let Some(file) = file {
        let range = fault.range.clone().unwrap_or(0..0);
        diagnostic = diagnostic.at(catalog.sources.span(file, range), "here");
    }
    diagnostic
}
