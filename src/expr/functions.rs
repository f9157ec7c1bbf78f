//! The functions that expressions can call: documentation, types and behaviour in one list.

use std::cmp::Ordering;

use evalexpr::Value;
use semver::{Prerelease, Version};

/// One function of the expression language.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// The name.
    pub name: &'static str,
    /// How it is called and what type it gives, e.g. `abs(x) -> int or float`.
    pub signature: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// A call that reads nothing.
    pub example: &'static str,
    /// The value of [`Function::example`], as text.
    pub result: &'static str,
    pub(super) params: &'static [Param],
    /// Whether the last parameter may be repeated.
    pub(super) variadic: bool,
    pub(super) output: Output,
    pub(super) apply: fn(&[Value]) -> Result<Value, Fault>,
}

/// What a parameter accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Param {
    Number,
    Int,
    Bool,
    Str,
    /// A version string; a literal one is checked together with the types.
    Version,
    Any,
}

/// What type a function gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    Int,
    Float,
    Bool,
    /// Int if all arguments are, otherwise float.
    Number,
    /// The common type of the second and the third argument.
    Branches,
}

/// Why a call failed. The message continues the function's name.
#[derive(Debug)]
pub(super) struct Fault {
    pub message: String,
    pub help: Option<&'static str>,
}

impl Fault {
    fn new(message: impl Into<String>, help: &'static str) -> Fault {
        Fault { message: message.into(), help: Some(help) }
    }
}

/// The one documented list of functions, in alphabetical order.
pub fn functions() -> &'static [Function] {
    FUNCTIONS
}

/// The position of the function called `name` in the list.
pub(super) fn position(name: &str) -> Option<usize> {
    FUNCTIONS.iter().position(|f| f.name == name)
}

impl Function {
    /// Whether the function takes `count` arguments.
    pub(super) fn takes(&self, count: usize) -> bool {
        count == self.params.len() || (self.variadic && count > self.params.len())
    }

    /// The call without the type of the result.
    pub(super) fn call_form(&self) -> &'static str {
        self.signature.split_once(" -> ").map_or(self.signature, |(call, _)| call)
    }
}

