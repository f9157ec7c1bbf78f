//! The entries of one key of a dynamic configuration: their fields, constraints and values.

use super::Linter;
use super::convert::{Taken, convert, default_value, found};
use super::dynamic_config::REFUSED;
use super::facts::Facts;
use crate::catalog::{Catalog, ParamId, Setting, Takes};
use crate::diag::{At, Code, Diagnostic, Diagnostics, Span, nearest};
use crate::inputs::Node;
use crate::model::{Scalar, Text, ValueType, clipped};
use std::collections::BTreeMap;

/// A field and what it holds.
type Pair = (At<Node>, At<Node>);

/// The key that entries belong to.
pub(super) struct Place<'p, 'c> {
    /// Its name as written.
    pub(super) name: &'p str,
    /// Where it stands.
    pub(super) key: Span,
    /// The setting, where the server registers it.
    pub(super) setting: Option<&'c Setting>,
    /// The parameter of the catalog that it is.
    pub(super) id: Option<ParamId>,
}

/// The value of a parameter: the server's milliseconds and numbers are the catalog's.
pub(super) fn typed(catalog: &Catalog, id: ParamId, value: &Scalar) -> Result<Scalar, ()> {
    match (catalog.parameter(id).value_type, value) {
        (ValueType::Duration, Scalar::Int(_)) | (ValueType::Float, Scalar::Float(_)) => Ok(value.clone()),
        // A float setting that the catalog keeps whole.
        (ValueType::Int, Scalar::Float(number)) if number.fract() == 0.0 && number.abs() < 9e15 => {
            Ok(Scalar::Int(*number as i64))
        }
        (value_type, value) => value_type.read(value).map_err(|_| ()),
    }
}

/// Judges the list of entries of a key.
pub(super) fn list(
    linter: &Linter<'_>,
    place: &Place<'_, '_>,
    value: &At<Node>,
    facts: &mut Facts,
    diags: &mut Diagnostics,
) {
    let shown = clipped(place.name);
    let items = match &value.value {
        Node::List(items) => items,
        Node::Null => {
            nothing(place, diags);
            return;
        }
        other => {
            diags.push(
                Diagnostic::error(Code::WrongType, format!("`{shown}` has {}, not a list", found(other)))
                    .at(value.span, REFUSED)
                    .help("write a list of entries below the key: `- value: …`")
                    .fact("key", shown),
            );
            return;
        }
    };
    if items.is_empty() {
        nothing(place, diags);
        return;
    }
    let mut sets: BTreeMap<Vec<(String, String)>, Span> = BTreeMap::new();
    for item in items {
        entry(linter, place, item, &mut sets, facts, diags);
    }
}

fn nothing(place: &Place<'_, '_>, diags: &mut Diagnostics) {
    diags.push(
        Diagnostic::warning(Code::Unread, format!("`{}` has no entry", clipped(place.name)))
            .at(place.key, "the server takes its default, without a message")
            .help("give it an entry, `- value: …`, or remove it")
            .fact("key", clipped(place.name)),
    );
}

