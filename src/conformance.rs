//! Whether a behaviour profile is what a preset promises: its `[[expect]]` bounds against what was measured.
//!
//! Shown at work by the property P21.

use crate::catalog::Catalog;
use crate::compile::{Compilation, Request, again, compile};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::model::TelemetryBound;
use crate::model::behaviour::{
    BehaviourProfile, BoundsBasis, Conformance, ConformanceLabel, ConformanceReport, GapState, MetricAggregate,
    MetricConformance,
};

/// Holds a profile against a preset; against the one that it was compiled from, where none is named. The bounds follow the
/// inputs of the profile's own compiled configuration where that is of the preset, else the preset's defaults.
///
/// # Errors
///
/// If there is no such preset, or none is named and none is known; else every bound that could not be evaluated.
pub fn conformance(
    catalog: &Catalog,
    profile: &BehaviourProfile,
    preset: Option<&str>,
) -> Result<ConformanceReport, Diagnostics> {
    let own = profile.config_snapshot.config_profile.as_ref();
    let Some(preset) = preset.or(own.map(|own| own.preset_name.as_str())) else {
        return Err(Diagnostics::from(
            Diagnostic::error(
                Code::UnknownPreset,
                format!("the profile `{}` does not say which preset it was compiled from", profile.id),
            )
            .help(format!(
                "name the preset; there are {}",
                catalog.presets.keys().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
            )),
        ));
    };
    catalog.preset(preset).map_err(|fault| Diagnostics::from(*fault))?;
    let mut notes = Vec::new();
    let mut compiled: Option<Compilation<'_>> = None;
    match own {
        Some(own) if own.preset_name == preset => {
            let (request, left_out) = again(catalog, own);
            notes.extend(left_out.into_iter().map(|notice| notice.message));
            match compile(catalog, &request, "") {
                Ok(compilation) => compiled = Some(compilation),
                Err(faults) => {
                    let why = faults.iter().next().map(|fault| fault.message.clone()).unwrap_or_default();
                    notes.push(format!(
                        "the profile's own configuration does not compile with this catalog ({why}): the bounds are those of the preset's defaults"
                    ));
                }
            }
        }
        Some(own) => notes.push(format!(
            "the profile was compiled from `{}`, not from `{preset}`: the bounds are those of the preset's defaults",
            own.preset_name
        )),
        None => notes.push(
            "the profile has no compiled configuration: the bounds are those of the preset's defaults".to_owned(),
        ),
    }
    let (basis, mut compiled) = match compiled {
        Some(compiled) => (BoundsBasis::Profile, compiled),
        None => {
            let request = Request { preset: preset.to_owned(), ..Request::default() };
            (BoundsBasis::PresetDefaults, compile(catalog, &request, "")?)
        }
    };
    let bounds = compiled.expected_bounds()?;
    if bounds.is_empty() {
        notes.push(format!("`{preset}` bounds no metric"));
    }
    let mut metrics: Vec<MetricConformance> = bounds.into_iter().map(|bound| hold(catalog, profile, bound)).collect();
    metrics.sort_by_key(|metric| metric.outcome);
    let modifier = own.filter(|_| basis == BoundsBasis::Profile).and_then(|own| own.modifier.clone());
    Ok(ConformanceReport {
        profile_id: Some(profile.id),
        preset: preset.to_owned(),
        modifier,
        label: label(&metrics),
        basis,
        metrics,
        notes,
    })
}

/// The worst outcome decides; where nothing is bounded, nothing is known.
fn label(metrics: &[MetricConformance]) -> ConformanceLabel {
    match metrics.iter().map(|metric| metric.outcome).min() {
        Some(Conformance::Fail) => ConformanceLabel::Drifted,
        Some(Conformance::Pass) => ConformanceLabel::Conforming,
        Some(Conformance::Gap) | None => ConformanceLabel::Inconclusive,
    }
}

fn hold(catalog: &Catalog, profile: &BehaviourProfile, bound: TelemetryBound) -> MetricConformance {
    let TelemetryBound { metric, aggregate, lower, upper } = bound;
    let known = catalog.metrics.iter().find(|known| known.name == metric);
    let found = match known {
        Some(known) => profile.telemetry.section(known.section).get(&metric),
        None => profile.telemetry.get(&metric),
    };
    let absent = || MetricAggregate::gap(GapState::Absent, "the profile does not have the metric");
    let (value, gap) = match found.cloned().unwrap_or_else(absent) {
        MetricAggregate::Measured(statistics) => (statistics.get(&aggregate), None),
        MetricAggregate::Gap(gap) => (None, Some(gap)),
    };
    let outcome = match value {
        None => Conformance::Gap,
        Some(value) if lower.is_some_and(|lower| value < lower) => Conformance::Fail,
        Some(value) if upper.is_some_and(|upper| value > upper) => Conformance::Fail,
        Some(_) => Conformance::Pass,
    };
    let unit = known.map(|known| known.unit.clone()).unwrap_or_default();
    MetricConformance { metric, aggregate, value, lower, upper, unit: unit.into_owned(), outcome, gap }
}
