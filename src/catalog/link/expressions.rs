//! Compiles and type-checks expressions, and points at the faults inside them.

use super::{Keys, Linker};
use crate::catalog::scope::{Slots, expression_type};
use crate::diag::{At, Code, Diagnostic, Span, nearest};
use crate::expr::{Expr, ExprError, ExprErrorKind, Formula, Type};
use crate::model::{Text, ValueType};

/// What an expression must give.
#[derive(Clone, Copy)]
pub(super) enum Wanted<'w> {
    /// The value of a parameter.
    Value(ValueType, &'w str),
    /// True or false.
    Condition,
    /// A number.
    Number,
    /// A number or a truth value: a step of a rail.
    Step,
}

impl Wanted<'_> {
    /// Whether an expression of this type will do.
    fn takes(self, found: Type) -> bool {
        match self {
            Wanted::Value(ValueType::Float, _) | Wanted::Number => matches!(found, Type::Int | Type::Float),
            Wanted::Value(value_type, _) => found == expression_type(value_type),
            Wanted::Condition => found == Type::Bool,
            Wanted::Step => found != Type::Str,
        }
    }

    fn described(self) -> String {
        match self {
            Wanted::Value(ValueType::Float, _) | Wanted::Number => "a number".to_owned(),
            Wanted::Value(ValueType::Duration, key) => {
                format!("an int of milliseconds, because `{key}` is a duration")
            }
            Wanted::Value(value_type, key) => {
                let (wanted, described) = (article(expression_type(value_type)), value_type.described());
                format!("{wanted}, because `{key}` is {described}")
            }
            Wanted::Condition => "a bool".to_owned(),
            Wanted::Step => "a number or a bool".to_owned(),
        }
    }
}

/// Which names an expression may read besides parameters and reserved ones.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s> {
    /// The type of `base`, where it may be read.
    pub(super) base: Option<Type>,
    /// A rail's steps so far.
    pub(super) steps: &'s [(Text, Type)],
}

pub(super) const PLAIN: Scope<'static> = Scope { base: None, steps: &[] };

impl Linker<'_> {
    pub(super) fn expression(
        &mut self,
        formula: At<Formula>,
        wanted: Wanted<'_>,
        scope: Scope<'_>,
    ) -> Option<At<Expr>> {
        self.typed_expression(formula, wanted, scope).map(|(expr, _)| expr)
    }

    /// Likewise, with what it gives.
    pub(super) fn typed_expression(
        &mut self,
        At { value: formula, span }: At<Formula>,
        wanted: Wanted<'_>,
        scope: Scope<'_>,
    ) -> Option<(At<Expr>, Type)> {
        let mut expr = match formula.parsed() {
            Ok(expr) => expr,
            Err((text, faults)) => {
                for fault in faults {
                    self.expression_fault(&text, span, &fault, None);
                }
                return None;
            }
        };
        let Keys { by_key, slots, .. } = self.keys;
        let slots = *slots;
        let bound = expr.bind(|name| {
            if let Some(index) = scope.steps.iter().position(|(step, _)| step == name) {
                return Some(slots.step(index));
            }
            if name == "base" {
                return scope.base.map(|_| slots.base());
            }
            by_key.get(name).map(|id| Slots::parameter(*id)).or_else(|| slots.reserved(name))
        });
        if let Err(faults) = bound {
            for fault in faults {
                self.expression_fault(expr.source(), span, &fault, Some(scope));
            }
            return None;
        }
        match expr.type_of(&|slot| self.keys.slot_type(scope, slot)) {
            Err(faults) => {
                for fault in faults {
                    self.expression_fault(expr.source(), span, &fault, None);
                }
                None
            }
            Ok(found) => {
                if wanted.takes(found) {
                    return Some((At { value: expr, span }, found));
                }
                let expected = wanted.described();
                let help = match (wanted, found) {
                    (Wanted::Value(ValueType::Int | ValueType::Duration, _), Type::Float) => {
                        "round it: `ceil(…)`, `floor(…)` or `round(…)`"
                    }
                    (Wanted::Condition, _) => "compare something: `… <= …`",
                    _ => "see docs/expressions.md for what each operator and function gives",
                };
                self.diags.push(
                    Diagnostic::error(
                        Code::ExpressionType,
                        format!("the expression gives {}, not {expected}", article(found)),
                    )
                    .at(span, format!("gives {}", article(found)))
                    .help(help),
                );
                None
            }
        }
    }

    fn expression_fault(&mut self, text: &str, span: Span, fault: &ExprError, scope: Option<Scope<'_>>) {
        let code = match fault.kind {
            ExprErrorKind::Syntax | ExprErrorKind::Refused | ExprErrorKind::Arity => Code::InvalidExpression,
            ExprErrorKind::TooLarge => Code::TooLarge,
            ExprErrorKind::TooDeep => Code::TooDeep,
            ExprErrorKind::UnknownFunction => Code::UnknownFunction,
            ExprErrorKind::UnknownName => Code::UnknownParameter,
            ExprErrorKind::Type => Code::ExpressionType,
            ExprErrorKind::Failed => Code::ExpressionFailed,
        };
        let mut help = fault.help.clone();
        if let (Some(name), Some(scope), ExprErrorKind::UnknownName) = (&fault.name, scope, fault.kind) {
            let mut known: Vec<&str> = self.keys.by_key.keys().map(AsRef::as_ref).collect();
            known.extend(scope.steps.iter().map(|(step, _)| step.as_ref()));
            for name in Slots::reserved_names() {
                known.push(name);
            }
            help = Some(if name == "base" {
                "`base` is known only in `[derive]` of presets and modifiers".to_owned()
            } else {
                nearest(name, known).map_or_else(
                    || "`tdsql list-parameters` shows every parameter".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                )
            });
        }
        let mut diagnostic =
            Diagnostic::error(code, fault.message.clone()).at(span.of(text, fault.range.clone()), label(fault.kind));
        if let Some(help) = help {
            diagnostic = diagnostic.help(help);
        }
        self.diags.push(diagnostic);
    }
}

impl Keys {
    /// The type of what stands in a slot.
    fn slot_type(&self, scope: Scope<'_>, slot: u32) -> Type {
        let slots = self.slots;
        if let Some(id) = slots.as_parameter(slot) {
            return expression_type(self.type_of(id));
        }
        if slot == slots.base() {
            return scope.base.unwrap_or(Type::Int);
        }
        slots.reserved_type(slot).unwrap_or_else(|| {
            let index = slot.saturating_sub(slots.step(0)) as usize;
            scope.steps.get(index).map_or(Type::Int, |(_, of)| *of)
        })
    }
}

fn label(kind: ExprErrorKind) -> &'static str {
    match kind {
        ExprErrorKind::UnknownName => "no parameter has this key",
        ExprErrorKind::UnknownFunction => "no such function",
        ExprErrorKind::Type => "does not fit",
        _ => "here",
    }
}

fn article(of: Type) -> &'static str {
    match of {
        Type::Int => "an int",
        Type::Float => "a float",
        Type::Bool => "a bool",
        Type::Str => "a str",
    }
}
