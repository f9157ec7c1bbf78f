//! Expressions: parsing, static types and evaluation.
//!
//! This is the only module that knows evalexpr. The text is checked before evalexpr sees it (`scan.rs`), since
//! evalexpr accepts far more than the expression language has, gives no positions and does not survive
//! hostile input. evalexpr then builds the tree and evaluates it; its built-in functions are off, the functions of the
//! language are listed by [`functions()`]. Static types are in `types.rs`.
//!
//! ```text
//! parse(text) -> Expr -> bind(names to slots) -> type_of(types of the slots)
//!                                             -> eval(values of the slots), again and again
//! ```
//!
//! The nodes of the tree, read from left to right, and the tokens of the text (without brackets and commas) are the
//! same sequence. That is how errors get their positions although nodes have none.

mod functions;
mod scan;
mod types;

use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use evalexpr::{Context, EvalexprError, EvalexprResult, Node, Operator, Value};

pub use functions::{Function, functions};
pub use scan::is_reserved;
pub use types::Type;

use crate::model::Scalar;
use scan::{Kind, Op, Pos, Token, quote};

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
    source: String,
    /// Without brackets and commas: one token for each node of the tree, in the same order.
    tokens: Vec<Token>,
    names: Vec<Name>,
    /// Identifiers are replaced by codes, see [`Code`].
    tree: Node,
}

impl Expr {
    /// Parses `source`, and reports all faults that can be found at once, in the order of the text.
    pub fn parse(source: &str) -> Result<Expr, Vec<ExprError>> {
        let scan::Scan { mut tokens, names } = scan::scan(source)?;
        let tree = evalexpr::build_operator_tree(source)
            .ok()
            .and_then(|mut tree| {
                unwrap_bracket(&mut tree)?;
                let mut shaping = Shaping { tokens: &mut tokens, cursor: 0 };
                shaping.shape(&mut tree)?;
                (shaping.cursor == tokens.len()).then_some(tree)
            })
            .ok_or_else(|| {
                // A text that passes the scan makes a tree with the same sequence of tokens (a test draws many).
                vec![ExprError::new(
                    ExprErrorKind::Syntax,
                    Some(0..source.len()),
                    "the expression cannot be read".into(),
                )]
            })?;
        tokens.retain(|t| !matches!(t.kind, Kind::Open | Kind::Close | Kind::Comma));
        Ok(Expr {
            source: source.to_owned(),
            tokens,
            names: names.into_iter().map(|(start, end)| Name { start, end, slot: None }).collect(),
            tree,
        })
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
        self.tokens
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
        let (ty, _) = inference.infer(&self.tree);
        match ty {
            Some(ty) if inference.errors.is_empty() => Ok(ty),
            _ => Err(inference.errors),
        }
    }

