//! Configuration against configuration, part by part.

use super::value::{Typed, moved, same};
use crate::catalog::{Catalog, ParamId, ServerSettings, Setting};
use crate::model::behaviour::{
    BehaviourProfile, ConfigChange, ConfigDiff, ConfigOrigin, ConfigSnapshot, REDACTED, UnknownConfig,
};
use crate::model::{Channel, ValueType};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// One key of one part, as a profile has it.
struct Entry<'p> {
    key: &'p str,
    value: Cow<'p, Value>,
    constraints: Option<&'p BTreeMap<String, Value>>,
    secret: bool,
}

/// The two sides of one key; at least one is there.
type Pair<'p> = (Option<Entry<'p>>, Option<Entry<'p>>);

/// Everything that differs: part by part, in each in the order of the catalog and then by key; and the keys of which nobody
/// can say.
#[must_use]
pub fn config_diffs(
    catalog: &Catalog,
    a: &BehaviourProfile,
    b: &BehaviourProfile,
) -> (Vec<ConfigDiff>, Vec<UnknownConfig>) {
    let mut found = Found { catalog, diffs: Vec::new(), unknown: Vec::new() };
    let lines = |profile: &BehaviourProfile| {
        let version = profile.temporal_server_version.as_ref();
        version.map(|version| ServerSettings::lines(&catalog.temporal, version)).unwrap_or_default()
    };
    let defaults = (lines(a), lines(b));
    let (a, b) = (&a.config_snapshot, &b.config_snapshot);
    found.part(ConfigOrigin::DynamicConfig, dynamic_config(a), dynamic_config(b), &defaults);
    found.part(ConfigOrigin::ServerEnvVars, environment(a), environment(b), &defaults);
    for (origin, old, new) in [
        (ConfigOrigin::WorkerOptions, fields(&a.worker_options), fields(&b.worker_options)),
        (ConfigOrigin::DsqlPluginConfig, fields(&a.dsql_plugin_config), fields(&b.dsql_plugin_config)),
    ] {
        found.part(origin, section(&old), section(&new), &defaults);
    }
    found.compiled(a, b);
    (found.diffs, found.unknown)
}

fn dynamic_config(config: &ConfigSnapshot) -> Vec<Entry<'_>> {
    let entries = config.dynamic_config.iter();
    entries
        .map(|entry| Entry {
            key: &entry.key,
            value: Cow::Borrowed(&entry.value),
            constraints: Some(&entry.constraints),
            secret: false,
        })
        .collect()
}

fn environment(config: &ConfigSnapshot) -> Vec<Entry<'_>> {
    let variables = config.server_env_vars.iter();
    variables
        .map(|variable| Entry {
            key: variable.name(),
            value: Cow::Owned(json!(variable.value())),
            constraints: None,
            secret: variable.is_redacted(),
        })
        .collect()
}

/// The fields of a section, as its JSON form has them.
fn fields(section: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(section) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// The fields of a section that have a value: null is none.
fn section(fields: &Map<String, Value>) -> Vec<Entry<'_>> {
    let known = fields.iter().filter(|(_, value)| !value.is_null());
    known
        .map(|(key, value)| Entry {
            key,
            value: Cow::Borrowed(value),
            constraints: None,
            secret: value.as_str() == Some(REDACTED),
        })
        .collect()
}

fn channel(origin: ConfigOrigin) -> Option<Channel> {
    match origin {
        ConfigOrigin::DynamicConfig => Some(Channel::DynamicConfig),
        ConfigOrigin::ServerEnvVars => Some(Channel::EnvVars),
        ConfigOrigin::WorkerOptions => Some(Channel::WorkerOptions),
        ConfigOrigin::DsqlPluginConfig => Some(Channel::DsqlPlugin),
        ConfigOrigin::ConfigProfile => None,
    }
}

struct Found<'c> {
    catalog: &'c Catalog,
    diffs: Vec<ConfigDiff>,
    unknown: Vec<UnknownConfig>,
}

impl<'c> Found<'c> {
    /// Compares one part.
    fn part(&mut self, origin: ConfigOrigin, old: Vec<Entry<'_>>, new: Vec<Entry<'_>>, lines: &(Vec<&str>, Vec<&str>)) {
        let mut differing = Vec::new();
        for (old, new) in pairs(origin, old, new) {
            match self.pair(origin, (old, new), lines) {
                Outcome::Same => {}
                Outcome::Differs(diff, id) => differing.push((id, *diff)),
                Outcome::Unknown(unknown) => self.unknown.push(unknown),
            }
        }
        differing.sort_by_cached_key(|(id, diff)| {
            let place = id.map_or(usize::MAX, ParamId::index);
            (place, folded(origin, &diff.key).into_owned(), constraint_text(&diff.constraints))
        });
        self.diffs.extend(differing.into_iter().map(|(_, diff)| diff));
        self.unknown.sort_by(|a, b| (a.origin, &a.key).cmp(&(b.origin, &b.key)));
    }

