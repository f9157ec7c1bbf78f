//! `tdsql sweep`.

use super::args::{Sweep as Options, SweepFormat};
use super::session::{Failure, Session};
use super::subject::{self, Subject};
use super::{Exit, Outcome};
use crate::catalog::{Catalog, ParamId};
use crate::chart::{Axis, Band, Chart, Line, Panel, draw};
use crate::compile::{Request, compile};
use crate::diag::{Diagnostic, Diagnostics, Span};
use crate::model::{Scalar, Severity, ValueType};
use crate::sweep::{Outcome as Reached, Point, Range, Scale, Sweep, sweep};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr as _;

pub(super) fn run(session: &mut Session, options: &Options) -> Outcome {
    let catalog = session.catalog()?;
    let mut diags = Diagnostics::default();
    let request = request(options, catalog, &mut diags);
    let vary = catalog.sources.add_unfiled("--vary", options.vary.clone());
    let shows: Vec<Span> = options
        .show
        .iter()
        .map(|key| Span::new(catalog.sources.add_unfiled("--show", key.clone()), 0..key.len()))
        .collect();
    let catalog: &'static Catalog = catalog;
    let scale = if options.log { Scale::Log } else { Scale::Linear };
    let range = Range::read(catalog, &options.vary, scale, Span::new(vary, 0..options.vary.len()));
    let range = range.map_err(|faults| diags.extend(faults)).ok();
    let mut show: Vec<ParamId> = Vec::new();
    for (key, span) in options.show.iter().zip(shows) {
        match catalog.find(key.trim()) {
            Some(id) if show.contains(&id) => {}
            Some(id) => show.push(id),
            None => diags.push(catalog.unknown_parameter(key).at(span, "unknown parameter")),
        }
    }
    let compiled = request.map(|request| compile(catalog, &request, ""));
    let (faults, warnings): (Vec<_>, Vec<_>) = diags.into_iter().partition(Diagnostic::is_error);
    let (compilation, range) = match (compiled, range) {
        (Some(Ok(compilation)), Some(range)) if faults.is_empty() => (compilation, range),
        (compiled, _) => {
            let refused = compiled.and_then(Result::err).into_iter().flatten();
            let mut all: Diagnostics = faults.into_iter().chain(refused).collect();
            all.sort();
            return Err(Failure::Refused(&catalog.sources, all));
        }
    };
    session.report(&catalog.sources, &warnings);
    let inputs = &compilation.resolution.inputs;
    let preset = inputs.preset.map_or("", |preset| preset.layer.name.as_ref());
    let title = match inputs.modifier {
        Some(modifier) => format!("{preset} + {}", modifier.name),
        None => preset.to_owned(),
    };
    let swept = sweep(catalog, inputs, &range, &show);
    match options.format {
        SweepFormat::Text => session.terminal.out(&text(&swept, &title, session.terminal.width))?,
        SweepFormat::Csv => session.terminal.out(&csv(&swept))?,
        SweepFormat::Svg => session.terminal.out(&draw(&chart(&swept, &title)))?,
        SweepFormat::Json => {
            let modifier = inputs.modifier.map(|modifier| modifier.name.as_ref());
            session.terminal.out_json(&document(&swept, preset, modifier))?;
        }
    }
    Ok(Exit::Done)
}

fn request(options: &Options, catalog: &mut Catalog, diags: &mut Diagnostics) -> Option<Request> {
    let subject = Subject::parse(&options.preset, catalog, diags);
    let given = subject::assignments(&options.set, catalog, diags);
    let mut request = subject?.request();
    if options.modifier.is_some() {
        request.modifier.clone_from(&options.modifier);
    }
    request.given.extend(given);
    for (version, of) in [
        (&options.temporal_version, &mut request.temporal_version),
        (&options.plugin_version, &mut request.plugin_version),
    ] {
        if version.is_some() {
            of.clone_from(version);
        }
    }
    Some(request)
}

