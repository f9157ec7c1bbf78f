//! Why a configuration is what it is: the facts about its values, and the explanations made of them.
//!
//! One model serves them all. A [`Fact`](crate::model::Fact) says what a parameter is, what it came out as and who decided
//! it; the explanations of a key, a preset and a profile are made of facts, and so are the why section and the summary of a
//! compile. Texts are laid out by `templates/explain/`; JSON carries the same model. No I/O, and the same for the same
//! inputs. [`crate::compile::Compilation::explain_key`] and its siblings are the way in.

mod derivation;
mod fact;
mod key;
mod names;
mod preset;
mod profile;
mod text;

pub use fact::{fact, reason};
pub use key::{Question, against_profile, key};
pub use names::{Found, find};
pub(crate) use preset::highlights;
pub use preset::preset;
pub use profile::{differences, profile};
pub use text::{Page, text, text_of};

use crate::eval::{Override, Resolution};
use crate::model::{Basis, Notice};
use crate::rails::Finding;

/// What is explained: a resolved configuration, and what was found about it.
#[derive(Debug)]
pub struct Scene<'s, 'c> {
    /// Every value and where it came from.
    pub resolution: &'s mut Resolution<'c>,
    /// Overrides that a later one for the same parameter replaced.
    pub hidden: &'s [Override],
    /// Every rail that fired.
    pub findings: &'s [Finding<'c>],
    /// What is worth knowing besides.
    pub notices: &'s [Notice],
}

/// What a configuration was made of.
#[must_use]
pub fn basis(resolution: &Resolution<'_>) -> Basis {
    let inputs = &resolution.inputs;
    Basis {
        preset: inputs.preset.map(|preset| preset.layer.name.to_string()),
        modifier: inputs.modifier.map(|modifier| modifier.name.to_string()),
        overrides: inputs.overrides.len(),
        temporal: inputs.temporal.clone(),
        plugin: inputs.plugin.clone(),
    }
}

/// The first sentence of a reason: enough for one line.
#[must_use]
pub fn first_sentence(text: &str) -> &str {
    let text = text.trim();
    // A full stop ends a sentence only before a capital: `e.g. this` goes on.
    let end = text.match_indices(". ").find(|(at, _)| text[at + 2..].starts_with(char::is_uppercase));
    end.map_or(text, |(at, _)| &text[..=at])
}

/// Text on one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