fn entry(
    linter: &Linter<'_>,
    place: &Place<'_, '_>,
    item: &At<Node>,
    sets: &mut BTreeMap<Vec<(String, String)>, Span>,
    facts: &mut Facts,
    diags: &mut Diagnostics,
) {
    let shown = clipped(place.name);
    // A mapping is shown by its first field.
    let item_at = match &item.value {
        Node::Map(pairs) if !pairs.is_empty() => pairs[0].0.span,
        _ if item.span.range().is_empty() => place.key,
        _ => item.span,
    };
    let pairs = match &item.value {
        Node::Map(pairs) => pairs.as_slice(),
        Node::Null => &[],
        other => {
            diags.push(
                Diagnostic::error(Code::WrongType, format!("an entry of `{shown}` is {}, not a mapping", found(other)))
                    .at(item_at, REFUSED)
                    .help("write `- value: …`")
                    .fact("key", shown),
            );
            return;
        }
    };
    let (mut value, mut constraints): (Option<&Pair>, Option<&Pair>) = (None, None);
    for pair in pairs {
        let Node::Text(field) = &pair.0.value else {
            diags.push(
                Diagnostic::warning(Code::Unread, format!("an entry of `{shown}` has a field that is no text"))
                    .at(pair.0.span, "the server drops it, without a message")
                    .help("an entry has `value` and `constraints`"),
            );
            continue;
        };
        let slot = match field.as_str() {
            "value" => &mut value,
            "constraints" => &mut constraints,
            _ => {
                field_unread(place, field, pair.0.span, diags);
                continue;
            }
        };
        if let Some((first, _)) = slot {
            diags.push(
                Diagnostic::error(Code::DuplicateKey, format!("an entry of `{shown}` has `{field}` twice"))
                    .at(pair.0.span, REFUSED)
                    .and(first.span, "first given here")
                    .help("keep one of them"),
            );
            continue;
        }
        *slot = Some(pair);
    }
    let set =
        constraints.map(|(key, node)| self::constraints(linter, place, key.span, node, diags)).unwrap_or_default();
    let first = set.names.as_ref().and_then(|names| sets.get(names).copied());
    if let Some(first) = first {
        diags.push(
            Diagnostic::warning(Code::DeadEntry, format!("`{shown}` has two entries with the same constraints"))
                .at(item_at, "this one never applies")
                .and(first, "the first one counts")
                .help("keep one of them")
                .fact("key", shown.clone()),
        );
    }
    let scope = match &set.names {
        Some(names) if names.is_empty() => Scope::All,
        Some(_) => Scope::Some,
        None => Scope::None,
    };
    // What never applies decides nothing.
    let scope = if set.dead || first.is_some() { Scope::None } else { scope };
    if let Some(names) = set.names {
        sets.entry(names).or_insert(item_at);
    }
    match value {
        Some((key, node)) => self::value(linter, place, key.span, node, scope, facts, diags),
        None => missing(place, item_at, diags),
    }
}

fn field_unread(place: &Place<'_, '_>, field: &str, span: Span, diags: &mut Diagnostics) {
    let near = nearest(field, ["value", "constraints"]);
    let found = Diagnostic::error(
        Code::Unread,
        format!("an entry of `{}` has no field `{}`", clipped(place.name), clipped(field)),
    )
    .at(span, "the server drops it, without a message");
    diags.push(match near {
        Some(near) if near.eq_ignore_ascii_case(field) => found.help(format!("write it in lower case: `{near}`")),
        Some(near) => found.help(format!("did you mean `{near}`?")),
        None => found.help("an entry has `value` and `constraints`"),
    });
}

fn missing(place: &Place<'_, '_>, span: Span, diags: &mut Diagnostics) {
    diags.push(
        Diagnostic::error(Code::SettingType, format!("an entry of `{}` has no value", clipped(place.name)))
            .at(span, "the server takes its default")
            .help("give it `value`, or remove the entry")
            .fact("key", clipped(place.name)),
    );
}

/// What an entry counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Everything.
    All,
    /// Some namespaces, task queues or the like.
    Some,
    /// Nothing: it never applies, or the server refuses it.
    None,
}

/// The constraints of an entry.
struct Set {
    /// Name in lower case and value as text, sorted; nothing where the server refuses them.
    names: Option<Vec<(String, String)>>,
    /// Whether the entry can never apply.
    dead: bool,
}

impl Default for Set {
    fn default() -> Self {
        Set { names: Some(Vec::new()), dead: false }
    }
}