static FUNCTIONS: &[Function] = &[
    Function {
        name: "abs",
        signature: "abs(x) -> int or float",
        summary: "The distance of x from zero, of the same type as x.",
        example: "abs(-7)",
        result: "7",
        params: &[Param::Number],
        variadic: false,
        output: Output::Number,
        apply: abs,
    },
    Function {
        name: "at_least",
        signature: "at_least(version, minimum) -> bool",
        summary: "Whether a semantic version is the minimum or newer; a pre-release of a version counts as that version.",
        example: "at_least(\"1.32.0-rc.1\", \"1.32.0\")",
        result: "true",
        params: &[Param::Version, Param::Version],
        variadic: false,
        output: Output::Bool,
        apply: at_least,
    },
    Function {
        name: "ceil",
        signature: "ceil(x) -> int",
        summary: "The least whole number that is not below x.",
        example: "ceil(2.1)",
        result: "3",
        params: &[Param::Number],
        variadic: false,
        output: Output::Int,
        apply: |args| whole(args, f64::ceil),
    },
    Function {
        name: "ceil_div",
        signature: "ceil_div(a, b) -> int",
        summary: "a / b rounded up to a whole number; exact for ints.",
        example: "ceil_div(7, 2)",
        result: "4",
        params: &[Param::Number, Param::Number],
        variadic: false,
        output: Output::Int,
        apply: ceil_div,
    },
    Function {
        name: "clamp",
        signature: "clamp(x, low, high) -> int or float",
        summary: "x, or the bound that it lies beyond; int if all three are.",
        example: "clamp(120, 1, 100)",
        result: "100",
        params: &[Param::Number, Param::Number, Param::Number],
        variadic: false,
        output: Output::Number,
        apply: clamp,
    },
    Function {
        name: "div_or",
        signature: "div_or(a, b, fallback) -> float",
        summary: "a / b as a float, or the fallback when b is 0.",
        example: "div_or(3, 0, 1.5)",
        result: "1.5",
        params: &[Param::Number, Param::Number, Param::Number],
        variadic: false,
        output: Output::Float,
        apply: div_or,
    },
    Function {
        name: "float",
        signature: "float(x) -> float",
        summary: "The number x as a float.",
        example: "float(3)",
        result: "3.0",
        params: &[Param::Number],
        variadic: false,
        output: Output::Float,
        apply: |args| Ok(Value::Float(one(args)?.float())),
    },
    Function {
        name: "floor",
        signature: "floor(x) -> int",
        summary: "The greatest whole number that is not above x.",
        example: "floor(-2.1)",
        result: "-3",
        params: &[Param::Number],
        variadic: false,
        output: Output::Int,
        apply: |args| whole(args, f64::floor),
    },
    Function {
        name: "hours",
        signature: "hours(n) -> int",
        summary: "n hours in milliseconds, rounded to a whole millisecond.",
        example: "hours(1.5)",
        result: "5400000",
        params: &[Param::Number],
        variadic: false,
        output: Output::Int,
        apply: |args| milliseconds(args, 3_600_000),
    },
    Function {
        name: "if",
        signature: "if(condition, a, b) -> type of a and b",
        summary: "a if the condition holds, otherwise b; both are computed, and an int beside a float becomes a float.",
        example: "if(2 > 1, 10, 2.5)",
        result: "10.0",
        params: &[Param::Bool, Param::Any, Param::Any],
        variadic: false,
        output: Output::Branches,
        apply: choose,
    },
    Function {
        name: "int",
        signature: "int(x) -> int",
        summary: "The number x as an int; an error if x has a fraction.",
        example: "int(3.0)",
        result: "3",
        params: &[Param::Number],
        variadic: false,
        output: Output::Int,
        apply: int,
    },
    Function {
        name: "len",
        signature: "len(s) -> int",
        summary: "The number of characters of a text.",
        example: "len(\"dsql\")",
        result: "4",
        params: &[Param::Str],
        variadic: false,
        output: Output::Int,
        apply: len,
    },
    Function {
        name: "max",
        signature: "max(a, b, …) -> int or float",
        summary: "The greatest of two or more numbers; int if all are.",
        example: "max(3, 2.5)",
        result: "3.0",
        params: &[Param::Number, Param::Number],
        variadic: true,
        output: Output::Number,
        apply: |args| extreme(args, i64::max, f64::max),
    },
    Function {
        name: "min",
        signature: "min(a, b, …) -> int or float",
        summary: "The least of two or more numbers; int if all are.",
        example: "min(3, 2, 7)",
        result: "2",
        params: &[Param::Number, Param::Number],
        variadic: true,
        output: Output::Number,
        apply: |args| extreme(args, i64::min, f64::min),
    },
    Function {
        name: "minutes",
        signature: "minutes(n) -> int",
        summary: "n minutes in milliseconds, rounded to a whole millisecond.",
        example: "minutes(5)",
        result: "300000",
        params: &[Param::Number],
        variadic: false,
        output: Output::Int,
        apply: |args| milliseconds(args, 60_000),
    },
    Function {
        name: "pow2_ceil",
        signature: "pow2_ceil(x) -> int",
        summary: "The least power of two that is not below x, at least 1.",
        example: "pow2_ceil(600)",
        result: "1024",
        params: &[Param::Number],
        variadic: false,
        output: Output::Int,
        apply: pow2_ceil,
    },
    Function {
        name: "pow2_floor",
        signature: "pow2_floor(x) -> int",
        summary: "The greatest power of two that is not above x, at least 1.",
        example: "pow2_floor(600)",
        result: "512",
        params: &[Param::Number],
        variadic: false,
        output: Output::Int,
        apply: pow2_floor,
    },
    Function {
        name: "round",
        signature: "round(x) -> int",
        summary: "The nearest whole number; halves go away from zero.",
        example: "round(2.5)",
        result: "3",
        params: &[Param::Number],
        variadic: false,
        output: Output::Int,
        apply: |args| whole(args, f64::round),
    },
    Function {
        name: "round_up",
        signature: "round_up(x, step) -> int",
        summary: "The least multiple of the int step (1 or more) that is not below x.",
        example: "round_up(41.2, 10)",
        result: "50",
        params: &[Param::Number, Param::Int],
        variadic: false,
        output: Output::Int,
        apply: round_up,
    },
    Function {
        name: "seconds",
        signature: "seconds(n) -> int",
        summary: "n seconds in milliseconds, rounded to a whole millisecond.",
        example: "seconds(0.25)",
        result: "250",
        params: &[Param::Number],
        variadic: false,
        output: Output::Int,
        apply: |args| milliseconds(args, 1_000),
    },
];

