//! The compiled profile that was deployed, and what it says of the other parts.

use super::Reading;
use super::dynamic_config::everywhere;
use super::section::Section;
use crate::catalog::{Catalog, Parameter};
use crate::diag::{Code, Span};
use crate::inputs::{hidden, parse_typed};
use crate::model::behaviour::DynamicConfigEntry;
use crate::model::{Channel, ConfigProfile, ResolvedParameter};

/// Reads a profile, JSON or YAML.
pub(super) fn read(reading: &mut Reading<'_>, name: &str, text: &str) -> Option<ConfigProfile> {
    // Its text is nothing to show: what a person set may stand in it.
    let file = reading.sources.add(name, hidden(text));
    match parse_typed(text) {
        Ok(profile) => Some(reading.redactor.profile(profile)),
        Err(unfit) => {
            let message = format!("not a compiled profile: {}", unfit.message);
            let help = "give the `profile.json` that `tdsql compile -o DIR` wrote";
            reading.fault(Code::InvalidValue, Span::point(file, unfit.at), message, help);
            None
        }
    }
}

/// The parameters that a profile has on a channel, with the names that they have there.
fn outputs<'p>(
    catalog: &'p Catalog,
    profile: &'p ConfigProfile,
    channel: Channel,
) -> impl Iterator<Item = (&'p Parameter, &'p str, &'p ResolvedParameter)> {
    // In the order of the catalog, as artifacts are.
    catalog.ids().filter_map(move |id| {
        let parameter = catalog.parameter(id);
        Some((parameter, parameter.output(channel)?, profile.get_param(&parameter.key)?))
    })
}

/// Fills a section with what was compiled.
pub(super) fn fill(catalog: &Catalog, profile: &ConfigProfile, channel: Channel, section: &mut Section) {
    for (parameter, output, resolved) in outputs(catalog, profile, channel) {
        // What is nullable and not emitted does not apply.
        if !resolved.emitted && (parameter.nullable || channel != Channel::DsqlPlugin) {
            continue;
        }
        if let Ok(value) = parameter.value_type.read(&resolved.value) {
            section.set(output, parameter.value_type, &value);
        }
    }
}

/// The entries of the file that was compiled.
pub(super) fn dynamic_config(catalog: &Catalog, profile: &ConfigProfile) -> Vec<DynamicConfigEntry> {
    let emitted = outputs(catalog, profile, Channel::DynamicConfig).filter(|(_, _, resolved)| resolved.emitted);
    emitted
        .filter_map(|(_, output, resolved)| Some(everywhere(output, serde_json::to_value(&resolved.value).ok()?)))
        .collect()
}
