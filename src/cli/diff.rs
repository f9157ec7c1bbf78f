//! `tdsql diff`.

use super::args::{Diff as Options, ListFormat};
use super::session::{Failure, Session};
use super::subject::Subject;
use super::{Exit, Outcome};
use crate::catalog::Catalog;
use crate::compile::compile;
use crate::diag::{Diagnostic, Diagnostics};
use crate::diff::{Cause, Change, Diff, Kind, Side, diff};
use crate::model::{Class, Scalar, ValueType};
use crate::render::wrap;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr as _;

pub(super) fn run(session: &mut Session, options: &Options) -> Outcome {
    let catalog = session.catalog()?;
    let mut diags = Diagnostics::default();
    let subjects: Vec<Option<Subject>> =
        [&options.a, &options.b].map(|name| Subject::parse(name, catalog, &mut diags)).into();
    let catalog: &'static Catalog = catalog;
    let mut sides = Vec::new();
    for (name, subject) in [&options.a, &options.b].into_iter().zip(subjects) {
        let Some(subject) = subject else { continue };
        let compiled = compile(catalog, &subject.request(), "");
        match (subject, compiled) {
            (Subject::Profile(profile), compiled) => {
                sides.push(Side { name: name.clone(), profile: *profile, compiled: compiled.ok() });
            }
            (Subject::Named { .. }, Ok(compiled)) => {
                sides.push(Side { name: name.clone(), profile: compiled.profile(), compiled: Some(compiled) });
            }
            (Subject::Named { .. }, Err(faults)) => diags.extend(faults),
        }
    }
    let (faults, warnings): (Vec<_>, Vec<_>) = diags.into_iter().partition(Diagnostic::is_error);
    let [a, b] = sides.as_slice() else {
        return Err(Failure::Refused(&catalog.sources, faults.into()));
    };
    if !faults.is_empty() {
        return Err(Failure::Refused(&catalog.sources, faults.into()));
    }
    session.report(&catalog.sources, &warnings);
    let found = diff(catalog, a, b);
    match options.format {
        ListFormat::Json => session.terminal.out_json(&found)?,
        ListFormat::Text => session.terminal.out(&text(&found, session.terminal.width))?,
    }
    Ok(if found.identical { Exit::Done } else { Exit::Refused })
}

fn text(diff: &Diff, width: usize) -> String {
    let mut text = format!("{} → {}\n", diff.a.name, diff.b.name);
    if diff.identical {
        text.push_str("\nNo value differs, and no guard rail.\n");
        return text;
    }
    let longest = diff.changes.iter().map(|change| change.key.width()).max().unwrap_or(0);
    let column = longest.min(width.saturating_sub(24)).max(16);
    for causes in groups(diff) {
        let told: Vec<String> = causes.iter().map(|index| heading(&diff.causes[*index])).collect();
        let _ = writeln!(text, "\n{}", wrap(&format!("Because of {}", told.join("; ")), width, 2));
        for class in Class::ALL {
            let of = |change: &&Change| change.classification == *class && change.causes == causes;
            let mut changes = diff.changes.iter().filter(of).peekable();
            if changes.peek().is_some() {
                let _ = writeln!(text, "  {}", class.as_str());
            }
            for change in changes {
                let (key, moved) = (&change.key, moved(change));
                let pad = column.saturating_sub(key.width());
                let beside = 4 + key.width() + pad + 1 + moved.width() <= width;
                let gap = if beside { " ".repeat(pad + 1) } else { format!("\n{}", " ".repeat(8)) };
                let _ = writeln!(text, "    {key}{gap}{moved}");
            }
        }
    }
    let idle: Vec<&Cause> = diff
        .causes
        .iter()
        .enumerate()
        .filter(|(index, _)| diff.changes.iter().all(|change| !change.causes.contains(index)))
        .map(|(_, cause)| cause)
        // An input stands among the changes itself.
        .filter(|cause| cause.kind != Kind::Input)
        .collect();
    for cause in idle {
        let _ = writeln!(text, "\n{}", wrap(&format!("Without effect on any value: {}", heading(cause)), width, 2));
    }
    for (title, rails) in
        [("Guard rails that fire now", &diff.rails_on), ("Guard rails that fire no more", &diff.rails_off)]
    {
        if rails.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n{title}");
        for rail in rails {
            let line = format!("{} {}: {}", rail.severity.as_str(), rail.rule_name, rail.message);
            let _ = writeln!(text, "  {}", wrap(&line, width, 4));
        }
    }
    if !diff.notices.is_empty() {
        text.push_str("\nNotices\n");
        for notice in &diff.notices {
            let _ = writeln!(text, "  - {}", wrap(notice, width, 4));
        }
    }
    let count = diff.changes.len();
    let _ = writeln!(
        text,
        "\n{count} {} differ{}",
        if count == 1 { "value" } else { "values" },
        if count == 1 { "s" } else { "" }
    );
    text
}

/// The sets of causes, in the order in which the first of them stands.
fn groups(diff: &Diff) -> Vec<&[usize]> {
    let mut groups: Vec<&[usize]> = Vec::new();
    for change in &diff.changes {
        if !groups.contains(&change.causes.as_slice()) {
            groups.push(&change.causes);
        }
    }
    groups.sort();
    groups
}

fn heading(cause: &Cause) -> String {
    let show = |value: &Option<Scalar>| value.as_ref().map_or_else(|| "none".to_owned(), shown);
    let (before, after) = (show(&cause.before), show(&cause.after));
    let key = cause.key.as_deref().unwrap_or_default();
    match (cause.kind, &cause.before, &cause.after) {
        (Kind::Override, None, _) => format!("the override {key} = {after}"),
        (Kind::Override, _, None) => format!("the override {key} = {before}, which is gone"),
        (Kind::Override, ..) => format!("the override {key} {before} → {after}"),
        (Kind::Input, ..) => format!("{key} {before} → {after}"),
        (Kind::Modifier, ..) => format!("the modifier {before} → {after}"),
        (Kind::Preset, ..) => format!("the preset {before} → {after}"),
        (Kind::TemporalVersion, ..) => format!("Temporal {before} → {after}"),
        (Kind::PluginVersion, ..) => format!("the DSQL plugin {before} → {after}"),
        (Kind::Catalog, ..) => "another catalog".to_owned(),
    }
}

fn shown(value: &Scalar) -> String {
    ValueType::Float.text(value)
}

fn moved(change: &Change) -> String {
    let show = |value: &Option<Scalar>| {
        value.as_ref().map_or_else(
            || "(not there)".to_owned(),
            |value| match value {
                Scalar::Str(text) if text.is_empty() => "\"\"".to_owned(),
                value => shown(value),
            },
        )
    };
    let mut text = match change.before == change.after {
        true => show(&change.after),
        false => format!("{} → {}", show(&change.before), show(&change.after)),
    };
    match (change.emitted_before, change.emitted_after) {
        (true, false) if change.after.is_some() => text.push_str(", no longer in an artifact"),
        (false, true) if change.before.is_some() => text.push_str(", now in an artifact"),
        _ => {}
    }
    text
}
