//! One pass over the text of an expression: limits, tokens, grammar, calls.
//!
//! evalexpr's parser reports no positions, treats almost any character as part of a name, and overflows the stack on
//! hostile input. So the text is read here; what passes is an expression for evalexpr too (a test holds the two
//! together).

use std::ops::Range;

use super::functions::{self, functions};
use super::{ExprError, ExprErrorKind, Name};

/// The longest text accepted, in bytes.
pub(super) const MAX_BYTES: usize = 1024;
/// The deepest nesting of brackets accepted.
pub(super) const MAX_DEPTH: usize = 32;
/// The greatest number of tokens accepted.
pub(super) const MAX_TOKENS: usize = 200;
/// After so many errors the rest of the text is not looked at.
const MAX_ERRORS: usize = 16;

/// A position in the text; [`MAX_BYTES`] fits.
pub(super) type Pos = u16;

/// An operator of the expression language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Add,
    Sub,
    Neg,
    Mul,
    Div,
    Mod,
    Eq,
    Neq,
    Gt,
    Lt,
    Geq,
    Leq,
    And,
    Or,
    Not,
}

impl Op {
    /// Every operator, in the order of their numbers.
    pub(super) const ALL: [Op; 15] = [
        Op::Add,
        Op::Sub,
        Op::Neg,
        Op::Mul,
        Op::Div,
        Op::Mod,
        Op::Eq,
        Op::Neq,
        Op::Gt,
        Op::Lt,
        Op::Geq,
        Op::Leq,
        Op::And,
        Op::Or,
        Op::Not,
    ];

    pub(super) fn symbol(self) -> &'static str {
        match self {
            Op::Add => "+",
            Op::Sub | Op::Neg => "-",
            Op::Mul => "*",
            Op::Div => "/",
            Op::Mod => "%",
            Op::Eq => "==",
            Op::Neq => "!=",
            Op::Gt => ">",
            Op::Lt => "<",
            Op::Geq => ">=",
            Op::Leq => "<=",
            Op::And => "&&",
            Op::Or => "||",
            Op::Not => "!",
        }
    }

    /// How tightly it binds its operands; above 0.
    pub(super) fn level(self) -> u8 {
        match self {
            Op::Or => 1,
            Op::And => 2,
            Op::Eq | Op::Neq | Op::Gt | Op::Lt | Op::Geq | Op::Leq => 3,
            Op::Add | Op::Sub => 4,
            Op::Mul | Op::Div | Op::Mod => 5,
            Op::Neg | Op::Not => 6,
        }
    }

    pub(super) fn is_unary(self) -> bool {
        matches!(self, Op::Neg | Op::Not)
    }

    /// Whether the result is a number computed from numbers.
    pub(super) fn is_arithmetic(self) -> bool {
        matches!(self, Op::Add | Op::Sub | Op::Neg | Op::Mul | Op::Div | Op::Mod)
    }

    /// Whether the result says how two values compare.
    pub(super) fn is_comparison(self) -> bool {
        matches!(self, Op::Eq | Op::Neq | Op::Gt | Op::Lt | Op::Geq | Op::Leq)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Literal,
    /// A name read; its position in [`Scan::names`].
    Name(u8),
    /// The name of a called function; its position in the list of functions.
    Call(u8),
    Op(Op),
    Open,
    Close,
    Comma,
}

/// A token, and (once the tree is known) the reach of the sub-expression it stands for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub kind: Kind,
    pub start: Pos,
    pub end: Pos,
    /// Reach of the sub-expression headed by this token, brackets included.
    pub from: Pos,
    pub to: Pos,
}

impl Token {
    pub(super) fn range(&self) -> Range<usize> {
        self.start.into()..self.end.into()
    }

    pub(super) fn reach(&self) -> Range<usize> {
        self.from.into()..self.to.into()
    }
}

/// A text that follows the grammar.
pub(super) struct Scan {
    pub tokens: Vec<Token>,
    /// The first occurrence of each name read, in order.
    pub names: Vec<Name>,
    /// The number of calls.
    pub calls: usize,
    /// The number of arguments of all calls together.
    pub arguments: usize,
}