/// The unit of a parameter as a heading.
fn unit(swept: &Sweep<'_>, id: ParamId) -> &'static str {
    let parameter = swept.catalog.parameter(id);
    match (parameter.value_type, parameter.unit) {
        (ValueType::Duration, _) => "duration",
        (ValueType::Bool, _) => "off or on",
        (_, Some(unit)) => unit.as_str(),
        (_, None) => "",
    }
}

// --- text -----------------------------------------------------------------------------------------------------------

/// A table whose columns have letters, what the letters mean, and where rails fire.
fn text(swept: &Sweep<'_>, title: &str, width: usize) -> String {
    let key = &swept.catalog.parameter(swept.id).key;
    let at = |point: &Point| swept.text(swept.id, &point.at);
    let mut text = String::new();
    let ends = (swept.points.first().map(at).unwrap_or_default(), swept.points.last().map(at).unwrap_or_default());
    let _ = match swept.points.len() {
        1 => writeln!(text, "{title}: {key} at {}, 1 point", ends.0),
        count => writeln!(text, "{title}: {key} from {} to {}, {count} points", ends.0, ends.1),
    };
    if swept.shown.is_empty() {
        text.push_str("\nNothing that is shown moves with it; `--show KEY` names what to show.\n");
    } else {
        text.push('\n');
        for (index, id) in swept.shown.iter().enumerate() {
            let unit = unit(swept, *id);
            let unit = if unit.is_empty() { String::new() } else { format!(" ({unit})") };
            let _ = writeln!(text, "  {:>2}  {}{unit}", letter(index), swept.catalog.parameter(*id).key);
        }
    }
    let bands = swept.bands();
    let marks: Vec<String> = swept.points.iter().map(mark).collect();
    let first: Vec<String> = swept.points.iter().map(at).collect();
    const LONGEST_HEADING: usize = 24;
    let heading = if key.width() <= LONGEST_HEADING { key.as_ref() } else { "input" };
    let first_width = first.iter().map(|text| text.width()).max().unwrap_or(0).max(heading.width());
    let columns: Vec<Vec<String>> = (0..swept.shown.len())
        .map(|index| swept.points.iter().map(|point| cell(swept, point, index)).collect())
        .collect();
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(index, column)| column.iter().map(|text| text.width()).max().unwrap_or(0).max(letter(index).width()))
        .collect();
    // As many columns side by side as fit; the others stand below, with the input again.
    let room = width.saturating_sub(first_width + 2 + 8);
    let mut from = 0;
    loop {
        let mut to = from;
        let mut used = 0;
        while to < columns.len() && (to == from || used + widths[to] + 2 <= room) {
            used += widths[to] + 2;
            to += 1;
        }
        let _ = write!(text, "\n  {heading:>first_width$}");
        for (index, width) in widths.iter().enumerate().take(to).skip(from) {
            let _ = write!(text, "  {:>width$}", letter(index));
        }
        text.push('\n');
        for row in 0..swept.points.len() {
            let mut line = format!("  {:>first_width$}", first[row]);
            for (column, width) in columns.iter().zip(&widths).take(to).skip(from) {
                let _ = write!(line, "  {:>width$}", column[row]);
            }
            if !marks[row].is_empty() {
                let _ = write!(line, "  {}", marks[row]);
            }
            let _ = writeln!(text, "{}", line.trim_end());
        }
        from = to;
        if from >= columns.len() {
            break;
        }
    }
    if bands.is_empty() {
        text.push_str("\nNo guard rail fires on the way.\n");
    } else {
        text.push_str("\nGuard rails that fire (! error, ~ warning)\n");
        for band in &bands {
            let stretches: Vec<String> = band
                .stretches
                .iter()
                .map(|(from, to)| match from == to {
                    true => format!("at {}", first[*from]),
                    false => format!("from {} to {}", first[*from], first[*to]),
                })
                .collect();
            let line = format!("{} {}: {}", band.severity.as_str(), band.name, stretches.join(", "));
            let _ = writeln!(text, "  {}", crate::render::wrap(&line, width, 4));
        }
    }
    let mut faults: Vec<(&str, Vec<&str>)> = Vec::new();
    for (point, at) in swept.points.iter().zip(&first) {
        if let Err(fault) = &point.outcome {
            match faults.last_mut() {
                Some((of, points)) if of == fault => points.push(at),
                _ => faults.push((fault, vec![at])),
            }
        }
    }
    if !faults.is_empty() {
        text.push_str("\nPoints that cannot be evaluated (x)\n");
        for (fault, points) in faults {
            let place = match points.as_slice() {
                [only] => (*only).to_owned(),
                many => format!("{} to {}", many[0], many[many.len() - 1]),
            };
            let _ = writeln!(text, "  {}", crate::render::wrap(&format!("{place}: {fault}"), width, 4));
        }
    }
    text
}

