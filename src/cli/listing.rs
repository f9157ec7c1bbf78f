//! `list-presets`, `list-modifiers`, `list-adapters`, `list-parameters`, `describe-preset`.

use super::args::{Describe, ListFormat};
use super::session::{Failure, Session};
use super::{Exit, Outcome};
use crate::catalog::{Catalog, Parameter, Rule};
use crate::compile::{Request, compile};
use crate::model::Channel;
use crate::render::wrap;
use serde_json::{Map, Value, json};
use unicode_width::UnicodeWidthStr as _;

pub(super) fn presets(session: &mut Session, format: ListFormat) -> Outcome {
    let catalog = session.catalog()?;
    let presets = catalog.preset_summaries();
    match format {
        ListFormat::Json => session.terminal.out_json(&presets)?,
        ListFormat::Text => {
            let widest = presets.iter().map(|preset| preset.name.width()).max().unwrap_or(0);
            let mut text = String::new();
            for preset in &presets {
                row(&mut text, &preset.name, widest, &preset.throughput_range.description, session.terminal.width);
                text.push_str(&format!("      {}\n", wrap(&preset.description, session.terminal.width, 6)));
            }
            session.terminal.out(&text)?;
        }
    }
    Ok(Exit::Done)
}

pub(super) fn modifiers(session: &mut Session, format: ListFormat) -> Outcome {
    let catalog = session.catalog()?;
    match format {
        ListFormat::Json => {
            let modifiers: Vec<Value> = catalog
                .modifiers
                .values()
                .map(|modifier| json!({ "name": modifier.name, "description": modifier.description, "rationale": modifier.rationale }))
                .collect();
            session.terminal.out_json(&modifiers)?;
        }
        ListFormat::Text => {
            let rows = catalog
                .modifiers
                .values()
                .map(|modifier| (modifier.name.to_string(), modifier.description.to_string()));
            session.terminal.out(&table(rows, session.terminal.width))?;
        }
    }
    Ok(Exit::Done)
}

pub(super) fn adapters(session: &mut Session, format: ListFormat) -> Outcome {
    let catalog = session.catalog()?;
    let kind = |sdk: bool| if sdk { "sdk" } else { "platform" };
    match format {
        ListFormat::Json => {
            let adapters: Vec<Value> = catalog
                .adapters
                .iter()
                .map(|adapter| {
                    json!({
                        "name": adapter.name,
                        "kind": kind(adapter.sdk),
                        "title": adapter.title,
                        "language": adapter.language,
                        "files": adapter.outputs.iter().map(|output| output.file.as_ref()).collect::<Vec<_>>(),
                    })
                })
                .collect();
            session.terminal.out_json(&adapters)?;
        }
        ListFormat::Text => {
            let rows = catalog
                .adapters
                .iter()
                .map(|adapter| (adapter.name.to_string(), format!("{}: {}", kind(adapter.sdk), adapter.title)));
            session.terminal.out(&table(rows, session.terminal.width))?;
        }
    }
    Ok(Exit::Done)
}

pub(super) fn parameters(session: &mut Session, format: ListFormat) -> Outcome {
    let catalog = session.catalog()?;
    match format {
        ListFormat::Json => {
            let parameters: Vec<Value> = catalog.parameters.iter().map(parameter_json).collect();
            session.terminal.out_json(&parameters)?;
        }
        ListFormat::Text => {
            let mut text = String::new();
            let mut group = None;
            let widest = catalog.parameters.iter().map(|parameter| parameter.key.width()).max().unwrap_or(0).min(44);
            for parameter in &catalog.parameters {
                if group != Some(parameter.group) {
                    if group.is_some() {
                        text.push('\n');
                    }
                    group = Some(parameter.group);
                    text.push_str(&catalog.groups[parameter.group].title);
                    text.push('\n');
                }
                let about = format!(
                    "[{}, {}] {}",
                    parameter.class.as_str(),
                    parameter.value_type.as_str(),
                    parameter.summary.trim()
                );
                row(&mut text, &parameter.key, widest, &about, session.terminal.width);
            }
            session.terminal.out(&text)?;
        }
    }
    Ok(Exit::Done)
}

