//! The closed sets of words that data files use, and how each value type is read and shown.

use super::{Scalar, format_duration, parse_duration};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Declares a closed set of words with their spelling in data files and JSON.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every word of the set, in order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];
            /// The spellings, in the order of [`Self::ALL`].
            pub const WORDS: &'static [&'static str] = &[$($word,)+];

            /// The spelling in data files and JSON.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }

            /// The word that is spelt so.
            #[must_use]
            pub fn from_word(word: &str) -> Option<$name> {
                match word { $($word => Some($name::$variant),)+ _ => None }
            }
        }

        impl $crate::model::Freeze for $name {
            fn freeze(&self, out: &mut $crate::model::Freezer) {
                (*self as u8).freeze(out);
            }

            fn thaw(from: &mut $crate::model::Frozen) -> Option<Self> {
                $name::ALL.get(usize::from(u8::thaw(from)?)).copied()
            }
        }
    };
}
pub(in crate::model) use words;

words! {
    /// Who decides a parameter: the adopter (`slo`, `topology`) or the compiler (`safety`, `tuning`).
    Class {
        /// A promise to the users of the cluster.
        Slo = "slo",
        /// How much of what runs.
        Topology = "topology",
        /// A wrong value takes the cluster down.
        Safety = "safety",
        /// A wrong value costs speed or money.
        Tuning = "tuning",
    }
}

words! {
    /// The type of a parameter's value.
    ValueType {
        /// A whole number.
        Int = "int",
        /// A finite number.
        Float = "float",
        /// Text.
        Str = "str",
        /// A length of time: whole milliseconds inside, Go duration text outside.
        Duration = "duration",
        /// True or false.
        Bool = "bool",
    }
}

words! {
    /// What a number counts.
    Unit {
        /// A rate.
        PerSec = "per_sec",
        /// Milliseconds.
        Milliseconds = "ms",
        /// Seconds.
        Seconds = "s",
        /// Minutes.
        Minutes = "m",
        /// Database connections.
        Connections = "connections",
        /// Things.
        Count = "count",
        /// Hundredths.
        Percent = "percent",
        /// Bytes.
        Bytes = "bytes",
    }
}

words! {
    /// Where a parameter is emitted.
    Channel {
        /// The Temporal server's dynamic configuration file.
        DynamicConfig = "dynamic_config",
        /// An environment variable of the server or the DSQL plugin.
        EnvVars = "env_vars",
        /// A worker option of the SDKs.
        WorkerOptions = "worker_options",
        /// A field of `DSQLPluginConfig`.
        DsqlPlugin = "dsql_plugin",
    }
}

words! {
    /// Where a final value came from.
    Source {
        /// A preset's value or expression.
        Preset = "preset",
        /// A modifier's value or expression.
        Modifier = "modifier",
        /// A flag, a values file or an environment variable.
        Override = "override",
        /// The registry's expression.
        Derived = "derived",
        /// The registry's value.
        Default = "default",
    }
}

words! {
    /// How sure a rule is of what it says, the surest first.
    Confidence {
        /// It follows from code that was read.
        High = "high",
        /// It is documented, or was measured once.
        Medium = "medium",
        /// It is plausible.
        Low = "low",
    }
}

words! {
    /// Which change of a value a rule is about.
    Turn {
        /// It is greater; of a switch, it is on.
        Raised = "raised",
        /// It is less; of a switch, it is off.
        Lowered = "lowered",
        /// It is another one, whichever way.
        Changed = "changed",
    }
}

impl Unit {
    /// What stands behind a number of this unit: `/s`, ` connections`; nothing behind a count.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Unit::PerSec => "/s",
            Unit::Milliseconds => " ms",
            Unit::Seconds => " s",
            Unit::Minutes => " min",
            Unit::Connections => " connections",
            Unit::Count => "",
            Unit::Percent => " %",
            Unit::Bytes => " bytes",
        }
    }
}

words! {
    /// How a changed value reaches what runs.
    Effect {
        /// The servers read it again by themselves.
        Reload = "reload",
        /// Server processes read it when they start.
        Restart = "restart",
        /// SDK workers read it when they start.
        Redeploy = "redeploy",
        /// The platform runs more or fewer processes.
        Scale = "scale",
        /// It is fixed for the life of the cluster.
        Never = "never",
    }
}

/// Ends of the names of fields that say the unit of a number, and its milliseconds.
pub(crate) const FIELD_UNITS: [(&str, f64); 3] = [("_ms", 1.0), ("_sec", 1_000.0), ("_min", 60_000.0)];