/// A, B, …, Z, AA, …
fn letter(index: usize) -> String {
    let of = |index: usize| char::from(b'A' + (index % 26) as u8);
    if index < 26 { of(index).to_string() } else { format!("{}{}", letter(index / 26 - 1), of(index)) }
}

fn cell(swept: &Sweep<'_>, point: &Point, index: usize) -> String {
    match &point.outcome {
        Ok(outcome) => outcome.values.get(index).map_or(String::new(), |value| swept.text(swept.shown[index], value)),
        Err(_) => "-".to_owned(),
    }
}

fn mark(point: &Point) -> String {
    match &point.outcome {
        Err(_) => "x".to_owned(),
        Ok(outcome) => {
            let count = |of: Severity| outcome.firing.iter().filter(|(_, severity)| *severity == of).count();
            let marks = |sign: &str, count: usize| match count {
                0 => String::new(),
                1 => sign.to_owned(),
                count => format!("{sign}{count}"),
            };
            format!("{}{}", marks("!", count(Severity::Error)), marks("~", count(Severity::Warning)))
        }
    }
}

// --- csv and JSON ---------------------------------------------------------------------------------------------------

fn csv(swept: &Sweep<'_>) -> String {
    let mut text = String::new();
    let keys = std::iter::once(swept.id).chain(swept.shown.iter().copied());
    let mut head: Vec<String> = keys.map(|id| swept.catalog.parameter(id).key.to_string()).collect();
    head.extend(["errors", "warnings", "fault"].map(str::to_owned));
    line(&mut text, &head);
    for point in &swept.points {
        let mut cells = vec![plain(swept, swept.id, &point.at)];
        match &point.outcome {
            Ok(outcome) => {
                cells.extend(outcome.values.iter().zip(&swept.shown).map(|(value, id)| plain(swept, *id, value)));
                cells.extend([Severity::Error, Severity::Warning].map(|of| names(swept, outcome, of).join(";")));
                cells.push(String::new());
            }
            Err(fault) => {
                cells.extend(std::iter::repeat_n(String::new(), swept.shown.len() + 2));
                cells.push(fault.clone());
            }
        }
        line(&mut text, &cells);
    }
    text
}

/// A value to its last digit.
fn plain(swept: &Sweep<'_>, id: ParamId, value: &Scalar) -> String {
    swept.catalog.parameter(id).value_type.show(value).to_string()
}

fn names<'c>(swept: &Sweep<'c>, outcome: &Reached, of: Severity) -> Vec<&'c str> {
    swept.fired(outcome, of).collect()
}

/// A line as RFC 4180 has it, but for its end.
fn line(text: &mut String, cells: &[String]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            let _ = write!(text, "\"{}\"", cell.replace('"', "\"\""));
        } else {
            text.push_str(cell);
        }
    }
    text.push('\n');
}

