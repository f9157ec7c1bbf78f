//! The reference of a catalog as Markdown pages, through `templates/reference/`.
//!
//! Each template is a page; `group.md.j2` is a page for each group of parameters. The facts come from the catalog and from the
//! lists of the code (functions, diagnostic codes), so that nothing is written twice. Shown at work by `tests/it/reference.rs`.

mod facts;

use crate::catalog::Catalog;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::render::{TemplateFault, Templates};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Where the templates stand, below `templates/`.
const FOLDER: &str = "reference/";
/// What the template of a page ends in.
const PAGE: &str = ".md.j2";
/// The page that there is for each group of parameters, and the folder of those pages.
const GROUP: &str = "group";
const GROUPS: &str = "parameters/";
/// The page that stands first.
const INDEX: &str = "README.md";

/// A page of the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferencePage {
    /// Its path within the reference's folder.
    pub path: String,
    /// Its Markdown.
    pub text: String,
}

/// Every page, the index first; none where the catalog has no template for any.
///
/// # Errors
///
/// Every template that failed.
pub fn pages(catalog: &Catalog) -> Result<Vec<ReferencePage>, Diagnostics> {
    let names: BTreeSet<&str> = catalog
        .templates()
        .filter_map(|(path, _)| path.strip_prefix(FOLDER)?.strip_suffix(PAGE))
        .filter(|name| !name.contains('/'))
        .collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let facts = facts::of(catalog);
    let mut diags = Diagnostics::default();
    let mut pages = Vec::new();
    for name in names {
        if name != GROUP {
            let path = format!("{name}.md");
            pages.extend(page(catalog, name, path, &facts, &mut diags));
            continue;
        }
        for group in facts["groups"].as_array().into_iter().flatten() {
            let path = format!("{GROUPS}{}.md", group["slug"].as_str().unwrap_or_default());
            pages.extend(page(catalog, name, path, &json!({ "group": group }), &mut diags));
        }
    }
    pages.sort_by_key(|page| page.path != INDEX);
    if diags.is_empty() { Ok(pages) } else { Err(diags) }
}

fn page(catalog: &Catalog, name: &str, path: String, facts: &Value, diags: &mut Diagnostics) -> Option<ReferencePage> {
    let template = format!("{FOLDER}{name}{PAGE}");
    let text = catalog.template(&template)?;
    let mut templates = Templates::new();
    match templates.add(&template, text).and_then(|()| templates.render(&template, facts)) {
        Ok(text) => Some(ReferencePage { path, text: tidy(&text) }),
        Err(fault) => {
            // What one group's page is to blame for, all of them are.
            let known = diags.iter().any(|known| known.message.contains(&template));
            if !known {
                diags.push(diagnostic(catalog, &template, &fault));
            }
            None
        }
    }
}

fn diagnostic(catalog: &Catalog, template: &str, fault: &TemplateFault) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::InvalidTemplate, format!("`templates/{template}`: {}", fault.message))
        .help("see docs/templates.md for the template language");
    match catalog.templates().find(|(path, _)| *path == template) {
        Some((_, file)) => diagnostic.at(catalog.sources.span(file, fault.range.clone().unwrap_or(0..0)), "here"),
        None => diagnostic,
    }
}

/// Never two empty lines, and one line end at the end.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut empty = true;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() && empty {
            continue;
        }
        empty = line.is_empty();
        tidy.push_str(line);
        tidy.push('\n');
    }
    while tidy.ends_with("\n\n") {
        tidy.pop();
    }
    tidy
}

/// All pages as one document: what leads from page to page leads from heading to heading.
#[must_use]
pub fn document(pages: &[ReferencePage]) -> String {
    let mut document = String::new();
    for page in pages {
        if !document.is_empty() {
            document.push('\n');
        }
        let mut rest = page.text.as_str();
        while let Some((before, after)) = rest.split_once("](") {
            let (target, behind) = after.split_once(')').unwrap_or((after, ""));
            document.push_str(before);
            document.push_str("](");
            document.push_str(&within(target, pages));
            document.push(')');
            rest = behind;
        }
        document.push_str(rest);
    }
    document
}

/// The place in the document that a link between pages leads to.
fn within(target: &str, pages: &[ReferencePage]) -> String {
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let file = path.rsplit('/').next().unwrap_or_default();
    let page = pages.iter().find(|page| page.path.rsplit('/').next() == Some(file) && path.ends_with(".md"));
    match (page, heading) {
        (None, _) => target.to_owned(),
        (Some(page), "") => {
            let title = page.text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default();
            format!("#{}", anchor(title))
        }
        (Some(_), heading) => format!("#{heading}"),
    }
}

/// The anchor that readers of Markdown give a heading.
pub(crate) fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    kept.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_document_links_within_itself() {
        let page = |path: &str, text: &str| ReferencePage { path: path.to_owned(), text: text.to_owned() };
        let pages = [
            page("README.md", "# All\n\n[a](p/a.md), [b](p/a.md#x.y), [c](https://c/d.md), [d](../out.md)\n"),
            page("p/a.md", "# A page: of `it`\n\n[back](../README.md)\n"),
        ];
        let document = document(&pages);
        assert_eq!(
            document,
            "# All\n\n[a](#a-page-of-it), [b](#x.y), [c](https://c/d.md), [d](../out.md)\n\n# A page: of `it`\n\n[back](#all)\n"
        );
        assert_eq!(tidy("\n\na  \n\n\nb\n\n"), "a\n\nb\n");
    }
}