    fn pair(
        &self,
        origin: ConfigOrigin,
        (old, new): Pair<'_>,
        (old_lines, new_lines): &(Vec<&str>, Vec<&str>),
    ) -> Outcome {
        let Some(any) = new.as_ref().or(old.as_ref()) else { return Outcome::Same };
        if let (Some(old), Some(new)) = (&old, &new) {
            if old.secret || new.secret {
                return Outcome::Unknown(UnknownConfig {
                    key: any.key.to_owned(),
                    origin,
                    reason: "its value is a secret and is not kept".to_owned(),
                });
            }
            // Whatever reads it.
            if old.value == new.value {
                return Outcome::Same;
            }
        }
        let id = channel(origin).and_then(|channel| self.catalog.find_carried(channel, any.key));
        let setting = match origin {
            ConfigOrigin::DynamicConfig => self.catalog.settings.find(any.key),
            _ => None,
        };
        let typed = |value: &Value| self.typed(origin, id, setting, value);
        let (change, moved, implied) = match (&old, &new) {
            (Some(old), Some(new)) => {
                let (before, after) = (typed(&old.value), typed(&new.value));
                if same(&before, &after) {
                    return Outcome::Same;
                }
                (ConfigChange::Changed, moved(&before, &after), None)
            }
            (None, Some(new)) => {
                let implied = default_of(setting, new, old_lines);
                let before = implied.map(|text| typed(&Value::from(text)));
                (ConfigChange::Added, before.and_then(|before| moved(&before, &typed(&new.value))), implied)
            }
            (Some(old), None) => {
                let implied = default_of(setting, old, new_lines);
                let after = implied.map(|text| typed(&Value::from(text)));
                (ConfigChange::Removed, after.and_then(|after| moved(&typed(&old.value), &after)), implied)
            }
            (None, None) => return Outcome::Same,
        };
        let parameter = id.map(|id| self.catalog.parameter(id));
        let (key, constraints) = (any.key.to_owned(), any.constraints.cloned().unwrap_or_default());
        let value = |entry: Option<Entry<'_>>| entry.map_or(Value::Null, |entry| entry.value.into_owned());
        let diff = ConfigDiff {
            key,
            old_value: value(old),
            new_value: value(new),
            classification: parameter.map(|parameter| parameter.class),
            origin,
            change,
            parameter: parameter.map(|parameter| parameter.key.to_string()),
            constraints,
            moved,
            implied: implied.map(str::to_owned),
            immutable: parameter.is_some_and(|parameter| parameter.immutable),
        };
        Outcome::Differs(Box::new(diff), id)
    }

    /// A value as what reads it takes it.
    fn typed(&self, origin: ConfigOrigin, id: Option<ParamId>, setting: Option<&Setting>, value: &Value) -> Typed {
        let value_type = id.map(|id| self.catalog.parameter(id).value_type);
        match origin {
            ConfigOrigin::DynamicConfig => {
                Typed::of_server(value_type, setting.map(|of| of.value_type.as_ref()), value)
            }
            ConfigOrigin::ServerEnvVars => Typed::of_text(value_type, value),
            // Numbers of a named unit.
            ConfigOrigin::WorkerOptions | ConfigOrigin::DsqlPluginConfig => Typed::plain(value),
            ConfigOrigin::ConfigProfile => Typed::of_text(value_type, value),
        }
    }

    /// Compares what was compiled. Of a side without it nothing is known, which is one thing to say and not hundreds.
    fn compiled(&mut self, a: &ConfigSnapshot, b: &ConfigSnapshot) {
        let (old, new) = (a.config_profile.as_ref(), b.config_profile.as_ref());
        let diff = |key: &str, old_value: Value, new_value: Value, change| ConfigDiff {
            key: key.to_owned(),
            old_value,
            new_value,
            classification: None,
            origin: ConfigOrigin::ConfigProfile,
            change,
            parameter: None,
            constraints: BTreeMap::new(),
            moved: None,
            implied: None,
            immutable: false,
        };
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) => (old, new),
            (None, Some(new)) => {
                let of = json!(new.preset_name);
                self.diffs.push(diff("preset_name", Value::Null, of, ConfigChange::Added));
                return;
            }
            (Some(old), None) => {
                let of = json!(old.preset_name);
                self.diffs.push(diff("preset_name", of, Value::Null, ConfigChange::Removed));
                return;
            }
            (None, None) => return,
        };
        for (key, before, after) in [
            ("preset_name", json!(old.preset_name), json!(new.preset_name)),
            ("modifier", json!(old.modifier), json!(new.modifier)),
        ] {
            if before != after {
                let change = change_of(&before, &after);
                self.diffs.push(diff(key, before, after, change));
            }
        }
        let mut pairs: BTreeMap<(usize, &str), [Option<&crate::model::ResolvedParameter>; 2]> = BTreeMap::new();
        for (side, profile) in [old, new].into_iter().enumerate() {
            for parameter in profile.params() {
                let place = self.catalog.find(&parameter.key).map_or(usize::MAX, ParamId::index);
                pairs.entry((place, &parameter.key)).or_default()[side] = Some(parameter);
            }
        }
        for ((_, key), [before, after]) in pairs {
            let Some(any) = after.or(before) else { continue };
            let value_type: ValueType = any.value_type;
            let value = |of: Option<&crate::model::ResolvedParameter>| of.map_or(Value::Null, |of| json!(of.value));
            let typed = |of: Option<&crate::model::ResolvedParameter>| {
                of.map(|of| Typed::of_text(Some(value_type), &json!(of.value)))
            };
            if let (Some(before), Some(after)) = (before, after)
                && before.value == after.value
            {
                continue;
            }
            let (old_typed, new_typed) = (typed(before), typed(after));
            if let (Some(old), Some(new)) = (&old_typed, &new_typed)
                && same(old, new)
            {
                continue;
            }
            let id = self.catalog.find(key);
            let went = old_typed.as_ref().zip(new_typed.as_ref()).and_then(|(old, new)| moved(old, new));
            let (before, after) = (value(before), value(after));
            let change = change_of(&before, &after);
            self.diffs.push(ConfigDiff {
                classification: Some(any.classification),
                parameter: id.map(|_| key.to_owned()),
                moved: went,
                immutable: id.is_some_and(|id| self.catalog.parameter(id).immutable),
                ..diff(key, before, after, change)
            });
        }
    }
}