/// A finite number.
#[derive(Clone, Copy)]
enum Num {
    Int(i64),
    Float(f64),
}

impl Num {
    fn float(self) -> f64 {
        match self {
            Num::Int(i) => i as f64,
            Num::Float(f) => f,
        }
    }
}

fn number(value: &Value) -> Result<Num, Fault> {
    match value {
        Value::Int(i) => Ok(Num::Int(*i)),
        Value::Float(f) if f.is_finite() => Ok(Num::Float(*f)),
        Value::Float(_) => Err(Fault::new(
            "takes finite numbers",
            "keep the argument within the range of a float, and its divisors away from 0",
        )),
        other => Err(unfit("a number", other)),
    }
}

fn string(value: &Value) -> Result<&str, Fault> {
    match value {
        Value::String(s) => Ok(s),
        other => Err(unfit("a str", other)),
    }
}

fn unfit(wanted: &str, value: &Value) -> Fault {
    Fault { message: format!("takes {wanted}, not {}", super::kind_of(value)), help: None }
}

/// Parsing has checked the number of arguments; this keeps the functions total all the same.
fn miscounted() -> Fault {
    Fault { message: "takes another number of arguments".into(), help: None }
}

fn args<const N: usize>(values: &[Value]) -> Result<[Num; N], Fault> {
    let values: &[Value; N] = values.try_into().map_err(|_| miscounted())?;
    let mut numbers = [Num::Int(0); N];
    for (number_out, value) in numbers.iter_mut().zip(values) {
        *number_out = number(value)?;
    }
    Ok(numbers)
}

fn one(values: &[Value]) -> Result<Num, Fault> {
    args::<1>(values).map(|[x]| x)
}

/// A float that is whole already, as an int.
fn to_int(whole: f64) -> Result<i64, Fault> {
    // 2^63 is a float, 2^63 - 1 is not: the upper bound is exclusive.
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    if (-BOUND..BOUND).contains(&whole) { Ok(whole as i64) } else { Err(overflow()) }
}

fn overflow() -> Fault {
    Fault::new(
        "overflows the range of an int",
        "an int lies between -9223372036854775808 and 9223372036854775807; bound the arguments with `min` or `clamp`",
    )
}

fn finite(result: f64) -> Result<Value, Fault> {
    if result.is_finite() {
        Ok(Value::Float(result))
    } else {
        Err(Fault::new("overflows the range of a float", "bound the arguments with `min`, `max` or `clamp`"))
    }
}

fn by_zero() -> Fault {
    Fault::new("divides by zero", "use `div_or(a, b, fallback)` where the divisor may be 0, or bound it with `max`")
}

fn abs(values: &[Value]) -> Result<Value, Fault> {
    match one(values)? {
        Num::Int(i) => i.checked_abs().map(Value::Int).ok_or_else(overflow),
        Num::Float(f) => Ok(Value::Float(f.abs())),
    }
}

fn whole(values: &[Value], rounding: fn(f64) -> f64) -> Result<Value, Fault> {
    match one(values)? {
        Num::Int(i) => Ok(Value::Int(i)),
        Num::Float(f) => to_int(rounding(f)).map(Value::Int),
    }
}