    /// The value of the expression, given the values of the slots it was bound to.
    ///
    /// Has the type that [`Expr::type_of`] gives, provided the values have the types said there.
    pub fn eval(&self, frame: &Frame) -> Result<Scalar, ExprError> {
        let scope = Scope { names: &self.names, frame };
        match self.tree.eval_with_context(&scope) {
            Ok(Value::Int(i)) => Ok(Scalar::Int(i)),
            Ok(Value::Float(f)) if f.is_finite() => Ok(Scalar::Float(f)),
            Ok(Value::Boolean(b)) => Ok(Scalar::Bool(b)),
            Ok(Value::String(s)) => Ok(Scalar::Str(s)),
            _ => Err(self.explain(&scope)),
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
    fn explain(&self, scope: &Scope<'_>) -> ExprError {
        let mut probe = Probe { expr: self, scope, cursor: 0 };
        match probe.probe(&self.tree) {
            Err(error) => *error,
            Ok(_) => ExprError::new(
                ExprErrorKind::Failed,
                Some(0..self.source.len()),
                format!("`{}` has no value", quote(&self.source)),
            ),
        }
    }
}

/// How names and functions are written in the tree: one character that holds a position, so that evaluation need not
/// compare texts.
struct Code;

impl Code {
    /// Functions and names are looked up separately; the offset only keeps clear of control characters.
    const OFFSET: u32 = '0' as u32;
    /// The function that refuses numbers which are not finite, see [`Shaping::guard`].
    const GUARD: char = '!';

    fn write(identifier: &mut String, index: u8) {
        identifier.clear();
        identifier.push(char::from_u32(Code::OFFSET + u32::from(index)).unwrap_or(Code::GUARD));
    }

    fn read(identifier: &str) -> Option<usize> {
        let code = u32::from(identifier.chars().next()?).checked_sub(Code::OFFSET)?;
        usize::try_from(code).ok()
    }
}

/// A call of the guard on 0, to be copied; evalexpr gives no other way to make a node.
static GUARD: LazyLock<Option<Node>> = LazyLock::new(|| {
    let mut tree = evalexpr::build_operator_tree("guard(0)").ok()?;
    unwrap_bracket(&mut tree)?;
    unwrap_bracket(tree.children_mut().first_mut()?)?;
    if let Operator::FunctionIdentifier { identifier } = tree.operator_mut() {
        *identifier = Code::GUARD.to_string();
    }
    is_guard(&tree).then_some(tree)
});

fn is_guard(node: &Node) -> bool {
    matches!(node.operator(), Operator::FunctionIdentifier { identifier }
        if identifier.starts_with(Code::GUARD))
        && node.children().len() == 1
}

/// Replaces a bracket by what is in it: evalexpr makes a node of each, and evaluates it.
fn unwrap_bracket(node: &mut Node) -> Option<()> {
    if *node.operator() != Operator::RootNode || node.children().len() != 1 {
        return None;
    }
    *node = node.children_mut().pop()?;
    Some(())
}

/// The operator of a node, if it is one of the language.
fn op_of(node: &Node) -> Option<Op> {
    Some(match node.operator() {
        Operator::Add => Op::Add,
        Operator::Sub => Op::Sub,
        Operator::Neg => Op::Neg,
        Operator::Mul => Op::Mul,
        Operator::Div => Op::Div,
        Operator::Mod => Op::Mod,
        Operator::Eq => Op::Eq,
        Operator::Neq => Op::Neq,
        Operator::Gt => Op::Gt,
        Operator::Lt => Op::Lt,
        Operator::Geq => Op::Geq,
        Operator::Leq => Op::Leq,
        Operator::And => Op::And,
        Operator::Or => Op::Or,
        Operator::Not => Op::Not,
        _ => return None,
    })
}

/// The arguments of a call, from the children of its node.
fn arguments(children: &[Node]) -> &[Node] {
    match children {
        [tuple] if *tuple.operator() == Operator::Tuple => tuple.children(),
        children => children,
    }
}

/// Goes through the tree together with the tokens: admits only nodes of the language, notes how far each
/// sub-expression reaches, removes brackets, puts codes for names.
struct Shaping<'a> {
    tokens: &'a mut [Token],
    cursor: usize,
}

impl Shaping<'_> {
    /// Takes the next token if it is of that kind.
    fn take(&mut self, wanted: impl Fn(Kind) -> bool) -> Option<usize> {
        let index = self.cursor;
        if !wanted(self.tokens.get(index)?.kind) {
            return None;
        }
        self.cursor += 1;
        Some(index)
    }

