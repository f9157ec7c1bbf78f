//! The words of recommendation rules.

use crate::catalog::rules::{Read, names};
use crate::catalog::{Catalog, Recommendation};
use crate::diag::{At, Code, Diagnostic, Diagnostics, nearest};
use crate::model::Text;
use crate::render::{self, TemplateFault};
use crate::situation::Situation;

pub(super) fn say(
    rule: &Recommendation,
    words: &At<Text>,
    situation: &mut Situation<'_, '_>,
) -> Result<String, Diagnostics> {
    let said =
        situation.say(&words.value).map_err(|fault| Diagnostics::from(template_fault(&fault, words, &rule.name)))?;
    Ok(said.trim().to_owned())
}

fn template_fault(fault: &TemplateFault, words: &At<Text>, rule: &str) -> Diagnostic {
    let place = words.span.of(&words.value, fault.range.clone());
    Diagnostic::error(Code::InvalidTemplate, format!("the rule `{rule}` cannot say what is seen: {}", fault.message))
        .at(place, "in this text")
        .help("it may read parameters and what a symptom may read")
}

/// Checks the words of every rule without a profile: that they parse, and read only what is there.
pub fn check_words(catalog: &Catalog, diags: &mut Diagnostics) {
    let keys = || catalog.parameters.iter().map(|parameter| parameter.key.as_ref());
    for rule in &catalog.recommendations {
        for words in rule.words() {
            let reads = match render::phrase_reads(&words.value) {
                Ok(reads) => reads,
                Err(fault) => {
                    diags.push(template_fault(&fault, words, &rule.name));
                    continue;
                }
            };
            for name in reads.into_iter().filter(|name| catalog.find(name).is_none()) {
                let help = match Read::named(&name, names(&catalog.metrics), keys(), |key| catalog.find(key)) {
                    Some(Ok(_)) => continue,
                    Some(Err(fault)) => fault.help,
                    None => match nearest(&name, keys()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "it may read parameters and what a symptom may read".to_owned(),
                    },
                };
                let range = words.value.find(&name).map(|at| at..at + name.len());
                let fault = TemplateFault { message: format!("there is no `{name}`"), range, template: None };
                let mut diagnostic = template_fault(&fault, words, &rule.name);
                diagnostic.code = Code::UnknownName;
                diags.push(diagnostic.help(help));
            }
        }
    }
}