fn parameter_json(parameter: &Parameter) -> Value {
    let show =
        |value: &crate::model::Scalar| serde_json::to_value(parameter.value_type.show(value)).unwrap_or_default();
    let (default, derivation) = match &parameter.registry.rule {
        Rule::Set(value) => (show(value), None),
        Rule::Derive(expr) => (Value::Null, Some(expr.source().to_owned())),
    };
    let names: Map<String, Value> =
        parameter.outputs.iter().map(|(channel, name)| (channel.as_str().to_owned(), json!(name))).collect();
    json!({
        "key": parameter.key,
        "classification": parameter.class,
        "value_type": parameter.value_type,
        "unit": parameter.unit,
        "default": default,
        "derivation": derivation,
        "description": parameter.summary.trim(),
        "rationale": parameter.rationale.trim(),
        "constraints": {
            "min_value": parameter.min.as_ref().map(|min| show(&min.value)),
            "max_value": parameter.max.as_ref().map(|max| show(&max.value)),
            "allowed_values": parameter.allowed.as_ref().map(|allowed| allowed.value.iter().map(show).collect::<Vec<_>>()),
        },
        "outputs": Channel::ALL.iter().filter(|channel| parameter.output(**channel).is_some()).collect::<Vec<_>>(),
        "names": names,
        "versions": {
            "temporal": parameter.temporal.as_ref().map(ToString::to_string),
            "plugin": parameter.plugin.as_ref().map(ToString::to_string),
        },
        "locked": parameter.locked,
        "immutable": parameter.immutable,
        "source": parameter.source.trim(),
    })
}

pub(super) fn describe(session: &mut Session, options: &Describe) -> Outcome {
    let catalog: &'static Catalog = session.catalog()?;
    let request = Request { preset: options.preset.clone(), modifier: options.modifier.clone(), ..Request::default() };
    let described = compile(catalog, &request, "").and_then(|mut compilation| compilation.describe());
    let described = described.map_err(|faults| Failure::Refused(&catalog.sources, faults))?;
    match options.format {
        ListFormat::Json => session.terminal.out_json(&described)?,
        ListFormat::Text => {
            let width = session.terminal.width;
            let mut text = described.name.clone();
            if let Some(modifier) = &described.modifier {
                text.push_str(&format!(" + {modifier}"));
            }
            text.push_str(&format!("\n{}\n", wrap(&described.description, width, 0)));
            for (title, group) in [
                ("SLO: what you promise", &described.slo_params),
                ("Topology: what runs", &described.topology_params),
                ("Safety: what keeps the cluster up", &described.safety_params),
                ("Tuning: what keeps it fast and cheap", &described.tuning_params),
            ] {
                text.push_str(&format!("\n{title}\n"));
                for fact in group {
                    text.push_str(&format!("  {} = {}  ({})\n", fact.key, fact.shown, fact.layer));
                    text.push_str(&format!("      {}\n", wrap(&fact.why, width, 6)));
                }
            }
            text.push_str("\nA healthy cluster shows\n");
            for bound in &described.expected_bounds {
                let limits = match (bound.lower, bound.upper) {
                    (Some(lower), Some(upper)) => format!("between {lower} and {upper}"),
                    (Some(lower), None) => format!("at least {lower}"),
                    (None, Some(upper)) => format!("at most {upper}"),
                    (None, None) => String::new(),
                };
                let metric = catalog.metrics.iter().find(|metric| metric.name == bound.metric);
                let unit = metric.map_or("", |metric| metric.unit.as_ref());
                text.push_str(&format!("  {} {limits} {unit} ({} over the window)\n", bound.metric, bound.aggregate));
            }
            session.terminal.out(&text)?;
        }
    }
    Ok(Exit::Done)
}

/// Two columns: a name, and what there is to say about it.
fn table(rows: impl Iterator<Item = (String, String)>, width: usize) -> String {
    let rows: Vec<(String, String)> = rows.collect();
    let widest = rows.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, about) in &rows {
        row(&mut text, name, widest, about, width);
    }
    text
}

fn row(text: &mut String, name: &str, widest: usize, about: &str, width: usize) {
    let indent = 2 + widest + 2;
    text.push_str("  ");
    text.push_str(name);
    // Beside a long name, or in a narrow terminal, what there is to say has a line of its own.
    if name.width() > widest || indent + 50 > width {
        text.push_str("\n      ");
        text.push_str(&wrap(about, width, 6));
    } else {
        text.push_str(&" ".repeat(widest - name.width() + 2));
        text.push_str(&wrap(about, width, indent));
    }
    text.push('\n');
}
