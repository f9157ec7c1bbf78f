//! Expressions: parsing, static types and evaluation.
//!
//! This is the only module that knows evalexpr. The text is read and checked here (`scan.rs`), since evalexpr accepts
//! far more than the expression language has, gives no positions and does not survive hostile input. The tree is built
//! from the tokens (`tree.rs`) and evaluated by evalexpr; its built-in functions are off, the functions of the language
//! are listed by [`functions()`]. Static types are in `types.rs`.
//!
//! ```text
//! parse(text) -> Expr -> bind(names to slots) -> type_of(types of the slots)
//!                                             -> eval(values of the slots), again and again
//! ```
//!
//! The nodes of the tree, read from left to right, and the tokens of the text (without brackets and commas) are the
//! same sequence; the arguments of a call follow its name. That is how errors get their positions although nodes have
//! none.

mod compare;
mod functions;
mod scan;
mod tree;
mod types;

use std::fmt;
use std::ops::Range;

use evalexpr::{Context, EvalexprError, EvalexprResult, Node, Operator, Value};

pub use compare::{Measure, Part, Parts, Side};
pub use functions::{Function, functions};
pub use scan::is_reserved;
pub use types::Type;

use crate::model::Scalar;
use scan::{Kind, Op, Pos, Token, quote};
use tree::{Built, Call};

/// The type of a value.
#[must_use]
pub fn type_of_value(value: &Scalar) -> Type {
    match value {
        Scalar::Int(_) => Type::Int,
        Scalar::Float(_) => Type::Float,
        Scalar::Bool(_) => Type::Bool,
        Scalar::Str(_) => Type::Str,
    }
}

/// What kind of fault an [`ExprError`] reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExprErrorKind {
    /// The text is not an expression.
    Syntax,
    /// More bytes or tokens than allowed.
    TooLarge,
    /// Brackets nested too deeply.
    TooDeep,
    /// An operator or construct that expressions do not have.
    Refused,
    /// A call of a function that does not exist.
    UnknownFunction,
    /// A call with the wrong number of arguments.
    Arity,
    /// A name that [`Expr::bind`] could not resolve.
    UnknownName,
    /// Operands or arguments whose types do not fit.
    Type,
    /// The evaluation failed.
    Failed,
}

/// A fault in an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct ExprError {
    /// The kind of fault.
    pub kind: ExprErrorKind,
    /// Byte range within the source; absent only where a fault concerns the text as a whole.
    pub range: Option<Range<usize>>,
    /// What is wrong: a fragment in lower case without a full stop.
    pub message: String,
    /// What to do about it, in the same form.
    pub help: Option<String>,
    /// The name at fault, so that the caller can look for a similar one.
    pub name: Option<String>,
}

impl ExprError {
    fn new(kind: ExprErrorKind, range: Option<Range<usize>>, message: String) -> ExprError {
        ExprError { kind, range, message, help: None, name: None }
    }
}

impl fmt::Display for ExprError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ExprError {}

/// A name that an expression reads.
#[derive(Clone, Copy, Debug)]
struct Name {
    start: Pos,
    end: Pos,
    slot: Option<u32>,
}

impl Name {
    fn range(&self) -> Range<usize> {
        self.start.into()..self.end.into()
    }
}

/// A parsed expression.
#[derive(Clone, Debug)]
pub struct Expr {
    source: Box<str>,
    names: Box<[Name]>,
    built: Built,
}

impl Expr {
    /// Parses `source`, and reports all faults that can be found at once, in the order of the text.
    pub fn parse(source: &str) -> Result<Expr, Vec<ExprError>> {
        let mut scan = scan::scan(source)?;
        let names = std::mem::take(&mut scan.names).into_boxed_slice();
        match tree::build(source, scan, names.len()) {
            Some(built) => Ok(Expr { source: source.into(), names, built }),
            // A text that passes the scan makes a tree (a test draws many).
            None => Err(vec![ExprError::new(
                ExprErrorKind::Syntax,
                Some(0..source.len()),
                "the expression cannot be read".into(),
            )]),
        }
    }