impl Channel {
    /// A name as its reader compares it: servers compare keys of dynamic configuration without case.
    pub(crate) fn folded(self, name: &str) -> Cow<'_, str> {
        if self == Channel::DynamicConfig && name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(name.to_ascii_lowercase())
        } else {
            Cow::Borrowed(name)
        }
    }
}

impl ValueType {
    /// Reads a value of this type from a data file, a flag, a values file or a variable.
    ///
    /// Text is read as the parameter's reader would read it: integers as Go's `Atoi` (no `1_000`, no `1e3`), booleans
    /// as Go's `ParseBool`, durations as Go's `ParseDuration`. Only text is read so: a TOML `true` is never an integer.
    ///
    /// # Errors
    ///
    /// What is wrong, and what to write instead.
    pub fn read(self, given: &Scalar) -> Result<Scalar, ValueFault> {
        match (self, given) {
            (ValueType::Int, Scalar::Int(_))
            | (ValueType::Bool, Scalar::Bool(_))
            | (ValueType::Str, Scalar::Str(_)) => Ok(given.clone()),
            (ValueType::Float, Scalar::Float(value)) if value.is_finite() => Ok(given.clone()),
            (ValueType::Float, Scalar::Int(value)) => exact_float(*value),
            (ValueType::Duration, Scalar::Int(0)) => Ok(Scalar::Int(0)),
            (ValueType::Int, Scalar::Str(text)) => read_int(text),
            (ValueType::Float, Scalar::Str(text)) => read_float(text),
            (ValueType::Bool, Scalar::Str(text)) => read_bool(text),
            (ValueType::Duration, Scalar::Str(text)) => parse_duration(text).map(Scalar::Int).map_err(|message| {
                ValueFault { message, help: "write a number with a unit, such as `500ms`, `30s`, `5m` or `1h30m`" }
            }),
            (ValueType::Duration, Scalar::Int(value)) => Err(ValueFault {
                message: format!("`{value}` has no unit"),
                help: "write a number with a unit in quotes, such as \"30s\" or \"5m\"",
            }),
            (ValueType::Str, _) => Err(ValueFault {
                message: format!("expected text, found {}", given.kind()),
                help: "put the value in quotes",
            }),
            _ => Err(ValueFault {
                message: format!("expected {}, found {}", self.described(), given.kind()),
                help: self.advice(),
            }),
        }
    }

    /// The value as it is written outside the compiler: durations as Go text, all else unchanged.
    #[must_use]
    pub fn show(self, value: &Scalar) -> Scalar {
        match (self, value) {
            (ValueType::Duration, Scalar::Int(milliseconds)) => Scalar::Str(format_duration(*milliseconds)),
            _ => value.clone(),
        }
    }

    /// The value as a field of a document has it: a duration is a plain number where the field's name says its unit.
    #[must_use]
    pub fn field(self, name: &str, value: &Scalar) -> serde_json::Value {
        let unit = FIELD_UNITS.iter().find(|(suffix, _)| name.ends_with(suffix));
        match (self, value, unit) {
            (ValueType::Duration, Scalar::Int(milliseconds), Some((_, size))) => {
                serde_json::json!(*milliseconds as f64 / size)
            }
            _ => serde_json::to_value(self.show(value)).unwrap_or_default(),
        }
    }

    /// The text of [`Self::show`], without building the value where there is no need to.
    #[must_use]
    pub fn text(self, value: &Scalar) -> String {
        let mut text = String::new();
        self.write(value, &mut text);
        text
    }

    /// Appends [`Self::text`]. Floats are rounded for people; artifacts and digests use [`Self::show`].
    pub fn write(self, value: &Scalar, text: &mut String) {
        use std::fmt::Write as _;
        let _ = match (self, value) {
            (ValueType::Duration, Scalar::Int(milliseconds)) => {
                text.push_str(&format_duration(*milliseconds));
                Ok(())
            }
            (_, Scalar::Str(value)) => text.write_str(value),
            (_, Scalar::Float(value)) => text.write_str(&readable(*value)),
            _ => write!(text, "{value}"),
        };
    }

    /// The type with an article, for messages.
    #[must_use]
    pub fn described(self) -> &'static str {
        match self {
            ValueType::Int => "an integer",
            ValueType::Float => "a number",
            ValueType::Str => "text",
            ValueType::Duration => "a duration",
            ValueType::Bool => "a boolean",
        }
    }

    fn advice(self) -> &'static str {
        match self {
            ValueType::Int => "write digits only, such as `512`",
            ValueType::Float => "write a number, such as `0.2`",
            ValueType::Str => "put the value in quotes",
            ValueType::Duration => "write a number with a unit, such as `500ms`, `30s`, `5m` or `1h30m`",
            ValueType::Bool => "write `true` or `false`",
        }
    }
}