fn constraints(linter: &Linter<'_>, place: &Place<'_, '_>, key: Span, node: &At<Node>, diags: &mut Diagnostics) -> Set {
    let shown = clipped(place.name);
    let pairs = match &node.value {
        Node::Map(pairs) => pairs,
        Node::Null => return Set::default(),
        other => {
            diags.push(
                Diagnostic::error(Code::WrongType, format!("the constraints of `{shown}` are {}", found(other)))
                    .at(node.span, REFUSED)
                    .help("write a mapping of constraints, `{}` for none"),
            );
            return Set { names: None, dead: false };
        }
    };
    let known = &linter.catalog.settings;
    let mut names: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut refused = false;
    for (name_at, value) in pairs {
        let name = match &name_at.value {
            Node::Text(text) => text.as_str(),
            _ => "",
        };
        let Some(constraint) = known.constraint(name) else {
            let near = nearest(name, known.constraints.iter().map(|one| one.name.as_ref()));
            let all: Vec<&str> = known.constraints.iter().map(|one| one.name.as_ref()).collect();
            diags.push(
                Diagnostic::error(Code::UnknownConstraint, format!("there is no constraint `{}`", clipped(name)))
                    .at(name_at.span, REFUSED)
                    .help(match near {
                        Some(near) => format!("did you mean `{near}`? constraints: {}", all.join(", ")),
                        None => format!("constraints: {}", all.join(", ")),
                    })
                    .fact("key", shown.clone())
                    .fact("suggestion", near.map(str::to_owned)),
            );
            refused = true;
            continue;
        };
        let wanted = match (constraint.takes, &value.value) {
            (Takes::Text, Node::Text(_)) | (Takes::Integer | Takes::WordOrInteger, Node::Int(_)) => None,
            (Takes::WordOrInteger, Node::Text(word)) => match &constraint.words {
                Some(words) if !words.iter().any(|known| known == word) => {
                    Some(format!("write one of {}", words.join(", ")))
                }
                _ => None,
            },
            (Takes::Text, _) => Some("put it in quotes".to_owned()),
            (Takes::Integer, _) => Some("write digits without quotes".to_owned()),
            (Takes::WordOrInteger, _) => Some("write its name".to_owned()),
        };
        if let Some(help) = wanted {
            diags.push(
                Diagnostic::error(Code::WrongType, format!("`{}` is {}", constraint.name, found(&value.value)))
                    .at(if value.span.range().is_empty() { name_at.span } else { value.span }, REFUSED)
                    .help(help),
            );
            refused = true;
            continue;
        }
        let text = match &value.value {
            Node::Text(text) => text.clone(),
            Node::Int(value) => value.to_string(),
            _ => String::new(),
        };
        // What is empty counts as not set.
        if text.is_empty() || (constraint.takes == Takes::Integer && text == "0") {
            diags.push(
                Diagnostic::warning(
                    Code::DeadEntry,
                    format!("`{}` is empty, which is the same as not set", constraint.name),
                )
                .at(value.span, "the entry counts for everything that lacks this constraint")
                .help("name something, or remove the constraint"),
            );
            continue;
        }
        let lower = constraint.name.to_lowercase();
        if let Some((first, _)) = names.insert(lower, (constraint.name.to_string(), text)) {
            diags.push(
                Diagnostic::error(Code::DuplicateKey, format!("the constraint `{first}` is given twice"))
                    .at(name_at.span, "which of the two counts is chance")
                    .help("keep one of them"),
            );
        }
    }
    if refused {
        return Set { names: None, dead: false };
    }
    let dead = applies(linter, place, key, names.values().map(|(name, _)| name.clone()).collect(), diags);
    Set { names: Some(names.into_iter().map(|(name, (_, text))| (name, text)).collect()), dead }
}

/// Tells where the server looks up no such set; gives whether that is so.
fn applies(
    linter: &Linter<'_>,
    place: &Place<'_, '_>,
    key: Span,
    mut set: Vec<String>,
    diags: &mut Diagnostics,
) -> bool {
    let known = &linter.catalog.settings.precedences;
    let precedence = place.setting.and_then(|setting| setting.precedence.as_ref());
    let Some((precedence, sets)) = precedence.and_then(|at| Some((&at.value, known.get(&at.value)?))) else {
        return false;
    };
    set.sort();
    if sets.contains(&set) {
        return false;
    }
    let listed: Vec<String> =
        sets.iter().map(|set| if set.is_empty() { "none".to_owned() } else { set.join(" with ") }).collect();
    let precedence = precedence.replace('_', " ");
    diags.push(
        Diagnostic::error(
            Code::DeadEntry,
            format!(
                "`{}` is a {precedence} setting: with {} an entry never applies",
                clipped(place.name),
                set.join(" and ")
            ),
        )
        .at(key, "the server looks up no such set")
        .help(format!("constraints that it looks up: {}", listed.join("; ")))
        .fact("key", clipped(place.name)),
    );
    true
}