    /// The text that the expression was parsed from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names read, each once, in order of first appearance.
    pub fn reads(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &self.source[name.range()])
    }

    /// Whether the expression reads nothing.
    pub fn constant(&self) -> bool {
        self.names.is_empty()
    }

    /// Where `name` first stands in the text as a name, read or called.
    pub fn locate(&self, name: &str) -> Option<Range<usize>> {
        self.built
            .tokens
            .iter()
            .filter(|token| matches!(token.kind, Kind::Name(_) | Kind::Call(_)))
            .map(Token::range)
            .find(|range| &self.source[range.clone()] == name)
    }

    /// Gives each name its slot; reports all names that `resolve` does not know.
    pub fn bind(&mut self, mut resolve: impl FnMut(&str) -> Option<u32>) -> Result<(), Vec<ExprError>> {
        let mut errors = Vec::new();
        for index in 0..self.names.len() {
            let slot = resolve(&self.source[self.names[index].range()]);
            self.names[index].slot = slot;
            if slot.is_none() {
                errors.push(self.unknown(&self.names[index], None));
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// The names that have slots, with their slots.
    pub fn slots(&self) -> impl Iterator<Item = (&str, u32)> {
        self.names.iter().filter_map(|name| Some((&self.source[name.range()], name.slot?)))
    }

    /// The type of the expression, given the types of the slots it was bound to.
    pub fn type_of(&self, slot_type: &dyn Fn(u32) -> Type) -> Result<Type, Vec<ExprError>> {
        let mut inference = types::Inference { expr: self, slot_type, errors: Vec::new(), cursor: 0 };
        let (ty, _) = inference.infer(self.built.root());
        match ty {
            Some(ty) if inference.errors.is_empty() => Ok(ty),
            _ => Err(inference.errors),
        }
    }

    /// The value of the expression, given the values of the slots it was bound to.
    ///
    /// Has the type that [`Expr::type_of`] gives, provided the values have the types said there.
    pub fn eval(&self, frame: &Frame) -> Result<Scalar, ExprError> {
        let value = if self.built.calls.is_empty() {
            Scope { names: &self.names, calls: &[], frame }.value(self.built.root())
        } else {
            self.eval_calls(frame)
        };
        match value {
            Ok(Value::Int(i)) => Ok(Scalar::Int(i)),
            Ok(Value::Float(f)) if f.is_finite() => Ok(Scalar::Float(f)),
            Ok(Value::Boolean(b)) => Ok(Scalar::Bool(b)),
            Ok(Value::String(s)) => Ok(Scalar::Str(s)),
            _ => Err(self.explain(frame)),
        }
    }

    /// Evaluates one call after the other, then the tree that reads their values.
    fn eval_calls(&self, frame: &Frame) -> EvalexprResult<Value> {
        const FEW: usize = 8;
        let names = &*self.names;
        // The values of the calls so far, then the arguments of the next one: there is a part for each.
        let (mut few, mut many) = ([const { Value::Empty }; FEW], Vec::new());
        let values = match self.built.parts.len() - 1 {
            0..=FEW => &mut few[..],
            places => {
                many.resize(places, Value::Empty);
                &mut many
            }
        };
        for (done, (call, arguments)) in self.built.calls().enumerate() {
            let mut end = done;
            for argument in arguments {
                values[end] = Scope { names, calls: &values[..done], frame }.value(argument)?;
                end += 1;
            }
            match call.function {
                // What went wrong is worked out again by `explain`, with more to say.
                Some(function) => match (functions()[usize::from(function)].apply)(&values[done..end]) {
                    Ok(value) => values[done] = value,
                    Err(_) => return Err(EvalexprError::OutOfBoundsAccess),
                },
                None if matches!(values[done], Value::Float(f) if !f.is_finite()) => {
                    return Err(EvalexprError::OutOfBoundsAccess);
                }
                None => {}
            }
        }
        Scope { names, calls: values, frame }.value(self.built.root())
    }

    /// The call that a node reads the value of, with its arguments.
    fn call(&self, node: &Node) -> Option<(Call, &[Node])> {
        match node.operator() {
            Operator::VariableIdentifierRead { identifier } => {
                self.built.call(tree::read_code(identifier).checked_sub(self.names.len())?)
            }
            _ => None,
        }
    }

    fn unknown(&self, name: &Name, range: Option<Range<usize>>) -> ExprError {
        let text = &self.source[name.range()];
        ExprError {
            name: Some(text.to_owned()),
            ..ExprError::new(
                ExprErrorKind::UnknownName,
                Some(range.unwrap_or_else(|| name.range())),
                format!("unknown name `{}`", quote(text)),
            )
        }
    }

    /// Finds out why the evaluation failed. evalexpr does not say where it was, so each node is looked at in turn;
    /// this is slow and runs only for an error.
    #[cold]
    fn explain(&self, frame: &Frame) -> ExprError {
        let mut probe = Probe { expr: self, frame, calls: Vec::new(), cursor: 0 };
        match probe.probe(self.built.root()) {
            Err(error) => *error,
            Ok(_) => ExprError::new(
                ExprErrorKind::Failed,
                Some(0..self.source.len()),
                format!("`{}` has no value", quote(&self.source)),
            ),
        }
    }
}

/// What evalexpr sees while it evaluates one tree.
struct Scope<'a> {
    names: &'a [Name],
    /// The values of the calls so far.
    calls: &'a [Value],
    frame: &'a Frame,
}

impl Scope<'_> {
    #[inline]
    fn value(&self, tree: &Node) -> EvalexprResult<Value> {
        match tree.operator() {
            // As evalexpr does it, without a detour.
            Operator::Const { value } => Ok(value.clone()),
            Operator::VariableIdentifierRead { identifier } => {
                self.get_value(identifier).cloned().ok_or(EvalexprError::OutOfBoundsAccess)
            }
            _ => tree.eval_with_context(self),
        }
    }
}

impl Context for Scope<'_> {
    #[inline]
    fn get_value(&self, identifier: &str) -> Option<&Value> {
        let index = tree::read_code(identifier);
        let Some(name) = self.names.get(index) else {
            return self.calls.get(index - self.names.len());
        };
        match self.frame.value(name.slot?)? {
            Value::Float(f) if !f.is_finite() => None,
            value => Some(value),
        }
    }

    fn call_function(&self, _: &str, _: &Value) -> EvalexprResult<Value> {
        // The trees have no calls, see `tree.rs`.
        Err(EvalexprError::OutOfBoundsAccess)
    }

    fn are_builtin_functions_disabled(&self) -> bool {
        true
    }

    fn set_builtin_functions_disabled(&mut self, disabled: bool) -> EvalexprResult<()> {
        if disabled { Ok(()) } else { Err(EvalexprError::BuiltinFunctionsCannotBeEnabled) }
    }
}

/// The kind of a value, for messages.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Int(_) => "an int",
        Value::Float(_) => "a float",
        Value::Boolean(_) => "a bool",
        Value::String(_) => "a str",
        Value::Tuple(_) | Value::Empty => "nothing",
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Int(i) => i.to_string(),
        Value::Float(f) => format!("{f:?}"),
        Value::Boolean(b) => b.to_string(),
        Value::String(s) => format!("\"{}\"", quote(s)),
        Value::Tuple(_) | Value::Empty => "nothing".into(),
    }
}

/// Evaluates one node after the other until one fails.
struct Probe<'a> {
    expr: &'a Expr,
    frame: &'a Frame,
    /// The values of the calls so far; the tree has them in the same order as [`Built::calls`].
    calls: Vec<Value>,
    cursor: usize,
}