/// Whether `name` means something to expressions already, so that nothing else can be called that:
/// the functions, `true` and `false`, and the words that would read as special floats.
pub fn is_reserved(name: &str) -> bool {
    matches!(name, "true" | "false") || is_special_float(name) || functions::position(name).is_some()
}

fn is_special_float(name: &str) -> bool {
    ["inf", "infinity", "nan"].iter().any(|word| name.eq_ignore_ascii_case(word))
}

/// User input for a message: control characters escaped, long text cut.
pub(super) fn quote(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut out: String = text.chars().take(LONGEST).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    if out.chars().all(|c| (' '..='~').contains(&c)) {
        return out;
    }
    let mut escaped = String::with_capacity(out.len());
    for c in out.chars() {
        match c {
            '"' | '\'' | '\\' => escaped.push(c),
            c => escaped.extend(c.escape_debug()),
        }
    }
    escaped
}

#[derive(Clone, Copy)]
enum Opener {
    Group,
    Call { function: Option<u8>, name: Pos },
}

#[derive(Clone, Copy)]
struct Bracket {
    opener: Opener,
    start: Pos,
    commas: u8,
}

struct Scanner<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    names: Vec<Name>,
    calls: usize,
    commas: usize,
    errors: Vec<ExprError>,
    brackets: [Bracket; MAX_DEPTH],
    depth: usize,
    /// Whether a value has to come next, rather than an operator.
    want_value: bool,
    /// After one error of order, further ones are most likely its consequences.
    derailed: bool,
}

/// Checks the text and cuts it into tokens.
pub(super) fn scan(source: &str) -> Result<Scan, Vec<ExprError>> {
    if source.len() > MAX_BYTES {
        return Err(vec![ExprError {
            help: Some("split the expression: let it read the result of another one".into()),
            ..ExprError::new(
                ExprErrorKind::TooLarge,
                None,
                format!("the expression has {} bytes, {MAX_BYTES} are allowed", source.len()),
            )
        }]);
    }
    let mut scanner = Scanner {
        source,
        tokens: Vec::with_capacity((source.len() / 3 + 4).min(MAX_TOKENS)),
        names: Vec::new(),
        calls: 0,
        commas: 0,
        errors: Vec::new(),
        brackets: [Bracket { opener: Opener::Group, start: 0, commas: 0 }; MAX_DEPTH],
        depth: 0,
        want_value: true,
        derailed: false,
    };
    scanner.run();
    if scanner.errors.is_empty() {
        let Scanner { tokens, names, calls, commas, .. } = scanner;
        // A comma stands between two arguments.
        Ok(Scan { tokens, names, calls, arguments: calls + commas })
    } else {
        let mut errors = scanner.errors;
        errors.sort_by_key(|e| e.range.as_ref().map_or(0, |r| r.start));
        Err(errors)
    }
}

/// Bytes that end a name or a number, as evalexpr sees it.
fn ends_word(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t'
            | b'\n'
            | b'\r'
            | b'+'
            | b'-'
            | b'*'
            | b'/'
            | b'%'
            | b'^'
            | b'('
            | b')'
            | b','
            | b';'
            | b'='
            | b'!'
            | b'>'
            | b'<'
            | b'&'
            | b'|'
            | b'"'
    )
}

/// What a word is made of.
enum Word {
    Name,
    Number,
    /// Neither; where the first character stands that cannot be part of either, if there is one.
    Bad(Option<usize>),
}

fn classify(word: &str) -> Word {
    let bytes = word.as_bytes();
    let stray = bytes.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.')));
    if stray.is_some() {
        return Word::Bad(stray);
    }
    match bytes.first() {
        Some(b'0'..=b'9' | b'.') => Word::Number,
        Some(_) if bytes.last() != Some(&b'.') && !bytes.windows(2).any(|w| w == b"..") => Word::Name,
        _ => Word::Bad(None),
    }
}

