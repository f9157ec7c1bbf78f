//! A preset described: every parameter by class, and what a healthy cluster shows.

use super::Compilation;
use crate::diag::Diagnostics;
use crate::model::{Class, DescribedParameter, Fact, PresetDescription, ThroughputRange};

impl Compilation<'_> {
    /// What `describe-preset` says of this configuration.
    ///
    /// # Errors
    ///
    /// A bound that could not be evaluated.
    pub fn describe(&mut self) -> Result<PresetDescription, Diagnostics> {
        let expected_bounds = self.expected_bounds()?;
        let mut group = |class: Class| self.facts(class).into_iter().map(described).collect();
        let [slo_params, topology_params, safety_params, tuning_params] =
            [Class::Slo, Class::Topology, Class::Safety, Class::Tuning].map(&mut group);
        let inputs = &self.resolution.inputs;
        let preset = inputs.preset;
        Ok(PresetDescription {
            name: preset.map(|preset| preset.layer.name.to_string()).unwrap_or_default(),
            modifier: inputs.modifier.map(|modifier| modifier.name.to_string()),
            description: preset.map(|preset| preset.layer.description.to_string()).unwrap_or_default(),
            throughput_range: preset.map_or_else(
                || ThroughputRange { min_st_per_sec: 0.0, max_st_per_sec: None, description: String::new() },
                |preset| preset.throughput.clone(),
            ),
            slo_params,
            topology_params,
            safety_params,
            tuning_params,
            expected_bounds,
        })
    }
}

fn described(fact: Fact) -> DescribedParameter {
    DescribedParameter {
        key: fact.key,
        value: fact.value,
        value_type: fact.value_type,
        unit: fact.unit,
        classification: fact.classification,
        source: fact.source,
        description: fact.description,
        rationale: fact.rationale,
        shown: fact.shown,
        layer: fact.layer,
        why: fact.why,
    }
}
