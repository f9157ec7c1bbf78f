//! Static types: what type an expression has, given the types of what it reads.

use std::fmt;

use evalexpr::{Node, Operator, Value};

use super::functions::{Function, Output, Param, functions, parse_version};
use super::scan::{Kind, Op, Token, quote};
use super::tree::Call;
use super::{Expr, ExprError, ExprErrorKind};

/// The static type of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// A whole number, also a duration in milliseconds.
    Int,
    /// A number with a fraction.
    Float,
    /// A truth value.
    Bool,
    /// A text.
    Str,
}

impl Type {
    /// The name used in data files and messages.
    pub fn name(self) -> &'static str {
        match self {
            Type::Int => "int",
            Type::Float => "float",
            Type::Bool => "bool",
            Type::Str => "str",
        }
    }

    /// Whether values of this type are numbers.
    pub fn is_number(self) -> bool {
        matches!(self, Type::Int | Type::Float)
    }

    /// The name with its article.
    fn with_article(self) -> &'static str {
        match self {
            Type::Int => "an int",
            Type::Float => "a float",
            Type::Bool => "a bool",
            Type::Str => "a str",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The type that holds values of both, if they are numbers.
fn join(a: Type, b: Type) -> Type {
    if a == Type::Int && b == Type::Int { Type::Int } else { Type::Float }
}

pub(super) struct Inference<'a> {
    pub expr: &'a Expr,
    pub slot_type: &'a dyn Fn(u32) -> Type,
    pub errors: Vec<ExprError>,
    /// The next token; the tree and the tokens are in the same order.
    pub cursor: usize,
}

/// The type of a sub-expression (`None` if an error was reported within it) and the token that heads it.
type Inferred<'a> = (Option<Type>, &'a Token);

impl<'a> Inference<'a> {
    pub(super) fn infer(&mut self, node: &'a Node) -> Inferred<'a> {
        let expr = self.expr;
        match node.children() {
            [operand] => {
                let own = self.next();
                let operand = self.infer(operand);
                (self.unary(own, operand), own)
            }
            [left, right] => {
                let left = self.infer(left);
                let own = self.next();
                let right = self.infer(right);
                (self.binary(own, left, right), own)
            }
            _ => {
                let call = expr.call(node);
                if let Some((Call { function: None, .. }, [guarded])) = call {
                    return self.infer(guarded);
                }
                let own = self.next();
                let ty = match (own.kind, node.operator()) {
                    (Kind::Literal, Operator::Const { value }) => match value {
                        Value::Int(_) => Some(Type::Int),
                        Value::Float(_) => Some(Type::Float),
                        Value::Boolean(_) => Some(Type::Bool),
                        Value::String(_) => Some(Type::Str),
                        _ => None,
                    },
                    (Kind::Name(index), _) => {
                        let name = &expr.names[usize::from(index)];
                        match name.slot {
                            Some(slot) => Some((self.slot_type)(slot)),
                            None => {
                                self.errors.push(expr.unknown(name, Some(own.range())));
                                None
                            }
                        }
                    }
                    (Kind::Call(index), _) => {
                        let function = &functions()[usize::from(index)];
                        let nodes = call.map_or(&[][..], |(_, arguments)| arguments);
                        let given: Vec<_> = nodes.iter().map(|node| self.infer(node)).collect();
                        self.versions(function, nodes, &given);
                        self.call(function, own, &given)
                    }
                    _ => None,
                };
                (ty, own)
            }
        }
    }

    fn next(&mut self) -> &'a Token {
        let token = &self.expr.tokens()[self.cursor];
        self.cursor += 1;
        token
    }

    fn text(&self, token: &Token) -> String {
        quote(&self.expr.source[token.reach()])
    }

    fn whole_help(&self, token: &Token) -> String {
        format!("write `int({})` if it is whole, otherwise `floor`, `ceil` or `round`", self.text(token))
    }

    /// What to write so that an int becomes a float.
    fn as_float(&self, token: &Token) -> String {
        let text = self.text(token);
        match token.kind {
            Kind::Literal if token.reach() == token.range() => format!("{text}.0"),
            _ => format!("float({text})"),
        }
    }

