//! Explanations of a compilation.

use super::Compilation;
use crate::diag::Diagnostics;
use crate::explain::{self, Page, Question, Scene};
use crate::model::{ConfigProfile, KeyExplanation, PresetExplanation, ProfileExplanation};

/// The templates of the explanations' texts.
const KEY: &str = "explain/key.txt.j2";
const PRESET: &str = "explain/preset.txt.j2";
const PROFILE: &str = "explain/profile.txt.j2";

impl<'c> Compilation<'c> {
    /// What is explained.
    pub fn scene(&mut self) -> Scene<'_, 'c> {
        Scene {
            resolution: &mut self.resolution,
            hidden: &self.hidden,
            findings: &self.findings,
            notices: &self.notices,
        }
    }

    /// Explains one parameter of this configuration; against `before`, the configuration without the overrides that are
    /// asked about.
    ///
    /// # Examples
    ///
    /// ```
    /// use tdsql::catalog::Catalog;
    /// use tdsql::compile::{Request, compile};
    /// use tdsql::explain::{Question, find};
    ///
    /// let catalog = Catalog::embedded().expect("the shipped catalog has no faults");
    /// let request = Request { preset: "mid-scale".into(), ..Request::default() };
    /// let mut compilation = compile(&catalog, &request, "").expect("the request is good");
    /// // A name of the plugin's or the server's identifies a parameter as well as its key.
    /// let found = find(&catalog, "DSQL_RESERVOIR_TARGET_READY").expect("a parameter has that name");
    /// let explanation = compilation.explain_key(&Question::new(found.id), None);
    /// assert!(!explanation.fact.rationale.is_empty());
    /// assert!(explanation.derivation.inputs.iter().any(|input| input.origin.is_some()));
    /// ```
    pub fn explain_key(&mut self, question: &Question, before: Option<&mut Compilation<'c>>) -> KeyExplanation {
        explain::key(&mut self.scene(), question, before.map(|before| &mut before.resolution))
    }

    /// Explains the preset of this configuration.
    ///
    /// # Errors
    ///
    /// The template of the narrative is missing or fails.
    pub fn explain_preset(&mut self) -> Result<PresetExplanation, Diagnostics> {
        explain::preset(&mut self.scene())
    }

    /// Explains a profile; this is what its inputs compile to.
    ///
    /// # Errors
    ///
    /// The template of the narrative is missing or fails.
    pub fn explain_profile(&mut self, profile: &ConfigProfile) -> Result<ProfileExplanation, Diagnostics> {
        let digest = self.digest.clone();
        explain::profile(&mut self.scene(), profile, &digest)
    }

    /// The explanation of a key, as a person reads it.
    ///
    /// # Errors
    ///
    /// The template is missing or fails.
    pub fn key_text(&self, explanation: &KeyExplanation, page: &Page) -> Result<String, Diagnostics> {
        explain::text(self.catalog, KEY, explanation, page)
    }

    /// The explanation of a preset, as a person reads it.
    ///
    /// # Errors
    ///
    /// The template is missing or fails.
    pub fn preset_text(&self, explanation: &PresetExplanation, page: &Page) -> Result<String, Diagnostics> {
        explain::text(self.catalog, PRESET, explanation, page)
    }

    /// The explanation of a profile, as a person reads it.
    ///
    /// # Errors
    ///
    /// The template is missing or fails.
    pub fn profile_text(&self, explanation: &ProfileExplanation, page: &Page) -> Result<String, Diagnostics> {
        explain::text(self.catalog, PROFILE, explanation, page)
    }
}