    /// Gives the position of the token that heads the sub-expression. The depth of the tree is below the number of
    /// tokens, which is limited.
    fn shape(&mut self, node: &mut Node) -> Option<usize> {
        if *node.operator() == Operator::RootNode {
            let open = self.take(|kind| kind == Kind::Open)?;
            unwrap_bracket(node)?;
            let head = self.shape(node)?;
            let close = self.take(|kind| kind == Kind::Close)?;
            self.tokens[head].from = self.tokens[open].start;
            self.tokens[head].to = self.tokens[close].end;
            return Some(head);
        }
        if let Some(op) = op_of(node) {
            let (own, first, last) = match node.children_mut().as_mut_slice() {
                [operand] => {
                    let own = self.take(|kind| kind == Kind::Op(op))?;
                    (own, own, self.shape(operand)?)
                }
                [left, right] => {
                    let first = self.shape(left)?;
                    let own = self.take(|kind| kind == Kind::Op(op))?;
                    let last = self.shape(right)?;
                    if op.is_comparison() {
                        guard(left)?;
                    }
                    if op.is_comparison() || matches!(op, Op::Div | Op::Mod) {
                        guard(right)?;
                    }
                    (own, first, last)
                }
                _ => return None,
            };
            self.tokens[own].from = self.tokens[first].from;
            self.tokens[own].to = self.tokens[last].to;
            return Some(own);
        }
        match node.operator_mut() {
            Operator::Const { .. } => self.take(|kind| kind == Kind::Literal),
            Operator::VariableIdentifierRead { identifier } => {
                let own = self.take(|kind| matches!(kind, Kind::Name(_)))?;
                if let Kind::Name(index) = self.tokens[own].kind {
                    Code::write(identifier, index);
                }
                Some(own)
            }
            Operator::FunctionIdentifier { identifier } => {
                let own = self.take(|kind| matches!(kind, Kind::Call(_)))?;
                if let Kind::Call(index) = self.tokens[own].kind {
                    Code::write(identifier, index);
                }
                let [inner] = node.children_mut().as_mut_slice() else {
                    return None;
                };
                self.take(|kind| kind == Kind::Open)?;
                unwrap_bracket(inner)?;
                if *inner.operator() == Operator::Tuple {
                    for (position, argument) in inner.children_mut().iter_mut().enumerate() {
                        if position > 0 {
                            self.take(|kind| kind == Kind::Comma)?;
                        }
                        unwrap_bracket(argument)?;
                        self.shape(argument)?;
                    }
                } else {
                    self.shape(inner)?;
                }
                let close = self.take(|kind| kind == Kind::Close)?;
                self.tokens[own].to = self.tokens[close].end;
                Some(own)
            }
            _ => None,
        }
    }
}

/// Wraps a computed number in a call that refuses infinity and NaN.
///
/// evalexpr computes on with them. Through arithmetic they reach a function or the result, where they are
/// refused anyway; only a comparison or a division by them would hide them.
fn guard(node: &mut Node) -> Option<()> {
    let computed = match op_of(node) {
        // The negative of a literal or of a name is as finite as they are.
        Some(Op::Neg) => node.children().first().is_some_and(|n| op_of(n).is_some()),
        Some(op) => op.is_arithmetic(),
        None => false,
    };
    if computed {
        let call = GUARD.clone()?;
        let inner = std::mem::replace(node, call);
        *node.children_mut().first_mut()? = inner;
    }
    Some(())
}

/// What evalexpr sees during one evaluation.
struct Scope<'a> {
    names: &'a [Name],
    frame: &'a Frame,
}

impl Context for Scope<'_> {
    fn get_value(&self, identifier: &str) -> Option<&Value> {
        let name = self.names.get(Code::read(identifier)?)?;
        match self.frame.value(name.slot?)? {
            Value::Float(f) if !f.is_finite() => None,
            value => Some(value),
        }
    }

    fn call_function(&self, identifier: &str, argument: &Value) -> EvalexprResult<Value> {
        match Code::read(identifier) {
            Some(index) => {
                let function = functions().get(index).ok_or(EvalexprError::OutOfBoundsAccess)?;
                let arguments = match argument {
                    Value::Tuple(arguments) => arguments.as_slice(),
                    single => std::slice::from_ref(single),
                };
                // What went wrong is worked out again by `explain`, with more to say.
                (function.apply)(arguments).map_err(|fault| EvalexprError::CustomMessage(fault.message))
            }
            None => match argument {
                Value::Float(f) if !f.is_finite() => Err(EvalexprError::OutOfBoundsAccess),
                value => Ok(value.clone()),
            },
        }
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
    scope: &'a Scope<'a>,
    cursor: usize,
}

impl<'a> Probe<'a> {
    fn next(&mut self) -> &'a Token {
        let token = &self.expr.tokens[self.cursor];
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

