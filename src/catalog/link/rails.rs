//! Links guard rails and, for a check, their cases.

use super::Linker;
use super::expressions::{Scope, Wanted};
use crate::catalog::{Case, ParamId, Rail};
use crate::diag::{At, Code, Diagnostic, nearest};
use crate::expr::{Expr, Formula, Type, is_reserved};
use crate::loader::records::{RawCase, RawRail};
use crate::loader::{Depth, Named};
use crate::model::{Text, is_key};

impl Linker<'_> {
    pub(super) fn rails(&mut self, raw: Vec<Named<RawRail>>, presets: &[Text], modifiers: &[Text]) -> Vec<Rail> {
        raw.into_iter().filter_map(|rail| self.rail(rail, presets, modifiers)).collect()
    }

    fn rail(&mut self, raw: Named<RawRail>, presets: &[Text], modifiers: &[Text]) -> Option<Rail> {
        let (name, raw) = (raw.name, raw.record);
        let mut steps: Vec<(Text, At<Expr>)> = Vec::with_capacity(raw.steps.len());
        let mut step_types: Vec<(Text, Type)> = Vec::with_capacity(raw.steps.len());
        for (step, expression) in raw.steps {
            if step.value.contains('.')
                || !is_key(&step.value)
                || step.value == "base"
                || is_reserved(&step.value)
                || self.keys.find(&step.value).is_some()
            {
                self.diags.push(
                    Diagnostic::error(Code::InvalidKey, format!("`{}` cannot name a step", step.value))
                        .at(step.span, "not a step's name")
                        .help("a step's name has letters, digits and `_`, no dot, and is no parameter's key"),
                );
            }
            let scope = Scope { base: None, steps: &step_types };
            let linked = self.typed_expression(expression, Wanted::Step, scope);
            // A faulty step was reported; those that read it still find it.
            let of = linked.as_ref().map_or(Type::Int, |(_, of)| *of);
            step_types.push((step.value.clone(), of));
            if let Some((expr, _)) = linked {
                steps.push((step.value, expr));
            }
        }
        let scope = Scope { base: None, steps: &step_types };
        let mut condition = |at: At<Formula>| self.expression(at, Wanted::Condition, scope);
        let when = raw.when.map(&mut condition);
        let require = condition(raw.require);
        let parameters: Vec<ParamId> = raw.parameters.iter().filter_map(|key| self.resolve(key)).collect();
        if raw.parameters.is_empty() {
            self.diags.push(
                Diagnostic::error(Code::MissingField, format!("the rail `{name}` names no parameters"))
                    .at(raw.message.span, "this rail")
                    .help("list in `parameters` what decides it, the likeliest first"),
            );
        }
        let mut cases = Vec::new();
        if self.depth == Depth::Check {
            let (fires, silent) =
                (raw.cases.iter().any(|case| case.fires.value), raw.cases.iter().any(|case| !case.fires.value));
            for (missing, outcome) in [(!fires, "fires"), (!silent, "silent")] {
                if missing {
                    self.diags.push(
                        Diagnostic::error(
                            Code::MissingCase,
                            format!("the rail `{name}` has no case whose outcome is `{outcome}`"),
                        )
                        .at(raw.span, "this rail")
                        .help("a rail needs at least one case that fires and one that does not"),
                    );
                }
            }
            cases = raw.cases.into_iter().filter_map(|case| self.case(case, presets, modifiers)).collect();
        }
        if steps.len() < step_types.len() {
            return None;
        }
        let first_step = self.keys.slots.step(0);
        let steps_of_when = when
            .iter()
            .flatten()
            .flat_map(|when| when.value.slots())
            .filter_map(|(_, slot)| slot.checked_sub(first_step))
            .max()
            .map_or(0, |last| last as usize + 1);
        Some(Rail {
            steps_of_when,
            name,
            severity: raw.severity,
            summary: raw.summary,
            rationale: raw.rationale,
            source: raw.source,
            steps,
            when: match when {
                Some(None) => return None,
                Some(when) => when,
                None => None,
            },
            require: require?,
            message: raw.message,
            help: raw.help,
            parameters,
            cases,
        })
    }

    fn case(&mut self, raw: RawCase, presets: &[Text], modifiers: &[Text]) -> Option<Case> {
        let mut known = |name: &At<Text>, code, what: &str, names: &[Text]| {
            let found = names.contains(&name.value);
            if !found {
                let help = match nearest(&name.value, names.iter().map(AsRef::as_ref)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("available: {}", names.join(", ")),
                };
                self.diags.push(
                    Diagnostic::error(code, format!("there is no {what} `{}`", name.value))
                        .at(name.span, "unknown")
                        .help(help),
                );
            }
            found
        };
        let mut good = known(&raw.preset, Code::UnknownPreset, "preset", presets);
        if let Some(modifier) = &raw.modifier {
            good &= known(modifier, Code::UnknownModifier, "modifier", modifiers);
        }
        let mut set = Vec::with_capacity(raw.set.len());
        for (key, value) in raw.set {
            let id = self.resolve(&key);
            let value_type = id.map(|id| self.keys.type_of(id));
            match (
                id,
                value_type
                    .and_then(|value_type| self.typed(value_type, value, &format!("the value of `{}`", key.value))),
            ) {
                (Some(id), Some(value)) => set.push((id, value.value)),
                _ => good = false,
            }
        }
        good.then_some(Case {
            note: raw.note,
            preset: raw.preset.value,
            modifier: raw.modifier.map(|at| at.value),
            set,
            temporal: raw.temporal,
            plugin: raw.plugin,
            fires: raw.fires,
            span: raw.span,
        })
    }
}