fn document(swept: &Sweep<'_>, preset: &str, modifier: Option<&str>) -> Value {
    let show = |id: ParamId, value: &Scalar| json!(swept.catalog.parameter(id).value_type.show(value));
    let described = |id: ParamId| {
        let parameter = swept.catalog.parameter(id);
        json!({
            "key": parameter.key,
            "value_type": parameter.value_type.as_str(),
            "unit": parameter.unit.map(|unit| unit.as_str()),
        })
    };
    let points = swept.points.iter().map(|point| match &point.outcome {
        Ok(outcome) => {
            let values: Map<String, Value> = swept
                .shown
                .iter()
                .zip(&outcome.values)
                .map(|(id, value)| (swept.catalog.parameter(*id).key.to_string(), show(*id, value)))
                .collect();
            json!({
                "value": show(swept.id, &point.at),
                "values": values,
                "errors": names(swept, outcome, Severity::Error),
                "warnings": names(swept, outcome, Severity::Warning),
                "fault": null,
            })
        }
        Err(fault) => json!({
            "value": show(swept.id, &point.at), "values": null, "errors": [], "warnings": [], "fault": fault,
        }),
    });
    let bands = swept.bands();
    let bands = bands.iter().map(|band| {
        let ranges = band.stretches.iter().map(|(from, to)| {
            let at = |index: usize| show(swept.id, &swept.points[index].at);
            json!({ "from": at(*from), "to": at(*to) })
        });
        json!({ "rule_name": band.name, "severity": band.severity, "ranges": ranges.collect::<Vec<_>>() })
    });
    json!({
        "preset": preset,
        "modifier": modifier,
        "vary": described(swept.id),
        "scale": swept.scale.as_str(),
        "shown": swept.shown.iter().map(|id| described(*id)).collect::<Vec<_>>(),
        "points": points.collect::<Vec<_>>(),
        "guard_rails": bands.collect::<Vec<_>>(),
    })
}

// --- chart ----------------------------------------------------------------------------------------------------------

/// Whether two lines can be read on one scale.
fn alike(a: &Line, b: &Line) -> bool {
    const MOST_APART: f64 = 12.0;
    let greatest = |line: &Line| line.values.iter().flatten().fold(0.0_f64, |most, value| most.max(value.abs()));
    let (a, b) = (greatest(a), greatest(b));
    a.max(b) <= MOST_APART * a.min(b) || a == b
}

/// A panel for each unit and order of size, in the order in which they come.
fn chart(swept: &Sweep<'_>, title: &str) -> Chart {
    let number = |value: &Scalar| match value {
        Scalar::Bool(on) => Some(f64::from(u8::from(*on))),
        value => value.as_f64(),
    };
    let mut panels: Vec<Panel> = Vec::new();
    for (index, id) in swept.shown.iter().enumerate() {
        let parameter = swept.catalog.parameter(*id);
        if parameter.value_type == ValueType::Str {
            continue;
        }
        let values = swept.points.iter().map(|point| number(point.outcome.as_ref().ok()?.values.get(index)?));
        let switch = parameter.value_type == ValueType::Bool;
        let line = Line { name: parameter.key.to_string(), steps: switch, values: values.collect() };
        let label = unit(swept, *id);
        match panels.iter_mut().find(|panel| panel.axis.label == label && alike(&panel.lines[0], &line)) {
            Some(panel) => panel.lines.push(line),
            None => panels.push(Panel {
                axis: Axis {
                    label: label.to_owned(),
                    duration: parameter.value_type == ValueType::Duration,
                    switch,
                    log: false,
                },
                lines: vec![line],
            }),
        }
    }
    let input = swept.catalog.parameter(swept.id);
    let mut bands: Vec<Band> = swept
        .bands()
        .into_iter()
        .map(|band| Band { name: band.name.to_owned(), severity: band.severity, stretches: band.stretches })
        .collect();
    let failed = swept.points.iter().enumerate().filter(|(_, point)| point.outcome.is_err());
    let failed: Vec<(usize, usize)> = failed.map(|(index, _)| (index, index)).collect();
    if !failed.is_empty() {
        bands.push(Band { name: "cannot be evaluated".to_owned(), severity: Severity::Note, stretches: failed });
    }
    let across = match unit(swept, swept.id) {
        "" => input.key.clone(),
        unit => format!("{} ({unit})", input.key).into(),
    };
    let shown: Vec<&str> = swept.shown.iter().map(|id| swept.catalog.parameter(*id).key.as_ref()).collect();
    Chart {
        title: format!("{title}: what follows {}", input.key),
        description: format!("{} over {}", shown.join(", "), across),
        across: Axis {
            label: across.into_owned(),
            duration: input.value_type == ValueType::Duration,
            switch: false,
            log: swept.scale == Scale::Log,
        },
        at: swept.points.iter().map(|point| number(&point.at).unwrap_or_default()).collect(),
        panels,
        bands,
    }
}
