//! What `tdsql check` does beyond linking: the rules' own cases, every combination of preset and modifier, every
//! template.

mod redaction;
mod rules;

use crate::catalog::{Case, Catalog, Rail};
use crate::compare::Thresholds;
use crate::compile::{Compilation, Page, Request, compile};
use crate::diag::{Code, Diagnostic, Diagnostics, Severity, Span};
use crate::eval::{self, Inputs, Override};
use crate::explain::Question;
use crate::rails;
use crate::render::Templates;
use std::collections::HashSet;

/// Checks a linked catalog; the rails' cases must have been linked (`Depth::Check`).
#[must_use]
pub fn check(catalog: &Catalog) -> Diagnostics {
    let mut diags = Diagnostics::default();
    rails::check_words(catalog, &mut diags);
    crate::recommend::check_words(catalog, &mut diags);
    crate::compile::check_words(catalog, &mut diags);
    templates(catalog, &mut diags);
    redaction::cases(catalog, &mut diags);
    diags.extend(crate::reference::pages(catalog).err().into_iter().flatten());
    thresholds(catalog, &mut diags);
    let before = diags.len();
    combinations(catalog, &mut diags);
    // A catalog that does not compile would fail every case once more.
    let compiles = !diags.as_slice()[before..].iter().any(Diagnostic::is_error);
    if compiles {
        let mut told = |place: Span, outcome: Result<(), Diagnostics>| {
            let Err(mut faults) = outcome else { return };
            // A shipped rule's cases were written for the shipped presets: whoever changes those is told, not refused.
            if catalog.has_overlay() && !catalog.is_laid_over(place) {
                faults = faults.into_iter().map(excused).collect();
            }
            diags.extend(faults);
        };
        for rail in &catalog.rails {
            rail.cases.iter().for_each(|case| told(case.span, run_case(catalog, rail, case)));
        }
        for rule in &catalog.correlations {
            rule.cases.iter().for_each(|case| told(case.span, rules::correlation(catalog, rule, case)));
        }
        for rule in &catalog.recommendations {
            rule.cases.iter().for_each(|case| told(case.span, rules::symptom(catalog, rule, case)));
        }
    }
    deduplicate(diags)
}

/// A shipped case that fails beside what was laid over: a warning.
fn excused(mut fault: Diagnostic) -> Diagnostic {
    fault.severity = Severity::Warning;
    let why = "the case is the shipped catalog's and was written for what ships; what is laid over changes it";
    let help = fault.help.take().map_or_else(|| why.to_owned(), |help| format!("{help}; {why}"));
    fault.help(help)
}

/// Looks for what a catalog that could not be linked hides: circles of derivations.
#[must_use]
pub fn circles(catalog: &Catalog) -> Diagnostics {
    let mut diags = Diagnostics::default();
    for preset in catalog.presets.values() {
        for modifier in std::iter::once(None).chain(catalog.modifiers.values().map(Some)) {
            let inputs = Inputs {
                preset: Some(preset),
                modifier,
                overrides: Vec::new(),
                temporal: catalog.temporal.default.clone(),
                plugin: catalog.plugin.default.clone(),
                constrained: false,
            };
            // What else fails here follows from the faults that are known.
            let faults = eval::resolve(catalog, inputs).err().into_iter().flatten();
            diags.extend(faults.filter(|fault| fault.code == Code::DependencyCycle));
        }
    }
    deduplicate(diags)
}

/// Runs one case of a rail.
fn run_case<'c>(catalog: &'c Catalog, rail: &'c Rail, case: &Case) -> Result<(), Diagnostics> {
    let fault = |message: String| {
        Diagnostics::from(
            Diagnostic::error(Code::RailCaseFailed, message)
                .at(case.fires.span, "the outcome that the case states")
                .and(rail.require.span, "the condition")
                .help(format!("case: {}", case.note)),
        )
    };
    let overrides =
        case.set.iter().map(|(id, value)| Override::placed(*id, value.clone(), case.span, "case")).collect();
    let inputs = Inputs {
        preset: catalog.presets.get(&case.preset),
        modifier: case.modifier.as_ref().and_then(|name| catalog.modifiers.get(name)),
        overrides,
        temporal: case.temporal.clone().unwrap_or_else(|| catalog.temporal.default.clone()),
        plugin: case.plugin.clone().unwrap_or_else(|| catalog.plugin.default.clone()),
        constrained: false,
    };
    let mut resolution = eval::resolve(catalog, inputs).map_err(|faults| {
        let first = faults.into_iter().next().map(|fault| fault.message).unwrap_or_default();
        fault(format!("a case of the rail `{}` cannot be evaluated: {first}", rail.name))
    })?;
    // A case that fires also shows that the rail can say what is wrong.
    let fires = rails::judge_one(rail, &mut resolution)?.is_some();
    if fires == case.fires.value {
        return Ok(());
    }
    let (does, must) = if fires { ("fires", "silent") } else { ("is silent", "fire") };
    Err(fault(format!(
        "the rail `{}` {does}, and the case says that it must {}{must}",
        rail.name,
        if fires { "be " } else { "" }
    )))
}

