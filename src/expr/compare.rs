//! A condition taken apart: its comparisons with the values of both sides, and what those values count.
//!
//! Works on any condition: it follows `&&` and `||`, and evaluates both sides of each comparison.

use evalexpr::{Node, Operator, Value};

use super::scan::{Kind, Op, Token};
use super::tree::Call;
use super::{Expr, ExprError, ExprErrorKind, Frame, Probe, functions};
use crate::model::{Scalar, Unit};

/// What a number counts, as far as the expression tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Things, or nothing: a literal, a count, a ratio.
    Plain,
    /// Milliseconds of a duration.
    Duration,
    /// This unit.
    Of(Unit),
    /// A product or a quotient that no unit names.
    Mixed,
}

impl Measure {
    /// What a sum, a least or a greatest of two counts.
    #[must_use]
    pub fn join(self, other: Measure) -> Measure {
        match (self, other) {
            (Measure::Plain, other) | (other, Measure::Plain) => other,
            (a, b) if a == b => a,
            _ => Measure::Mixed,
        }
    }

    fn times(self, other: Measure) -> Measure {
        match (self, other) {
            (Measure::Plain, other) | (other, Measure::Plain) => other,
            _ => Measure::Mixed,
        }
    }

    fn over(self, other: Measure) -> Measure {
        match (self, other) {
            (measure, Measure::Plain) => measure,
            (a, b) if a == b && a != Measure::Mixed => Measure::Plain,
            _ => Measure::Mixed,
        }
    }
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// Its text.
    pub text: String,
    /// Its value; a duration is milliseconds.
    pub value: Scalar,
    /// Whether it reads anything.
    pub reads: bool,
}

/// A comparison, or anything else in a condition that holds or does not.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its text.
    pub text: String,
    /// Whether it holds.
    pub holds: bool,
    /// Both sides and what stands between them, where it compares.
    pub sides: Option<(Side, &'static str, Side)>,
    /// What both sides count.
    pub measure: Measure,
    /// How far the numbers are from the other outcome: above 0 where it holds with room, 0 where it just holds or just
    /// fails, below 0 where it fails by so much. None where the sides are no numbers.
    pub distance: Option<f64>,
}

/// A condition taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// In the order of the text.
    pub parts: Vec<Part>,
    /// Whether all of the parts have to hold, or some of them; a condition that mixes both counts as some.
    pub all: bool,
}

impl Expr {
    /// The comparisons of a condition, with the values of the slots it was bound to. `measure` says what a slot counts.
    ///
    /// # Errors
    ///
    /// A part that could not be evaluated.
    pub fn parts(&self, frame: &Frame, measure: &dyn Fn(u32) -> Measure) -> Result<Parts, ExprError> {
        let probe = Probe { expr: self, frame, calls: Vec::new(), cursor: 0 };
        let mut taker = Taker { probe, measure, parts: Vec::new(), all: true };
        taker.take(self.built().root()).map_err(|fault| *fault)?;
        Ok(Parts { parts: taker.parts, all: taker.all })
    }

    /// What the value of the expression counts.
    #[must_use]
    pub fn measure(&self, measure: &dyn Fn(u32) -> Measure) -> Measure {
        Measurer { expr: self, of: measure, cursor: 0 }.measure(self.built().root())
    }
}

/// Follows the logical operators down to the comparisons.
struct Taker<'a> {
    probe: Probe<'a>,
    measure: &'a dyn Fn(u32) -> Measure,
    parts: Vec<Part>,
    all: bool,
}

impl<'a> Taker<'a> {
    fn take(&mut self, node: &'a Node) -> Result<(), Box<ExprError>> {
        match (node.operator(), node.children()) {
            (Operator::And | Operator::Or, [left, right]) => {
                self.all &= matches!(node.operator(), Operator::And);
                self.take(left)?;
                self.probe.next();
                self.take(right)
            }
            (
                Operator::Eq | Operator::Neq | Operator::Gt | Operator::Lt | Operator::Geq | Operator::Leq,
                [left, right],
            ) => self.compare(node, left, right),
            _ => {
                let (value, token) = self.probe.probe(node)?;
                let text = self.text(token);
                let Value::Boolean(holds) = value else { return Err(no_condition(&text)) };
                self.parts.push(Part { text, holds, sides: None, measure: Measure::Plain, distance: None });
                Ok(())
            }
        }
    }

