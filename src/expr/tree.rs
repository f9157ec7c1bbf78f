//! From tokens to what evalexpr evaluates.
//!
//! evalexpr's own parser is not used: it reads the text again, allocates several times for each token, and makes a
//! node of each bracket. The tests compare with it, so that the language stays the same.
//!
//! evalexpr hands the arguments of a function over as a tuple, which it allocates twice. So calls are taken out of the
//! tree: the arguments of each are trees of their own, computed by evalexpr in the order of the text, and the call's
//! place in the tree around it is a name to be read.

use std::sync::{LazyLock, OnceLock};

use evalexpr::{Node, Operator, Value};

use super::scan::{Kind, Op, Pos, Scan, Token};
use crate::model::{Freeze, Freezer, Frozen, Scalar, freeze};

/// A call that was taken out of the tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// The position in the list of functions. Without one the call refuses numbers that are not finite, see
    /// [`Builder::guard`].
    pub function: Option<u8>,
    /// Where its arguments end among the [`Built::parts`].
    end: u16,
}

/// Trees, and the tokens in the order of their nodes.
#[derive(Clone, Debug)]
pub(super) struct Built {
    /// Without brackets and commas; read again from the text when they are first asked for, if the trees were thawed: only
    /// faults and explanations need them.
    pub tokens: OnceLock<Box<[Token]>>,
    /// In the order of the text, inner ones before outer ones.
    pub calls: Box<[Call]>,
    /// The arguments of each call, then the tree of the whole expression.
    pub parts: Box<[Node]>,
}

impl Built {
    /// The tree of the whole expression.
    pub(super) fn root(&self) -> &Node {
        &self.parts[self.parts.len() - 1]
    }

    /// The calls with their arguments.
    pub(super) fn calls(&self) -> impl Iterator<Item = (Call, &[Node])> {
        let mut start = 0;
        self.calls.iter().map(move |call| {
            let end = usize::from(call.end);
            (*call, self.parts.get(std::mem::replace(&mut start, end)..end).unwrap_or_default())
        })
    }

    /// One call with its arguments.
    pub(super) fn call(&self, index: usize) -> Option<(Call, &[Node])> {
        let call = self.calls.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.calls[before].end);
        Some((*call, self.parts.get(start.into()..call.end.into())?))
    }
}

freeze!(Call { function, end });
freeze!(Built { calls, parts } default { tokens });

/// A node as a byte that says what it is, and what that says: a value, a name, or operands.
impl Freeze for Node {
    fn freeze(&self, out: &mut Freezer) {
        match self.operator() {
            Operator::Const { value: Value::Int(value) } => (CONST, Scalar::Int(*value)).freeze(out),
            Operator::Const { value: Value::Float(value) } => (CONST, Scalar::Float(*value)).freeze(out),
            Operator::Const { value: Value::Boolean(value) } => (CONST, Scalar::Bool(*value)).freeze(out),
            Operator::Const { value: Value::String(value) } => (CONST, Scalar::Str(value.clone())).freeze(out),
            Operator::VariableIdentifierRead { identifier } => (NAME, read_code(identifier)).freeze(out),
            written => {
                let op = Op::ALL.iter().find(|op| operator(**op) == *written).expect("a tree has no other operators");
                (*op as u8).freeze(out);
                self.children().iter().for_each(|operand| operand.freeze(out));
            }
        }
    }

    fn thaw(from: &mut Frozen) -> Option<Self> {
        match u8::thaw(from)? {
            CONST => {
                let value = match Scalar::thaw(from)? {
                    Scalar::Int(value) => Value::Int(value),
                    Scalar::Float(value) => Value::Float(value),
                    Scalar::Bool(value) => Value::Boolean(value),
                    Scalar::Str(value) => Value::String(value),
                };
                node(Operator::Const { value }, Vec::new())
            }
            NAME => name(usize::thaw(from)?),
            op => {
                let op = *Op::ALL.get(usize::from(op))?;
                let operands =
                    if op.is_unary() { vec![Node::thaw(from)?] } else { vec![Node::thaw(from)?, Node::thaw(from)?] };
                node(operator(op), operands)
            }
        }
    }
}

