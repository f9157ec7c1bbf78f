//! How the compiled values reach what runs: the way of each change, the order of the services, and the connections that old
//! and new replicas hold together meanwhile.

use crate::catalog::{Catalog, Parameter, Platform};
use crate::diag::{At, Code, Diagnostic, Diagnostics};
use crate::eval::Resolution;
use crate::model::{ConfigProfile, Effect, Rollout, RolloutStep, Text};
use crate::render::{self, Shown};

/// The services that a parameter's change reaches: those whose name begins its key, else all.
pub(super) fn services(platform: &Platform, parameter: &Parameter) -> Vec<String> {
    let all = || platform.services.iter().map(|service| service.name.to_string());
    match parameter.effect {
        None | Some(Effect::Redeploy | Effect::Never) => Vec::new(),
        Some(Effect::Reload | Effect::Restart | Effect::Scale) => {
            let owner = parameter.key.split('.').next().unwrap_or_default();
            // What a variable sets every process reads, whoever it is named after.
            let own = parameter.effect == Some(Effect::Scale)
                || parameter.outputs.iter().all(|(channel, _)| *channel == crate::model::Channel::DynamicConfig);
            let named: Vec<String> = all().filter(|name| own && name == owner).collect();
            if named.is_empty() { all().collect() } else { named }
        }
    }
}

/// Replicas by service, and the connections of one.
struct Side {
    replicas: Vec<i64>,
    connections: i64,
}

impl Side {
    fn of_one(&self) -> f64 {
        let processes = self.replicas.iter().sum::<i64>().max(1);
        self.connections as f64 / processes as f64
    }
}

/// The rolling update from the running configuration to the compiled one; to itself, where none is known.
///
/// # Errors
///
/// The words of the warning cannot be rendered.
pub(super) fn plan(
    resolution: &Resolution<'_>,
    running: Option<&ConfigProfile>,
) -> Result<Option<Rollout>, Diagnostics> {
    let catalog = resolution.catalog;
    let platform = &catalog.platform;
    let Some(rollout) = &platform.rollout else { return Ok(None) };
    let compiled = |id| resolution.value(id).as_i64().unwrap_or(0);
    let before = |id| {
        let known = running.and_then(|running| running.get_param(&catalog.parameter(id).key));
        known.and_then(|parameter| parameter.value.as_i64()).unwrap_or_else(|| compiled(id))
    };
    let replicas = || platform.services.iter().map(|service| service.replicas);
    let old = Side { replicas: replicas().map(before).collect(), connections: before(rollout.connections) };
    let new = Side { replicas: replicas().map(compiled).collect(), connections: compiled(rollout.connections) };
    let steps: Vec<RolloutStep> = platform
        .services
        .iter()
        .enumerate()
        .map(|(index, service)| {
            // Those before are new already, this one is there twice, those after are still old.
            let of_new: i64 = new.replicas[..=index].iter().sum();
            let of_old: i64 = old.replicas[index..].iter().sum();
            let connections = of_new as f64 * new.of_one() + of_old as f64 * old.of_one();
            RolloutStep {
                service: service.name.to_string(),
                running: old.replicas[index],
                compiled: new.replicas[index],
                connections: connections.ceil() as i64,
            }
        })
        .collect();
    let peak = steps.iter().map(|step| step.connections).max().unwrap_or(0);
    let (at_once, limit) = (old.connections.saturating_add(new.connections), compiled(rollout.limit));
    let words = if peak > limit { Some(&rollout.one_by_one) } else { (at_once > limit).then_some(&rollout.at_once) };
    let numbers = [old.connections, new.connections, peak, at_once, limit];
    let warning = words.map(|words| say(words, numbers)).transpose()?;
    Ok(Some(Rollout {
        order: rollout.order.to_string(),
        steps,
        running_connections: old.connections,
        compiled_connections: new.connections,
        peak_connections: peak,
        at_once_connections: at_once,
        connection_limit: limit,
        warning,
    }))
}

/// Checks the words of the rollout's warnings without a configuration: most have nothing to warn of.
pub(crate) fn check_words(catalog: &Catalog, diags: &mut Diagnostics) {
    let warnings = catalog.platform.rollout.iter().flat_map(|rollout| [&rollout.at_once, &rollout.one_by_one]);
    diags.extend(warnings.filter_map(|words| say(words, [1; 5]).err()).flatten());
}

/// A warning with its numbers: `running`, `compiled`, `peak`, `at_once` and `limit`.
fn say(words: &At<Text>, numbers: [i64; 5]) -> Result<String, Diagnostics> {
    let names = ["running", "compiled", "peak", "at_once", "limit"];
    let number = |name: &str| Some(Shown::Int(numbers[names.iter().position(|known| *known == name)?]));
    render::phrase(&words.value, number).map_err(|fault| {
        let place = words.span.of(&words.value, fault.range);
        Diagnostics::from(
            Diagnostic::error(
                Code::InvalidTemplate,
                format!("the rollout's warning cannot be said: {}", fault.message),
            )
            .at(place, "in this text")
            .help("it may read `running`, `compiled`, `peak`, `at_once` and `limit`"),
        )
    })
}