    fn compare(&mut self, node: &'a Node, left: &'a Node, right: &'a Node) -> Result<(), Box<ExprError>> {
        let expr = self.probe.expr;
        let mut measurer = Measurer { expr, of: self.measure, cursor: self.probe.cursor };
        let (left_value, left_token) = self.probe.probe(left)?;
        let own = self.probe.next();
        let (right_value, right_token) = self.probe.probe(right)?;
        let left_measure = measurer.measure(left);
        measurer.cursor += 1;
        let measure = compared(left_measure, measurer.measure(right));
        let (left_side, right_side) = (self.side(&left_value, left_token)?, self.side(&right_value, right_token)?);
        let text = format!("{} {} {}", left_side.text, symbol(own), right_side.text);
        let (a, b) = (left_side.value.as_f64(), right_side.value.as_f64());
        let scope = super::Scope { names: &expr.names, calls: &self.probe.calls, frame: self.probe.frame };
        let Ok(Value::Boolean(holds)) = node.eval_with_context(&scope) else { return Err(no_condition(&text)) };
        let distance = a.zip(b).map(|(a, b)| match node.operator() {
            Operator::Gt | Operator::Geq => a - b,
            Operator::Eq => -(a - b).abs(),
            Operator::Neq => (a - b).abs(),
            _ => b - a,
        });
        // Minus zero would print its sign.
        let distance = distance.map(|distance| distance + 0.0);
        self.parts.push(Part { text, holds, sides: Some((left_side, symbol(own), right_side)), measure, distance });
        Ok(())
    }

    fn side(&self, value: &Value, token: &Token) -> Result<Side, Box<ExprError>> {
        let text = self.text(token);
        let value = match value {
            Value::Int(i) => Scalar::Int(*i),
            Value::Float(f) => Scalar::Float(*f),
            Value::Boolean(b) => Scalar::Bool(*b),
            Value::String(s) => Scalar::Str(s.clone()),
            Value::Tuple(_) | Value::Empty => return Err(no_condition(&text)),
        };
        let reach = token.reach();
        let reads = self.probe.expr.tokens().iter().any(|inner| {
            matches!(inner.kind, Kind::Name(_)) && reach.start <= inner.range().start && inner.range().end <= reach.end
        });
        Ok(Side { text, value, reads })
    }

    fn text(&self, token: &Token) -> String {
        self.probe.expr.source[token.reach()].to_owned()
    }
}

/// What both sides of a comparison count. Only like is compared with like, so one side tells what the other must be.
fn compared(left: Measure, right: Measure) -> Measure {
    match (left, right) {
        (Measure::Duration, _) | (_, Measure::Duration) => Measure::Duration,
        (Measure::Of(unit), Measure::Mixed) | (Measure::Mixed, Measure::Of(unit)) => Measure::Of(unit),
        (left, right) => left.join(right),
    }
}

fn no_condition(text: &str) -> Box<ExprError> {
    Box::new(ExprError::new(ExprErrorKind::Failed, None, format!("`{text}` is no condition")))
}

fn symbol(token: &Token) -> &'static str {
    match token.kind {
        Kind::Op(op) => op.symbol(),
        _ => "",
    }
}

/// Goes through a tree without values.
struct Measurer<'a> {
    expr: &'a Expr,
    of: &'a dyn Fn(u32) -> Measure,
    cursor: usize,
}