fn int(values: &[Value]) -> Result<Value, Fault> {
    match one(values)? {
        Num::Int(i) => Ok(Value::Int(i)),
        Num::Float(f) if f.fract() == 0.0 => to_int(f).map(Value::Int),
        Num::Float(_) => Err(Fault::new("would lose the fraction", "say how to round: `floor`, `ceil` or `round`")),
    }
}

fn ceil_div(values: &[Value]) -> Result<Value, Fault> {
    match args(values)? {
        [Num::Int(_), Num::Int(0)] => Err(by_zero()),
        [Num::Int(a), Num::Int(b)] => {
            // Only i64::MIN / -1 fails, and it has no remainder.
            let quotient = a.checked_div(b).ok_or_else(overflow)?;
            let remainder = a % b;
            let up = remainder != 0 && (remainder > 0) == (b > 0);
            Ok(Value::Int(quotient + i64::from(up)))
        }
        [a, b] => {
            if b.float() == 0.0 {
                return Err(by_zero());
            }
            to_int((a.float() / b.float()).ceil()).map(Value::Int)
        }
    }
}

fn div_or(values: &[Value]) -> Result<Value, Fault> {
    let [a, b, fallback] = args(values)?;
    if b.float() == 0.0 { Ok(Value::Float(fallback.float())) } else { finite(a.float() / b.float()) }
}

fn clamp(values: &[Value]) -> Result<Value, Fault> {
    let crossed =
        || Fault::new("has its low bound above its high bound", "order the bounds, e.g. with `min(low, high)`");
    match args(values)? {
        [Num::Int(x), Num::Int(low), Num::Int(high)] => {
            if low > high {
                return Err(crossed());
            }
            Ok(Value::Int(x.clamp(low, high)))
        }
        [x, low, high] => {
            let (low, high) = (low.float(), high.float());
            if low > high {
                return Err(crossed());
            }
            Ok(Value::Float(x.float().clamp(low, high)))
        }
    }
}

fn extreme(values: &[Value], of_ints: fn(i64, i64) -> i64, of_floats: fn(f64, f64) -> f64) -> Result<Value, Fault> {
    let mut values = values.iter();
    let mut best = number(values.next().ok_or_else(miscounted)?)?;
    for value in values {
        best = match (best, number(value)?) {
            (Num::Int(a), Num::Int(b)) => Num::Int(of_ints(a, b)),
            (a, b) => Num::Float(of_floats(a.float(), b.float())),
        };
    }
    Ok(match best {
        Num::Int(i) => Value::Int(i),
        Num::Float(f) => Value::Float(f),
    })
}

fn round_up(values: &[Value]) -> Result<Value, Fault> {
    let [x, step] = args(values)?;
    let step = match step {
        Num::Int(step) if step > 0 => step,
        Num::Int(_) => {
            return Err(Fault::new("takes a step of 1 or more", "bound the step with `max(1, step)`"));
        }
        Num::Float(f) => return Err(unfit("an int as its step", &Value::Float(f))),
    };
    // Multiples of the step are whole, so rounding a fraction up first changes nothing.
    let x = match x {
        Num::Int(i) => i,
        Num::Float(f) => to_int(f.ceil())?,
    };
    match x.rem_euclid(step) {
        0 => Ok(Value::Int(x)),
        past => x.checked_add(step - past).map(Value::Int).ok_or_else(overflow),
    }
}

fn pow2_floor(values: &[Value]) -> Result<Value, Fault> {
    let x = match one(values)? {
        Num::Int(i) => i,
        Num::Float(f) => to_int(f.floor())?,
    };
    Ok(Value::Int(1 << x.max(1).ilog2()))
}

fn pow2_ceil(values: &[Value]) -> Result<Value, Fault> {
    let x = match one(values)? {
        Num::Int(i) => i,
        Num::Float(f) => to_int(f.ceil())?,
    };
    let power = x.max(1).unsigned_abs().next_power_of_two();
    i64::try_from(power).map(Value::Int).map_err(|_| overflow())
}

