//! Proof that nothing is emitted that a server ignores or cannot read.

use super::{Parameter, Target};
use crate::diag::{Code, Diagnostic, Diagnostics, FileId, Span, nearest};
use crate::loader::Records;
use crate::loader::records::{RawPrefix, RawSetting};
use crate::model::{Channel, ValueType};
use semver::VersionReq;
use std::collections::HashMap;

/// Checks every dynamic-config output against the settings that each version line registers. The server compares keys
/// without case; we ask for the server's own spelling, because people search for it.
pub(super) fn check(
    diags: &mut Diagnostics,
    parameters: &[Parameter],
    temporal: &Target,
    records: &Records,
    manifest: FileId,
) {
    let settings: HashMap<&str, &RawSetting> =
        records.settings.iter().map(|setting| (setting.key.as_str(), setting)).collect();
    if temporal.lines.is_empty() {
        diags.push(
            Diagnostic::error(Code::MissingField, "the registry names no version lines")
                .at(Span::new(manifest, 0..0), "in `[temporal]`")
                .help("add `lines = { \"1.29\" = \">=1.29.0, <1.30.0\" }`, one for each line that settings name"),
        );
    }
    for parameter in parameters {
        let Some(name) = parameter.output(Channel::DynamicConfig) else { continue };
        let Some(setting) = settings.get(name) else {
            // Of some families only the prefix is known.
            if records
                .prefixes
                .iter()
                .any(|known| name.starts_with(known.prefix.as_str()) && known.covers(parameter, temporal))
            {
                continue;
            }
            let help = match nearest(name, settings.keys().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "see registry/settings/ for what servers register".to_owned(),
            };
            diags.push(
                Diagnostic::error(Code::UnregisteredSetting, format!("no supported server registers `{name}`"))
                    .at(parameter.span, "servers would ignore it in silence")
                    .help(help),
            );
            continue;
        };
        if !fits(parameter.value_type, &setting.value_type) {
            diags.push(
                Diagnostic::error(
                    Code::SettingType,
                    format!(
                        "the server reads `{name}` as {}, not as {}",
                        setting.value_type,
                        parameter.value_type.as_str()
                    ),
                )
                .at(parameter.span, "the server would warn and take its default")
                .help(format!("give the parameter the type of the setting, {}", setting.value_type)),
            );
        }
        for (line, range) in &temporal.lines {
            let registered = setting.lines.as_ref().is_none_or(|lines| lines.contains(line));
            if !registered && takes_any(parameter.temporal.as_ref(), range) {
                diags.push(
                    Diagnostic::error(
                        Code::UnregisteredSetting,
                        format!("servers of the {line} line do not register `{name}`"),
                    )
                    .at(parameter.span, format!("emitted for {line} as well"))
                    .help("narrow `temporal` to the versions that register it"),
                );
            }
        }
    }
}

impl RawPrefix {
    /// Whether every line that the parameter is emitted for has this prefix.
    fn covers(&self, parameter: &Parameter, temporal: &Target) -> bool {
        let Some(lines) = &self.lines else { return true };
        temporal
            .lines
            .iter()
            .all(|(line, range)| lines.contains(line) || !takes_any(parameter.temporal.as_ref(), range))
    }
}

/// Whether a value of this type is what the server's type takes without a warning.
fn fits(value_type: ValueType, setting: &str) -> bool {
    match setting {
        "bool" | "typed:bool-or-gradual-change" => value_type == ValueType::Bool,
        "int" | "typed:int-or-gradual-change" => value_type == ValueType::Int,
        "float" => matches!(value_type, ValueType::Float | ValueType::Int),
        "string" | "typed:template-string" => value_type == ValueType::Str,
        "duration" => value_type == ValueType::Duration,
        // Known by name only: nothing to compare with.
        "unknown" => true,
        _ => false,
    }
}

/// Whether a parameter's range takes any version of a line. A line is one minor version, so two of its versions tell.
fn takes_any(range: Option<&VersionReq>, line: &VersionReq) -> bool {
    let Some(range) = range else { return true };
    line.comparators
        .iter()
        .filter(|bound| matches!(bound.op, semver::Op::GreaterEq))
        .map(|bound| semver::Version::new(bound.major, bound.minor.unwrap_or(0), bound.patch.unwrap_or(0)))
        .flat_map(|first| [first.clone(), semver::Version::new(first.major, first.minor, 99)])
        .any(|version| range.matches(&version))
}