    fn probe(&mut self, node: &Node) -> Result<(Value, &'a Token), Box<ExprError>> {
        if is_guard(node) {
            return self.probe(&node.children()[0]);
        }
        if let Some(op) = op_of(node) {
            let (own, operands) = match node.children() {
                [left, right] => {
                    let left = self.probe(left)?;
                    let own = self.next();
                    (own, vec![left, self.probe(right)?])
                }
                children => {
                    let own = self.next();
                    let operands: Result<Vec<_>, _> = children.iter().map(|child| self.probe(child)).collect();
                    (own, operands?)
                }
            };
            let value = node.eval_with_context(self.scope).ok();
            return match value {
                Some(value) if !matches!(value, Value::Float(f) if !f.is_finite()) => Ok((value, own)),
                value => Err(self.failed_operator(op, own, &operands, value.is_some())),
            };
        }
        let own = self.next();
        match (own.kind, node.operator()) {
            (Kind::Literal, Operator::Const { value }) => Ok((value.clone(), own)),
            (Kind::Name(index), _) => {
                let name = &self.expr.names[usize::from(index)];
                let text = quote(&self.expr.source[own.range()]);
                let value = name.slot.and_then(|slot| self.scope.frame.value(slot));
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
                let operands: Vec<_> =
                    arguments(node.children()).iter().map(|argument| self.probe(argument)).collect::<Result<_, _>>()?;
                let values: Vec<Value> = operands.iter().map(|(v, _)| v.clone()).collect();
                match (function.apply)(&values) {
                    Ok(value) => Ok((value, own)),
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
        assert_eq!(tree_text(&expr), reference(source), "{source}");
        if let Err(errors) = expr.bind(|name| NAMES.iter().position(|n| *n == name).map(|n| n as u32)) {
            in_range(&errors);
            return;
        }
        let frame = draw_frame(random);
        let value = expr.eval(&frame);
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

    /// The tree with all its brackets.
    fn tree_text(expr: &Expr) -> String {
        fn go(expr: &Expr, node: &Node, cursor: &mut usize, out: &mut String) {
            if is_guard(node) {
                return go(expr, &node.children()[0], cursor, out);
            }
            let own = |cursor: &mut usize| {
                *cursor += 1;
                &expr.source[expr.tokens[*cursor - 1].range()]
            };
            match (op_of(node), node.children()) {
                (Some(_), [left, right]) => {
                    out.push('(');
                    go(expr, left, cursor, out);
                    out.push_str(own(cursor));
                    go(expr, right, cursor, out);
                    out.push(')');
                }
                (Some(_), [operand]) => {
                    out.push('(');
                    out.push_str(own(cursor));
                    go(expr, operand, cursor, out);
                    out.push(')');
                }
                (_, []) => out.push_str(own(cursor)),
                (_, children) => {
                    out.push_str(own(cursor));
                    out.push('[');
                    for argument in arguments(children) {
                        go(expr, argument, cursor, out);
                        out.push(';');
                    }
                    out.push(']');
                }
            }
        }
        let mut out = String::new();
        go(expr, &expr.tree, &mut 0, &mut out);
        out
    }

    /// The same from a parser of its own, which knows the precedences: an opinion independent of evalexpr's.
    fn reference(source: &str) -> String {
        fn level(op: Op) -> u8 {
            match op {
                Op::Or => 1,
                Op::And => 2,
                Op::Add | Op::Sub => 4,
                Op::Mul | Op::Div | Op::Mod => 5,
                Op::Neg | Op::Not => 6,
                _ => 3,
            }
        }
        fn go(source: &str, tokens: &[Token], at: &mut usize, least: u8) -> String {
            let token = tokens[*at];
            let text = &source[token.range()];
            *at += 1;
            let mut left = match token.kind {
                Kind::Op(op) => format!("({text}{})", go(source, tokens, at, level(op))),
                Kind::Open => {
                    let inner = go(source, tokens, at, 0);
                    *at += 1;
                    inner
                }
                Kind::Call(_) => {
                    let mut call = format!("{text}[");
                    while tokens[*at].kind != Kind::Close {
                        *at += 1;
                        call += &go(source, tokens, at, 0);
                        call.push(';');
                    }
                    *at += 1;
                    call + "]"
                }
                _ => text.to_owned(),
            };
            while let Some(&Token { kind: Kind::Op(op), .. }) = tokens.get(*at)
                && level(op) > least
            {
                let symbol = &source[tokens[*at].range()];
                *at += 1;
                let right = go(source, tokens, at, level(op));
                left = format!("({left}{symbol}{right})");
            }
            left
        }
        let tokens = scan::scan(source).expect("scanned before").tokens;
        go(source, &tokens, &mut 0, 0)
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
            // Bytes that are hardly ever text.
            for _ in 0..5_000 {
                let bytes: Vec<u8> = (0..random.below(24)).map(|_| random.below(256) as u8).collect();
                try_out(&String::from_utf8_lossy(&bytes), &mut random, &mut soup);
            }
        };
        std::thread::Builder::new().stack_size(512 << 10).spawn(run).expect("a thread").join().expect("no panic");
    }
}
