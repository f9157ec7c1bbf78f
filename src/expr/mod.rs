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
use std::sync::OnceLock;

use evalexpr::{Context, EvalexprError, EvalexprResult, Node, Operator, Value};

pub use compare::{Measure, Part, Parts, Side};
pub use functions::{Function, functions};
pub use scan::is_reserved;
pub use types::Type;

use crate::model::{Freeze, Freezer, Frozen, Scalar, Text, freeze};
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
#[derive(Clone)]
pub struct Expr {
    source: Text,
    names: Box<[Name]>,
    /// Thawed when it is first asked for, if the expression was: of those of a catalog many are never evaluated.
    built: OnceLock<Box<Built>>,
    frozen: Frozen,
}

freeze!(Name { start, end, slot });

impl Freeze for Expr {
    fn freeze(&self, out: &mut Freezer) {
        self.source.freeze(out);
        self.names.freeze(out);
        out.part(self.built());
    }

    fn thaw(from: &mut Frozen) -> Option<Self> {
        let (source, names) = (Text::thaw(from)?, Freeze::thaw(from)?);
        Some(Expr { source, names, built: OnceLock::new(), frozen: from.part()? })
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // All of it, made by now or not.
        f.debug_struct("Expr")
            .field("source", &self.source)
            .field("names", &self.names)
            .field("tokens", &self.tokens())
            .field("calls", &self.built().calls)
            .field("parts", &self.built().parts)
            .finish()
    }
}

/// A text that should be an expression, parsed: what it reads is not known yet.
#[derive(Clone, Debug)]
pub struct Formula(Result<Expr, (Text, Vec<ExprError>)>);

impl Formula {
    /// Parses a text.
    #[must_use]
    pub fn read(text: Text) -> Formula {
        Formula(match Expr::build(&text) {
            Ok((names, built)) => Ok(Expr::new(text, names, built)),
            Err(faults) => Err((text, faults)),
        })
    }

    /// The expression, if the text is one.
    #[must_use]
    pub fn expr(&self) -> Option<&Expr> {
        self.0.as_ref().ok()
    }

    /// The expression.
    ///
    /// # Errors
    ///
    /// The text, and all faults in it that can be found at once, in its order.
    pub fn parsed(self) -> Result<Expr, (Text, Vec<ExprError>)> {
        self.0
    }
}

impl Expr {
    /// Parses `source`, and reports all faults that can be found at once, in the order of the text.
    pub fn parse(source: &str) -> Result<Expr, Vec<ExprError>> {
        let (names, built) = Expr::build(source)?;
        Ok(Expr::new(source.to_owned().into(), names, built))
    }

    fn new(source: Text, names: Box<[Name]>, built: Built) -> Expr {
        Expr { source, names, built: OnceLock::from(Box::new(built)), frozen: Frozen::default() }
    }

    fn built(&self) -> &Built {
        self.built.get_or_init(|| {
            let built = Built::thaw(&mut self.frozen.clone());
            Box::new(built.expect("an expression is frozen with its trees"))
        })
    }

    /// The tokens, without brackets and commas, in the order of the nodes.
    fn tokens(&self) -> &[Token] {
        let tokens = || Expr::build(&self.source).map(|(_, built)| built.tokens.into_inner().unwrap_or_default());
        self.built().tokens.get_or_init(|| tokens().expect("what was frozen had been parsed"))
    }

    /// The names that `source` reads, and its tree.
    fn build(source: &str) -> Result<(Box<[Name]>, Built), Vec<ExprError>> {
        let mut scan = scan::scan(source)?;
        let names = std::mem::take(&mut scan.names).into_boxed_slice();
        match tree::build(source, scan, names.len()) {
            Some(built) => Ok((names, built)),
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
        self.tokens()
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
        let (ty, _) = inference.infer(self.built().root());
        match ty {
            Some(ty) if inference.errors.is_empty() => Ok(ty),
            _ => Err(inference.errors),
        }
    }

    /// The value of the expression, given the values of the slots it was bound to.
    ///
    /// Has the type that [`Expr::type_of`] gives, provided the values have the types said there.
    pub fn eval(&self, frame: &Frame) -> Result<Scalar, ExprError> {
        let built = self.built();
        let value = if built.calls.is_empty() {
            Scope { names: &self.names, calls: &[], frame }.value(built.root())
        } else {
            self.eval_calls(built, frame)
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
    fn eval_calls(&self, built: &Built, frame: &Frame) -> EvalexprResult<Value> {
        const FEW: usize = 8;
        let names = &*self.names;
        // The values of the calls so far, then the arguments of the next one: there is a part for each.
        let (mut few, mut many) = ([const { Value::Empty }; FEW], Vec::new());
        let values = match built.parts.len() - 1 {
            0..=FEW => &mut few[..],
            places => {
                many.resize(places, Value::Empty);
                &mut many
            }
        };
        for (done, (call, arguments)) in built.calls().enumerate() {
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
        Scope { names, calls: values, frame }.value(built.root())
    }

    /// The call that a node reads the value of, with its arguments.
    fn call(&self, node: &Node) -> Option<(Call, &[Node])> {
        match node.operator() {
            Operator::VariableIdentifierRead { identifier } => {
                self.built().call(tree::read_code(identifier).checked_sub(self.names.len())?)
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
        match probe.probe(self.built().root()) {
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
        let token = &self.expr.tokens()[self.cursor];
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
mod tests;
