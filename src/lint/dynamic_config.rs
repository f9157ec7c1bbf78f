//! A dynamic configuration as the server's file client loads it: its shape, its keys. What stands in an entry is
//! [`super::entry`]'s.

use super::Linter;
use super::convert;
use super::entry::{self, Place};
use super::facts::{self, Facts};
use crate::catalog::{Catalog, ParamId, Setting};
use crate::diag::{At, Code, Diagnostic, Diagnostics, Span, nearest};
use crate::inputs::{Document, Node};
use crate::model::{Channel, Scalar, clipped};
use std::collections::{BTreeMap, HashMap};

/// What the server does with a file that has one such fault.
pub(super) const REFUSED: &str = "the server refuses the whole file";

/// Near names are only looked for so often in one file: each look compares with every setting.
pub(super) const MOST_SUGGESTIONS: usize = 200;

/// Judges a file, with or without the guard rails over it. Gives the values that it sets for all namespaces and task queues.
pub(super) fn judge(
    linter: &Linter<'_>,
    document: &Document,
    rails: bool,
    diags: &mut Diagnostics,
) -> Vec<(ParamId, Scalar)> {
    if let Some(span) = document.beyond {
        diags.push(
            Diagnostic::warning(Code::Unread, "the file has more than one document")
                .at(span, "from here on the server reads nothing")
                .help("put everything into the first document, or the others into files of their own"),
        );
    }
    let Some(root) = &document.root else { return Vec::new() };
    let start = Span::point(document.file, 0);
    let pairs = match &root.value {
        Node::Map(pairs) => pairs.as_slice(),
        Node::Null => {
            diags.push(
                Diagnostic::warning(Code::Unread, "the file sets nothing")
                    .at(start, "every setting goes back to its default")
                    .help("write `key:` with a list of `- value:` entries below it"),
            );
            &[]
        }
        other => {
            diags.push(
                Diagnostic::error(Code::WrongType, format!("the file holds {}, not a mapping", other.kind()))
                    .at(root.span, REFUSED)
                    .help("write `key:` with a list of `- value:` entries below it"),
            );
            return Vec::new();
        }
    };
    let mut file = File {
        linter,
        diags,
        facts: Facts {
            channel: Channel::DynamicConfig,
            set: BTreeMap::new(),
            scoped: Vec::new(),
            assumed: BTreeMap::new(),
            start,
        },
        seen: HashMap::new(),
        looked: 0,
    };
    file.assume();
    for (key, value) in pairs {
        file.pair(key, value);
    }
    let facts = file.facts;
    let values = facts.set.iter().map(|(id, (value, _))| (*id, value.clone())).collect();
    if rails && !pairs.is_empty() {
        facts::judge(linter, facts, diags);
    }
    values
}

/// The parameter that a dynamic-config key sets; keys are compared without case.
fn parameter(catalog: &Catalog, key: &str) -> Option<ParamId> {
    catalog.ids().find(|id| {
        let output = catalog.parameter(*id).output(Channel::DynamicConfig);
        output.is_some_and(|name| name.eq_ignore_ascii_case(key))
    })
}

struct File<'l, 'c, 'd> {
    linter: &'l Linter<'c>,
    diags: &'d mut Diagnostics,
    facts: Facts,
    /// Key in lower case → the first one's spelling and place.
    seen: HashMap<String, (String, Span)>,
    looked: usize,
}

impl<'c> File<'_, 'c, '_> {
    /// Takes the server's defaults for what the file may not say.
    fn assume(&mut self) {
        let catalog = self.linter.catalog;
        for id in catalog.ids() {
            let Some(setting) =
                catalog.parameter(id).output(Channel::DynamicConfig).and_then(|key| catalog.settings.find(key))
            else {
                continue;
            };
            let default = setting.default_for(&self.linter.lines).filter(|_| setting.registered(&self.linter.lines));
            let value = default.and_then(|text| convert::default_value(&setting.value_type, text));
            if let Some(Ok(value)) = value.map(|value| entry::typed(catalog, id, &value)) {
                self.facts.assumed.insert(id, value);
            }
        }
    }

