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
    "(", ")", ",", "+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||", "!", "^", "=", ";", "1e-3",
    "é", "\"", "_",
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
    let whole = rebuild(&expr, expr.built().root(), &mut 0, &mut |part, text| {
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
        &expr.tokens()[*cursor - 1]
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
