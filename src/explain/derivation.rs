//! From a value down to the inputs, and up to what follows it.

use super::fact::{formula, plain};
use crate::catalog::{ParamId, Rule};
use crate::eval::Resolution;
use crate::model::{Derivation, Follower};
use std::collections::HashSet;

/// The value of a parameter and what it was derived from, `depth` steps down. What stands at two places of the tree is
/// followed at the first.
pub(super) fn tree(
    resolution: &mut Resolution<'_>,
    id: ParamId,
    depth: usize,
    mut before: Option<&mut Resolution<'_>>,
) -> Derivation {
    let mut grower = Grower { resolution, seen: HashSet::new(), depth };
    let mut tree = grower.parameter(id, 0);
    if let Some(before) = &mut before {
        compare(&mut tree, before);
    }
    tree
}

struct Grower<'g, 'c> {
    resolution: &'g mut Resolution<'c>,
    seen: HashSet<ParamId>,
    depth: usize,
}

impl Grower<'_, '_> {
    fn parameter(&mut self, id: ParamId, depth: usize) -> Derivation {
        let layers = self.resolution.spoken(id).count();
        self.layer(id, layers, depth, None)
    }

    /// What the lowest `layers` layers make of a parameter; `name` where it is not the parameter's own.
    fn layer(&mut self, id: ParamId, layers: usize, depth: usize, name: Option<&str>) -> Derivation {
        let parameter = self.resolution.catalog.parameter(id);
        let all = self.resolution.spoken(id).count();
        let value = match layers == all {
            true => self.resolution.shown(id),
            false => parameter.value_type.show(&self.resolution.value_of_layers(id, layers)),
        };
        let spoken = self.resolution.spoken(id).nth(layers - 1).expect("the layer was counted");
        let origin = Some(self.resolution.origin_of(&spoken));
        let (formula, reads): (_, Vec<(String, u32)>) = match &spoken.candidate.rule {
            Rule::Derive(expr) => {
                (formula(spoken.candidate), expr.slots().map(|(name, slot)| (name.to_owned(), slot)).collect())
            }
            Rule::Set(_) => (None, Vec::new()),
        };
        let mut node = Derivation {
            name: name.unwrap_or(&parameter.key).to_owned(),
            text: plain(&value),
            value,
            before: None,
            origin,
            formula,
            inputs: Vec::new(),
            above: false,
            folded: 0,
        };
        if reads.is_empty() {
            return node;
        }
        if name.is_none() && self.seen.contains(&id) {
            node.above = true;
            return node;
        }
        if depth >= self.depth {
            node.folded = self.below(id);
            return node;
        }
        self.seen.insert(id);
        let slots = self.resolution.slots();
        for (name, slot) in reads {
            let input = match slots.as_parameter(slot) {
                Some(read) => Some(self.parameter(read, depth + 1)),
                // Below the layers of the catalog nothing reads `base`.
                None if slot == slots.base() => {
                    (layers > 1).then(|| self.layer(id, layers - 1, depth + 1, Some(&name)))
                }
                None => self.resolution.reserved_value(slot).map(|value| Derivation {
                    name,
                    text: plain(&value),
                    value,
                    before: None,
                    origin: None,
                    formula: None,
                    inputs: Vec::new(),
                    above: false,
                    folded: 0,
                }),
            };
            node.inputs.extend(input);
        }
        node
    }

    /// How many parameters a value follows, near and far.
    fn below(&self, id: ParamId) -> usize {
        let mut found = HashSet::new();
        let mut waiting = vec![id];
        while let Some(next) = waiting.pop() {
            waiting.extend(self.resolution.reads(next).into_iter().filter(|read| found.insert(*read)));
        }
        found.len()
    }
}

/// Notes at each value what it was before, where it was another.
fn compare(node: &mut Derivation, before: &mut Resolution<'_>) {
    if let Some(id) = before.catalog.find(&node.name) {
        let text = plain(&before.shown(id));
        node.before = (text != node.text).then_some(text);
    }
    for input in &mut node.inputs {
        compare(input, before);
    }
}

/// What follows a parameter: its direct followers in the order of the catalog, and every further one.
pub(super) fn followers(
    resolution: &Resolution<'_>,
    id: ParamId,
    before: Option<&Resolution<'_>>,
) -> (Vec<Follower>, HashSet<ParamId>) {
    let catalog = resolution.catalog;
    let mut readers: Vec<Vec<ParamId>> = vec![Vec::new(); catalog.parameters.len()];
    for reader in catalog.ids() {
        for read in resolution.reads(reader) {
            readers[read.index()].push(reader);
        }
    }
    let mut direct = readers[id.index()].clone();
    direct.dedup();
    let mut further = HashSet::new();
    let mut waiting = direct.clone();
    while let Some(next) = waiting.pop() {
        let new = readers[next.index()].iter().filter(|reader| !direct.contains(reader) && **reader != id);
        waiting.extend(new.copied().filter(|reader| further.insert(*reader)).collect::<Vec<_>>());
    }
    let told = direct.iter().map(|follower| {
        let value = resolution.shown(*follower);
        let text = plain(&value);
        let earlier = before.map(|before| plain(&before.shown(*follower))).filter(|earlier| *earlier != text);
        Follower {
            key: catalog.parameter(*follower).key.to_string(),
            value,
            text,
            before: earlier,
            // What reads it may stand below the deciding layer, as the `base` of that.
            formula: resolution
                .spoken(*follower)
                .rev()
                .find_map(|spoken| match &spoken.candidate.rule {
                    Rule::Derive(expr) if expr.reads().any(|name| name == catalog.parameter(id).key) => {
                        formula(spoken.candidate)
                    }
                    _ => None,
                })
                .unwrap_or_default(),
        }
    });
    (told.collect(), further)
}

/// The parameters that are emitted only while a condition on this one holds.
pub(super) fn gates(resolution: &Resolution<'_>, id: ParamId) -> Vec<String> {
    let catalog = resolution.catalog;
    let key = &catalog.parameter(id).key;
    let gated = catalog
        .parameters
        .iter()
        .filter(|parameter| parameter.when.as_ref().is_some_and(|when| when.reads().any(|name| name == key)));
    gated.map(|parameter| parameter.key.to_string()).collect()
}
