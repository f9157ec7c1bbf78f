//! The templates that a compile renders: which there are, and all of them parsed once for every compile.

use super::Adapter;
use crate::diag::{FileId, SourceMap};
use crate::model::{Text, freeze};
use crate::render::{TemplateFault, Templates};
use crate::threads::Ahead;
use std::collections::{BTreeMap, BTreeSet};

/// The folder of `templates/` whose files those of adapters may include.
pub(crate) const PARTS: &str = "parts/";

/// The why section.
pub(crate) const WHY: &str = "explain/why.md.j2";

/// The summary on the terminal.
pub(crate) const SUMMARY: &str = "explain/summary.txt.j2";

/// The templates of a compile, by name.
#[derive(Debug)]
pub(super) struct Texts {
    /// Those of files and of what is told, with what these include.
    files: Vec<(Text, Text)>,
    /// The forms of adapters, but for those that are words.
    forms: Vec<(Text, Text)>,
}

freeze!(Texts { files, forms });

/// The templates of a compile in one engine, which threads share, and the faults of those that do not parse.
#[derive(Debug)]
pub(crate) struct ParsedTemplates {
    pub(crate) engine: Templates<'static>,
    /// By the name of the template.
    pub(crate) faults: BTreeMap<Text, TemplateFault>,
}

impl ParsedTemplates {
    /// Parses all: whatever is wrong is told, whether anything renders it or not.
    pub(super) fn parse(texts: &Texts) -> Self {
        Self::of(texts.files.iter().chain(&texts.forms))
    }

    fn of<'n>(texts: impl Iterator<Item = &'n (Text, Text)>) -> Self {
        let (mut engine, mut faults) = (Templates::new(), BTreeMap::new());
        for (name, text) in texts {
            if let Err(fault) = engine.add_owned(name.clone(), text.clone()) {
                faults.insert(name.clone(), fault);
            }
        }
        ParsedTemplates { engine, faults }
    }

    /// Begins to parse all, beside what else there is to do.
    pub(super) fn ahead(texts: Texts) -> Ahead<ParsedTemplates> {
        Ahead::begin(move || ParsedTemplates::parse(&texts))
    }

    /// As [`ahead`](Self::ahead), of what is shipped: a check has parsed its forms, of which most compiles need half.
    pub(super) fn shipped_ahead(texts: Texts) -> Ahead<ParsedTemplates> {
        Ahead::begin(move || {
            let mut parsed = ParsedTemplates::of(texts.files.iter());
            parsed.engine.add_when_needed(texts.forms.iter().cloned().collect());
            parsed
        })
    }
}

/// The templates of a compile: what adapters and the texts of a compile are made with.
pub(super) fn texts(adapters: &[Adapter], templates: &BTreeMap<Text, FileId>, sources: &SourceMap) -> Texts {
    let forms = adapters.iter().flat_map(|adapter| adapter.literals.iter().chain(&adapter.forms));
    let outputs = adapters.iter().flat_map(|adapter| &adapter.outputs).map(|output| output.template.as_ref());
    let told = [SUMMARY, WHY].into_iter().flat_map(|text| with_named([text], folder(text), templates, sources));
    let mut files = with_named(outputs, PARTS, templates, sources);
    for (path, file) in told {
        if files.iter().all(|(known, _)| *known != path) {
            files.push((path, file));
        }
    }
    let files = files.into_iter().map(|(path, file)| (Text::Owned(path.to_owned()), sources.lasting_text(file)));
    let forms = forms.filter(|form| !form.is_word()).map(|form| (form.template.clone(), form.text.clone()));
    Texts { files: files.collect(), forms: forms.collect() }
}

/// The folder of a template, with its slash.
pub(crate) fn folder(template: &str) -> &str {
    &template[..template.rfind('/').map_or(0, |end| end + 1)]
}

/// Templates and those below a folder that they name in quotes, and those that these name. Each comes once.
pub(super) fn with_named<'n>(
    wanted: impl IntoIterator<Item = &'n str>,
    folder: &str,
    templates: &'n BTreeMap<Text, FileId>,
    sources: &'n SourceMap,
) -> Vec<(&'n str, FileId)> {
    let longest = templates.keys().map(|name| name.len()).max().unwrap_or(0);
    let (mut named, mut known): (Vec<(&str, FileId)>, BTreeSet<&str>) = (Vec::new(), BTreeSet::new());
    let mut add = |path: &str, named: &mut Vec<(&'n str, FileId)>| {
        if let Some((path, file)) = templates.get_key_value(path)
            && known.insert(path)
        {
            named.push((path, *file));
        }
    };
    wanted.into_iter().for_each(|path| add(path, &mut named));
    let mut at = 0;
    while let Some((_, file)) = named.get(at).copied() {
        let words = sources.text(file);
        for (start, _) in words.match_indices(folder) {
            // No further than any path goes: a text may have the folder's name a million times, and no quote.
            let rest = &words.as_bytes()[start..words.len().min(start + longest + 1)];
            if let Some(end) = rest.iter().position(|byte| matches!(byte, b'"' | b'\'')) {
                add(&words[start..start + end], &mut named);
            }
        }
        at += 1;
    }
    named
}