impl<'a> Probe<'a> {
    fn next(&mut self) -> &'a Token {
        let token = &self.expr.built.tokens[self.cursor];
        self.cursor += 1;
        token
    }

    fn text(&self, token: &Token) -> String {
        quote(&self.expr.source[token.reach()])
    }

    /// `: text with operand = value, …`, leaving out operands that are literals.
    fn context(&self, own: &Token, operands: &[(Value, &Token)]) -> String {
        let mut context = format!(": `{}`", self.text(own));
        let mut shown: Vec<String> = Vec::new();
        for (value, token) in operands {
            if token.kind == Kind::Literal {
                continue;
            }
            let text = &self.expr.source[token.reach()];
            // Outer brackets say nothing here.
            let text = match text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
                Some(inner) if balanced(inner) => inner.trim(),
                _ => text,
            };
            let part = format!("{} = {}", quote(text), show(value));
            if !shown.contains(&part) {
                shown.push(part);
            }
        }
        if !shown.is_empty() {
            context.push_str(" with ");
            context.push_str(&shown.join(", "));
        }
        context
    }

    fn failure(&self, own: &Token, message: String, help: Option<&str>) -> Box<ExprError> {
        Box::new(ExprError {
            help: help.map(str::to_owned),
            ..ExprError::new(ExprErrorKind::Failed, Some(own.reach()), message)
        })
    }

    fn probe(&mut self, node: &'a Node) -> Result<(Value, &'a Token), Box<ExprError>> {
        let (own, operands) = match node.children() {
            [left, right] => {
                let left = self.probe(left)?;
                let own = self.next();
                (own, vec![left, self.probe(right)?])
            }
            [operand] => {
                let own = self.next();
                (own, vec![self.probe(operand)?])
            }
            _ => return self.probe_leaf(node),
        };
        let scope = Scope { names: &self.expr.names, calls: &self.calls, frame: self.frame };
        match (own.kind, node.eval_with_context(&scope).ok()) {
            (_, Some(value)) if !matches!(value, Value::Float(f) if !f.is_finite()) => Ok((value, own)),
            (Kind::Op(op), value) => Err(self.failed_operator(op, own, &operands, value.is_some())),
            _ => Err(self.failure(own, format!("`{}` has no value", self.text(own)), None)),
        }
    }

    /// A literal, a name or a call.
    fn probe_leaf(&mut self, node: &'a Node) -> Result<(Value, &'a Token), Box<ExprError>> {
        let call = self.expr.call(node);
        if let Some((Call { function: None, .. }, [guarded])) = call {
            // What is not finite has failed in there.
            let (value, token) = self.probe(guarded)?;
            self.calls.push(value.clone());
            return Ok((value, token));
        }
        let own = self.next();
        match (own.kind, node.operator()) {
            (Kind::Literal, Operator::Const { value }) => Ok((value.clone(), own)),
            (Kind::Name(index), _) => {
                let name = &self.expr.names[usize::from(index)];
                let text = quote(&self.expr.source[own.range()]);
                let value = name.slot.and_then(|slot| self.frame.value(slot));
                match value {
                    Some(Value::Float(f)) if !f.is_finite() => {
                        Err(self.failure(own, format!("`{text}` is not a finite number: {f:?}"), None))
                    }
                    Some(value) => Ok((value.clone(), own)),
                    None => {
                        let mut error = self.failure(own, format!("`{text}` has no value"), None);
                        error.name = Some(text);
                        Err(error)
                    }
                }
            }
            (Kind::Call(index), _) => {
                let function = &functions()[usize::from(index)];
                let arguments = call.map_or(&[][..], |(_, arguments)| arguments);
                let operands: Vec<_> =
                    arguments.iter().map(|argument| self.probe(argument)).collect::<Result<_, _>>()?;
                let values: Vec<Value> = operands.iter().map(|(v, _)| v.clone()).collect();
                match (function.apply)(&values) {
                    Ok(value) => {
                        self.calls.push(value.clone());
                        Ok((value, own))
                    }
                    Err(fault) => {
                        let context = self.context(own, &operands);
                        let message = format!("`{}` {}{context}", function.name, fault.message);
                        Err(self.failure(own, message, fault.help))
                    }
                }
            }
            _ => Err(self.failure(own, format!("`{}` has no value", self.text(own)), None)),
        }
    }

    fn failed_operator(&self, op: Op, own: &Token, operands: &[(Value, &Token)], computed: bool) -> Box<ExprError> {
        let by_zero = matches!(op, Op::Div | Op::Mod)
            && match operands.last() {
                Some((Value::Int(0), _)) => true,
                Some((Value::Float(f), _)) => *f == 0.0,
                _ => false,
            };
        let numbers = |value: &Value| matches!(value, Value::Int(_) | Value::Float(_));
        let (message, shown, help) = if by_zero {
            let help = match op {
                Op::Div => "use `div_or(a, b, fallback)` where the divisor may be 0, or bound it with `max`",
                _ => "bound the divisor with `max`",
            };
            ("division by zero".to_owned(), &operands[1..], Some(help))
        } else if computed {
            (
                format!("`{}` overflows the range of a float", op.symbol()),
                operands,
                Some("bound the operands with `min`, `max` or `clamp`"),
            )
        } else if let Some((value, _)) =
            operands.iter().find(|(value, _)| !numbers(value)).filter(|_| op.is_arithmetic())
        {
            (format!("`{}` takes numbers, not {}", op.symbol(), kind_of(value)), operands, None)
        } else if op.is_arithmetic() {
            (
                format!("`{}` overflows the range of an int", op.symbol()),
                operands,
                Some("bound the operands with `min` or `clamp`, or compute with floats: write `1.0 * a`"),
            )
        } else {
            (format!("`{}` cannot take these operands", op.symbol()), operands, None)
        };
        let message = message + &self.context(own, shown);
        self.failure(own, message, help)
    }
}

/// Whether each bracket of the text has its partner in it. Texts in quotes may mislead it; that costs a bracket in a
/// message.
fn balanced(text: &str) -> bool {
    let mut depth = 0_i32;
    text.bytes().all(|byte| {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        depth >= 0
    }) && depth == 0
}

/// Values by slot number; cheap to fill again and again.
///
/// Writing to a slot beyond the end makes the frame longer.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// `Empty` is an unset slot.
    values: Vec<Value>,
}

impl Frame {
    /// A frame of `len` unset slots.
    pub fn new(len: usize) -> Frame {
        Frame { values: vec![Value::Empty; len] }
    }

