//! Links where a cluster runs: names that others refer to, conditions, parameters.

use super::Linker;
use super::expressions::{PLAIN, Wanted};
use crate::catalog::platform::Rollout;
use crate::catalog::{EffectWords, Grant, Placeholder, Platform, Prerequisite, Service};
use crate::diag::{At, Code, Diagnostic, Span, nearest};
use crate::expr::Formula;
use crate::loader::platform::{RawNamed, RawPrerequisite, RawService};
use crate::loader::{Named, Records};
use crate::model::Text;
use std::collections::HashMap;

impl Linker<'_> {
    pub(super) fn platform(&mut self, records: &mut Records) -> Platform {
        let raw = std::mem::take(&mut records.platform);
        self.distinct("service", raw.services.iter().map(|service| &service.name));
        self.distinct("image", raw.images.iter().map(|image| &image.name));
        self.distinct("placeholder", raw.placeholders.iter().map(|placeholder| &placeholder.name));
        let services = raw.services.into_iter().filter_map(|service| self.service(service)).collect();
        let images: Vec<Text> = raw.images.into_iter().map(|image| image.name.value).collect();
        let placeholders = raw
            .placeholders
            .into_iter()
            .map(|RawNamed { name, summary }| Placeholder { name: name.value, summary })
            .collect();
        let effects = raw
            .effects
            .into_iter()
            .map(|raw| EffectWords { effect: raw.effect, title: raw.title, summary: raw.summary })
            .collect();
        let rollout = raw.rollout.and_then(|raw| {
            let (connections, limit) = (self.resolve(&raw.connections), self.resolve(&raw.limit));
            let (at_once, one_by_one) = (raw.at_once, raw.one_by_one);
            Some(Rollout { connections: connections?, limit: limit?, order: raw.order, at_once, one_by_one })
        });
        let mut raw = std::mem::take(&mut records.prerequisites);
        raw.sort_by(|a, b| (a.record.order, &a.name).cmp(&(b.record.order, &b.name)));
        let prerequisites = raw.into_iter().map(|prerequisite| self.prerequisite(prerequisite)).collect();
        Platform { services, images, placeholders, effects, rollout, prerequisites }
    }

    /// The images that parameters name.
    pub(super) fn images(&mut self, platform: &Platform) {
        for image in self.parameters.iter().flat_map(|parameter| &parameter.images) {
            self.known_image(image, platform);
        }
    }

    fn service(&mut self, raw: RawService) -> Option<Service> {
        let mut ports = Vec::with_capacity(raw.ports.len());
        for (name, number) in raw.ports {
            if !(1..=65535).contains(&number.value) {
                self.diags.push(
                    Diagnostic::error(Code::InvalidValue, format!("{} is no TCP port", number.value))
                        .at(number.span, "expected 1 to 65535"),
                );
            }
            ports.push((name, number.value));
        }
        let replicas = self.resolve(&raw.replicas)?;
        Some(Service { name: raw.name.value, replicas, ports, summary: raw.summary })
    }

    fn prerequisite(&mut self, raw: Named<RawPrerequisite>) -> Prerequisite {
        let (name, raw) = (raw.name, raw.record);
        if raw.kind == "table" && raw.parameters.is_empty() {
            self.diags.push(
                Diagnostic::error(Code::MissingField, format!("the table `{name}` has no name"))
                    .at(raw.span, "this prerequisite")
                    .help("name in `parameters` the parameter that holds the table's name"),
            );
        }
        let mut condition = |at: Option<At<Formula>>| self.expression(at?, Wanted::Condition, PLAIN);
        let when = condition(raw.when);
        let grants =
            raw.grants.into_iter().map(|grant| Grant { actions: grant.actions, when: condition(grant.when) }).collect();
        let parameters = raw.parameters.iter().filter_map(|key| self.resolve(key)).collect();
        Prerequisite {
            name,
            kind: raw.kind,
            title: raw.title,
            when,
            parameters,
            facts: raw.facts,
            steps: raw.steps,
            grants,
            rationale: raw.rationale,
            source: raw.source,
        }
    }

    fn distinct<'n>(&mut self, what: &str, names: impl Iterator<Item = &'n At<Text>>) {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for name in names {
            if let Some(first) = seen.insert(&name.value, name.span) {
                self.diags.push(
                    Diagnostic::error(Code::DuplicateKey, format!("the {what} `{}` is defined twice", name.value))
                        .at(name.span, "defined again here")
                        .and(first, "first defined here")
                        .help("keep one of the two"),
                );
            }
        }
    }

    pub(super) fn known_image(&mut self, name: &At<Text>, platform: &Platform) {
        self.known("image", name, platform.images.iter().map(AsRef::as_ref));
    }

    pub(super) fn known_placeholder(&mut self, name: &At<Text>, platform: &Platform) {
        self.known("placeholder", name, platform.placeholders.iter().map(|placeholder| placeholder.name.as_ref()));
    }

    fn known<'n>(&mut self, what: &str, name: &At<Text>, names: impl Iterator<Item = &'n str> + Clone) {
        if names.clone().any(|known| known == name.value) {
            return;
        }
        let help = match nearest(&name.value, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add a `[[{what}]]` to registry/platform.toml"),
        };
        self.diags.push(
            Diagnostic::error(Code::UnknownName, format!("there is no {what} `{}`", name.value))
                .at(name.span, format!("unknown {what}"))
                .help(help),
        );
    }
}