/// Runs the cases of the thresholds.
fn thresholds(catalog: &Catalog, diags: &mut Diagnostics) {
    let thresholds = Thresholds::of(catalog);
    for case in &catalog.thresholds.cases {
        let Some(metric) = catalog.metrics.iter().find(|metric| metric.name == case.metric.value) else { continue };
        let verdict = thresholds.judge(metric, case.old, case.new);
        let mut faults = Vec::new();
        if verdict.direction != case.is.value {
            faults.push((case.is.span, verdict.direction.as_str(), case.is.value.as_str()));
        }
        if verdict.severity != case.severity.value {
            faults.push((case.severity.span, verdict.severity.as_str(), case.severity.value.as_str()));
        }
        for (span, is, must) in faults {
            let message = format!(
                "`{}` from {} to {} is judged {is}, and the case says that it must be {must}",
                metric.name, case.old, case.new
            );
            let fault = Diagnostic::error(Code::ThresholdCaseFailed, message)
                .at(span, "the verdict that the case states")
                .help(format!("case: {}", case.note));
            // As with the rails' cases: whoever lays other figures over the shipped ones is told, not refused.
            let shipped = catalog.has_overlay() && !catalog.is_laid_over(case.span);
            diags.push(if shipped { excused(fault) } else { fault });
        }
    }
}

/// Templates that no adapter names still must parse; those of `explain/` and `adapters/` are rendered besides.
fn templates(catalog: &Catalog, diags: &mut Diagnostics) {
    for (path, file) in catalog.templates() {
        let text = catalog.sources.text(file);
        if path.ends_with(".j2")
            && let Err(fault) = Templates::new().add(path, text)
        {
            diags.push(
                Diagnostic::error(Code::InvalidTemplate, format!("`templates/{path}`: {}", fault.message))
                    .at(catalog.sources.span(file, fault.range.unwrap_or(0..0)), "here")
                    .help("see docs/templates.md for the template language"),
            );
        }
    }
}

/// Every preset with every modifier, for the default versions: no cycle, no failing expression, nothing outside its
/// constraints, and no rail that fires; every template renders.
fn combinations(catalog: &Catalog, diags: &mut Diagnostics) {
    let count = catalog.presets.len() * (catalog.modifiers.len() + 1);
    let mut turn = 0;
    for preset in catalog.presets.keys() {
        for modifier in std::iter::once(None).chain(catalog.modifiers.keys().map(Some)) {
            turn += 1;
            let request = Request {
                preset: preset.to_string(),
                modifier: modifier.map(ToString::to_string),
                ..Request::default()
            };
            let mut compilation = match compile(catalog, &request, "") {
                Ok(compilation) => compilation,
                Err(faults) => {
                    diags.extend(faults);
                    continue;
                }
            };
            let name = match modifier {
                Some(modifier) => format!("`{preset}` with `{modifier}`"),
                None => format!("`{preset}`"),
            };
            for diagnostic in compilation.diagnostics() {
                let mut warning = diagnostic;
                warning.severity = Severity::Warning;
                warning.message = format!("{name} trips {}", warning.message);
                diags.push(warning);
            }
            for faults in [
                compilation.why_section().err(),
                compilation.summary(&Page::default()).err(),
                compilation.expected_bounds().err(),
                compilation.snippets().err(),
            ] {
                diags.extend(faults.into_iter().flatten());
            }
            explanations(&mut compilation, &request, (turn, count), diags);
        }
    }
}

/// The explanations of one combination. Each parameter is explained in one of them, for all in all would take seconds: in
/// combination `turn` of `count` those whose turn it is.
fn explanations<'c>(
    compilation: &mut Compilation<'c>,
    request: &Request,
    (turn, count): (usize, usize),
    diags: &mut Diagnostics,
) {
    let page = Page::default();
    let catalog = compilation.catalog;
    let preset = compilation.explain_preset().and_then(|preset| compilation.preset_text(&preset, &page));
    let profile = compilation.profile();
    let profile = compilation.explain_profile(&profile).and_then(|profile| compilation.profile_text(&profile, &page));
    diags.extend([preset.err(), profile.err()].into_iter().flatten().flatten());
    // What a modifier changes shows before and after.
    let plain = Request { modifier: None, ..request.clone() };
    let mut before = request.modifier.as_ref().and_then(|_| compile(catalog, &plain, "").ok());
    for id in catalog.ids().skip(turn - 1).step_by(count) {
        let key = compilation.explain_key(&Question::new(id), before.as_mut());
        if let Err(faults) = compilation.key_text(&key, &page) {
            diags.extend(faults);
            // The next parameter would most likely fail alike.
            return;
        }
    }
}

/// The same fault of several combinations is one fault; and what a template's text is to blame for was not also done by
/// the rail or the adapter that renders it.
fn deduplicate(diags: Diagnostics) -> Diagnostics {
    let place = |diagnostic: &Diagnostic| diagnostic.primary.as_ref().map(|label| label.span);
    let places = |codes: &[Code]| -> HashSet<Span> {
        diags.iter().filter(|diagnostic| codes.contains(&diagnostic.code)).filter_map(place).collect()
    };
    let unknown = places(&[Code::UnknownName]);
    let unparsed = places(&[Code::InvalidTemplate]);
    let mut seen = HashSet::new();
    let mut kept: Diagnostics = diags
        .into_iter()
        .filter(|diagnostic| {
            let at = place(diagnostic);
            let among = |places: &HashSet<Span>| at.is_some_and(|at| places.contains(&at));
            let again = match diagnostic.code {
                Code::AdapterFailed => among(&unparsed),
                Code::InvalidTemplate => among(&unknown),
                _ => false,
            };
            !again && seen.insert((diagnostic.code, at, diagnostic.message.clone()))
        })
        .collect();
    kept.sort();
    kept
}