    /// The number of slots.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no slots.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    fn value(&self, slot: u32) -> Option<&Value> {
        match self.values.get(slot as usize)? {
            Value::Empty => None,
            value => Some(value),
        }
    }

    fn place(&mut self, slot: u32) -> &mut Value {
        let slot = slot as usize;
        if slot >= self.values.len() {
            self.values.resize(slot + 1, Value::Empty);
        }
        &mut self.values[slot]
    }

    /// Sets a slot.
    pub fn set(&mut self, slot: u32, value: &Scalar) {
        match value {
            Scalar::Int(i) => self.set_int(slot, *i),
            Scalar::Float(f) => self.set_float(slot, *f),
            Scalar::Bool(b) => self.set_bool(slot, *b),
            Scalar::Str(s) => self.set_str(slot, s),
        }
    }

    /// Sets a slot to an int.
    pub fn set_int(&mut self, slot: u32, value: i64) {
        *self.place(slot) = Value::Int(value);
    }

    /// Sets a slot to a float. Reading it is an error if it is not finite.
    pub fn set_float(&mut self, slot: u32, value: f64) {
        *self.place(slot) = Value::Float(value);
    }

    /// Sets a slot to a bool.
    pub fn set_bool(&mut self, slot: u32, value: bool) {
        *self.place(slot) = Value::Boolean(value);
    }

    /// Sets a slot to a text; the memory of a text that was there is used again.
    pub fn set_str(&mut self, slot: u32, value: &str) {
        match self.place(slot) {
            Value::String(text) => {
                text.clear();
                text.push_str(value);
            }
            place => *place = Value::String(value.to_owned()),
        }
    }

    /// The value of a slot, if it is set.
    pub fn get(&self, slot: u32) -> Option<Scalar> {
        match self.value(slot)? {
            Value::Int(i) => Some(Scalar::Int(*i)),
            Value::Float(f) => Some(Scalar::Float(*f)),
            Value::Boolean(b) => Some(Scalar::Bool(*b)),
            Value::String(s) => Some(Scalar::Str(s.clone())),
            Value::Tuple(_) | Value::Empty => None,
        }
    }

    /// Unsets a slot.
    pub fn clear(&mut self, slot: u32) {
        if let Some(place) = self.values.get_mut(slot as usize) {
            *place = Value::Empty;
        }
    }

    /// Adds a slot at the end; gives its number.
    pub fn push(&mut self, value: &Scalar) -> u32 {
        let slot = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.set(slot, value);
        slot
    }

    /// Drops the slots from number `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.values.truncate(len);
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[track_caller]
    fn bound(source: &str, names: &[&str]) -> Expr {
        let mut expr = Expr::parse(source).unwrap_or_else(|e| panic!("{source}: {e:?}"));
        expr.bind(|name| names.iter().position(|n| *n == name).map(|n| n as u32))
            .unwrap_or_else(|e| panic!("{source}: {e:?}"));
        expr
    }

    #[track_caller]
    fn eval(source: &str, values: &[(&str, Scalar)]) -> Result<Scalar, ExprError> {
        let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
        let mut frame = Frame::default();
        for (_, value) in values {
            frame.push(value);
        }
        bound(source, &names).eval(&frame)
    }

    /// The errors of parsing, each as kind, marked text and message.
    #[track_caller]
    fn faults(source: &str, expected: &[(ExprErrorKind, &str, &str)]) {
        let errors = Expr::parse(source).expect_err(source);
        let found: Vec<_> = errors
            .iter()
            .map(|e| {
                assert!(e.help.is_some(), "{source}: {e:?}");
                let range = e.range.clone().expect("range");
                (e.kind, &source[range], e.message.as_str())
            })
            .collect();
        assert_eq!(found, expected, "{source}");
    }

    #[test]
    fn reads_and_slots() {
        let mut expr = Expr::parse("b.x + a * b.x - max(c_1, a)").expect("parses");
        assert_eq!(expr.reads().collect::<Vec<_>>(), ["b.x", "a", "c_1"]);
        assert_eq!(expr.source(), "b.x + a * b.x - max(c_1, a)");
        assert_eq!(expr.locate("a"), Some(6..7));
        assert_eq!(expr.locate("c_1"), Some(20..23));
        assert_eq!(expr.locate("max"), Some(16..19));
        assert_eq!(expr.locate("b"), None);
        assert!(!expr.constant());
        let errors = expr.bind(|name| (name == "a").then_some(7)).expect_err("two names are unknown");
        let found: Vec<_> = errors.iter().map(|e| (e.kind, e.name.as_deref(), e.range.clone())).collect();
        assert_eq!(
            found,
            [
                (ExprErrorKind::UnknownName, Some("b.x"), Some(0..3)),
                (ExprErrorKind::UnknownName, Some("c_1"), Some(20..23)),
            ]
        );
        assert_eq!(expr.slots().collect::<Vec<_>>(), [("a", 7)]);
        assert!(Expr::parse("1 + 2").expect("parses").constant());
    }

    #[test]
    fn arithmetic() {
        let int = |i| Ok(Scalar::Int(i));
        assert_eq!(eval("7 / 2", &[]), int(3));
        assert_eq!(eval("-7 / 2", &[]), int(-3));
        assert_eq!(eval("\tabs\n(\r\n1 )\t", &[]), int(1));
        assert_eq!(eval("7 / 2.0", &[]), Ok(Scalar::Float(3.5)));
        assert_eq!(eval("2 - -3 * 2", &[]), int(8));
        assert_eq!(eval("- (2 + 3) % 3", &[]), int(-2));
        assert_eq!(eval("10 - 3 - 2", &[]), int(5));
        assert_eq!(eval("1.5e-3 + 1E+2", &[]), Ok(Scalar::Float(100.0015)));
        assert_eq!(eval("max(1, 2, 3, 4, 9, 5, 6, 7, 8) - min(abs(-3), len(\"ab\"), 4, 5, 6, 7)", &[]), int(7));
        assert_eq!(eval("!true || 1 < 2 && 3 >= 3", &[]), Ok(Scalar::Bool(true)));
        assert_eq!(eval("s == \"a\\\"b\"", &[("s", Scalar::Str("a\"b".into()))]), Ok(Scalar::Bool(true)));
        assert_eq!(
            eval(
                "max(if(dsql.reservoir_enabled, 50, 10), round_up(4.0 * load.busy / load.processes, 10))",
                &[
                    ("dsql.reservoir_enabled", Scalar::Bool(false)),
                    ("load.busy", Scalar::Float(41.5)),
                    ("load.processes", Scalar::Int(3)),
                ]
            ),
            int(60)
        );
    }

    #[test]
    fn failed_evaluations_say_why() {
        let a = ("a", Scalar::Int(i64::MAX));
        let b = ("b", Scalar::Int(0));
        let f = ("f", Scalar::Float(1e300));
        let values = [a, b, f];
        for (source, marked, message) in [
            ("1 + a / b", "a / b", "division by zero: `a / b` with b = 0"),
            ("a % (b * 2) + 1", "a % (b * 2)", "division by zero: `a % (b * 2)` with b * 2 = 0"),
            ("1.0 / b > 2.0", "1.0 / b", "division by zero: `1.0 / b` with b = 0"),
            ("(a * 2) + 1", "(a * 2)", "`*` overflows the range of an int: `(a * 2)` with a = 9223372036854775807"),
            ("-a - 2", "-a - 2", "`-` overflows the range of an int: `-a - 2` with -a = -9223372036854775807"),
            ("f * f < 1.0", "f * f", "`*` overflows the range of a float: `f * f` with f = 1e300"),
            ("1 / (f * f * b)", "f * f", "`*` overflows the range of a float: `f * f` with f = 1e300"),
            (
                "if(b == 0, 1, ceil_div(a, b))",
                "ceil_div(a, b)",
                "`ceil_div` divides by zero: `ceil_div(a, b)` with a = 9223372036854775807, b = 0",
            ),
            ("round_up(3, b)", "round_up(3, b)", "`round_up` takes a step of 1 or more: `round_up(3, b)` with b = 0"),
            ("!b", "!b", "`!` cannot take these operands: `!b` with b = 0"),
        ] {
            let error = eval(source, &values).expect_err(source);
            assert_eq!(error.message, message);
            assert_eq!(error.kind, ExprErrorKind::Failed);
            assert_eq!(&source[error.range.expect("range")], marked);
        }
    }

    #[test]
    fn unset_and_unbound_names() {
        let expr = bound("a + b", &["a", "b"]);
        let mut frame = Frame::new(2);
        frame.set_int(0, 1);
        let error = expr.eval(&frame).expect_err("b is unset");
        assert_eq!(error.message, "`b` has no value");
        assert_eq!((error.range, error.name.as_deref()), (Some(4..5), Some("b")));
        assert_eq!(expr.eval(&Frame::new(0)).map_err(|e| e.range), Err(Some(0..1)));
        frame.set_float(1, f64::NAN);
        let error = expr.eval(&frame).expect_err("b is no number");
        assert_eq!(error.message, "`b` is not a finite number: NaN");
        for hiding in ["b < 1.0", "0.0 <= b", "b != b", "1.0 / b < 2.0"] {
            for special in [f64::NAN, f64::INFINITY] {
                frame.set_float(1, special);
                let expr = bound(hiding, &["a", "b"]);
                assert!(expr.eval(&frame).is_err(), "{hiding}");
            }
        }
        let unbound = Expr::parse("a").expect("parses");
        assert!(unbound.eval(&frame).is_err());
        let errors = unbound.type_of(&|_| Type::Int).expect_err("unbound");
        assert_eq!(errors[0].kind, ExprErrorKind::UnknownName);
    }

    #[test]
    fn frames() {
        let mut frame = Frame::new(1);
        assert_eq!((frame.len(), frame.is_empty(), frame.get(0)), (1, false, None));
        for value in
            [Scalar::Int(1), Scalar::Float(1.5), Scalar::Bool(true), Scalar::Str("x".into()), Scalar::Str("y".into())]
        {
            frame.set(0, &value);
            assert_eq!(frame.get(0), Some(value));
        }
        assert_eq!(frame.push(&Scalar::Int(5)), 1);
        frame.set_bool(4, true);
        assert_eq!((frame.len(), frame.get(3)), (5, None));
        frame.truncate(1);
        assert_eq!((frame.len(), frame.get(1), frame.get(u32::MAX)), (1, None, None));
        frame.clear(0);
        frame.clear(9);
        assert_eq!(frame.get(0), None);
    }

    #[test]
    fn everything_refused_is_found_at_once() {
        use ExprErrorKind::{Arity, Refused, Syntax, UnknownFunction};
        faults(
            "sqrt(a ^ 2) + b = foo(1, 2); clamp(1, 2)",
            &[
                (UnknownFunction, "sqrt", "unknown function `sqrt`"),
                (Refused, "^", "the operator `^` is not available"),
                (Refused, "=", "the operator `=` is not available"),
                (UnknownFunction, "foo", "unknown function `foo`"),
                (Refused, ";", "the operator `;` is not available"),
                (Arity, "clamp(1, 2)", "`clamp` takes 3 arguments, not 2"),
            ],
        );
        faults(
            "a += 1 & 2 &&= 3",
            &[
                (Refused, "+=", "the operator `+=` is not available"),
                (Refused, "&", "the operator `&` is not available"),
                (Refused, "&&=", "the operator `&&=` is not available"),
            ],
        );
        faults("(1, 2)", &[(Refused, ",", "`,` stands outside the brackets of a function")]);
        faults("min((1, 2), 3)", &[(Refused, ",", "`,` stands outside the brackets of a function")]);
        faults("1 // 2", &[(Refused, "// 2", "an expression cannot hold comments")]);
        faults("a/*b*/c", &[(Refused, "/*b*/c", "an expression cannot hold comments")]);
        faults(
            "NaN > inf",
            &[
                (Refused, "NaN", "`NaN` is not a value that expressions have"),
                (Refused, "inf", "`inf` is not a value that expressions have"),
            ],
        );
        faults("min(1)", &[(Arity, "min(1)", "`min` takes at least 2 arguments, not 1")]);
        faults("floor()", &[(Arity, "floor()", "`floor` takes 1 argument, not 0")]);
        faults("x y", &[(Syntax, "y", "missing operator between `x` and `y`")]);
    }

    #[test]
    fn syntax() {
        use ExprErrorKind::Syntax;
        for (source, marked, message) in [
            ("", "", "the expression is empty"),
            (" \t\n", " \t\n", "the expression is empty"),
            ("1 +", "+", "missing value after `+`"),
            ("* 2", "*", "missing value before `*`"),
            ("+1", "+", "missing value before `+`"),
            ("1 + * 2", "*", "missing value between `+` and `*`"),
            ("(1 + 2", "(", "`(` is never closed"),
            ("1 + 2)", ")", "`)` closes nothing"),
            ("()", "()", "the brackets are empty"),
            ("min(1, )", ")", "missing value between `,` and `)`"),
            ("min(, 1)", ",", "missing value between `(` and `,`"),
            ("a and b", "and", "missing operator between `a` and `and`"),
            ("2(3)", "(", "missing operator between `2` and `(`"),
            ("(1)(2)", "(", "missing operator between `)` and `(`"),
            ("a !b", "!", "missing operator between `a` and `!`"),
            ("\"a\" \"b\"", "\"b\"", "missing operator between `\"a\"` and `\"b\"`"),
            ("floor 2.5", "floor", "`floor` is a function"),
            ("min + 1", "min", "`min` is a function"),
            ("\"abc", "\"abc", "the text is never closed"),
            ("\"a\\nb\"", "\\n", "unknown escape `\\n` in a text"),
            ("\"abc\\", "\"abc\\", "the text is never closed"),
            ("'abc'", "'", "unexpected character `'`"),
            ("1_000", "1_000", "`1_000` is not a number"),
            ("0x10", "0x10", "`0x10` is not a number"),
            (".5", ".5", "`.5` is not a number"),
            ("5.", "5.", "`5.` is not a number"),
            ("1e", "1e", "`1e` is not a number"),
            ("1e-x", "1e", "`1e` is not a number"),
            ("1e-3x", "1e-3x", "`1e-3x` is not a number"),
            ("12abc", "12abc", "`12abc` is not a number"),
            ("9223372036854775808", "9223372036854775808", "`9223372036854775808` is too large for an int"),
            ("1e999", "1e999", "`1e999` is too large for a float"),
            ("a..b", "a..b", "`a..b` is not a name"),
            ("a.", "a.", "`a.` is not a name"),
            ("@", "@", "unexpected character `@`"),
            ("é + 1", "é", "unexpected character `é`"),
            ("a\u{a0}+ 1", "\u{a0}", "unexpected character `\\u{a0}`"),
            ("a\u{0}b", "\u{0}", "unexpected character `\\0`"),
            ("a\u{202e}b", "\u{202e}", "unexpected character `\\u{202e}`"),
            ("a ? b", "?", "unexpected character `?`"),
            ("math::abs(1)", ":", "unexpected character `:`"),
        ] {
            let errors = Expr::parse(source).expect_err(source);
            let first = &errors[0];
            assert_eq!(first.message, message, "{source}");
            assert_eq!(&source[first.range.clone().expect("range")], marked, "{source}");
            assert_eq!(first.kind, Syntax);
            assert_eq!(errors.len(), 1, "{source}: {errors:?}");
            assert!(first.help.is_some(), "{source}");
        }
    }

    #[test]
    fn reserved_names() {
        for name in ["min", "if", "true", "false", "inf", "NaN", "Infinity"] {
            assert!(is_reserved(name), "{name}");
        }
        for name in ["base", "minimum", "True", "preset.min_throughput"] {
            assert!(!is_reserved(name), "{name}");
        }
        assert!(functions().len() < usize::from(u8::MAX), "positions are stored in a byte");
    }

    #[test]
    fn limits_are_exact() {
        let one_error = |source: &str| {
            let errors = Expr::parse(source).expect_err("too large");
            assert_eq!(errors.len(), 1, "{errors:?}");
            errors[0].kind
        };
        let brackets = |n: usize| format!("{}1{}", "(".repeat(n), ")".repeat(n));
        assert_eq!(eval(&brackets(32), &[]), Ok(Scalar::Int(1)));
        assert_eq!(one_error(&brackets(33)), ExprErrorKind::TooDeep);
        let calls = |n: usize| format!("{}1{}", "abs(".repeat(n), ")".repeat(n));
        assert_eq!(eval(&calls(32), &[]), Ok(Scalar::Int(1)));
        assert_eq!(one_error(&calls(33)), ExprErrorKind::TooDeep);
        let minuses = |n: usize| format!("{}1", "-".repeat(n));
        assert_eq!(eval(&minuses(199), &[]), Ok(Scalar::Int(-1)));
        assert_eq!(one_error(&minuses(200)), ExprErrorKind::TooLarge);
        let padded = |n: usize| format!("1{}", " ".repeat(n - 1));
        assert_eq!(eval(&padded(1024), &[]), Ok(Scalar::Int(1)));
        assert_eq!(one_error(&padded(1025)), ExprErrorKind::TooLarge);
        let names: Vec<String> = (0..100).map(|i| format!("n{i}")).collect();
        let many = names.join("+");
        let expr = bound(&many, &names.iter().map(String::as_str).collect::<Vec<_>>());
        let mut frame = Frame::default();
        for i in 0..100 {
            frame.push(&Scalar::Int(i));
        }
        assert_eq!(expr.eval(&frame), Ok(Scalar::Int(4950)));
    }

    #[test]
    fn hostile_texts_end_in_errors() {
        let texts = [
            "(".repeat(100_000),
            ")".repeat(100_000),
            format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000)),
            "a".repeat(10 << 20),
            "\"".repeat(10 << 20),
            format!("{}1", "-".repeat(100_000)),
            format!("{}1", "!".repeat(1_000)),
            vec!["1"; 5_000].join("+"),
            "1+".repeat(1_000),
            "1+".repeat(99),
            "min(".repeat(200),
            "(".repeat(200),
            "((1)".into(),
            "\u{0}\u{1}\u{7f}".into(),
            "\u{feff}1".into(),
            "\"\\".into(),
            ",".repeat(150),
            "@ ".repeat(150),
            "/*".into(),
            "//".into(),
            "\u{1f600}".repeat(200),
        ];
        for text in texts {
            let errors = Expr::parse(&text).expect_err("hostile");
            assert!(!errors.is_empty() && errors.len() <= 200);
            for error in errors {
                assert!(error.message.len() < 1_000, "messages stay short");
                assert!(!error.message.contains(char::is_control), "{error:?}");
                if let Some(range) = error.range {
                    assert!(text.get(range).is_some(), "ranges lie on characters");
                }
            }
        }
    }

    /// A small generator of pseudo-random numbers, so that a failure can be repeated.
    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 % bound as u64) as usize
        }

        fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
            from[self.below(from.len())]
        }
    }

    const NAMES: [&str; 6] = ["i.a", "i.b", "f.a", "f.b", "b.a", "s.a"];
    const ATOMS: [&str; 17] = [
        "i.a",
        "i.b",
        "f.a",
        "f.b",
        "b.a",
        "s.a",
        "0",
        "1",
        "7",
        "9223372036854775807",
        "0.0",
        "2.5",
        "1e308",
        "true",
        "false",
        "\"1.2.3\"",
        "\"x y\"",
    ];
    const NOISE: [&str; 24] = [
        "(", ")", ",", "+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||", "!", "^", "=", ";",
        "1e-3", "é", "\"", "_",
    ];
    const BINARY: [&str; 13] = ["+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||"];

    fn draw_type(name: &str) -> Type {
        match name.as_bytes()[0] {
            b'i' => Type::Int,
            b'f' => Type::Float,
            b'b' => Type::Bool,
            _ => Type::Str,
        }
    }

    /// A text that follows the grammar, most often also the types.
    fn draw(random: &mut Random, ty: Option<Type>, depth: usize, out: &mut String) {
        let ty = match ty {
            Some(ty) if random.below(40) > 0 => ty,
            _ => [Type::Int, Type::Float, Type::Bool, Type::Str][random.below(4)],
        };
        if depth == 0 || random.below(5) == 0 || (ty == Type::Str && random.below(3) > 0) {
            let atoms: &[&str] = match ty {
                Type::Int => &["i.a", "i.b", "0", "1", "7", "3000000000", "9223372036854775807"],
                Type::Float => &["f.a", "f.b", "0.0", "2.5", "1e308", "1e-3"],
                Type::Bool => &["b.a", "true", "false"],
                Type::Str => &["s.a", "\"1.2.3\"", "\"x y\"", "\"\""],
            };
            out.push_str(random.pick(atoms));
            return;
        }
        let depth = depth - 1;
        let number = [Type::Int, Type::Float][random.below(2)];
        match random.below(6) {
            0 => {
                out.push('(');
                draw(random, Some(ty), depth, out);
                out.push(')');
            }
            1 if ty != Type::Str => {
                out.push_str(if ty == Type::Bool { "!" } else { "- " });
                draw(random, Some(ty), depth, out);
            }
            2 | 3 if ty != Type::Str => {
                let (op, left, right) = match ty {
                    Type::Int => (random.pick(&["+", "-", "*", "/", "%"]), Type::Int, Type::Int),
                    Type::Float => (random.pick(&["+", "-", "*", "/"]), number, Type::Float),
                    _ => match random.below(3) {
                        0 => (random.pick(&["&&", "||", "==", "!="]), Type::Bool, Type::Bool),
                        1 => (random.pick(&["<", ">", "<=", ">="]), number, Type::Float),
                        _ => (random.pick(&["==", "!=", "<", ">="]), number, number),
                    },
                };
                draw(random, Some(left), depth, out);
                let _ = write!(out, " {op} ");
                draw(random, Some(right), depth, out);
            }
            4 => {
                out.push_str("if(");
                draw(random, Some(Type::Bool), depth, out);
                out.push(',');
                draw(random, Some(ty), depth, out);
                out.push(',');
                draw(random, Some(ty), depth, out);
                out.push(')');
            }
            _ => {
                let function = &functions()[random.below(functions().len())];
                let _ = write!(out, "{}(", function.name);
                for (position, param) in function.params.iter().enumerate() {
                    if position > 0 {
                        out.push_str(", ");
                    }
                    let ty = match param {
                        functions::Param::Number => number,
                        functions::Param::Int => Type::Int,
                        functions::Param::Bool => Type::Bool,
                        functions::Param::Str | functions::Param::Version => Type::Str,
                        functions::Param::Any => ty,
                    };
                    draw(random, Some(ty), depth, out);
                }
                out.push(')');
            }
        }
    }

    fn draw_frame(random: &mut Random) -> Frame {
        let mut frame = Frame::new(NAMES.len());
        for slot in 0..2 {
            frame.set_int(slot, [0, 1, -3, 1000, i64::MAX, i64::MIN][random.below(6)]);
            frame.set_float(slot + 2, [0.0, -0.0, 1.5, -2.25, 1e300, 1e-300][random.below(6)]);
        }
        frame.set_bool(4, random.below(2) == 0);
        frame.set_str(5, random.pick(&["1.30.0", "1.30.0-rc.1", "none", ""]));
        frame
    }

    /// What became of a text.
    #[derive(Default, Debug)]
    struct Tally {
        parsed: usize,
        typed: usize,
        evaluated: usize,
    }

    fn try_out(source: &str, random: &mut Random, tally: &mut Tally) {
        let in_range = |errors: &[ExprError]| {
            assert!(!errors.is_empty(), "{source}");
            for error in errors {
                assert_ne!(error.message, "the expression cannot be read", "{source}");
                if let Some(range) = error.range.clone() {
                    assert!(source.get(range).is_some(), "{source}: {error:?}");
                }
            }
        };
        let mut expr = match Expr::parse(source) {
            Ok(expr) => expr,
            Err(errors) => return in_range(&errors),
        };
        tally.parsed += 1;
        let whole = rebuild(&expr, expr.built.root(), &mut 0, &mut |part, text| {
            assert_eq!(*part, theirs(text), "{text} in {source}");
        });
        assert_eq!(whole, theirs(source), "{source}");
        if let Err(errors) = expr.bind(|name| NAMES.iter().position(|n| *n == name).map(|n| n as u32)) {
            in_range(&errors);
            return;
        }
        let frame = draw_frame(random);
        let value = expr.eval(&frame);
        let expected = their_value(&whole, &frame).map(|value| {
            let mut frame = Frame::default();
            frame.values.push(value);
            frame.get(0).expect("a scalar")
        });
        assert_eq!(value.clone().ok(), expected, "{source} with {frame:?}");
        if let Err(error) = &value {
            in_range(std::slice::from_ref(error));
            assert!(
                error.range != Some(0..source.len()) || !error.message.ends_with("has no value"),
                "{source}: {error:?}"
            );
        }
        match expr.type_of(&|slot| draw_type(NAMES[slot as usize])) {
            Ok(ty) => {
                tally.typed += 1;
                if let Ok(value) = value {
                    tally.evaluated += 1;
                    assert_eq!(crate::expr::type_of_value(&value), ty, "{source} with {frame:?} is {value:?}");
                    if let Scalar::Float(f) = value {
                        assert!(f.is_finite(), "{source}");
                    }
                } else if let Err(error) = value {
                    // Well-typed texts fail for their values only.
                    assert!(!error.message.contains("cannot take"), "{source}: {error:?}");
                    assert!(!error.message.contains("takes numbers, not"), "{source}: {error:?}");
                }
            }
            Err(errors) => in_range(&errors),
        }
    }

    /// The tree as evalexpr's parser would build it, without nodes for brackets; `each` gets each sub-tree with the
    /// text that it stands for.
    fn rebuild(expr: &Expr, node: &Node, cursor: &mut usize, each: &mut impl FnMut(&Node, &str)) -> Node {
        let next = |cursor: &mut usize| {
            *cursor += 1;
            &expr.built.tokens[*cursor - 1]
        };
        let (token, mut children) = match (node.children(), expr.call(node)) {
            ([left, right], _) => {
                let left = rebuild(expr, left, cursor, each);
                let token = next(cursor);
                (token, vec![left, rebuild(expr, right, cursor, each)])
            }
            (_, Some((Call { function: None, .. }, [guarded]))) => return rebuild(expr, guarded, cursor, each),
            (operands, call) => {
                let token = next(cursor);
                let inner = call.map_or(operands, |(_, arguments)| arguments);
                (token, inner.iter().map(|node| rebuild(expr, node, cursor, each)).collect())
            }
        };
        let mut whole = node.clone();
        let identifier = expr.source[token.range()].to_owned();
        match token.kind {
            Kind::Name(_) => *whole.operator_mut() = Operator::VariableIdentifierRead { identifier },
            Kind::Call(_) => {
                *whole.operator_mut() = Operator::FunctionIdentifier { identifier };
                if children.len() > 1 {
                    let mut tuple = theirs("f(1, 2)").children()[0].clone();
                    *tuple.children_mut() = children;
                    children = vec![tuple];
                }
            }
            _ => {}
        }
        *whole.children_mut() = children;
        each(&whole, &expr.source[token.reach()]);
        whole
    }

    /// What evalexpr's own parser makes of a text, without nodes for brackets.
    fn theirs(source: &str) -> Node {
        fn unwrap(node: &mut Node) {
            while *node.operator() == Operator::RootNode {
                *node = node.children_mut().pop().expect("brackets hold a value");
            }
            node.children_mut().iter_mut().for_each(unwrap);
        }
        let mut tree = evalexpr::build_operator_tree(source).unwrap_or_else(|e| panic!("{source}: {e}"));
        unwrap(&mut tree);
        tree
    }

    /// Values for evalexpr's own tree.
    struct Plain<'a>(&'a Frame);

    impl Context for Plain<'_> {
        fn get_value(&self, identifier: &str) -> Option<&Value> {
            self.0.value(NAMES.iter().position(|name| *name == identifier)? as u32)
        }

        fn call_function(&self, identifier: &str, argument: &Value) -> EvalexprResult<Value> {
            let function = functions::position(identifier).ok_or(EvalexprError::OutOfBoundsAccess)?;
            let arguments = match argument {
                Value::Tuple(arguments) => arguments.as_slice(),
                single => std::slice::from_ref(single),
            };
            (functions()[function].apply)(arguments).map_err(|fault| EvalexprError::CustomMessage(fault.message))
        }

        fn are_builtin_functions_disabled(&self) -> bool {
            true
        }

        fn set_builtin_functions_disabled(&mut self, _: bool) -> EvalexprResult<()> {
            Ok(())
        }
    }

    /// What evalexpr makes of its own tree, if no part of it is infinite or NaN.
    fn their_value(node: &Node, frame: &Frame) -> Option<Value> {
        for child in node.children() {
            their_value(child, frame)?;
        }
        node.eval_with_context(&Plain(frame)).ok().filter(|v| !matches!(v, Value::Float(f) if !f.is_finite()))
    }

    #[test]
    fn random_texts_never_panic_and_types_hold() {
        // A small stack shows that there is room.
        let run = || {
            let mut random = Random(0x9e37_79b9_7f4a_7c15);
            let mut soup = Tally::default();
            for _ in 0..10_000 {
                let mut text = String::new();
                for _ in 0..=random.below(12) {
                    match random.below(8) {
                        0..3 => text.push_str(random.pick(&ATOMS)),
                        3 => text.push_str(random.pick(&NOISE)),
                        4 => {
                            text.push_str(functions()[random.below(functions().len())].name);
                            text.push('(');
                        }
                        5 => text.push_str(random.pick(&["(", ")", "!", "-"])),
                        _ => text.push_str(random.pick(&BINARY)),
                    }
                    if random.below(3) == 0 {
                        text.push(' ');
                    }
                }
                try_out(&text, &mut random, &mut soup);
            }
            assert!(soup.parsed > 50, "{soup:?}");
            let mut grown = Tally::default();
            for _ in 0..10_000 {
                let mut text = String::new();
                draw(&mut random, None, 5, &mut text);
                try_out(&text, &mut random, &mut grown);
            }
            assert!(grown.parsed > 5_000 && grown.typed > 2_000 && grown.evaluated > 500, "{grown:?}");
            for (levels, open, close) in
                [(199, "-", ""), (199, "!", ""), (32, "1 - (", ")"), (32, "abs(", ")"), (16, "1 < -(2 + abs(", "))")]
            {
                let deep = format!("{}1{}", open.repeat(levels), close.repeat(levels));
                let expr = Expr::parse(&deep).expect("as deep as allowed");
                assert_eq!(expr.clone().eval(&Frame::default()).is_ok(), expr.type_of(&|_| Type::Int).is_ok());
            }
            // Bytes that are hardly ever text.
            for _ in 0..5_000 {
                let bytes: Vec<u8> = (0..random.below(24)).map(|_| random.below(256) as u8).collect();
                try_out(&String::from_utf8_lossy(&bytes), &mut random, &mut soup);
            }
        };
        std::thread::Builder::new().stack_size(512 << 10).spawn(run).expect("a thread").join().expect("no panic");
    }
}
