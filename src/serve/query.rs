//! The query of a request: each parameter is one that the route has, and stands once.

use super::problem::{Kind, Problem};
use crate::diag::nearest;
use crate::model::behaviour::Timestamp;
use crate::model::clipped;
use serde_json::{Value, json};
use std::fmt::Display;
use std::str::FromStr;

/// A parameter that a route's query may have.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// What it does.
    pub(super) about: &'static str,
    /// Its form, as a JSON Schema.
    pub(super) schema: fn() -> Value,
    /// What is wrong with a text in its place.
    pub(super) fault: fn(&str) -> Option<String>,
}

/// What keeps a text from being such a value.
pub(super) fn unlike<T: FromStr<Err: Display>>(text: &str) -> Option<String> {
    text.parse::<T>().err().map(|fault| fault.to_string())
}

/// What keeps a text from being a name.
fn no_name(text: &str) -> Option<String> {
    text.chars().any(char::is_control).then(|| "it has a control character".to_owned())
}

impl Parameter {
    /// One that is text, and not empty.
    pub(super) const fn text(name: &'static str, about: &'static str) -> Self {
        Parameter { name, about, schema: || json!({ "type": "string", "minLength": 1 }), fault: no_name }
    }

    /// One that is a point in time.
    pub(super) const fn time(name: &'static str, about: &'static str) -> Self {
        let schema = || json!({ "type": "string", "format": "date-time" });
        Parameter { name, about, schema, fault: unlike::<Timestamp> }
    }
}

/// The parameters of one request, and what is wrong with them so far.
pub(super) struct Query {
    known: &'static [Parameter],
    pairs: Vec<(String, String)>,
    faults: Vec<String>,
}

impl Query {
    /// Reads the query of a request, and finds everything that is wrong with it.
    pub(super) fn read(known: &'static [Parameter], query: Option<&str>) -> Self {
        let mut read = Query { known, pairs: Vec::new(), faults: Vec::new() };
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let Some(parameter) = known.iter().find(|parameter| parameter.name == name) else {
                let near = nearest(&name, known.iter().map(|parameter| parameter.name));
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                read.faults.push(format!("there is no parameter `{}`{near}", clipped(&name)));
                continue;
            };
            // What is no UTF-8 would be looked for as what it is not.
            if value.contains(char::REPLACEMENT_CHARACTER) {
                read.faults.push(format!("`{name}` is no UTF-8"));
            } else if read.text(&name).is_some() {
                read.faults.push(format!("`{name}` stands twice"));
            } else if value.is_empty() {
                read.faults.push(format!("`{name}` is empty; leave it out"));
            } else if let Some(fault) = (parameter.fault)(&value) {
                read.faults.push(format!("`{name}`: {fault}"));
            } else {
                read.pairs.push((name.into_owned(), value.into_owned()));
            }
        }
        read
    }

    /// A parameter as text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    /// A parameter as something else; what could not be it was found when the query was read.
    pub(super) fn value<T: FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// The same query with another value of one parameter.
    pub(super) fn with(&self, name: &str, value: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (known, value) in self.pairs.iter().filter(|(known, _)| known != name) {
            query.append_pair(known, value);
        }
        query.append_pair(name, value).finish()
    }

    /// Everything that is wrong, if anything is.
    pub(super) fn faults(&self) -> Result<(), Problem> {
        if self.faults.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = self.known.iter().map(|parameter| parameter.name).collect();
        let remedy = match names.as_slice() {
            [] => "this route has no parameters".to_owned(),
            names => format!("the parameters of this route: {}", names.join(", ")),
        };
        let problem = Problem::new(Kind::BadRequest, self.faults.join("; ")).remedy(remedy);
        Err(problem.with("parameters", json!(names)))
    }
}