enum Outcome {
    Same,
    /// And the parameter that it is of.
    Differs(Box<ConfigDiff>, Option<ParamId>),
    Unknown(UnknownConfig),
}

fn change_of(old: &Value, new: &Value) -> ConfigChange {
    match (old, new) {
        (Value::Null, _) => ConfigChange::Added,
        (_, Value::Null) => ConfigChange::Removed,
        _ => ConfigChange::Changed,
    }
}

/// The entries of two sides in pairs. Of those that share key and constraints the first is the other side's first.
fn pairs<'p>(origin: ConfigOrigin, old: Vec<Entry<'p>>, new: Vec<Entry<'p>>) -> Vec<Pair<'p>> {
    let mut pairs = Vec::with_capacity(old.len().max(new.len()));
    let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
    // Two snapshots of one file begin alike: what stands at the same place need not be looked for.
    while let (Some(before), Some(after)) = (old.peek(), new.peek())
        && (before.key, before.constraints) == (after.key, after.constraints)
    {
        pairs.push((old.next(), new.next()));
    }
    let (mut old, mut new) = (identified(origin, old).peekable(), identified(origin, new).peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (Some((old, _)), Some((new, _))) => old.cmp(new),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return pairs,
        };
        let before = if order.is_le() { old.next() } else { None };
        let after = if order.is_ge() { new.next() } else { None };
        pairs.push((before.map(|(_, entry)| entry), after.map(|(_, entry)| entry)));
    }
}

/// Entries with what tells them apart, in that order: key, constraints, and of those that share both their turn.
fn identified<'p>(
    origin: ConfigOrigin,
    entries: impl Iterator<Item = Entry<'p>>,
) -> impl Iterator<Item = ((Cow<'p, str>, String, usize), Entry<'p>)> {
    let mut identified: Vec<_> = entries
        .map(|entry| {
            let constraints = entry.constraints.map(constraint_text).unwrap_or_default();
            ((folded(origin, entry.key), constraints, 0), entry)
        })
        .collect();
    identified.sort_by(|(a, _), (b, _)| a.cmp(b));
    for at in 1..identified.len() {
        let (before, rest) = identified.split_at_mut(at);
        let (last, this) = (&before[at - 1].0, &mut rest[0].0);
        if (&last.0, &last.1) == (&this.0, &this.1) {
            this.2 = last.2 + 1;
        }
    }
    identified.into_iter()
}

/// A key as what reads the part compares it.
fn folded(origin: ConfigOrigin, key: &str) -> Cow<'_, str> {
    channel(origin).map_or(Cow::Borrowed(key), |channel| channel.folded(key))
}

/// Constraints as one text: names compare without case, as servers compare them.
fn constraint_text(constraints: &BTreeMap<String, Value>) -> String {
    if constraints.is_empty() {
        return String::new();
    }
    let mut pairs: Vec<String> =
        constraints.iter().map(|(name, value)| format!("{}={value}", name.to_lowercase())).collect();
    pairs.sort();
    pairs.join(",")
}

/// The default of the servers that a profile without the key ran; only of an entry that holds everywhere.
fn default_of<'s>(setting: Option<&'s Setting>, entry: &Entry<'_>, lines: &[&str]) -> Option<&'s str> {
    let everywhere = entry.constraints.is_none_or(BTreeMap::is_empty);
    setting.filter(|_| everywhere)?.default_for(lines).filter(|text| !matches!(*text, "unset" | "computed"))
}
