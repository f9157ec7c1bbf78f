//! Random catalogs, compiled by the compiler and computed here, without it: order, layers, cycles, determinism.

use crate::strategies::{CLOCK, refused};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseResult;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use tdsql::catalog::Catalog;
use tdsql::compile::{Compilation, Given, Request, compile};
use tdsql::diag::{Code, Diagnostics};
use tdsql::loader::{DataSet, Depth};
use tdsql::model::{Scalar, Source};

/// The preset that the other extends, the one that extends it, and the modifier.
const LAYERS: [&str; 3] = ["ground", "peak", "twist"];

#[derive(Debug, Clone, Copy)]
enum Operation {
    Add,
    Subtract,
    Multiply,
    Max,
    Min,
}

/// An expression over ints.
#[derive(Debug, Clone)]
enum Tree {
    Number(i64),
    Read(usize),
    Base,
    Apply(Operation, Box<[Tree; 2]>),
    /// If the first is less than the second the third, else the fourth.
    Choose(Box<[Tree; 4]>),
}

impl Tree {
    fn parts(&self) -> &[Tree] {
        match self {
            Tree::Number(_) | Tree::Read(_) | Tree::Base => &[],
            Tree::Apply(_, parts) => parts.as_slice(),
            Tree::Choose(parts) => parts.as_slice(),
        }
    }

    fn reads(&self) -> BTreeSet<usize> {
        let own = if let Tree::Read(index) = self { Some(*index) } else { None };
        own.into_iter().chain(self.parts().iter().flat_map(Tree::reads)).collect()
    }

    fn reads_base(&self) -> bool {
        matches!(self, Tree::Base) || self.parts().iter().any(Tree::reads_base)
    }

    /// The same, reading only parameters of lower numbers, and `base` only where there is one.
    fn grounded(self, below: usize, base: bool) -> Tree {
        match self {
            Tree::Read(index) if below > 0 => Tree::Read(index % below),
            Tree::Read(index) => Tree::Number(index as i64),
            Tree::Base if !base => Tree::Number(7),
            Tree::Number(_) | Tree::Base => self,
            Tree::Apply(operation, parts) => {
                Tree::Apply(operation, Box::new(parts.map(|part| part.grounded(below, base))))
            }
            Tree::Choose(parts) => Tree::Choose(Box::new(parts.map(|part| part.grounded(below, base)))),
        }
    }

    fn text(&self) -> String {
        match self {
            Tree::Number(number) if *number < 0 => format!("({number})"),
            Tree::Number(number) => number.to_string(),
            Tree::Read(index) => key(*index),
            Tree::Base => "base".to_owned(),
            Tree::Apply(operation, parts) => {
                let [left, right] = [parts[0].text(), parts[1].text()];
                match operation {
                    Operation::Add => format!("({left} + {right})"),
                    Operation::Subtract => format!("({left} - {right})"),
                    Operation::Multiply => format!("({left} * {right})"),
                    Operation::Max => format!("max({left}, {right})"),
                    Operation::Min => format!("min({left}, {right})"),
                }
            }
            Tree::Choose(parts) => {
                let [a, b, then, otherwise] = parts.each_ref().map(Tree::text);
                format!("if({a} < {b}, {then}, {otherwise})")
            }
        }
    }

