//! The embedded catalog as it was linked by the build script: reading and linking were most of a start.
//!
//! What is linked for a compile is frozen; what only judgement and checks need is linked when they ask. A catalog that
//! anything is laid over is linked anew.

use super::platform::Rollout;
use super::telemetry::Reads;
use super::templates;
use super::{
    Adapter, Candidate, Catalog, Category, EffectWords, Expect, Form, Grant, Group, Layer, Metric, Output, OutputField,
    ParamId, Parameter, ParsedTemplates, Placeholder, Platform, Prerequisite, Preset, Rail, Rule, Service, Target,
    Thresholds, Variable,
};
use crate::loader::{DataSet, Depth};
use crate::model::{Freeze, Freezer, Frozen, freeze};

impl Freeze for ParamId {
    fn freeze(&self, out: &mut Freezer) {
        self.0.freeze(out);
    }

    fn thaw(from: &mut Frozen) -> Option<Self> {
        u32::thaw(from).map(ParamId)
    }
}

impl Freeze for Rule {
    fn freeze(&self, out: &mut Freezer) {
        matches!(self, Rule::Derive(_)).freeze(out);
        match self {
            Rule::Set(value) => value.freeze(out),
            Rule::Derive(expression) => expression.freeze(out),
        }
    }

    fn thaw(from: &mut Frozen) -> Option<Self> {
        Some(if bool::thaw(from)? { Rule::Derive(Freeze::thaw(from)?) } else { Rule::Set(Freeze::thaw(from)?) })
    }
}

freeze!(Candidate { rule, span, because });
freeze!(Parameter {
    key,
    class,
    value_type,
    unit,
    registry,
    min,
    max,
    allowed,
    when,
    nullable,
    locked,
    immutable,
    temporal,
    plugin,
    outputs,
    fallback,
    images,
    effect,
    summary,
    rationale,
    source,
    group,
    span,
});
freeze!(Group { title });
freeze!(Layer { name, description, rationale, entries });
freeze!(Expect { metric, aggregate, at_least, at_most });
freeze!(Preset { layer, extends, throughput, expect });
freeze!(Rail {
    name, severity, summary, rationale, source, steps, when, steps_of_when, require, message, help, parameters,
} default { cases });
freeze!(Target { default, supported, lines });
freeze!(Variable { kind, summary, required, default, placeholder, images });
freeze!(OutputField { id, name, form, with, group });
freeze!(Output { file, template, per_service, select, fields, span });
freeze!(Form { name, text, template, span });
freeze!(Adapter { name, sdk, title, language, image, values, literals, forms, lacks, outputs });
freeze!(Reads: Gauge, Rate, Quantile);
freeze!(Metric { name, section, category, unit, better, summary, noise_floor, reads, query, absent, needs, mirror_of });
freeze!(Category { threshold_pct, critical_times, summary, span });
freeze!(Thresholds { tail, critical_floors, categories } default { cases });
freeze!(Service { name, replicas, ports, summary });
freeze!(Placeholder { name, summary });
freeze!(EffectWords { effect, title, summary });
freeze!(Rollout { connections, limit, order, at_once, one_by_one });
freeze!(Grant { actions, when });
freeze!(Prerequisite { name, kind, title, when, parameters, facts, steps, grants, rationale, source });
freeze!(Platform { services, images, placeholders, effects, rollout, prerequisites });

freeze!(Catalog {
    groups, parameters, presets, modifiers, rails, metrics, thresholds, variables, adapters, templates, default_preset,
    platform, temporal, plugin, variable_prefixes, highlights, digest,
} default {
    // Made by `thawed`, or when they are first asked for.
    sources, paths, by_key, ahead, parsed, carried, usual_order,
    // There are none where a catalog is frozen.
    warnings, laid_over,
    // What only other depths have.
    telemetry, redaction, settings, correlations, recommendations
});

/// The catalog of these files, if the build script linked just them and nothing more is asked for.
pub(super) fn thawed(files: &DataSet, depth: Depth) -> Option<Catalog> {
    let mut frozen = files.frozen().filter(|_| matches!(depth, Depth::Compile | Depth::Artifacts))?;
    // First, for they take longest to parse.
    let mut texts = frozen.part()?;
    let ahead = match depth {
        Depth::Artifacts => Some(ParsedTemplates::shipped(Freeze::thaw(&mut texts)?).ahead()),
        _ => None,
    };
    let mut catalog = Catalog { ahead, ..Catalog::thaw(&mut frozen)? };
    let numbered = catalog.parameters.iter().zip(0..);
    catalog.by_key = numbered.map(|(parameter, id)| (parameter.key.clone(), ParamId(id))).collect();
    // Their numbers are those of the build, as their order is.
    let count = files.len();
    catalog.sources.reserve(count);
    catalog.paths.reserve(count);
    for (path, text) in files.kept() {
        catalog.sources.add_built(path.into(), text.into());
        catalog.paths.push(path.into());
    }
    Some(catalog)
}

impl Catalog {
    /// What [`thawed`] reads: nothing where there is something to be told of the catalog.
    #[allow(dead_code, reason = "the build script freezes, the program thaws")]
    pub(crate) fn frozen(&self) -> Freezer {
        let mut out = Freezer::default();
        if self.warnings.is_empty() {
            out.part(&templates::texts(&self.adapters, &self.templates, &self.sources));
            self.freeze(&mut out);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Catalog, Keyed, link};
    use super::{Depth, Frozen, thawed};
    use crate::loader::DataSet;
    use crate::model::Freeze;

    /// Whether these bytes are a catalog.
    fn thaws(bytes: &'static [u8], texts: &'static str) -> bool {
        let mut frozen = Frozen { bytes, texts };
        frozen.part().and_then(|_| Catalog::thaw(&mut frozen)).is_some()
    }

    /// All that a catalog holds but where its keys are, which no order has, and the order that evaluations find.
    fn told(mut catalog: Catalog) -> String {
        let lost = catalog.ids().find(|id| catalog.find(&catalog.parameter(*id).key) != Some(*id));
        assert_eq!(lost, None, "every key leads to its parameter");
        catalog.by_key = Keyed::default();
        format!("{catalog:#?}")
    }

    #[test]
    fn what_is_frozen_is_what_is_linked() {
        let thawed = thawed(&DataSet::embedded(), Depth::Compile).expect("the shipped catalog is frozen");
        let linked = link::link(DataSet::embedded(), Depth::Compile).expect("the shipped catalog has no faults");
        let (thawed, linked) = (told(thawed), told(linked));
        let differs = thawed.lines().zip(linked.lines()).enumerate().find(|(_, (thawed, linked))| thawed != linked);
        assert_eq!(differs, None);
        assert_eq!(thawed.len(), linked.len());
    }

    #[test]
    fn what_is_laid_over_is_linked() {
        let mut files = DataSet::embedded();
        files.insert("presets/my-team.toml", "description = \"ours\"\nextends = \"mid-scale\"\n");
        assert!(thawed(&files, Depth::Compile).is_none());
        assert!(thawed(&DataSet::embedded(), Depth::Check).is_none(), "a check links more");
    }

    #[test]
    fn bytes_that_end_early_are_no_catalog() {
        let Frozen { bytes, texts } = DataSet::embedded().frozen().expect("the shipped catalog is frozen");
        assert!(thaws(bytes, texts));
        for end in (0..bytes.len()).step_by(997) {
            assert!(!thaws(&bytes[..end], texts), "{end} bytes");
        }
        for end in (0..texts.len()).step_by(997) {
            assert!(!thaws(bytes, &texts[..texts.floor_char_boundary(end)]), "{end} bytes of texts");
        }
    }
}