fn milliseconds(values: &[Value], factor: i64) -> Result<Value, Fault> {
    match one(values)? {
        Num::Int(i) => i.checked_mul(factor).ok_or_else(overflow),
        Num::Float(f) => to_int((f * factor as f64).round()),
    }
    .map(Value::Int)
}

fn choose(values: &[Value]) -> Result<Value, Fault> {
    let [condition, yes, no] = values else {
        return Err(miscounted());
    };
    let Value::Boolean(condition) = condition else {
        return Err(unfit("a bool as its condition", condition));
    };
    // Both are computed anyway, so a fault in either shows, whichever is chosen.
    for branch in [yes, no] {
        if let Value::Float(_) = branch {
            number(branch)?;
        }
    }
    let (chosen, other) = if *condition { (yes, no) } else { (no, yes) };
    Ok(match (chosen, other) {
        // The static type is float then, and the value has to follow it.
        (Value::Int(i), Value::Float(_)) => Value::Float(*i as f64),
        _ => chosen.clone(),
    })
}

fn len(values: &[Value]) -> Result<Value, Fault> {
    let [text] = values else {
        return Err(miscounted());
    };
    let count = string(text)?.chars().count();
    i64::try_from(count).map(Value::Int).map_err(|_| overflow())
}

fn at_least(values: &[Value]) -> Result<Value, Fault> {
    let [version, minimum] = values else {
        return Err(miscounted());
    };
    let mut version = parse_version(string(version)?)?;
    let minimum = parse_version(string(minimum)?)?;
    version.pre = Prerelease::EMPTY;
    Ok(Value::Boolean(version.cmp_precedence(&minimum) != Ordering::Less))
}