/// Where an operator would stand: a value.
const CONST: u8 = u8::MAX;
/// Likewise: a name or a call.
const NAME: u8 = u8::MAX - 1;

/// How names and calls are written in the tree: one character that holds the position among the names and, after
/// those, among the calls, so that evaluation need not compare texts. None stands for the first, as it takes no memory.
pub(super) fn write_code(index: usize) -> String {
    match u32::try_from(index).ok().and_then(char::from_u32) {
        None | Some('\0') => String::new(),
        // There are far fewer positions than characters.
        Some(code) => code.into(),
    }
}

pub(super) fn read_code(identifier: &str) -> usize {
    match identifier.as_bytes() {
        [] => 0,
        [code] => usize::from(*code),
        _ => identifier.chars().next().map_or(0, |code| code as usize),
    }
}

/// Builds the tree of a text that passed the scan.
pub(super) fn build(source: &str, scan: Scan, names: usize) -> Option<Built> {
    let mut builder = Builder {
        source,
        names,
        // Exact if there are no guards.
        parts: Vec::with_capacity(scan.arguments + 1),
        calls: Vec::with_capacity(scan.calls),
        values: Vec::with_capacity(8),
        waiting: Vec::with_capacity(8),
        tokens: scan.tokens,
        kept: 0,
    };
    let mut next = 0;
    while let Some(&token) = builder.tokens.get(next) {
        builder.token(token)?;
        // The bracket of a call goes with its name.
        next += if matches!(token.kind, Kind::Call(_)) { 2 } else { 1 };
    }
    builder.reduce(0)?;
    let (root, _) = builder.values.pop()?;
    if !(builder.values.is_empty() && builder.waiting.is_empty()) {
        return None;
    }
    builder.parts.push(root);
    builder.tokens.truncate(builder.kept);
    let tokens = OnceLock::from(builder.tokens.into_boxed_slice());
    Some(Built { tokens, calls: builder.calls.into(), parts: builder.parts.into() })
}

/// What waits for the values to its right.
#[derive(Clone, Copy)]
enum Waiting {
    Op(Op, usize),
    Group(Pos),
    /// With the number of values before its arguments.
    Call(u8, usize, usize),
}

/// Goes through the tokens once, by precedence and without recursion. Tokens that make nodes are moved to the front,
/// with the reach of the sub-expression that each heads.
struct Builder<'a> {
    source: &'a str,
    names: usize,
    tokens: Vec<Token>,
    kept: usize,
    calls: Vec<Call>,
    parts: Vec<Node>,
    /// Trees that are not part of a greater one yet, each with the position of the token that heads it.
    values: Vec<(Node, usize)>,
    waiting: Vec<Waiting>,
}