    fn pair(&mut self, key: &At<Node>, value: &At<Node>) {
        let name = match &key.value {
            Node::Text(text) | Node::Time(text) => text.clone(),
            Node::Bool(value) => value.to_string(),
            Node::Int(value) => value.to_string(),
            Node::Float(value) => value.to_string(),
            other => {
                self.diags.push(
                    Diagnostic::error(Code::InvalidKey, format!("a key is {}", other.kind()))
                        .at(key.span, REFUSED)
                        .help("write the setting's name"),
                );
                return;
            }
        };
        if !self.first_of_its_name(&name, key.span) {
            return;
        }
        let setting = self.registered(&name, key.span);
        let id = setting.and_then(|setting| parameter(self.linter.catalog, &setting.key));
        let place = Place { name: &name, key: key.span, setting, id };
        entry::list(self.linter, &place, value, &mut self.facts, self.diags);
    }

    /// Whether a key was not there yet, in whatever case; tells where it was.
    fn first_of_its_name(&mut self, name: &str, span: Span) -> bool {
        let (first, first_at) = match self.seen.entry(name.to_lowercase()) {
            std::collections::hash_map::Entry::Vacant(vacant) => {
                vacant.insert((name.to_owned(), span));
                return true;
            }
            std::collections::hash_map::Entry::Occupied(occupied) => occupied.get().clone(),
        };
        let shown = clipped(name);
        let found = if first == name {
            Diagnostic::error(Code::DuplicateKey, format!("`{shown}` is given more than once")).at(span, REFUSED)
        } else {
            Diagnostic::error(
                Code::DuplicateKey,
                format!("`{shown}` and `{}` are one key to the server", clipped(&first)),
            )
            .at(span, "which of the two counts is chance, at each load")
        };
        self.diags.push(found.and(first_at, "first given here").help("keep one of them").fact("key", shown));
        false
    }

    /// The setting of a key, if the server registers it; tells why not.
    fn registered(&mut self, name: &str, span: Span) -> Option<&'c Setting> {
        let linter = self.linter;
        let known = &linter.catalog.settings;
        let shown = clipped(name);
        let version = &linter.temporal;
        let Some(setting) = known.find(name) else {
            self.unregistered(name, span);
            return None;
        };
        if !setting.registered(&linter.lines) {
            let lines = setting.lines.as_deref().unwrap_or_default().join(", ");
            self.diags.push(
                Diagnostic::error(Code::UnregisteredSetting, format!("Temporal {version} does not register `{shown}`"))
                    .at(span, format!("only servers of the {lines} line do; this one passes over it"))
                    .help("remove it, or name the server that runs with `--temporal-version`")
                    .fact("key", shown),
            );
            return None;
        }
        if setting.key != name {
            self.diags.push(
                Diagnostic::note(Code::LetterCase, format!("the server's own spelling is `{}`", setting.key))
                    .at(span, "read all the same")
                    .fact("key", shown),
            );
        }
        Some(setting)
    }

    fn unregistered(&mut self, name: &str, span: Span) {
        let linter = self.linter;
        let known = &linter.catalog.settings;
        let shown = clipped(name);
        let lower = name.to_lowercase();
        if let Some(prefix) = known.prefixes.iter().find(|prefix| lower.starts_with(&prefix.prefix.to_lowercase())) {
            let note = prefix.note.as_deref().unwrap_or("only their prefix is known");
            let found = if prefix.registered(&linter.lines) {
                Diagnostic::warning(Code::UnregisteredSetting, format!("`{shown}` cannot be checked"))
                    .at(span, format!("of `{}*` only the prefix is known", prefix.prefix))
            } else {
                Diagnostic::error(
                    Code::UnregisteredSetting,
                    format!("Temporal {} does not register `{shown}`", linter.temporal),
                )
                .at(span, "this server passes over it")
            };
            self.diags.push(found.help(note).fact("key", shown));
            return;
        }
        let below = |key: &str| lower.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        // `history.shards` is below nothing: what is static has sections of its own.
        if let Some((_, note)) = known.statics.iter().find(|(key, _)| below(&key.to_lowercase())) {
            self.diags.push(
                Diagnostic::error(Code::StaticSetting, format!("`{shown}` is no dynamic setting"))
                    .at(span, "the server passes over it in this file")
                    .help(note.clone())
                    .fact("key", shown),
            );
            return;
        }
        self.looked += 1;
        let settings = known.all.iter().filter(|setting| setting.registered(&linter.lines));
        let near =
            if self.looked > MOST_SUGGESTIONS { None } else { nearest(name, settings.map(|one| one.key.as_ref())) };
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "remove it; servers pass over it with a warning in their log".to_owned(),
        };
        self.diags.push(
            Diagnostic::error(Code::UnregisteredSetting, format!("no supported server registers `{shown}`"))
                .at(span, "servers pass over it")
                .help(help)
                .fact("key", shown)
                .fact("suggestion", near.map(str::to_owned)),
        );
    }
}
