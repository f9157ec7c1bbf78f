//! The embedded catalog as it was linked by the build script: reading and linking were most of a start.
//!
//! What is linked for a compile is frozen; what only judgement and checks need is linked when they ask. A catalog that
//! anything is laid over is linked anew.

use super::outside::Carried;
use super::platform::Rollout;
use super::telemetry::Reads;
use super::templates;
use super::{
    Adapter, AdapterTemplates, Candidate, Catalog, Category, EffectWords, Expect, Form, Grant, Group, Layer, Metric,
    Output, OutputField, ParamId, Parameter, Placeholder, Platform, Prerequisite, Preset, Rail, Redaction, Rule,
    ServerSettings, Service, Target, Telemetry, Thresholds, Variable,
};
use crate::diag::{Diagnostics, SourceMap};
use crate::loader::{DataSet, Depth};
use crate::model::{Freeze, Frozen, freeze};
use crate::threads::Ahead;
use std::collections::BTreeSet;
use std::sync::OnceLock;

impl Freeze for ParamId {
    fn freeze(&self, out: &mut Vec<u8>) {
        self.0.freeze(out);
    }

    fn thaw(from: &mut Frozen) -> Option<Self> {
        u32::thaw(from).map(ParamId)
    }
}

impl Freeze for Rule {
    fn freeze(&self, out: &mut Vec<u8>) {
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
freeze!(
    enum Reads {
        Gauge,
        Rate,
        Quantile,
    }
);
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

/// The catalog of these files, if the build script linked just them and nothing more is asked for.
pub(super) fn thawed(files: &DataSet, depth: Depth) -> Option<Catalog> {
    let frozen = if matches!(depth, Depth::Compile | Depth::Artifacts) { files.frozen() } else { &[] };
    let mut catalog = thaw(&mut Frozen(frozen), depth)?;
    let listed = files.clone().into_sources(&mut catalog.sources, &mut catalog.warnings);
    catalog.paths = listed.into_iter().map(|listed| listed.path).collect();
    Some(catalog)
}

impl Catalog {
    /// What [`thawed`] reads: nothing where there is something to be told of the catalog.
    #[allow(dead_code, reason = "the build script freezes, the program thaws")]
    pub(crate) fn frozen(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.warnings.is_empty() {
            return out;
        }
        // Nobody forgets a field here: there is no other place to say what becomes of it.
        let Catalog {
            sources,
            warnings: _,
            laid_over: _,
            paths: _,
            groups,
            parameters,
            by_key: _,
            carried: _,
            usual_order: _,
            presets,
            modifiers,
            rails,
            metrics,
            telemetry: _,
            thresholds,
            redaction: _,
            variables,
            settings: _,
            correlations: _,
            recommendations: _,
            adapters,
            templates,
            parsed: _,
            default_preset,
            platform,
            temporal,
            plugin,
            variable_prefixes,
            highlights,
            digest,
        } = self;
        // First, for they take longest to parse.
        templates::texts(adapters, templates, sources).freeze(&mut out);
        groups.freeze(&mut out);
        parameters.freeze(&mut out);
        presets.freeze(&mut out);
        modifiers.freeze(&mut out);
        rails.freeze(&mut out);
        metrics.freeze(&mut out);
        thresholds.freeze(&mut out);
        variables.freeze(&mut out);
        adapters.freeze(&mut out);
        templates.freeze(&mut out);
        default_preset.freeze(&mut out);
        platform.freeze(&mut out);
        temporal.freeze(&mut out);
        plugin.freeze(&mut out);
        variable_prefixes.freeze(&mut out);
        highlights.freeze(&mut out);
        digest.freeze(&mut out);
        out
    }
}

/// In the order of [`Catalog::frozen`].
fn thaw(from: &mut Frozen, depth: Depth) -> Option<Catalog> {
    let texts = Freeze::thaw(from)?;
    let parsed = if depth == Depth::Artifacts { AdapterTemplates::ahead(texts) } else { Ahead::default() };
    let groups = Freeze::thaw(from)?;
    let parameters: Vec<Parameter> = Freeze::thaw(from)?;
    let by_key = parameters.iter().zip(0..).map(|(parameter, id)| (parameter.key.clone(), ParamId(id))).collect();
    Some(Catalog {
        sources: SourceMap::default(),
        warnings: Diagnostics::default(),
        laid_over: BTreeSet::new(),
        paths: Vec::new(),
        groups,
        parameters,
        by_key,
        carried: Carried::default(),
        usual_order: OnceLock::new(),
        presets: Freeze::thaw(from)?,
        modifiers: Freeze::thaw(from)?,
        rails: Freeze::thaw(from)?,
        metrics: Freeze::thaw(from)?,
        telemetry: Telemetry::default(),
        thresholds: Freeze::thaw(from)?,
        redaction: Redaction::default(),
        variables: Freeze::thaw(from)?,
        settings: ServerSettings::default(),
        correlations: Vec::new(),
        recommendations: Vec::new(),
        adapters: Freeze::thaw(from)?,
        templates: Freeze::thaw(from)?,
        parsed,
        default_preset: Freeze::thaw(from)?,
        platform: Freeze::thaw(from)?,
        temporal: Freeze::thaw(from)?,
        plugin: Freeze::thaw(from)?,
        variable_prefixes: Freeze::thaw(from)?,
        highlights: Freeze::thaw(from)?,
        digest: Freeze::thaw(from)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Catalog, Keyed, link};
    use super::{Depth, Frozen, thaw, thawed};
    use crate::loader::DataSet;

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
        let frozen = DataSet::embedded().frozen();
        for end in (0..frozen.len()).step_by(997) {
            assert!(thaw(&mut Frozen(&frozen[..end]), Depth::Compile).is_none(), "{end} bytes");
        }
    }
}