impl Builder<'_> {
    fn token(&mut self, token: Token) -> Option<()> {
        match token.kind {
            Kind::Literal => {
                let value = literal(&self.source[token.range()])?;
                let own = self.keep(token);
                self.values.push((node(Operator::Const { value }, Vec::new())?, own));
            }
            Kind::Name(index) => {
                let own = self.keep(token);
                self.values.push((name(index.into())?, own));
            }
            Kind::Op(op) => {
                if !op.is_unary() {
                    // Operators of the same level group from the left.
                    self.reduce(op.level())?;
                    if op.is_comparison() {
                        self.guard()?;
                    }
                }
                let own = self.keep(token);
                self.waiting.push(Waiting::Op(op, own));
            }
            Kind::Call(function) => {
                let own = self.keep(token);
                self.waiting.push(Waiting::Call(function, own, self.values.len()));
            }
            Kind::Open => self.waiting.push(Waiting::Group(token.start)),
            Kind::Comma => self.reduce(0)?,
            Kind::Close => {
                self.reduce(0)?;
                match self.waiting.pop()? {
                    Waiting::Group(start) => {
                        let head = self.values.last()?.1;
                        self.tokens[head].from = start;
                        self.tokens[head].to = token.end;
                    }
                    Waiting::Call(function, own, before) => {
                        self.tokens[own].to = token.end;
                        self.parts.extend(self.values.drain(before..).map(|(argument, _)| argument));
                        let call = self.call(Some(function))?;
                        self.values.push((call, own));
                    }
                    Waiting::Op(..) => return None,
                }
            }
        }
        Some(())
    }

    fn keep(&mut self, token: Token) -> usize {
        let own = self.kept;
        self.tokens[own] = token;
        self.kept += 1;
        own
    }

    /// Gives the waiting operators of this level and above their operands, back to the last bracket.
    fn reduce(&mut self, level: u8) -> Option<()> {
        while let Some(&Waiting::Op(op, own)) = self.waiting.last()
            && op.level() >= level
        {
            self.waiting.pop();
            if op.is_comparison() || matches!(op, Op::Div | Op::Mod) {
                self.guard()?;
            }
            let (right, last) = self.values.pop()?;
            self.tokens[own].to = self.tokens[last].to;
            let operands = if op.is_unary() {
                vec![right]
            } else {
                let (left, first) = self.values.pop()?;
                self.tokens[own].from = self.tokens[first].from;
                vec![left, right]
            };
            self.values.push((node(operator(op), operands)?, own));
        }
        Some(())
    }

    /// Notes a call whose arguments are the last parts; gives the node that reads its value.
    fn call(&mut self, function: Option<u8>) -> Option<Node> {
        // There is at most one part for each token and guard.
        self.calls.push(Call { function, end: self.parts.len() as u16 });
        name(self.names + self.calls.len() - 1)
    }

    /// Wraps the last value, if it is a computed number, in a call that refuses infinity and NaN.
    ///
    /// evalexpr computes on with them. Through arithmetic they reach a function or the result, where they are
    /// refused anyway; only a comparison or a division by them would hide them.
    fn guard(&mut self) -> Option<()> {
        let (operand, head) = self.values.last()?;
        let computed = match self.tokens[*head].kind {
            // The negative of a literal, of a name or of a call is as finite as they are.
            Kind::Op(Op::Neg) => operand.children().iter().any(|inner| !inner.children().is_empty()),
            Kind::Op(op) => op.is_arithmetic(),
            _ => false,
        };
        if computed {
            let (operand, head) = self.values.pop()?;
            self.parts.push(operand);
            let call = self.call(None)?;
            self.values.push((call, head));
        }
        Some(())
    }
}

/// A node. evalexpr gives no way to make one but to copy another.
fn node(operator: Operator, children: Vec<Node>) -> Option<Node> {
    static BLANK: LazyLock<Option<Node>> = LazyLock::new(|| evalexpr::build_operator_tree("").ok());
    let mut node = BLANK.clone()?;
    *node.operator_mut() = operator;
    *node.children_mut() = children;
    Some(node)
}

fn name(index: usize) -> Option<Node> {
    node(Operator::VariableIdentifierRead { identifier: write_code(index) }, Vec::new())
}

fn literal(text: &str) -> Option<Value> {
    Some(match text {
        "true" => Value::Boolean(true),
        "false" => Value::Boolean(false),
        _ => match text.strip_prefix('"') {
            Some(rest) => Value::String(unescape(rest.strip_suffix('"')?)),
            None => match text.parse() {
                Ok(int) => Value::Int(int),
                Err(_) => Value::Float(text.parse().ok()?),
            },
        },
    })
}

fn unescape(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut characters = text.chars();
    let next = || match characters.next() {
        Some('\\') => characters.next(),
        other => other,
    };
    std::iter::from_fn(next).collect()
}

fn operator(op: Op) -> Operator {
    match op {
        Op::Add => Operator::Add,
        Op::Sub => Operator::Sub,
        Op::Neg => Operator::Neg,
        Op::Mul => Operator::Mul,
        Op::Div => Operator::Div,
        Op::Mod => Operator::Mod,
        Op::Eq => Operator::Eq,
        Op::Neq => Operator::Neq,
        Op::Gt => Operator::Gt,
        Op::Lt => Operator::Lt,
        Op::Geq => Operator::Geq,
        Op::Leq => Operator::Leq,
        Op::And => Operator::And,
        Op::Or => Operator::Or,
        Op::Not => Operator::Not,
    }
}