    /// The value; none where a number leaves its range. Every part is evaluated, chosen or not.
    fn value(&self, read: &dyn Fn(usize) -> i64, base: i64) -> Option<i64> {
        match self {
            Tree::Number(number) => Some(*number),
            Tree::Read(index) => Some(read(*index)),
            Tree::Base => Some(base),
            Tree::Apply(operation, parts) => {
                let (left, right) = (parts[0].value(read, base)?, parts[1].value(read, base)?);
                match operation {
                    Operation::Add => left.checked_add(right),
                    Operation::Subtract => left.checked_sub(right),
                    Operation::Multiply => left.checked_mul(right),
                    Operation::Max => Some(left.max(right)),
                    Operation::Min => Some(left.min(right)),
                }
            }
            Tree::Choose(parts) => {
                let parts = parts.each_ref().map(|part| part.value(read, base));
                let [a, b, then, otherwise] = [parts[0]?, parts[1]?, parts[2]?, parts[3]?];
                Some(if a < b { then } else { otherwise })
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Rule {
    Set(i64),
    Derive(Tree),
}

#[derive(Debug, Clone)]
struct Node {
    registry: Rule,
    /// What each of [`LAYERS`] says.
    layers: [Option<Rule>; 3],
    over: Option<i64>,
    /// Least and greatest value, where every rule is an expression.
    bounds: Option<(i64, i64)>,
    /// Where it stands in its file.
    place: u64,
}

/// A catalog and what is compiled from it.
#[derive(Debug, Clone)]
struct World {
    nodes: Vec<Node>,
    /// Whether the preset that extends the other is chosen.
    peak: bool,
    twist: bool,
}

/// What must come of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Value(i64),
    Fault(Code),
    /// It reads something that has no value, and is not to blame.
    Blind,
}

fn key(index: usize) -> String {
    if index.is_multiple_of(3) { format!("left.n{index}") } else { format!("n{index}") }
}

impl World {
    /// The layers that speak on a parameter, lowest first.
    fn spoken(&self, index: usize) -> Vec<(Source, Rule)> {
        let node = &self.nodes[index];
        let source = if matches!(node.registry, Rule::Set(_)) { Source::Default } else { Source::Derived };
        let mut spoken = vec![(source, node.registry.clone())];
        let heard = [true, self.peak, self.twist];
        for (position, rule) in node.layers.iter().enumerate() {
            let source = if position == 2 { Source::Modifier } else { Source::Preset };
            spoken.extend(rule.clone().filter(|_| heard[position]).map(|rule| (source, rule)));
        }
        spoken.extend(node.over.map(|value| (Source::Override, Rule::Set(value))));
        spoken
    }

    /// What these layers give, with these values of all else.
    fn level(spoken: &[(Source, Rule)], outcomes: &[Outcome]) -> Outcome {
        let reads_base = |rule: &Rule| matches!(rule, Rule::Derive(tree) if tree.reads_base());
        let below = spoken.iter().rev().take_while(|(_, rule)| reads_base(rule)).count();
        let active = &spoken[spoken.len() - 1 - below..];
        let read = |index: usize| match outcomes[index] {
            Outcome::Value(value) => Some(value),
            Outcome::Fault(_) | Outcome::Blind => None,
        };
        for (_, rule) in active {
            if let Rule::Derive(tree) = rule
                && tree.reads().into_iter().any(|index| read(index).is_none())
            {
                return Outcome::Blind;
            }
        }
        let mut base = 0;
        for (_, rule) in active {
            let value = match rule {
                Rule::Set(value) => Some(*value),
                Rule::Derive(tree) => tree.value(&|index| read(index).expect("checked above"), base),
            };
            match value {
                Some(value) => base = value,
                None => return Outcome::Fault(Code::ExpressionFailed),
            }
        }
        Outcome::Value(base)
    }

    fn outcomes(&self) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(self.nodes.len());
        for (index, node) in self.nodes.iter().enumerate() {
            let outcome = match (World::level(&self.spoken(index), &outcomes), node.bounds) {
                (Outcome::Value(value), Some((least, greatest))) if !(least..=greatest).contains(&value) => {
                    Outcome::Fault(Code::ConstraintViolation)
                }
                (outcome, _) => outcome,
            };
            outcomes.push(outcome);
        }
        outcomes
    }

    /// The catalog's files, with parameters in the order of their places.
    fn files(&self) -> DataSet {
        let mut files = DataSet::empty();
        files.insert(
            "registry/registry.toml",
            "format = 1\ndefault_preset = \"peak\"\nsurfaced_limit = 15\nvariable_prefixes = [\"X_\"]\n\
             [temporal]\ndefault = \"1.0.0\"\nsupported = \">=1.0.0\"\n\
             [plugin]\ndefault = \"1.0.0\"\nsupported = \">=1.0.0\"\n",
        );
        files.insert("templates/explain/why.md.j2", "From {{ preset.name }}, {{ inputs | length }} inputs.\n");
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        order.sort_by_key(|index| self.nodes[*index].place);
        for (file, name) in ["first", "second"].into_iter().enumerate() {
            let mut text = format!("title = \"The {name}\"\norder = {file}\n");
            for index in order.iter().filter(|index| *index % 2 == file) {
                let node = &self.nodes[*index];
                let _ = write!(text, "\n[[parameter]]\nkey = {:?}\nclass = \"tuning\"\ntype = \"int\"\n", key(*index));
                let _ = match &node.registry {
                    Rule::Set(value) => writeln!(text, "default = {value}"),
                    Rule::Derive(tree) => writeln!(text, "derive = '{}'", tree.text()),
                };
                if let Some((least, greatest)) = node.bounds {
                    let _ = writeln!(text, "min = {least}\nmax = {greatest}");
                }
                text.push_str("outputs = { dynamic_config = \"");
                let _ = write!(text, "out.n{index}");
                text.push_str("\" }\nsummary = \"A number.\"\nrationale = \"Drawn by lot.\"\nsource = \"test\"\n");
            }
            files.insert(format!("registry/parameters/{name}.toml"), text);
        }
        for (layer, name) in LAYERS.into_iter().enumerate() {
            let (mut set, mut derive, mut because) = (String::new(), String::new(), String::new());
            for index in order.iter().copied() {
                let key = key(index);
                let _ = match &self.nodes[index].layers[layer] {
                    None => Ok(()),
                    Some(Rule::Set(value)) => writeln!(set, "{key} = {value}"),
                    Some(Rule::Derive(tree)) => writeln!(derive, "{key} = '{}'", tree.text())
                        .and_then(|()| writeln!(because, "{key} = \"Drawn by lot.\"")),
                };
            }
            let folder = if layer == 2 { "modifiers" } else { "presets" };
            let head = match layer {
                0 => "throughput = { min = 0, description = \"any\" }\n",
                1 => "extends = \"ground\"\nthroughput = { min = 0, description = \"any\" }\n",
                _ => "",
            };
            let text = format!(
                "description = \"A layer.\"\nrationale = \"Drawn by lot.\"\n{head}\n\
                 [set]\n{set}\n[derive]\n{derive}\n[because]\n{because}"
            );
            files.insert(format!("{folder}/{name}.toml"), text);
        }
        files
    }

    fn catalog(&self) -> Result<Catalog, TestCaseError> {
        Catalog::link(self.files(), Depth::Check).map_err(|broken| refused(&broken.diagnostics))
    }

    fn request(&self) -> Request {
        let over = self.nodes.iter().enumerate().filter_map(|(index, node)| Some((index, node.over?)));
        Request {
            preset: LAYERS[usize::from(self.peak)].to_owned(),
            modifier: self.twist.then(|| LAYERS[2].to_owned()),
            given: over.map(|(index, value)| Given::new(key(index), Scalar::Int(value))).collect(),
            ..Request::default()
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let number = prop_oneof![
        20 => -50_i64..50,
        1 => select(vec![i64::MAX, i64::MAX - 1, -i64::MAX, 4_000_000_000, 4_000_000_000_000_000_000]),
    ];
    let leaf =
        prop_oneof![2 => number.prop_map(Tree::Number), 4 => (0_usize..64).prop_map(Tree::Read), 1 => Just(Tree::Base)];
    let operation =
        select(vec![Operation::Add, Operation::Subtract, Operation::Multiply, Operation::Max, Operation::Min]);
    leaf.prop_recursive(2, 16, 4, move |inner| {
        let two = (operation.clone(), inner.clone(), inner.clone());
        let four = (inner.clone(), inner.clone(), inner.clone(), inner);
        prop_oneof![
            4 => two.prop_map(|(operation, a, b)| Tree::Apply(operation, Box::new([a, b]))),
            1 => four.prop_map(|(a, b, c, d)| Tree::Choose(Box::new([a, b, c, d]))),
        ]
    })
}

fn rule() -> impl Strategy<Value = Rule> {
    prop_oneof![1 => (-100_i64..100).prop_map(Rule::Set), 3 => tree().prop_map(Rule::Derive)]
}

fn world(most: usize) -> impl Strategy<Value = World> {
    let layer = || option::weighted(0.3, rule());
    let bounds = option::weighted(0.2, (-5_000_i64..0, 0_i64..5_000));
    let node = (rule(), layer(), layer(), layer(), option::weighted(0.15, -100_i64..100), bounds, any::<u64>());
    (vec(node, 2..=most), any::<bool>(), any::<bool>()).prop_map(|(nodes, peak, twist)| {
        let nodes =
            nodes.into_iter().enumerate().map(|(index, (registry, ground, peak, twist, over, bounds, place))| {
                let grounded = |rule: Rule, base: bool| match rule {
                    Rule::Set(value) => Rule::Set(value),
                    Rule::Derive(tree) => Rule::Derive(tree.grounded(index, base)),
                };
                let registry = grounded(registry, false);
                let layers = [ground, peak, twist].map(|rule| rule.map(|rule| grounded(rule, true)));
                let derived = |rule: &Rule| matches!(rule, Rule::Derive(_));
                // A value beyond the bounds would be refused before anything is computed.
                let all = derived(&registry) && layers.iter().flatten().all(derived) && over.is_none();
                Node { registry, layers, over, bounds: bounds.filter(|_| all), place }
            });
        World { nodes: nodes.collect(), peak, twist }
    })
}

/// What was blamed: key and kind, each once.
fn blamed(faults: &Diagnostics) -> Vec<(String, Code)> {
    let mut blamed: Vec<(String, Code)> = faults
        .iter()
        .map(|fault| {
            let key = fault.facts.iter().find(|(name, _)| *name == "key").and_then(|(_, key)| key.as_str());
            (key.unwrap_or_default().to_owned(), fault.code)
        })
        .collect();
    blamed.sort();
    blamed
}

/// Layers and derivations give what an evaluation without the compiler gives: the last layer that speaks wins, an
/// expression reads final values, and `base` is what the layers below give (requirement R2.1). What cannot be computed
/// is blamed once, and what only reads it is not.
#[test]
fn synthetic_values_as_computed_by_hand() {
    crate::holds(file!(), 2 * crate::CASES, &world(12), |world| {
        let catalog = world.catalog()?;
        let outcomes = world.outcomes();
        let faults: Vec<(String, Code)> = outcomes
            .iter()
            .enumerate()
            .filter_map(|(index, outcome)| match outcome {
                Outcome::Fault(code) => Some((key(index), *code)),
                Outcome::Value(_) | Outcome::Blind => None,
            })
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let mut compilation = match compile(&catalog, &world.request(), CLOCK) {
            Ok(compilation) => compilation,
            Err(found) => {
                prop_assert_eq!(blamed(&found), faults);
                return Ok(());
            }
        };
        prop_assert!(faults.is_empty(), "not found: {:?}", faults);
        for traced in compilation.trace() {
            let index = (0..world.nodes.len()).find(|index| key(*index) == traced.parameter_key);
            let index = index.expect("no other parameter");
            let spoken = world.spoken(index);
            let Outcome::Value(value) = outcomes[index] else { unreachable!("without a fault all have values") };
            prop_assert_eq!(&traced.final_value, &Scalar::Int(value), "{}", key(index));
            let (source, _) = spoken[spoken.len() - 1];
            prop_assert_eq!(traced.source, source, "{}", key(index));
            prop_assert_eq!(traced.derivation_chain.len(), spoken.len(), "{:?}", &traced.derivation_chain);
            let base = match &spoken[..spoken.len() - 1] {
                [] => value,
                below => match World::level(below, &outcomes) {
                    Outcome::Value(base) => base,
                    Outcome::Fault(_) | Outcome::Blind => continue,
                },
            };
            prop_assert_eq!(&traced.base_value, &Scalar::Int(base), "{}", key(index));
        }
        Ok(())
    });
}

/// Every artifact of a compile, as one text.
fn bytes(mut compilation: Compilation<'_>) -> Result<String, TestCaseError> {
    let result = compilation.result().map_err(|faults| refused(&faults))?;
    serde_json::to_string_pretty(&result).map_err(|fault| TestCaseError::fail(fault.to_string()))
}

/// The same inputs and catalog give the same bytes (requirement R2.11), and the order in which a catalog's files have
/// their parameters changes no value.
#[test]
fn synthetic_order_does_not_matter() {
    let strategy = (world(12), vec(any::<u64>(), 12));
    crate::holds(file!(), crate::CASES, &strategy, |(world, places)| {
        let (catalog, again) = (world.catalog()?, world.catalog()?);
        let mut moved = world.clone();
        for (node, place) in moved.nodes.iter_mut().zip(places) {
            node.place = place;
        }
        let shuffled = moved.catalog()?;
        let request = world.request();
        let compiled = [&catalog, &again, &shuffled].map(|catalog| compile(catalog, &request, CLOCK));
        match compiled {
            [Ok(first), Ok(second), Ok(third)] => {
                let values = |compilation: &Compilation<'_>| -> BTreeMap<String, (Scalar, Source)> {
                    let parameters = compilation.profile();
                    parameters.params().map(|found| (found.key.clone(), (found.value.clone(), found.source))).collect()
                };
                prop_assert_eq!(values(&first), values(&third));
                prop_assert_eq!(bytes(first)?, bytes(second)?);
            }
            [Err(first), Err(second), Err(third)] => {
                prop_assert_eq!(&first, &second);
                prop_assert_eq!(blamed(&first), blamed(&third));
            }
            _ => prop_assert!(false, "the order decides whether it compiles"),
        }
        Ok(())
    });
}

/// Appends `+ key` to what the registry derives.
fn also_read(world: &mut World, reader: usize, read: usize) {
    let node = &mut world.nodes[reader];
    let before = match &node.registry {
        Rule::Set(value) => Tree::Number(*value),
        Rule::Derive(tree) => tree.clone(),
    };
    node.registry = Rule::Derive(Tree::Apply(Operation::Add, Box::new([before, Tree::Read(read)])));
}

fn registry_reads(world: &World, reader: usize, read: &str) -> bool {
    match &world.nodes[reader].registry {
        Rule::Set(_) => false,
        Rule::Derive(tree) => tree.reads().into_iter().any(|index| key(index) == read),
    }
}

/// A cycle is named as a chain in which each reads the next, at the place where the first does; a value for one of its
/// members resolves it (requirement R1.9: "dependency cycle (the whole cycle named)").
#[test]
fn synthetic_cycle_is_named() {
    // Of at most eight, so that a message names each.
    let strategy = (world(8), vec(any::<bool>(), 8));
    crate::holds(file!(), crate::CASES, &strategy, |(mut world, members)| {
        for node in &mut world.nodes {
            (node.layers, node.over, node.bounds) = ([None, None, None], None, None);
        }
        let mut chain: Vec<usize> = (0..world.nodes.len()).filter(|index| members[*index]).collect();
        if chain.is_empty() {
            chain.push(0);
        }
        for pair in chain.windows(2) {
            also_read(&mut world, pair[1], pair[0]);
        }
        let (lowest, highest) = (chain[0], chain[chain.len() - 1]);
        also_read(&mut world, lowest, highest);

        let catalog = world.catalog()?;
        let Err(faults) = compile(&catalog, &world.request(), CLOCK) else {
            return Err(TestCaseError::fail("the cycle was not noticed"));
        };
        let [fault] = faults.as_slice() else { return Err(refused(&faults)) };
        prop_assert_eq!(fault.code, Code::DependencyCycle);
        let mut named: Vec<&str> = fault.message.split('`').skip(1).step_by(2).collect();
        if let [alone] = named[..] {
            // One that reads itself is named once.
            named.push(alone);
        }
        prop_assert!(named.len() >= 2 && named.first() == named.last(), "{}", &fault.message);
        prop_assert!(named.contains(&key(lowest).as_str()), "the only way back is not in: {}", &fault.message);
        prop_assert_eq!(named[1..].iter().collect::<BTreeSet<_>>().len(), named.len() - 1, "{}", &fault.message);
        for pair in named.windows(2) {
            let reader = (0..world.nodes.len()).find(|index| key(*index) == pair[0]).expect("a parameter is named");
            prop_assert!(registry_reads(&world, reader, pair[1]), "`{}` does not read `{}`", pair[0], pair[1]);
        }
        let place = fault.primary.as_ref().map(|label| catalog.sources.snippet(label.span));
        prop_assert_eq!(place, Some(named[1]), "the place of the first reading");

        world.nodes[lowest].over = Some(1);
        resolves(&catalog, &world.request())
    });
}

/// Whether there is no cycle left; numbers may leave their range.
fn resolves(catalog: &Catalog, request: &Request) -> TestCaseResult {
    match compile(catalog, request, CLOCK) {
        Ok(_) => Ok(()),
        Err(faults) if faults.iter().all(|fault| fault.code == Code::ExpressionFailed) => Ok(()),
        Err(faults) => Err(refused(&faults)),
    }
}
