//! Numbers and checks parameters.

use super::expressions::{PLAIN, Scope, Wanted};
use super::{Keys, Linker};
use crate::catalog::scope::Slots;
use crate::catalog::{Candidate, Group, Keyed, ParamId, Parameter, Rule};
use crate::diag::{At, Code, Diagnostic, Diagnostics, Span};
use crate::expr::{Type, is_reserved};
use crate::loader::records::{RawGroup, RawParameter, RawRule};
use crate::model::{Channel, Effect, Scalar, Text, ValueType};
use std::collections::hash_map::Entry;

impl Keys {
    /// Numbers every parameter; of those that share a key only the first is left.
    pub(super) fn number(raw_groups: &mut [RawGroup], diags: &mut Diagnostics) -> Keys {
        let count = raw_groups.iter().map(|group| group.parameters.len()).sum();
        let mut by_key: Keyed<Text, ParamId> = Keyed::default();
        by_key.reserve(count);
        let mut places: Vec<Span> = Vec::with_capacity(count);
        for group in &mut *raw_groups {
            group.parameters.retain(|parameter| match by_key.entry(parameter.key.value.clone()) {
                Entry::Vacant(entry) => {
                    entry.insert(ParamId(places.len() as u32));
                    places.push(parameter.key.span);
                    true
                }
                Entry::Occupied(first) => {
                    diags.push(
                        Diagnostic::error(Code::DuplicateKey, format!("`{}` is defined twice", parameter.key.value))
                            .at(parameter.key.span, "defined again here")
                            .and(places[first.get().index()], "first defined here")
                            .help("keep one of the two, or lay a file of the same path over the first"),
                    );
                    false
                }
            });
        }
        let all = || raw_groups.iter().flat_map(|group| &group.parameters);
        for parameter in all() {
            if is_taken(&parameter.key.value) {
                diags.push(
                    Diagnostic::error(Code::InvalidKey, format!("`{}` is a reserved name", parameter.key.value))
                        .at(parameter.key.span, "reserved for expressions")
                        .help("choose another key"),
                );
            }
        }
        let types = all().map(|parameter| parameter.value_type).collect();
        Keys { by_key, slots: Slots::new(places.len()), types }
    }

    /// The parameter of this key.
    pub(super) fn find(&self, key: &str) -> Option<ParamId> {
        self.by_key.get(key).copied()
    }

    pub(super) fn type_of(&self, id: ParamId) -> ValueType {
        self.types[id.index()]
    }
}

fn is_taken(key: &str) -> bool {
    key == "base" || is_reserved(key) || Slots::reserved_names().any(|name| name == key)
}

