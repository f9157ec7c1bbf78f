//! Explanations → text, through the templates of `templates/explain/`.

use crate::catalog::{Catalog, folder};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::render::{Model, TemplateFault, Templates};
use serde::Serialize;

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
    text_of(catalog, template, &Model::of(model), page)
}

/// As [`text`], over a model that was made before.
///
/// # Errors
///
/// As [`text`].
pub fn text_of(catalog: &Catalog, template: &str, model: &Model, page: &Page) -> Result<String, Diagnostics> {
    let missing = || {
        Diagnostics::from(
            Diagnostic::error(Code::InvalidTemplate, format!("there is no template `templates/{template}`"))
                .help("`tdsql init DIR` writes the shipped ones out"),
        )
    };
    catalog.template(template).ok_or_else(missing)?;
    let fault = |fault: TemplateFault| Diagnostics::from(template_diagnostic(catalog, template, &fault));
    let next = page.next.iter().map(|(command, why)| {
        Model::record(vec![("command", command.as_str().into()), ("why", why.as_str().into())], None)
    });
    let page = vec![
        ("width", Model::of(&page.width)),
        ("colored", Model::of(&page.colored)),
        ("next", Model::list(next.collect())),
    ];
    let model = Model::record(page, Some(model));
    // One that does not parse is parsed again to tell why.
    let ahead = catalog.parsed_ahead().filter(|parsed| parsed.engine.fault(template).is_none());
    if let Some(parsed) = ahead {
        return parsed.engine.render_model(template, &model).map_err(fault);
    }
    let mut templates = Templates::new();
    for (path, words) in catalog.with_named([template], folder(template)) {
        templates.add(path, words).map_err(fault)?;
    }
    templates.render_model(template, &model).map_err(fault)
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
