//! Bodies of answers and of refusals.

use super::SourceError;
use crate::telemetry::Sample;
use crate::upstream;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The samples of one series.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// In the order of time; steps without a value are left out.
    pub samples: Vec<Sample>,
    /// What the source had to remark; the samples may be partial then.
    pub warnings: Vec<String>,
}

impl Answer {
    pub(super) fn append(&mut self, later: Answer) {
        self.samples.extend(later.samples);
        for warning in later.warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }
}

/// A value at an instant, with its labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelled {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

#[derive(Deserialize)]
struct Body<'b, D> {
    #[serde(borrow)]
    status: Cow<'b, str>,
    data: Option<D>,
    #[serde(default)]
    warnings: Vec<String>,
    /// VictoriaMetrics' cluster says so when a part of it did not answer.
    #[serde(default, rename = "isPartial")]
    partial: bool,
}

#[derive(Deserialize)]
struct Matrix<'b> {
    #[serde(rename = "resultType", borrow)]
    kind: Cow<'b, str>,
    #[serde(borrow)]
    result: Vec<Series<'b>>,
}

#[derive(Deserialize)]
struct Series<'b> {
    #[serde(borrow)]
    values: Vec<(f64, Cow<'b, str>)>,
}

#[derive(Deserialize)]
struct Instant {
    #[serde(rename = "resultType")]
    kind: String,
    result: serde_json::Value,
}

#[derive(Deserialize)]
struct Point {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    value: (f64, String),
}

fn malformed(fault: &serde_json::Error) -> SourceError {
    SourceError::Malformed(fault.to_string())
}

fn number(text: &str) -> Result<f64, SourceError> {
    match text {
        "NaN" => Ok(f64::NAN),
        "+Inf" | "Inf" => Ok(f64::INFINITY),
        "-Inf" => Ok(f64::NEG_INFINITY),
        text => text.parse().map_err(|_| SourceError::Malformed("a value is no number".to_owned())),
    }
}

/// The one series of a range query.
pub(super) fn range_answer(body: &[u8]) -> Result<Answer, SourceError> {
    let body: Body<'_, Matrix<'_>> = serde_json::from_slice(body).map_err(|fault| malformed(&fault))?;
    let data = match (body.status.as_ref(), body.data) {
        ("success", Some(data)) if data.kind == "matrix" => data,
        _ => return Err(SourceError::Malformed("it is no matrix".to_owned())),
    };
    let mut warnings = body.warnings;
    if body.partial {
        warnings.push("the source says that its answer is partial".to_owned());
    }
    if data.result.len() > 1 {
        return Err(SourceError::ManySeries(data.result.len()));
    }
    let values = data.result.into_iter().flat_map(|series| series.values);
    let samples =
        values.map(|(at, text)| Ok(Sample { at, value: number(&text)? })).collect::<Result<_, SourceError>>()?;
    Ok(Answer { samples, warnings })
}

/// The series of an instant query.
pub(super) fn instant_answer(body: &[u8]) -> Result<Vec<Labelled>, SourceError> {
    let body: Body<'_, Instant> = serde_json::from_slice(body).map_err(|fault| malformed(&fault))?;
    let data = match (body.status.as_ref(), body.data) {
        ("success", Some(data)) => data,
        _ => return Err(SourceError::Malformed("it has no data".to_owned())),
    };
    let points: Vec<Point> = match data.kind.as_str() {
        "vector" => serde_json::from_value(data.result).map_err(|fault| malformed(&fault))?,
        "scalar" => {
            let value = serde_json::from_value(data.result).map_err(|fault| malformed(&fault))?;
            vec![Point { metric: BTreeMap::new(), value }]
        }
        _ => return Err(SourceError::Malformed("it is neither a vector nor a scalar".to_owned())),
    };
    points.into_iter().map(|point| Ok(Labelled { labels: point.metric, value: number(&point.value.1)? })).collect()
}

/// What a refusal says.
pub(super) struct Refusal {
    /// Cut short, in one line.
    pub(super) detail: String,
    /// Whether the query was too much: too long, too many samples.
    pub(super) is_limit: bool,
}

pub(super) fn refusal(body: &[u8]) -> Refusal {
    #[derive(Deserialize)]
    struct Said {
        error: String,
    }
    // A proxy answers with a page or with plain text.
    let said = serde_json::from_slice::<Said>(body).map(|said| said.error);
    let text = said.as_deref().map_or(body, str::as_bytes);
    let lower = String::from_utf8_lossy(text).to_ascii_lowercase();
    let is_limit =
        ["deadline", "timed out", "timeout", "too many", "limit", "exceed"].iter().any(|word| lower.contains(word));
    Refusal { detail: upstream::line(text), is_limit }
}