/// A semantic version, or why it is none.
pub(super) fn parse_version(text: &str) -> Result<Version, Fault> {
    Version::parse(text).map_err(|error| {
        Fault::new(
            format!("takes semantic versions, and `{}` is none: {error}", super::scan::quote(text)),
            "write a version with three parts, such as \"1.29.0\"",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Expr, Frame};

    fn eval(source: &str) -> Result<String, String> {
        let expr = Expr::parse(source).map_err(|e| e[0].message.clone())?;
        let ty = expr.type_of(&|_| unreachable!("constant")).map_err(|e| e[0].message.clone())?;
        let value = expr.eval(&Frame::new(0)).map_err(|e| e.message)?;
        assert_eq!(crate::expr::type_of_value(&value), ty, "{source}");
        Ok(value.to_string())
    }

    #[track_caller]
    fn gives(source: &str, expected: &str) {
        assert_eq!(eval(source).as_deref(), Ok(expected), "{source}");
    }

    #[track_caller]
    fn fails(source: &str, part: &str) {
        let message = eval(source).expect_err(source);
        assert!(message.contains(part), "{source}: {message}");
    }

    #[test]
    fn every_example_gives_its_result() {
        for function in functions() {
            gives(function.example, function.result);
            assert!(function.signature.starts_with(&format!("{}(", function.name)), "{}", function.name);
            assert!(function.summary.ends_with('.'), "{}", function.name);
        }
        assert!(functions().windows(2).all(|pair| pair[0].name < pair[1].name), "the list is sorted, each name once");
    }

    #[test]
    fn ints_stay_exact() {
        const MAX: &str = "9223372036854775807";
        gives(&format!("max(1, {MAX})"), MAX);
        gives(&format!("min({MAX}, {MAX})"), MAX);
        gives(&format!("clamp({MAX}, 0, {MAX})"), MAX);
        gives(&format!("abs(-{MAX})"), MAX);
        gives(&format!("ceil_div({MAX}, 1)"), MAX);
        gives(&format!("round_up({MAX}, 1)"), MAX);
        gives("round_up(9007199254740993, 2)", "9007199254740994");
        gives(&format!("floor({MAX})"), MAX);
        gives(&format!("if(true, {MAX}, 0)"), MAX);
        fails(&format!("abs(-{MAX} - 1)"), "`abs` overflows");
        fails(&format!("round_up({MAX}, 10)"), "`round_up` overflows");
        fails(&format!("ceil_div(-{MAX} - 1, -1)"), "`ceil_div` overflows");
        fails(&format!("pow2_ceil({MAX})"), "`pow2_ceil` overflows");
        gives(&format!("pow2_floor({MAX})"), "4611686018427387904");
        gives("pow2_ceil(4611686018427387904)", "4611686018427387904");
        fails(&format!("seconds({MAX})"), "`seconds` overflows");
    }

    #[test]
    fn division_rounds_towards_plus_infinity() {
        gives("ceil_div(7, 2)", "4");
        gives("ceil_div(-7, 2)", "-3");
        gives("ceil_div(7, -2)", "-3");
        gives("ceil_div(-7, -2)", "4");
        gives("ceil_div(6, 2)", "3");
        gives("ceil_div(6.1, 2)", "4");
        fails("ceil_div(1, 0)", "divides by zero");
        fails("ceil_div(1.5, 0)", "divides by zero");
        gives("div_or(1, 4, 0)", "0.25");
        gives("div_or(1, 0.0, 7)", "7.0");
        fails("div_or(1e300, 1e-300, 1)", "`div_or` overflows");
    }

    #[test]
    fn rounding() {
        gives("round_up(41, 10)", "50");
        gives("round_up(40, 10)", "40");
        gives("round_up(-41, 10)", "-40");
        gives("round_up(40.0001, 10)", "50");
        fails("round_up(1, 0)", "takes a step of 1 or more");
        fails("round_up(1, -2)", "takes a step of 1 or more");
        gives("round(-2.5)", "-3");
        gives("round(2.4)", "2");
        gives("ceil(-2.9)", "-2");
        fails("ceil(1e19)", "`ceil` overflows");
        fails("floor(9223372036854775808.0)", "`floor` overflows");
        gives("floor(-9223372036854775808.0)", "-9223372036854775808");
        fails("int(2.5)", "`int` would lose the fraction");
        gives("int(-3.0)", "-3");
        fails("int(1e300)", "`int` overflows");
        gives("pow2_floor(0)", "1");
        gives("pow2_floor(-5)", "1");
        gives("pow2_floor(1023.9)", "512");
        gives("pow2_ceil(0)", "1");
        gives("pow2_ceil(4.01)", "8");
        gives("seconds(0.0005)", "1");
        gives("seconds(-1)", "-1000");
    }

    #[test]
    fn mixed_numbers_become_floats() {
        gives("min(1, 2.5)", "1.0");
        gives("max(3, 2.5, 1)", "3.0");
        gives("clamp(1, 2.0, 3)", "2.0");
        gives("if(true, 1, 2.5)", "1.0");
        gives("if(false, 2.5, 1)", "1.0");
        gives("if(true, \"a\", \"b\")", "a");
        fails("clamp(1, 3, 2)", "low bound above its high bound");
        fails("clamp(1, 3, 2.5)", "low bound above its high bound");
    }

    #[test]
    fn versions() {
        gives("at_least(\"0.2.0\", \"0.2.0\")", "true");
        gives("at_least(\"0.1.9\", \"0.2.0\")", "false");
        gives("at_least(\"0.10.0\", \"0.9.0\")", "true");
        gives("at_least(\"1.32.0-rc.1\", \"1.32.0\")", "true");
        gives("at_least(\"1.32.0-rc.1\", \"1.32.0-rc.9\")", "true");
        gives("at_least(\"1.32.0+a\", \"1.32.0+b\")", "true");
        fails("at_least(\"v1\", \"1.0.0\")", "`v1` is none");
        fails("at_least(if(true, \"x\", \"y\"), \"1.0.0\")", "`x` is none");
    }

    #[test]
    fn text_length_counts_characters() {
        gives("len(\"\")", "0");
        gives("len(\"né\")", "2");
        gives("len(\"a\\\"b\")", "3");
    }
}
