//! `KEY=FROM..TO[:STEPS]`: the points of a sweep.

use crate::catalog::{Catalog, ParamId};
use crate::diag::{Code, Diagnostic, Diagnostics, Span};
use crate::model::{Scalar, ValueType, clipped};

/// Points where none are asked for.
const POINTS: usize = 21;

/// The most points of one sweep.
const MOST_POINTS: usize = 100_000;

/// How points lie between the ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Each is as far from the next: 10, 20, 30.
    Linear,
    /// Each is as many times the one before: 10, 100, 1000.
    Log,
}

impl Scale {
    /// `linear` or `log`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Scale::Linear => "linear",
            Scale::Log => "log",
        }
    }
}

/// An input and its values.
#[derive(Debug, Clone)]
pub struct Range {
    /// The input.
    pub id: ParamId,
    /// How the values lie.
    pub scale: Scale,
    /// The values, both ends among them, none twice; a duration is milliseconds.
    pub points: Vec<Scalar>,
}

impl Range {
    /// Reads `KEY=FROM..TO[:STEPS]`, with STEPS points, both ends among them. Faults point into `span`, which holds the text.
    ///
    /// # Errors
    ///
    /// What is wrong: the form, the key, the ends, the number of points.
    pub fn read(catalog: &Catalog, text: &str, scale: Scale, span: Span) -> Result<Range, Diagnostics> {
        let example =
            catalog.parameters.iter().find(|parameter| parameter.is_input()).map_or("KEY", |input| input.key.as_ref());
        let fault = |message: String, label: &str| {
            Diagnostics::from(
                Diagnostic::error(Code::InvalidValue, message)
                    .at(span, label)
                    .help(format!("write KEY=FROM..TO or KEY=FROM..TO:STEPS, as in `{example}=2..20:10`"))
                    .fact("value", clipped(text)),
            )
        };
        let Some((key, rest)) = text.split_once('=') else {
            return Err(fault(format!("`--vary {}` has no `=`", clipped(text)), "a key without a range"));
        };
        let key = key.trim();
        let Some(id) = catalog.find(key) else {
            return Err(catalog.unknown_parameter(key).at(span, "unknown parameter").into());
        };
        let parameter = catalog.parameter(id);
        if parameter.locked {
            let message = format!("`{key}` cannot be varied");
            let locked = Diagnostic::error(Code::LockedParameter, message)
                .at(span, "locked by the registry")
                .help(parameter.rationale.trim().to_owned());
            return Err(locked.fact("key", key).into());
        }
        if !matches!(parameter.value_type, ValueType::Int | ValueType::Float | ValueType::Duration) {
            let message =
                format!("`{key}` is {}; only numbers and durations have a range", parameter.value_type.described());
            return Err(fault(message, "no number"));
        }
        let (ends, count) = match rest.rsplit_once(':') {
            Some((ends, count)) => (ends, Some(count.trim())),
            None => (rest, None),
        };
        let Some((from, to)) = ends.split_once("..") else {
            return Err(fault(format!("`{}` has no `..`", clipped(ends)), "no range"));
        };
        let mut diags = Diagnostics::default();
        let mut end = |text: &str| {
            let read = parameter.value_type.read(&Scalar::Str(text.trim().to_owned()));
            read.map_err(|fault| {
                let message = format!("`{key}`: {}", fault.message);
                diags.push(
                    Diagnostic::error(Code::InvalidValue, message).at(span, "no end of a range").help(fault.help),
                );
            })
            .ok()
        };
        let ends = (end(from), end(to));
        let count = match count {
            None => POINTS,
            Some(text) => match text.parse::<usize>() {
                Ok(count) if (2..=MOST_POINTS).contains(&count) => count,
                _ => {
                    let message = format!("`{}` is no number of points", clipped(text));
                    let help = format!("write a number from 2 to {MOST_POINTS}");
                    diags.push(Diagnostic::error(Code::InvalidValue, message).at(span, "points").help(help));
                    POINTS
                }
            },
        };
        let (Some(from), Some(to)) = ends else { return Err(diags) };
        if scale == Scale::Log && [&from, &to].iter().any(|end| end.as_f64().is_none_or(|end| end <= 0.0)) {
            let least = if from.as_f64() <= to.as_f64() { &from } else { &to };
            let message = format!("a logarithmic range of `{key}` reaches {}", parameter.value_type.text(least));
            diags.push(
                Diagnostic::error(Code::InvalidValue, message)
                    .at(span, "not above 0")
                    .help("begin above 0, or leave `--log` out"),
            );
        }
        if !diags.is_empty() {
            return Err(diags);
        }
        Ok(Range { id, scale, points: points(&from, &to, count, scale) })
    }
}

/// So many values from one end to the other. Whole numbers that would come twice come once.
fn points(from: &Scalar, to: &Scalar, count: usize, scale: Scale) -> Vec<Scalar> {
    let (Some(first), Some(last)) = (from.as_f64(), to.as_f64()) else { return vec![from.clone()] };
    let mut points: Vec<Scalar> = Vec::with_capacity(count);
    for index in 0..count {
        let part = index as f64 / (count - 1) as f64;
        let point = match (index, scale) {
            // The ends are what was asked for, to the last digit.
            (0, _) => from.clone(),
            (index, _) if index + 1 == count => to.clone(),
            (_, scale) => {
                let value = match scale {
                    Scale::Linear => first + (last - first) * part,
                    Scale::Log => first * (last / first).powf(part),
                };
                match from {
                    Scalar::Int(_) => Scalar::Int(value.round() as i64),
                    _ => Scalar::Float(tidy(value)),
                }
            }
        };
        if points.last() != Some(&point) {
            points.push(point);
        }
    }
    points
}

/// To twelve significant digits: 0.3 where the sum came out as 0.30000000000000004.
fn tidy(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ints(from: i64, to: i64, count: usize, scale: Scale) -> Vec<i64> {
        points(&Scalar::Int(from), &Scalar::Int(to), count, scale).iter().filter_map(Scalar::as_i64).collect()
    }

    #[test]
    fn points_lie_evenly_and_none_comes_twice() {
        assert_eq!(ints(50, 500, 4, Scale::Linear), [50, 200, 350, 500]);
        assert_eq!(ints(1, 1000, 4, Scale::Log), [1, 10, 100, 1000]);
        assert_eq!(ints(1, 3, 21, Scale::Linear), [1, 2, 3]);
        assert_eq!(ints(5, 5, 21, Scale::Linear), [5]);
        assert_eq!(ints(3, 1, 3, Scale::Linear), [3, 2, 1]);
        let floats = points(&Scalar::Float(0.1), &Scalar::Float(0.4), 4, Scale::Linear);
        assert_eq!(floats, [0.1, 0.2, 0.3, 0.4].map(Scalar::Float));
    }
}