impl Linker<'_> {
    /// Checks every parameter, each under its number.
    pub(super) fn parameters(&mut self, raw_groups: Vec<RawGroup>) -> (Vec<Group>, Vec<Parameter>) {
        let mut groups = Vec::with_capacity(raw_groups.len());
        let mut parameters = Vec::with_capacity(self.keys.types.len());
        for (index, group) in raw_groups.into_iter().enumerate() {
            groups.push(Group { title: group.title });
            for parameter in group.parameters {
                parameters.push(self.parameter(index, parameter));
            }
        }
        (groups, parameters)
    }

    fn parameter(&mut self, group: usize, raw: RawParameter) -> Parameter {
        let value_type = raw.value_type;
        let mut typed =
            |at: At<Scalar>, what: &str| self.typed(value_type, at, &format!("`{what}` of `{}`", raw.key.value));
        let min = raw.min.and_then(|at| typed(at, "min"));
        let max = raw.max.and_then(|at| typed(at, "max"));
        let allowed = raw.allowed.map(|list| At {
            value: list.value.into_iter().filter_map(|at| typed(at, "allowed")).map(|at| at.value).collect::<Vec<_>>(),
            span: list.span,
        });
        for bound in [&min, &max].into_iter().flatten() {
            if bound.value.as_f64().is_none() {
                self.diags.push(
                    Diagnostic::error(
                        Code::InvalidConstraint,
                        format!("`{}` is {} and has no least or greatest value", raw.key.value, value_type.described()),
                    )
                    .at(bound.span, "not a bound")
                    .help("use `allowed` to list values"),
                );
            }
        }
        if let (Some(min), Some(max)) = (&min, &max)
            && min.value.as_f64() > max.value.as_f64()
        {
            self.diags.push(
                Diagnostic::error(
                    Code::InvalidConstraint,
                    format!("no value of `{}` can satisfy its bounds", raw.key.value),
                )
                .at(max.span, "less than the least")
                .and(min.span, "the least"),
            );
        }
        if allowed.as_ref().is_some_and(|allowed| allowed.value.is_empty()) {
            self.diags.push(
                Diagnostic::error(Code::InvalidConstraint, format!("no value of `{}` is allowed", raw.key.value))
                    .at(raw.span, "`allowed` is empty")
                    .help("list the values, or leave `allowed` out"),
            );
        }
        if !raw.summary.trim().is_empty() && raw.rationale.trim() == raw.summary.trim() {
            self.diags.push(
                Diagnostic::error(
                    Code::MissingRationale,
                    format!("the rationale of `{}` only repeats its summary", raw.key.value),
                )
                .at(raw.key.span, "this parameter")
                .help("say why it has this value, and what goes wrong otherwise"),
            );
        }
        if raw.nullable && raw.when.is_none() {
            self.diags.push(
                Diagnostic::error(
                    Code::ConflictingFields,
                    format!("`{}` is nullable but always emitted", raw.key.value),
                )
                .at(raw.key.span, "`nullable` needs `when`")
                .help("give `when`, or leave `nullable` out"),
            );
        }
        let linked = self.candidate(raw.rule, value_type, &raw.key.value, None);
        let faulty = linked.is_none();
        // A value that nobody reads stands in for a faulty one, so that the rest of the catalog can still be checked.
        let stand_in = || Candidate { rule: Rule::Set(Scalar::Int(0)), span: raw.span, because: None };
        let registry = linked.unwrap_or_else(stand_in);
        let when = raw.when.and_then(|at| self.expression(at, Wanted::Condition, PLAIN)).map(|at| at.value);
        let parameter = Parameter {
            key: raw.key.value,
            class: raw.class,
            value_type,
            unit: raw.unit,
            registry,
            min,
            max,
            allowed,
            when,
            nullable: raw.nullable,
            locked: raw.locked,
            immutable: raw.immutable,
            temporal: raw.temporal.map(|at| at.value),
            plugin: raw.plugin.map(|at| at.value),
            effect: raw.effect.or_else(|| effect(raw.immutable, &raw.outputs)),
            images: raw.images,
            outputs: raw.outputs.into_iter().map(|(channel, name)| (channel, name.value)).collect(),
            fallback: raw.fallback,
            summary: raw.summary,
            rationale: raw.rationale,
            source: raw.source,
            group,
            span: raw.key.span,
        };
        if let (Rule::Set(value), false) = (&parameter.registry.rule, faulty) {
            self.diags.extend(outside(&parameter, value, parameter.registry.span));
        }
        parameter
    }

    /// Links a value or an expression; one that is faulty is reported.
    pub(super) fn candidate(
        &mut self,
        raw: RawRule,
        value_type: ValueType,
        key: &str,
        base: Option<Type>,
    ) -> Option<Candidate> {
        match raw {
            RawRule::Set(at) => {
                let span = at.span;
                let value = self.typed(value_type, at, &format!("the value of `{key}`"))?.value;
                Some(Candidate { rule: Rule::Set(value), span, because: None })
            }
            RawRule::Derive(at) => {
                let scope = Scope { base, steps: &[] };
                let At { value, span } = self.expression(at, Wanted::Value(value_type, key), scope)?;
                Some(Candidate { rule: Rule::Derive(value), span, because: None })
            }
        }
    }

    pub(super) fn typed(&mut self, value_type: ValueType, at: At<Scalar>, what: &str) -> Option<At<Scalar>> {
        match value_type.read(&at.value) {
            Ok(value) => Some(At { value, span: at.span }),
            Err(fault) => {
                self.diags.push(
                    Diagnostic::error(Code::WrongType, format!("{what}: {}", fault.message))
                        .at(at.span, format!("expected {}", value_type.described()))
                        .help(fault.help),
                );
                None
            }
        }
    }
}

/// That a value is none that its parameter may have.
pub(super) fn outside(parameter: &Parameter, value: &Scalar, span: Span) -> Option<Diagnostic> {
    let violation = parameter.violation(value)?;
    let shown = parameter.value_type.text(value);
    Some(
        Diagnostic::error(Code::ConstraintViolation, format!("`{}` is {shown}, {}", parameter.key, violation.fault))
            .at(span, violation.bounds)
            .and(violation.declared, "declared here"),
    )
}

/// How a change takes effect: the slowest of the ways in which the outputs are read.
fn effect(immutable: bool, outputs: &[(Channel, At<Text>)]) -> Option<Effect> {
    let on = |channel| outputs.iter().any(|(on, _)| *on == channel);
    if immutable {
        Some(Effect::Never)
    } else if on(Channel::EnvVars) || on(Channel::DsqlPlugin) {
        Some(Effect::Restart)
    } else if on(Channel::DynamicConfig) {
        Some(Effect::Reload)
    } else {
        on(Channel::WorkerOptions).then_some(Effect::Redeploy)
    }
}
