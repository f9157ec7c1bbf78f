//! The templates that a compile renders: which there are, and all of them parsed once for every compile.

use super::Adapter;
use crate::diag::{FileId, SourceMap};
use crate::model::{Text, freeze};
use crate::render::{TemplateFault, Templates};
use crate::threads;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// The folder of `templates/` whose files those of adapters may include.
pub(crate) const PARTS: &str = "parts/";

/// The why section.
pub(crate) const WHY: &str = "explain/why.md.j2";

/// The summary on the terminal.
pub(crate) const SUMMARY: &str = "explain/summary.txt.j2";

/// The templates of a compile, by name.
#[derive(Debug)]
pub(super) struct Texts {
    /// Those that every compile renders: of files, and of what is told.
    files: Vec<(Text, Text)>,
    /// What these include, where there is something to tell, and the forms of adapters but for those that are words.
    others: Vec<(Text, Text)>,
}

freeze!(Texts { files, others });

/// The templates of a compile in one engine, which threads share. Each is parsed by who renders it first, without anybody waiting
/// for anybody.
#[derive(Debug)]
pub(crate) struct ParsedTemplates {
    pub(crate) engine: Templates<'static>,
    files: Vec<Text>,
    others: Vec<Text>,
    /// By the name of the template.
    faults: OnceLock<BTreeMap<Text, TemplateFault>>,
}

impl ParsedTemplates {
    pub(super) fn new(texts: Texts) -> Self {
        let names = |texts: &[(Text, Text)]| texts.iter().map(|(name, _)| name.clone()).collect();
        let (files, others) = (names(&texts.files), names(&texts.others));
        let mut engine = Templates::new();
        engine.add_when_needed(texts.files.into_iter().chain(texts.others).collect());
        ParsedTemplates { engine, files, others, faults: OnceLock::new() }
    }

    /// As [`new`](Self::new), of what is shipped: a check has found no fault, also where nothing is rendered.
    pub(super) fn shipped(texts: Texts) -> Self {
        ParsedTemplates { faults: BTreeMap::new().into(), ..ParsedTemplates::new(texts) }
    }

    /// Begins to parse those that every compile renders, beside what else there is to do.
    pub(super) fn ahead(self) -> Arc<Self> {
        let parsed = Arc::new(self);
        let begun = Arc::clone(&parsed);
        threads::ahead(move || begun.files.iter().for_each(|name| drop(begun.engine.fault(name))));
        parsed
    }

    /// What does not parse, whether anything renders it or not.
    pub(crate) fn faults(&self) -> &BTreeMap<Text, TemplateFault> {
        let names = || self.files.iter().chain(&self.others);
        let faults = || names().filter_map(|name| Some((name.clone(), self.engine.fault(name)?))).collect();
        self.faults.get_or_init(faults)
    }
}

/// The templates of a compile: what adapters and the texts of a compile are made with.
pub(super) fn texts(adapters: &[Adapter], templates: &BTreeMap<Text, FileId>, sources: &SourceMap) -> Texts {
    let forms = adapters.iter().flat_map(|adapter| adapter.literals.iter().chain(&adapter.forms));
    let outputs = || adapters.iter().flat_map(|adapter| &adapter.outputs).map(|output| output.template.as_ref());
    let told = [SUMMARY, WHY];
    let of_outputs = with_named(outputs(), PARTS, templates, sources);
    let of_told = told.into_iter().flat_map(|text| with_named([text], folder(text), templates, sources));
    let every: BTreeSet<&str> = outputs().chain(told).collect();
    let named: BTreeMap<&str, FileId> = of_outputs.into_iter().chain(of_told).collect();
    let text = |(path, file): (&str, FileId)| (Text::Owned(path.to_owned()), sources.lasting_text(file));
    let (files, included): (Vec<_>, Vec<_>) = named.into_iter().partition(|(path, _)| every.contains(path));
    let forms = forms.filter(|form| !form.is_word()).map(|form| (form.template.clone(), form.text.clone()));
    Texts {
        files: files.into_iter().map(text).collect(),
        others: included.into_iter().map(text).chain(forms).collect(),
    }
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
