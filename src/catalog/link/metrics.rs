//! Names of metrics: each can stand in a behaviour profile, each once.

use super::Linker;
use crate::diag::{Code, Diagnostic, Span};
use crate::loader::records::RawMetric;
use crate::model::Text;
use std::collections::HashMap;

impl Linker<'_> {
    /// The metrics whose names can stand, each once; what is wrong with the others is told.
    pub(super) fn named_once(&mut self, raw: Vec<RawMetric>) -> Vec<RawMetric> {
        let mut places: HashMap<Text, Span> = HashMap::with_capacity(raw.len());
        let mut kept = Vec::with_capacity(raw.len());
        for metric in raw {
            let (name, span) = (&metric.name.value, metric.name.span);
            if !is_metric(name) {
                self.diags.push(
                    Diagnostic::error(Code::InvalidKey, format!("`{name}` cannot name a metric"))
                        .at(span, "not a metric's name")
                        .help("lower-case words joined by `_`, and at most one dot before the name of a service"),
                );
                continue;
            }
            // In a profile `name` is one metric, or an object of one metric per service: never both.
            let first = places.get(name).copied().or_else(|| match name.split_once('.') {
                Some((whole, _)) => places.get(whole).copied(),
                None => places.iter().find(|(other, _)| other.split('.').next() == Some(name)).map(|(_, place)| *place),
            });
            if let Some(first) = first {
                self.diags.push(
                    Diagnostic::error(Code::DuplicateKey, format!("the metric `{name}` is defined twice"))
                        .at(span, "defined again here")
                        .and(first, "first defined here")
                        .help("keep one of them: a metric is one value, or one value of each service"),
                );
                continue;
            }
            places.insert(name.clone(), span);
            kept.push(metric);
        }
        kept
    }
}

fn is_metric(name: &str) -> bool {
    let word = |text: &str| {
        text.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    name.len() <= 100 && name.split('.').count() <= 2 && name.split('.').all(word)
}