fn value(
    linter: &Linter<'_>,
    place: &Place<'_, '_>,
    key: Span,
    node: &At<Node>,
    scope: Scope,
    facts: &mut Facts,
    diags: &mut Diagnostics,
) {
    let Some(setting) = place.setting else { return };
    let shown = clipped(place.name);
    let span = if node.span.range().is_empty() { key } else { node.span };
    let told = |diagnostic: Diagnostic| diagnostic.fact("key", shown.clone());
    if node.value == Node::Null && !setting.value_type.starts_with("typed:") {
        missing(place, span, diags);
        return;
    }
    let converted = match convert(&setting.value_type, &node.value) {
        Ok(Taken::Scalar(value)) => Some(value),
        Ok(Taken::Unseen) => None,
        Err(refused) => {
            let default = setting.default_for(&linter.lines).map(|text| format!(", {}", clipped(text)));
            diags.push(told(
                Diagnostic::error(
                    Code::SettingType,
                    format!("the server reads `{shown}` as {}, not {}", named(&setting.value_type), refused.found),
                )
                .at(span, format!("refused: the server takes its default{}", default.unwrap_or_default()))
                .help(refused.help),
            ));
            return;
        }
    };
    if let (Some(fields), Node::Map(pairs)) = (&setting.fields, &node.value) {
        unknown_fields(&shown, fields, pairs, diags);
    }
    let default = setting.default_for(&linter.lines).and_then(|text| default_value(&setting.value_type, text));
    let restated = converted.is_some() && converted == default;
    if restated && scope == Scope::All {
        diags.push(told(
            Diagnostic::note(Code::RestatedDefault, format!("`{shown}` says what the server takes without it"))
                .at(span, "its own default")
                .help("keep it to hold the value when a newer server has another"),
        ));
    }
    if let (Some(caution), false) = (&setting.caution, restated) {
        diags.push(told(
            Diagnostic::warning(Code::NotForProduction, format!("`{shown}` is not for production"))
                .at(place.key, caution.clone())
                .help("remove it"),
        ));
    }
    let Some((id, value)) = place.id.zip(converted) else { return };
    let Ok(value) = typed(linter.catalog, id, &value) else { return };
    let parameter = linter.catalog.parameter(id);
    if let Some(violation) = parameter.violation(&value) {
        let text = parameter.value_type.text(&value);
        diags.push(told(
            Diagnostic::warning(Code::ConstraintViolation, format!("`{shown}` is {text}, {}", violation.fault))
                .at(span, violation.bounds)
                .help(parameter.rationale.trim().to_owned()),
        ));
    }
    match scope {
        Scope::All => {
            diags.extend(
                linter.compare_with_presets(id, &value, |note| told(note.at(span, "another value than any preset's"))),
            );
            facts.set.insert(id, (value, span));
        }
        Scope::Some => facts.scoped.push((id, value, span)),
        Scope::None => {}
    }
}

fn unknown_fields(shown: &str, fields: &[Text], pairs: &[(At<Node>, At<Node>)], diags: &mut Diagnostics) {
    for (name, _) in pairs {
        let Node::Text(field) = &name.value else { continue };
        if fields.iter().any(|known| known.eq_ignore_ascii_case(field)) {
            continue;
        }
        let near = nearest(field, fields.iter().map(AsRef::as_ref));
        diags.push(
            Diagnostic::error(Code::Unread, format!("the value of `{shown}` has no field `{}`", clipped(field)))
                .at(name.span, "the server drops it, without a message")
                .help(match near {
                    Some(near) => format!("did you mean `{near}`? fields: {}", fields.join(", ")),
                    None => format!("fields: {}", fields.join(", ")),
                })
                .fact("key", shown),
        );
    }
}

/// A server's type in a sentence.
fn named(value_type: &str) -> &str {
    match value_type {
        "int" => "an integer",
        "float" => "a number",
        "bool" => "a boolean",
        "string" | "typed:template-string" => "text",
        "duration" => "a duration",
        "map" => "a mapping",
        "typed:bool-or-gradual-change" => "a boolean, or a gradual change",
        "typed:int-or-gradual-change" => "an integer, or a gradual change",
        list if list.starts_with("typed:list") => "a list",
        _ => "a mapping",
    }
}