    fn error(&mut self, at: &Token, message: String, help: Option<String>) {
        self.errors.push(ExprError { help, ..ExprError::new(ExprErrorKind::Type, Some(at.reach()), message) });
    }

    /// Reports an operand or argument that does not fit.
    fn misfit(&mut self, taker: &str, wanted: &str, got: Type, token: &Token, help: Option<String>) {
        let message = format!("`{taker}` takes {wanted}, and `{}` is {}", self.text(token), got.with_article());
        self.error(token, message, help);
    }

    fn unary(&mut self, own: &Token, (ty, token): Inferred<'_>) -> Option<Type> {
        let ty = ty?;
        let Kind::Op(op) = own.kind else { return None };
        if op == Op::Not {
            if ty != Type::Bool {
                let help = match ty {
                    Type::Int | Type::Float => {
                        format!("compare it: `{} == 0`", self.text(token))
                    }
                    _ => "compare it with another str".into(),
                };
                self.misfit("!", "a bool", ty, token, Some(help));
            }
            // The result is a bool, whatever the operand was.
            return Some(Type::Bool);
        }
        if ty.is_number() {
            return Some(ty);
        }
        self.misfit("-", "a number", ty, token, choose_help(ty));
        None
    }

    fn binary(
        &mut self,
        own: &Token,
        (left, left_token): Inferred<'_>,
        (right, right_token): Inferred<'_>,
    ) -> Option<Type> {
        let Kind::Op(op) = own.kind else { return None };
        let operands = [(left, left_token), (right, right_token)];
        if matches!(op, Op::And | Op::Or) {
            for (ty, token) in operands {
                if let Some(ty) = ty.filter(|ty| *ty != Type::Bool) {
                    let help = format!("compare `{}` with something", self.text(token));
                    self.misfit(op.symbol(), "bools", ty, token, Some(help));
                }
            }
            return Some(Type::Bool);
        }
        if op.is_arithmetic() {
            let mut fits = true;
            for (ty, token) in operands {
                let Some(ty) = ty else {
                    fits = false;
                    continue;
                };
                let (taken, wanted) =
                    if op == Op::Mod { (ty == Type::Int, "ints") } else { (ty.is_number(), "numbers") };
                if !taken {
                    let help = match ty {
                        Type::Float => Some(self.whole_help(token)),
                        ty => choose_help(ty),
                    };
                    self.misfit(op.symbol(), wanted, ty, token, help);
                    fits = false;
                }
            }
            return match (left, right) {
                (Some(left), Some(right)) if fits => Some(join(left, right)),
                _ => None,
            };
        }
        if let (Some(left), Some(right)) = (left, right) {
            self.comparison(op, own, (left, left_token), (right, right_token));
        }
        Some(Type::Bool)
    }

    fn comparison(
        &mut self,
        op: Op,
        own: &Token,
        (left, left_token): (Type, &Token),
        (right, right_token): (Type, &Token),
    ) {
        let equality = matches!(op, Op::Eq | Op::Neq);
        let fits = match (left, right) {
            (Type::Bool, Type::Bool) => equality,
            (Type::Int, Type::Float) | (Type::Float, Type::Int) => !equality,
            (left, right) => left == right,
        };
        if fits {
            return;
        }
        let (left_text, right_text) = (self.text(left_token), self.text(right_token));
        let chained = |token: &Token| matches!(token.kind, Kind::Op(op) if op.is_comparison());
        let help = match (left, right) {
            (Type::Bool, _) if chained(left_token) => "join two comparisons with `&&`: `a < b && b < c`".into(),
            (Type::Int, Type::Float) => format!("write `{}`, or compare with `<=` and `>=`", self.as_float(left_token)),
            (Type::Float, Type::Int) => {
                format!("write `{}`, or compare with `<=` and `>=`", self.as_float(right_token))
            }
            (Type::Bool, Type::Bool) => "bools are compared with `==` and `!=` only".into(),
            _ => "compare values of the same type".into(),
        };
        let message = if left == right {
            format!("`{}` takes numbers or strs, not bools", op.symbol())
        } else {
            format!(
                "`{}` cannot compare {} with {}: `{left_text}` and `{right_text}`",
                op.symbol(),
                left.with_article(),
                right.with_article(),
            )
        };
        self.error(own, message, Some(help));
    }

