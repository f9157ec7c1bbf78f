//! Where a cluster runs: services, images, placeholders, what must exist first, how changes take effect.

use super::{ParamId, Parameter, Variable};
use crate::diag::At;
use crate::expr::Expr;
use crate::model::{Effect, Text};

/// A service of a Temporal cluster; one process runs one.
#[derive(Debug)]
pub struct Service {
    /// Its name.
    pub name: Text,
    /// How many processes run it.
    pub replicas: ParamId,
    /// The ports on which it listens, by what is spoken there.
    pub ports: Vec<(Text, i64)>,
    /// What it does.
    pub summary: Text,
}

/// Something that only the installation knows.
#[derive(Debug)]
pub struct Placeholder {
    /// Its name.
    pub name: Text,
    /// What to put there.
    pub summary: Text,
}

/// The words for one way in which a change takes effect.
#[derive(Debug)]
pub struct EffectWords {
    /// Which way.
    pub effect: Effect,
    /// The same in a few words.
    pub title: Text,
    /// What happens, and what to do.
    pub summary: Text,
}

/// What a rolling update is judged by.
#[derive(Debug)]
pub struct Rollout {
    /// How many connections all processes hold.
    pub connections: ParamId,
    /// How many the database accepts.
    pub limit: ParamId,
    /// Why the services restart in their order.
    pub order: Text,
    /// What to say when replacing all services at once does not fit: a template.
    pub at_once: At<Text>,
    /// What to say when replacing one after the other does not fit: a template.
    pub one_by_one: At<Text>,
}

/// IAM actions.
#[derive(Debug)]
pub struct Grant {
    /// The actions.
    pub actions: Vec<Text>,
    /// They are needed only while this holds.
    pub when: Option<At<Expr>>,
}

/// What must exist before the artifacts work.
#[derive(Debug)]
pub struct Prerequisite {
    /// The stem of its file.
    pub name: Text,
    /// `table`, `access`, `store`, `schema` or `decision`.
    pub kind: Text,
    /// What it is, in a few words.
    pub title: Text,
    /// It is needed only while this holds.
    pub when: Option<At<Expr>>,
    /// The parameters that it concerns.
    pub parameters: Vec<ParamId>,
    /// What is fixed about it.
    pub facts: Vec<(Text, Text)>,
    /// What to do, in order.
    pub steps: Vec<Text>,
    /// What the processes must be allowed to do with it.
    pub grants: Vec<Grant>,
    /// Why, and what goes wrong without it.
    pub rationale: Text,
    /// Where that is known from.
    pub source: Text,
}

/// Where a cluster runs.
#[derive(Debug, Default)]
pub struct Platform {
    /// The services, in the order in which artifacts list and restart them.
    pub services: Vec<Service>,
    /// The names of the container images.
    pub images: Vec<Text>,
    /// What only the installation knows.
    pub placeholders: Vec<Placeholder>,
    /// How changes take effect.
    pub effects: Vec<EffectWords>,
    /// What a rolling update is judged by.
    pub rollout: Option<Rollout>,
    /// What must exist first.
    pub prerequisites: Vec<Prerequisite>,
}

impl Platform {
    /// What the path of an output has in the place of a service's name, if it is written for each service.
    pub const SERVICE: &'static str = "{{ service }}";

    /// The paths that an output writes: one for each service where its path names the service.
    #[must_use]
    pub fn files(&self, path: &str) -> Vec<String> {
        if path.contains(Self::SERVICE) {
            self.services.iter().map(|service| path.replace(Self::SERVICE, &service.name)).collect()
        } else {
            vec![path.to_owned()]
        }
    }
}

impl Parameter {
    /// Whether an image reads its variable; without an image, whether any does.
    #[must_use]
    pub fn is_read_by(&self, image: Option<&str>) -> bool {
        self.images.is_empty() || image.is_none_or(|image| self.images.iter().any(|reader| reader.value == image))
    }
}

impl Variable {
    /// Whether an image reads it; without an image, whether any does.
    #[must_use]
    pub fn is_read_by(&self, image: Option<&str>) -> bool {
        self.images.is_empty() || image.is_none_or(|image| self.images.iter().any(|reader| reader == image))
    }
}