/// Why a word that starts like a number is none that can be used, with what to do.
fn check_number(word: &str) -> Result<(), (String, &'static str)> {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if digits(word) {
        return match word.parse::<i64>() {
            Ok(_) => Ok(()),
            Err(_) => Err((
                format!("`{}` is too large for an int", quote(word)),
                "the greatest int is 9223372036854775807; write a float such as 1e19 if that is meant",
            )),
        };
    }
    let (mantissa, exponent) = match word.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (word, None),
    };
    let mantissa_fits = match mantissa.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(mantissa),
    };
    let exponent_fits = exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
    if mantissa_fits && exponent_fits {
        return match word.parse::<f64>() {
            Ok(f) if f.is_finite() => Ok(()),
            _ => Err((format!("`{}` is too large for a float", quote(word)), "the greatest float is about 1.8e308")),
        };
    }
    let help = if word.contains('_') {
        "write digits without separators"
    } else if word.len() > 1 && matches!(word.as_bytes()[..2], [b'0', b'x' | b'X' | b'b' | b'o']) {
        "write the number in decimal"
    } else if word.starts_with('.') || word.ends_with('.') {
        "write digits on both sides of the point, such as 0.5 or 2.0"
    } else {
        "write an int such as 10, a float such as 2.5 or 1e6; a name starts with a letter or `_`"
    };
    Err((format!("`{}` is not a number", quote(word)), help))
}

