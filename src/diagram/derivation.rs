//! A resolution, read into a diagram.

use super::{Diagram, Kind, Node};
use crate::catalog::{Catalog, ParamId, Rail, Rule};
use crate::eval::Resolution;
use crate::model::{Severity, Source};
use std::collections::{BTreeMap, BTreeSet};

/// What a diagram shows.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Only what this parameter follows from, and what follows it.
    pub around: Option<ParamId>,
    /// How many steps from it; all where it is none.
    pub depth: Option<usize>,
    /// The guard rails too: those that read the parameter, or all; with those that fire, by name.
    pub rails: Option<BTreeMap<String, Severity>>,
}

/// The diagram of what decided each value: an edge leads from a value that an expression reads to the value that it gives.
#[must_use]
pub fn derivation(resolution: &Resolution<'_>, scope: &Scope) -> Diagram {
    let catalog = resolution.catalog;
    let reads: Vec<Vec<ParamId>> = catalog.ids().map(|id| reads(resolution, id)).collect();
    let shown: BTreeSet<usize> = match scope.around {
        None => catalog.ids().map(ParamId::index).collect(),
        Some(center) => around(&reads, center.index(), scope.depth.unwrap_or(usize::MAX)),
    };
    let number: BTreeMap<usize, usize> = shown.iter().enumerate().map(|(number, id)| (*id, number)).collect();
    let mut diagram =
        Diagram { title: title(resolution, scope), subtitle: subtitle(resolution, scope), ..Diagram::default() };
    for id in catalog.ids().filter(|id| shown.contains(&id.index())) {
        diagram.nodes.push(parameter(resolution, id, scope.around == Some(id)));
        let from = reads[id.index()].iter().filter_map(|read| number.get(&read.index()));
        diagram.edges.extend(from.map(|from| (*from, number[&id.index()])));
    }
    if let Some(fired) = &scope.rails {
        for rail in &catalog.rails {
            let of_rail = rail_reads(catalog, rail);
            if scope.around.is_some_and(|center| !of_rail.contains(&center)) {
                continue;
            }
            let to = diagram.nodes.len();
            diagram.nodes.push(rail_node(rail, fired.get(rail.name.as_ref()).copied()));
            diagram.edges.extend(of_rail.iter().filter_map(|id| Some((*number.get(&id.index())?, to))));
        }
    }
    diagram.edges.sort_unstable();
    diagram.edges.dedup();
    diagram
}

/// The parameters that the expressions behind a value read.
fn reads(resolution: &Resolution<'_>, id: ParamId) -> Vec<ParamId> {
    let read = resolution.formulas(id).flat_map(|expr| expr.reads().filter_map(|name| resolution.catalog.find(name)));
    read.collect::<BTreeSet<_>>().into_iter().collect()
}

fn rail_reads(catalog: &Catalog, rail: &Rail) -> BTreeSet<ParamId> {
    let steps = rail.steps.iter().map(|(_, step)| &step.value);
    let rest = rail.when.iter().map(|when| &when.value).chain([&rail.require.value]);
    let read = steps.chain(rest).flat_map(|expr| expr.reads().filter_map(|name| catalog.find(name)));
    read.chain(rail.parameters.iter().copied()).collect()
}

/// What a node follows from and what follows it, up to so many steps each way.
fn around(reads: &[Vec<ParamId>], center: usize, depth: usize) -> BTreeSet<usize> {
    let mut read_by = vec![Vec::new(); reads.len()];
    for (reader, read) in reads.iter().enumerate() {
        for id in read {
            read_by[id.index()].push(reader);
        }
    }
    let mut shown = BTreeSet::from([center]);
    let before = |node: usize| reads[node].iter().map(|id| id.index()).collect::<Vec<_>>();
    let after = |node: usize| read_by[node].clone();
    let ways: [&dyn Fn(usize) -> Vec<usize>; 2] = [&before, &after];
    for next in ways {
        let mut found = BTreeSet::from([center]);
        let mut edge = vec![center];
        for _ in 0..depth.min(reads.len()) {
            edge = edge.into_iter().flat_map(next).filter(|node| found.insert(*node)).collect();
            if edge.is_empty() {
                break;
            }
        }
        shown.extend(found);
    }
    shown
}

fn parameter(resolution: &Resolution<'_>, id: ParamId, focus: bool) -> Node {
    let parameter = resolution.catalog.parameter(id);
    let winner = resolution.winner(id);
    let decided_by = match (winner.source, winner.layer) {
        (source, "") => source.as_str().to_owned(),
        (Source::Override, layer) => layer.to_owned(),
        (source, layer) => format!("{} {layer}", source.as_str()),
    };
    let formula = match &winner.candidate.rule {
        Rule::Set(_) => None,
        Rule::Derive(expr) => Some(expr.source().to_owned()),
    };
    Node {
        id: parameter.key.to_string(),
        kind: Kind::Parameter(parameter.class),
        value: Some(resolution.shown(id)),
        unit: parameter.unit,
        decided_by: Some(decided_by),
        formula,
        summary: parameter.summary.trim().to_owned(),
        focus,
        set: winner.source == Source::Override,
    }
}

fn rail_node(rail: &Rail, fired: Option<Severity>) -> Node {
    let mut condition = rail.require.value.source().to_owned();
    if let Some(when) = &rail.when {
        condition = format!("{condition}, where {}", when.value.source());
    }
    Node {
        id: rail.name.to_string(),
        kind: Kind::Rail(fired),
        value: None,
        unit: None,
        decided_by: None,
        formula: Some(condition),
        summary: rail.summary.trim().to_owned(),
        focus: false,
        set: false,
    }
}

fn title(resolution: &Resolution<'_>, scope: &Scope) -> String {
    let inputs = &resolution.inputs;
    let mut of = inputs.preset.map_or("the registry's defaults", |preset| preset.layer.name.as_ref()).to_owned();
    if let Some(modifier) = inputs.modifier {
        of = format!("{of} + {}", modifier.name);
    }
    match scope.around {
        Some(id) => format!("{} of {of}", resolution.catalog.parameter(id).key),
        None => format!("Derivations of {of}"),
    }
}

fn subtitle(resolution: &Resolution<'_>, scope: &Scope) -> Vec<String> {
    let Some(id) = scope.around else { return Vec::new() };
    let parameter = resolution.catalog.parameter(id);
    let mut lines = vec![parameter.summary.trim().to_owned()];
    if let Rule::Derive(expr) = &resolution.winner(id).candidate.rule {
        lines.push(format!("= {}", expr.source()));
    }
    lines
}
