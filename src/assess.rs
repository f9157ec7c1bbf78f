//! The health of a cluster in one document: drift from its baseline, what explains it, conformance to its preset, and what to
//! do.
//!
//! Pure over two profiles. Shown at work by `tests/it/cli_assess.rs`.

use crate::catalog::Catalog;
use crate::compare::{Thresholds, config_diffs, telemetry_diffs};
use crate::conformance::conformance;
use crate::correlate::correlate;
use crate::diag::Diagnostics;
use crate::drift::{Current, drift};
use crate::model::behaviour::{
    Assessment, BehaviourProfile, ConformanceLabel, ConformanceReport, DriftLabel, DriftReport, Health,
};
use crate::recommend::recommend_in;
use crate::situation::Situation;

/// Assesses a profile against its baseline, where there is one. What cannot be told is a note, and never health.
///
/// # Errors
///
/// If there is no such preset.
pub fn assess(
    catalog: &Catalog,
    baseline: Option<&BehaviourProfile>,
    profile: &BehaviourProfile,
    preset: Option<&str>,
    thresholds: &Thresholds,
) -> Result<Assessment, Diagnostics> {
    if let Some(preset) = preset {
        catalog.preset(preset).map_err(|fault| Diagnostics::from(*fault))?;
    }
    let mut notes = Vec::new();
    let held = baseline.filter(|baseline| baseline.id != profile.id);
    if held.is_none() {
        let why = if profile.is_baseline { "the profile is the baseline itself" } else { "there is no baseline" };
        notes.push(format!("{why}: drift and its causes cannot be told"));
    }
    let mut situation = Situation::new(catalog, held, profile, preset);
    let drift = held.map(|baseline| drift(catalog, baseline, Current::from(profile), thresholds));
    let correlations = held.map(|baseline| {
        let (config, _) = config_diffs(catalog, baseline, profile);
        let telemetry = telemetry_diffs(catalog, &baseline.telemetry, &profile.telemetry, thresholds);
        correlate(catalog, &config, &telemetry, situation.as_mut().ok())
    });
    let mut told = |what: &str, faults: &Diagnostics| notes.push(format!("{what}: {}", reasons(faults)));
    let conformance =
        conformance(catalog, profile, preset).inspect_err(|faults| told("conformance cannot be told", faults)).ok();
    let recommendations = match &mut situation {
        Ok(situation) => Some(recommend_in(situation, profile.id)?),
        Err(faults) => {
            told("nothing can be recommended", faults);
            None
        }
    };
    Ok(Assessment {
        health: health(drift.as_ref(), conformance.as_ref()),
        cluster_id: profile.cluster_id.clone(),
        namespace: profile.namespace.clone(),
        profile_id: Some(profile.id),
        baseline_id: held.map(|baseline| baseline.id),
        time_window_start: profile.time_window_start,
        time_window_end: profile.time_window_end,
        drift,
        correlations,
        conformance,
        recommendations,
        notes,
    })
}

fn health(drift: Option<&DriftReport>, conformance: Option<&ConformanceReport>) -> Health {
    match (drift.map(|report| report.label), conformance.map(|report| report.label)) {
        (Some(DriftLabel::Drifted), Some(ConformanceLabel::Drifted)) => Health::DriftedAndNotConforming,
        (Some(DriftLabel::Drifted), _) => Health::Drifted,
        (_, Some(ConformanceLabel::Drifted)) => Health::NotConforming,
        (Some(DriftLabel::Steady), Some(ConformanceLabel::Conforming)) => Health::Healthy,
        _ => Health::Inconclusive,
    }
}

/// Why something cannot be told, and what helps, in one line.
fn reasons(faults: &Diagnostics) -> String {
    let reasons = faults.iter().map(|fault| match &fault.help {
        Some(help) if !help.is_empty() => format!("{} ({help})", fault.message),
        _ => fault.message.clone(),
    });
    reasons.collect::<Vec<_>>().join("; ")
}