/// A float as a person would write it: `35.7` where the sum came out as `35.70000000000001`.
fn readable(value: f64) -> String {
    let exact = format!("{value:?}");
    const LONG: usize = 12;
    if exact.len() <= LONG || exact.contains('e') {
        return exact;
    }
    let rounded = format!("{value:.6}");
    let trimmed = rounded.trim_end_matches('0');
    if trimmed.ends_with('.') { format!("{trimmed}0") } else { trimmed.to_owned() }
}

/// Why a value could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueFault {
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// What to write instead.
    pub help: &'static str,
}

fn exact_float(value: i64) -> Result<Scalar, ValueFault> {
    let float = value as f64;
    // 2^53: above it not every integer has a float of its own.
    if value.unsigned_abs() <= 1 << 53 {
        Ok(Scalar::Float(float))
    } else {
        Err(ValueFault { message: format!("`{value}` has no exact float"), help: "write a smaller number" })
    }
}

fn read_int(text: &str) -> Result<Scalar, ValueFault> {
    let fault = |message: String, help| Err(ValueFault { message, help });
    if text.is_empty() {
        return fault("the value is empty; expected an integer".to_owned(), ValueType::Int.advice());
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return match text.parse::<i64>() {
            Ok(value) => Ok(Scalar::Int(value)),
            Err(_) => fault(format!("`{}` is larger than any 64-bit integer", clipped(text)), "write a smaller number"),
        };
    }
    let help = if text.parse::<f64>().is_ok_and(f64::is_finite) {
        "write a whole number in digits, with no fraction and no exponent"
    } else if digits.bytes().all(|b| b.is_ascii_digit() || b == b'_' || b == b',') {
        "write the digits without separators"
    } else {
        ValueType::Int.advice()
    };
    fault(format!("`{}` is not an integer", clipped(text)), help)
}

fn read_float(text: &str) -> Result<Scalar, ValueFault> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Scalar::Float(value)),
        _ => Err(ValueFault {
            message: if text.is_empty() {
                "the value is empty; expected a number".to_owned()
            } else {
                format!("`{}` is not a finite number", clipped(text))
            },
            help: ValueType::Float.advice(),
        }),
    }
}

/// The spellings of Go's `strconv.ParseBool`, which the DSQL plugin reads its variables with.
fn read_bool(text: &str) -> Result<Scalar, ValueFault> {
    match text {
        "1" | "t" | "T" | "true" | "True" | "TRUE" => Ok(Scalar::Bool(true)),
        "0" | "f" | "F" | "false" | "False" | "FALSE" => Ok(Scalar::Bool(false)),
        _ => Err(ValueFault {
            message: if text.is_empty() {
                "the value is empty; expected a boolean".to_owned()
            } else {
                format!("`{}` is not a boolean", clipped(text))
            },
            help: "write `true` or `false`; the plugin would take its default for anything else, without a message",
        }),
    }
}

/// A parser's message without what it quotes of the text: that may be a secret.
pub(crate) fn unquoted(message: &str) -> String {
    // From the first quote to the last: there may be quotes within.
    let text = match (message.find('"'), message.rfind('"')) {
        (Some(first), Some(last)) if first < last => format!("{}…{}", &message[..first], &message[last + 1..]),
        _ => message.to_owned(),
    };
    let cut = text.split_once("unknown variant `").and_then(|(before, after)| Some((before, after.split_once('`')?.1)));
    cut.map(|(before, after)| format!("{before}unknown variant{after}")).unwrap_or(text)
}

/// A text of the user's as a message shows it: a hostile one must not fill the screen.
#[must_use]
pub fn clipped(text: &str) -> String {
    const LONGEST: usize = 120;
    if text.chars().count() <= LONGEST { text.to_owned() } else { text.chars().take(LONGEST).chain(['…']).collect() }
}

/// Whether the text can be a parameter key: segments of letters, digits and `_` that are joined by dots, the first
/// beginning with a letter.
#[must_use]
pub fn is_key(text: &str) -> bool {
    text.len() <= 200
        && text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && text
            .split('.')
            .all(|segment| !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
}

/// Whether the text can name a preset, a modifier, a rail or an adapter: lower-case letters, digits and hyphens.
#[must_use]
pub fn is_name(text: &str) -> bool {
    text.len() <= 100
        && text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}