impl<'a> Measurer<'a> {
    fn next(&mut self) -> &'a Token {
        let token = &self.expr.tokens()[self.cursor];
        self.cursor += 1;
        token
    }

    fn measure(&mut self, node: &'a Node) -> Measure {
        match node.children() {
            [operand] => {
                self.next();
                self.measure(operand)
            }
            [left, right] => {
                let left = self.measure(left);
                let own = self.next();
                let right = self.measure(right);
                match own.kind {
                    Kind::Op(Op::Add | Op::Sub | Op::Mod) => left.join(right),
                    Kind::Op(Op::Mul) => left.times(right),
                    Kind::Op(Op::Div) => left.over(right),
                    _ => Measure::Plain,
                }
            }
            _ => self.leaf(node),
        }
    }

    fn leaf(&mut self, node: &'a Node) -> Measure {
        let call = self.expr.call(node);
        if let Some((Call { function: None, .. }, [guarded])) = call {
            return self.measure(guarded);
        }
        match self.next().kind {
            Kind::Name(index) => {
                self.expr.names[usize::from(index)].slot.map_or(Measure::Mixed, |slot| (self.of)(slot))
            }
            Kind::Call(index) => {
                let arguments = call.map_or(&[][..], |(_, arguments)| arguments);
                let of: Vec<Measure> = arguments.iter().map(|argument| self.measure(argument)).collect();
                match (functions()[usize::from(index)].name, &*of) {
                    ("seconds" | "minutes" | "hours", _) => Measure::Duration,
                    ("len" | "at_least", _) => Measure::Plain,
                    ("ceil_div", [a, b]) => a.over(*b),
                    ("div_or", [a, b, fallback]) => a.over(*b).join(*fallback),
                    ("if", [_, yes, no]) => yes.join(*no),
                    (_, of) => of.iter().copied().fold(Measure::Plain, Measure::join),
                }
            }
            _ => Measure::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slots: `a` 10 connections, `b` 4 connections, `n` 3 things, `d` 90 s, `on` true.
    fn taken(source: &str) -> String {
        const NAMES: [&str; 5] = ["a", "b", "n", "d", "on"];
        let mut expr = Expr::parse(source).unwrap_or_else(|faults| panic!("{source}: {faults:?}"));
        expr.bind(|name| NAMES.iter().position(|known| *known == name).map(|at| at as u32)).expect("known names");
        let mut frame = Frame::new(5);
        for (slot, value) in [10, 4, 3, 90_000].into_iter().enumerate() {
            frame.set_int(slot as u32, value);
        }
        frame.set_bool(4, true);
        let measure = |slot| match slot {
            0 | 1 => Measure::Of(Unit::Connections),
            3 => Measure::Duration,
            _ => Measure::Plain,
        };
        let parts = expr.parts(&frame, &measure).unwrap_or_else(|fault| panic!("{source}: {fault}"));
        let told: Vec<String> = parts
            .parts
            .iter()
            .map(|part| format!("{} {} {:?} {:?}", part.text, part.holds, part.distance, part.measure))
            .collect();
        format!("{}: {}", if parts.all { "all" } else { "some" }, told.join("; "))
    }

    #[test]
    fn comparisons_have_distance_and_measure() {
        for (source, expected) in [
            ("a <= b", "all: a <= b false Some(-6.0) Of(Connections)"),
            ("a - b > n * b && on", "all: a - b > n * b false Some(-6.0) Of(Connections); on true None Plain"),
            ("a / b >= 2 || !on", "some: a / b >= 2 true Some(0.0) Plain; !on false None Plain"),
            ("d < minutes(2)", "all: d < minutes(2) true Some(30000.0) Duration"),
            ("min(d, seconds(30)) == d / n", "all: min(d, seconds(30)) == d / n true Some(0.0) Duration"),
            ("if(a > b, d, 0) != 0", "all: if(a > b, d, 0) != 0 true Some(90000.0) Duration"),
            (
                "(a + 1) * n < d && (a > 1 || b > 1)",
                "some: (a + 1) * n < d true Some(89967.0) Duration; \
              a > 1 true Some(9.0) Of(Connections); b > 1 true Some(3.0) Of(Connections)",
            ),
            ("a == b", "all: a == b false Some(-6.0) Of(Connections)"),
            ("b * 1000 / d <= a", "all: b * 1000 / d <= a true Some(10.0) Of(Connections)"),
            ("len(\"x\") > 0", "all: len(\"x\") > 0 true Some(1.0) Plain"),
        ] {
            assert_eq!(taken(source), expected, "{source}");
        }
    }
}