impl Scanner<'_> {
    fn run(&mut self) {
        let source = self.source;
        let bytes = source.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                at += 1;
                continue;
            }
            if self.tokens.len() >= MAX_TOKENS {
                self.error(
                    ExprErrorKind::TooLarge,
                    at..source.len(),
                    format!("the expression has more than {MAX_TOKENS} tokens"),
                    Some("split the expression: let it read the result of another one"),
                );
                return;
            }
            if self.errors.len() >= MAX_ERRORS {
                return;
            }
            let next = bytes.get(at + 1).copied().unwrap_or(0);
            at = match byte {
                b'"' => match self.text(at) {
                    Some(end) => end,
                    None => return,
                },
                b'(' => {
                    if !self.want_value {
                        self.misplaced(at, at + 1);
                    }
                    if !self.open(Opener::Group, at) {
                        return;
                    }
                    at + 1
                }
                b')' => self.close(at),
                b',' => self.comma(at),
                b'/' if matches!(next, b'/' | b'*') => {
                    self.error(
                        ExprErrorKind::Refused,
                        at..source.len(),
                        "an expression cannot hold comments".into(),
                        Some("put the comment outside the expression"),
                    );
                    return;
                }
                b'+' | b'-' | b'*' | b'/' | b'%' | b'^' if next == b'=' => self.assignment(at, at + 2),
                b'+' => self.binary(Op::Add, at, at + 1),
                b'-' if self.want_value => self.unary(Op::Neg, at),
                b'-' => self.binary(Op::Sub, at, at + 1),
                b'*' => self.binary(Op::Mul, at, at + 1),
                b'/' => self.binary(Op::Div, at, at + 1),
                b'%' => self.binary(Op::Mod, at, at + 1),
                b'=' if next == b'=' => self.binary(Op::Eq, at, at + 2),
                b'=' => self.assignment(at, at + 1),
                b'!' if next == b'=' => self.binary(Op::Neq, at, at + 2),
                b'!' => self.unary(Op::Not, at),
                b'>' if next == b'=' => self.binary(Op::Geq, at, at + 2),
                b'>' => self.binary(Op::Gt, at, at + 1),
                b'<' if next == b'=' => self.binary(Op::Leq, at, at + 2),
                b'<' => self.binary(Op::Lt, at, at + 1),
                b'&' | b'|' if next == byte => {
                    if bytes.get(at + 2) == Some(&b'=') {
                        self.assignment(at, at + 3)
                    } else if byte == b'&' {
                        self.binary(Op::And, at, at + 2)
                    } else {
                        self.binary(Op::Or, at, at + 2)
                    }
                }
                b'&' => self.refused(at, at + 1, "write `&&` for a logical and"),
                b'|' => self.refused(at, at + 1, "write `||` for a logical or"),
                b'^' => self.refused(at, at + 1, "multiply instead, e.g. `x * x`"),
                b';' => self.refused(at, at + 1, "write one expression with one value"),
                _ => match self.word(at) {
                    Some(end) => end,
                    None => return,
                },
            };
        }
        self.finish();
    }

    fn error(&mut self, kind: ExprErrorKind, range: Range<usize>, message: String, help: Option<&str>) {
        self.errors.push(ExprError { help: help.map(str::to_owned), ..ExprError::new(kind, Some(range), message) });
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        // The text is at most MAX_BYTES long, so the positions fit.
        let (start, end) = (start as Pos, end as Pos);
        self.tokens.push(Token { kind, start, end, from: start, to: end });
    }

    /// The text of the last token.
    fn previous(&self) -> Option<&str> {
        self.tokens.last().map(|t| &self.source[t.range()])
    }

    /// Something stands where an operator has to.
    fn misplaced(&mut self, start: usize, end: usize) {
        if self.derailed {
            return;
        }
        self.derailed = true;
        let found = &self.source[start..end];
        let help = match (found, self.previous()) {
            ("and", _) | (_, Some("and")) => "write `&&` for a logical and",
            ("or", _) | (_, Some("or")) => "write `||` for a logical or",
            ("not", _) | (_, Some("not")) | ("!", _) => "write `!` before a condition, and `&&` or `||` between two",
            _ => "put an operator such as `*` or `&&` between the two",
        };
        let message = match self.previous() {
            Some(previous) => format!("missing operator between `{}` and `{}`", quote(previous), quote(found)),
            None => format!("missing operator before `{}`", quote(found)),
        };
        self.error(ExprErrorKind::Syntax, start..end, message, Some(help));
    }

    /// Something stands where a value has to.
    fn missing_value(&mut self, start: usize, end: usize) {
        if self.derailed {
            return;
        }
        self.derailed = true;
        let found = &self.source[start..end];
        let message = match self.previous() {
            Some(previous) => format!("missing value between `{}` and `{found}`", quote(previous)),
            None => format!("missing value before `{found}`"),
        };
        let help = match found {
            "+" => "leave out the sign of a positive number",
            _ => "write a number, a name or a bracket there",
        };
        self.error(ExprErrorKind::Syntax, start..end, message, Some(help));
    }

    fn value(&mut self, kind: Kind, start: usize, end: usize) {
        if !self.want_value {
            self.misplaced(start, end);
        }
        self.push(kind, start, end);
        self.want_value = false;
    }

    fn binary(&mut self, op: Op, start: usize, end: usize) -> usize {
        if self.want_value {
            self.missing_value(start, end);
        }
        self.push(Kind::Op(op), start, end);
        self.want_value = true;
        end
    }

    fn unary(&mut self, op: Op, start: usize) -> usize {
        if !self.want_value {
            self.misplaced(start, start + 1);
        }
        self.push(Kind::Op(op), start, start + 1);
        self.want_value = true;
        start + 1
    }

    /// An operator that expressions do not have; the text goes on as after one that they have.
    fn refused(&mut self, start: usize, end: usize, help: &str) -> usize {
        let message = format!("the operator `{}` is not available", &self.source[start..end]);
        self.error(ExprErrorKind::Refused, start..end, message, Some(help));
        self.push(Kind::Comma, start, end);
        self.want_value = true;
        end
    }

    fn assignment(&mut self, start: usize, end: usize) -> usize {
        let help = if end - start == 1 {
            "write `==` to compare"
        } else {
            "an expression computes one value and stores nothing"
        };
        self.refused(start, end, help)
    }

    fn text(&mut self, start: usize) -> Option<usize> {
        let bytes = self.source.as_bytes();
        let mut at = start + 1;
        loop {
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    if !matches!(bytes.get(at + 1), Some(b'"' | b'\\') | None) {
                        let escaped = self.source[at + 1..].chars().next().map_or(0, char::len_utf8);
                        let range = at..at + 1 + escaped;
                        let message = format!("unknown escape `{}` in a text", quote(&self.source[range.clone()]));
                        self.error(ExprErrorKind::Syntax, range, message, Some("only `\\\"` and `\\\\` are known"));
                    }
                    at += 2;
                }
                // Bytes inside a character never equal a quote or a backslash.
                Some(_) => at += 1,
                None => {
                    self.error(
                        ExprErrorKind::Syntax,
                        start..self.source.len(),
                        "the text is never closed".into(),
                        Some("end it with a double quote"),
                    );
                    return None;
                }
            }
        }
        self.value(Kind::Literal, start, at + 1);
        Some(at + 1)
    }

    fn word(&mut self, start: usize) -> Option<usize> {
        let source = self.source;
        let bytes = source.as_bytes();
        let word_end = |from: usize| bytes[from..].iter().position(|b| ends_word(*b)).map_or(bytes.len(), |n| from + n);
        let mut end = word_end(start);
        match classify(&source[start..end]) {
            Word::Name => return self.name(start, end),
            Word::Number => {
                // The sign of an exponent belongs to the number, not to the operators.
                let signed = bytes[end - 1].eq_ignore_ascii_case(&b'e')
                    && matches!(bytes.get(end), Some(b'+' | b'-'))
                    && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
                if signed {
                    end = word_end(end + 1);
                }
                if let Err((message, help)) = check_number(&source[start..end]) {
                    self.error(ExprErrorKind::Syntax, start..end, message, Some(help));
                    self.derailed = true;
                }
            }
            Word::Bad(Some(stray)) => {
                let stray = start + stray;
                let character = source[stray..].chars().next().unwrap_or(' ');
                let help = match character {
                    '\'' => "write a text in double quotes",
                    '?' => "write `if(condition, a, b)`",
                    '{' | '}' => "braces are for messages; an expression names a value directly",
                    _ => "a name consists of ASCII letters, digits and `_`, with dots between its parts",
                };
                let range = stray..stray + character.len_utf8();
                let message = format!("unexpected character `{}`", quote(&source[range.clone()]));
                self.error(ExprErrorKind::Syntax, range, message, Some(help));
                self.derailed = true;
            }
            Word::Bad(None) => {
                self.error(
                    ExprErrorKind::Syntax,
                    start..end,
                    format!("`{}` is not a name", quote(&source[start..end])),
                    Some("write single dots between the parts of a name, and none at its end"),
                );
                self.derailed = true;
            }
        }
        self.value(Kind::Literal, start, end);
        Some(end)
    }

    fn name(&mut self, start: usize, end: usize) -> Option<usize> {
        let source = self.source;
        let bytes = source.as_bytes();
        let name = &source[start..end];
        let after = bytes[end..]
            .iter()
            .position(|b| !matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
            .map_or(bytes.len(), |n| end + n);
        let called = bytes.get(after) == Some(&b'(');
        if matches!(name, "true" | "false") && !called {
            self.value(Kind::Literal, start, end);
            return Some(end);
        }
        if is_special_float(name) {
            self.error(
                ExprErrorKind::Refused,
                start..end,
                format!("`{name}` is not a value that expressions have"),
                Some("write a finite number"),
            );
            self.value(Kind::Literal, start, end);
            return Some(end);
        }
        let function = functions::position(name);
        if called {
            if function.is_none() {
                let known: Vec<&str> = functions().iter().map(|f| f.name).collect();
                self.errors.push(ExprError {
                    help: Some(format!("the functions are {}", known.join(", "))),
                    name: Some(name.to_owned()),
                    ..ExprError::new(
                        ExprErrorKind::UnknownFunction,
                        Some(start..end),
                        format!("unknown function `{}`", quote(name)),
                    )
                });
            }
            // The list of functions is far shorter than 256; a test says so.
            let function = function.map(|f| f as u8);
            self.value(Kind::Call(function.unwrap_or(u8::MAX)), start, end);
            self.calls += 1;
            let opener = Opener::Call { function, name: start as Pos };
            return self.open(opener, after).then_some(after + 1);
        }
        if let Some(function) = function {
            self.error(
                ExprErrorKind::Syntax,
                start..end,
                format!("`{name}` is a function"),
                Some(&format!("call it: `{}`", functions()[function].call_form())),
            );
            self.derailed = true;
        }
        let known = self.names.iter().position(|known| source[known.range()] == *name);
        let index = known.unwrap_or_else(|| {
            self.names.push(Name { start: start as Pos, end: end as Pos, slot: None });
            self.names.len() - 1
        });
        // There are at most MAX_TOKENS names, so the index fits.
        self.value(Kind::Name(index as u8), start, end);
        Some(end)
    }

    fn open(&mut self, opener: Opener, at: usize) -> bool {
        if self.depth == MAX_DEPTH {
            self.error(
                ExprErrorKind::TooDeep,
                at..at + 1,
                format!("brackets are nested more than {MAX_DEPTH} deep"),
                Some("split the expression: let it read the result of another one"),
            );
            return false;
        }
        self.brackets[self.depth] = Bracket { opener, start: at as Pos, commas: 0 };
        self.depth += 1;
        self.push(Kind::Open, at, at + 1);
        self.want_value = true;
        true
    }

    fn close(&mut self, at: usize) -> usize {
        let Some(depth) = self.depth.checked_sub(1) else {
            self.error(
                ExprErrorKind::Syntax,
                at..at + 1,
                "`)` closes nothing".into(),
                Some("remove it, or add the `(` that belongs to it"),
            );
            self.derailed = true;
            self.push(Kind::Close, at, at + 1);
            self.want_value = false;
            return at + 1;
        };
        self.depth = depth;
        let bracket = self.brackets[depth];
        let empty = matches!(self.tokens.last(), Some(t) if t.kind == Kind::Open);
        match bracket.opener {
            Opener::Group if empty => {
                self.error(
                    ExprErrorKind::Syntax,
                    bracket.start.into()..at + 1,
                    "the brackets are empty".into(),
                    Some("write a value between them, or remove them"),
                );
            }
            Opener::Call { function, name } if empty || !self.want_value => {
                let given = if empty { 0 } else { usize::from(bracket.commas) + 1 };
                if let Some(function) = function.map(|f| &functions()[usize::from(f)])
                    && !function.takes(given)
                {
                    let least = function.params.len();
                    let message = format!(
                        "`{}` takes {}{least} argument{}, not {given}",
                        function.name,
                        if function.variadic { "at least " } else { "" },
                        if least == 1 { "" } else { "s" },
                    );
                    let help = format!("call it: `{}`", function.call_form());
                    self.error(ExprErrorKind::Arity, name.into()..at + 1, message, Some(&help));
                }
            }
            _ if self.want_value => self.missing_value(at, at + 1),
            _ => {}
        }
        self.push(Kind::Close, at, at + 1);
        self.want_value = false;
        at + 1
    }

    fn comma(&mut self, at: usize) -> usize {
        if self.want_value {
            self.missing_value(at, at + 1);
        }
        let in_call = self.depth.checked_sub(1).is_some_and(|d| {
            let bracket = &mut self.brackets[d];
            // Below the limit on tokens, so it cannot overflow.
            bracket.commas += 1;
            matches!(bracket.opener, Opener::Call { .. })
        });
        if !in_call {
            self.error(
                ExprErrorKind::Refused,
                at..at + 1,
                "`,` stands outside the brackets of a function".into(),
                Some("an expression has one value; write a decimal point as `.`"),
            );
        }
        self.commas += 1;
        self.push(Kind::Comma, at, at + 1);
        self.want_value = true;
        at + 1
    }

    fn finish(&mut self) {
        let end = self.source.len();
        if self.tokens.is_empty() && self.errors.is_empty() {
            self.error(
                ExprErrorKind::Syntax,
                0..end,
                "the expression is empty".into(),
                Some("write a value, such as `1` or the name of a parameter"),
            );
            return;
        }
        if let Some(depth) = self.depth.checked_sub(1) {
            let start = usize::from(self.brackets[depth].start);
            self.error(
                ExprErrorKind::Syntax,
                start..start + 1,
                "`(` is never closed".into(),
                Some("add the `)` that belongs to it"),
            );
        } else if self.want_value
            && !self.derailed
            && let Some(last) = self.tokens.last().copied()
        {
            let message = format!("missing value after `{}`", quote(&self.source[last.range()]));
            self.error(ExprErrorKind::Syntax, last.range(), message, Some("write a number, a name or a bracket there"));
        }
    }
}