    /// Literal versions are checked here, since a wrong one can never be right.
    fn versions(&mut self, function: &Function, nodes: &[Node], given: &[Inferred<'_>]) {
        for ((node, (_, token)), param) in nodes.iter().zip(given).zip(function.params) {
            if *param == Param::Version
                && let Operator::Const { value: Value::String(text) } = node.operator()
                && let Err(fault) = parse_version(text)
            {
                let message = format!("`{}` {}", function.name, fault.message);
                self.error(token, message, fault.help.map(str::to_owned));
            }
        }
    }

    fn call(&mut self, function: &Function, own: &Token, given: &[Inferred<'_>]) -> Option<Type> {
        let mut fits = true;
        let last = function.params.last().copied().unwrap_or(Param::Any);
        for (position, (ty, token)) in given.iter().enumerate() {
            let Some(ty) = *ty else {
                fits = false;
                continue;
            };
            let param = function.params.get(position).copied().unwrap_or(last);
            let (taken, wanted) = match param {
                Param::Number => (ty.is_number(), "a number"),
                Param::Int => (ty == Type::Int, "an int"),
                Param::Bool => (ty == Type::Bool, "a bool"),
                Param::Str => (ty == Type::Str, "a str"),
                Param::Version => (ty == Type::Str, "a version"),
                Param::Any => (true, ""),
            };
            if !taken {
                let ordinal = match position {
                    _ if given.len() == 1 => String::new(),
                    0 => " first".into(),
                    1 => " second".into(),
                    2 => " third".into(),
                    n => format!(" argument {}", n + 1),
                };
                let wanted = if ordinal.is_empty() {
                    wanted.to_owned()
                } else {
                    format!("{wanted}{}{ordinal}", if position < 3 { "" } else { " as" })
                };
                let help = match (ty, param) {
                    (Type::Float, Param::Int) => Some(self.whole_help(token)),
                    _ => Some(format!("call it: `{}`", function.call_form())),
                };
                self.misfit(function.name, &wanted, ty, token, help);
                fits = false;
            }
        }
        match function.output {
            Output::Int => Some(Type::Int),
            Output::Float => Some(Type::Float),
            Output::Bool => Some(Type::Bool),
            Output::Number if fits => given.iter().filter_map(|(ty, _)| *ty).reduce(join),
            Output::Number => None,
            Output::Branches => match given {
                [_, (Some(yes), _), (Some(no), _)] if yes == no => Some(*yes),
                [_, (Some(yes), _), (Some(no), _)] if yes.is_number() && no.is_number() => Some(Type::Float),
                [_, (Some(yes), yes_token), (Some(no), no_token)] => {
                    let message = format!(
                        "the branches of `{}` differ: `{}` is {}, `{}` is {}",
                        function.name,
                        self.text(yes_token),
                        yes.with_article(),
                        self.text(no_token),
                        no.with_article()
                    );
                    self.error(own, message, Some("give both branches the same type".into()));
                    None
                }
                _ => None,
            },
        }
    }
}

/// What to do with a value that is not a number where one is wanted.
fn choose_help(ty: Type) -> Option<String> {
    match ty {
        Type::Bool => Some("choose between numbers with `if(condition, a, b)`".into()),
        Type::Str => Some("expressions compute no texts; use `len` for the length of one".into()),
        Type::Int | Type::Float => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names say their types: `i…` int, `f…` float, `b…` bool, `s…` str.
    fn type_of(source: &str) -> Result<Type, Vec<ExprError>> {
        let mut expr = Expr::parse(source).expect("parses");
        expr.bind(|name| match name.as_bytes()[0] {
            b'i' => Some(0),
            b'f' => Some(1),
            b'b' => Some(2),
            b's' => Some(3),
            _ => None,
        })
        .expect("binds");
        expr.type_of(&|slot| [Type::Int, Type::Float, Type::Bool, Type::Str][slot as usize])
    }

    #[track_caller]
    fn is(source: &str, expected: Type) {
        assert_eq!(type_of(source), Ok(expected), "{source}");
    }

    /// The errors, each as the marked text and the message.
    #[track_caller]
    fn faults(source: &str, expected: &[(&str, &str)]) {
        let errors = type_of(source).expect_err(source);
        let found: Vec<(&str, &str)> = errors
            .iter()
            .map(|e| {
                assert_eq!(e.kind, ExprErrorKind::Type);
                assert!(e.help.is_some(), "{e:?}");
                (&source[e.range.clone().expect("range")], e.message.as_str())
            })
            .collect();
        assert_eq!(found, expected, "{source}");
    }

    #[test]
    fn well_typed() {
        is("i1 + i2 * 3", Type::Int);
        is("i1 / i2", Type::Int);
        is("i1 / 2.0", Type::Float);
        is("-f1", Type::Float);
        is("i1 % 3 == 0 && !(f1 < i1)", Type::Bool);
        is("s1 < s2 || s1 == \"x\"", Type::Bool);
        is("b1 == b2", Type::Bool);
        is("min(1, 2)", Type::Int);
        is("min(1, 2, f1)", Type::Float);
        is("if(b1, 1, 2.0)", Type::Float);
        is("if(b1, s1, \"\")", Type::Str);
        is("ceil(f1) + len(s1)", Type::Int);
        is("max(if(b1, 50, 10), round_up(4.0 * f1 / i1, 10))", Type::Int);
        is("at_least(s1, \"1.29.0\")", Type::Bool);
    }

    #[test]
    fn ill_typed() {
        faults("(i1 + 1) == f1", &[("(i1 + 1) == f1", "`==` cannot compare an int with a float: `(i1 + 1)` and `f1`")]);
        faults(
            "s1 + \"x\"",
            &[("s1", "`+` takes numbers, and `s1` is a str"), ("\"x\"", "`+` takes numbers, and `\"x\"` is a str")],
        );
        faults("!i1", &[("i1", "`!` takes a bool, and `i1` is an int")]);
        faults("f1 % 2", &[("f1", "`%` takes ints, and `f1` is a float")]);
        faults(
            "b1 && (i1 + 2) || f1",
            &[
                ("(i1 + 2)", "`&&` takes bools, and `(i1 + 2)` is an int"),
                ("f1", "`||` takes bools, and `f1` is a float"),
            ],
        );
        faults("1 < i1 < 3", &[("1 < i1 < 3", "`<` cannot compare a bool with an int: `1 < i1` and `3`")]);
        faults("b1 < b2", &[("b1 < b2", "`<` takes numbers or strs, not bools")]);
        faults(
            "if(i1, 1, s1)",
            &[
                ("i1", "`if` takes a bool first, and `i1` is an int"),
                ("if(i1, 1, s1)", "the branches of `if` differ: `1` is an int, `s1` is a str"),
            ],
        );
        faults("round_up(1, f1)", &[("f1", "`round_up` takes an int second, and `f1` is a float")]);
        faults("max(1, 2, 3, s1)", &[("s1", "`max` takes a number as argument 4, and `s1` is a str")]);
        faults("floor(b1)", &[("b1", "`floor` takes a number, and `b1` is a bool")]);
        faults(
            "at_least(s1, \"1.2\")",
            &[(
                "\"1.2\"",
                "`at_least` takes semantic versions, and `1.2` is none: unexpected end of input while parsing minor version number",
            )],
        );
        faults("-s1", &[("s1", "`-` takes a number, and `s1` is a str")]);
    }

    #[test]
    fn help_shows_the_conversion() {
        let help = |source: &str| {
            let errors = type_of(source).expect_err(source);
            errors[0].help.clone().expect("help")
        };
        assert_eq!(help("f1 == 0"), "write `0.0`, or compare with `<=` and `>=`");
        assert_eq!(help("i1 + 1 != f1"), "write `float(i1 + 1)`, or compare with `<=` and `>=`");
        assert_eq!(help("f1 % 2"), "write `int(f1)` if it is whole, otherwise `floor`, `ceil` or `round`");
        assert_eq!(help("1 < i1 < 3"), "join two comparisons with `&&`: `a < b && b < c`");
    }

    #[test]
    fn one_fault_is_reported_once() {
        faults("(s1 + 1) * 2 < 3", &[("s1", "`+` takes numbers, and `s1` is a str")]);
        faults("floor(-b1) + 1", &[("b1", "`-` takes a number, and `b1` is a bool")]);
    }
}
