//! What was asked for otherwise, and what each such difference restores when it is taken back.

use super::Side;
use crate::catalog::{Catalog, ParamId};
use crate::eval::{self, Inputs, Override, Resolution};
use crate::model::{ResolvedParameter, Scalar};
use serde::Serialize;
use std::collections::BTreeSet;

/// What kind of difference it is, the ones that explain most closely first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A value that the user set on one side, or otherwise.
    Override,
    /// An input that has another value because preset or modifier give it one.
    Input,
    /// The modifier.
    Modifier,
    /// The preset.
    Preset,
    /// The target version of the server.
    TemporalVersion,
    /// The target version of the plugin.
    PluginVersion,
    /// The catalog that a profile was compiled with.
    Catalog,
}

/// A difference between what was asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cause {
    /// What kind of difference.
    pub kind: Kind,
    /// The parameter, for overrides and inputs.
    pub key: Option<String>,
    /// How it was; none where it was not set.
    pub before: Option<Scalar>,
    /// How it is; none where it is not set.
    pub after: Option<Scalar>,
}

impl Cause {
    /// Whether it is a target version.
    #[must_use]
    pub fn is_version(&self) -> bool {
        matches!(self.kind, Kind::TemporalVersion | Kind::PluginVersion)
    }
}

/// A value and whether an artifact carries it.
type Stand = (Scalar, bool);

/// The differences, and what taking each back gives.
pub(super) struct Causes<'s, 'c> {
    all: Vec<Cause>,
    /// For each, the second configuration with it taken back; none where that cannot be resolved.
    without: Vec<Option<Resolution<'c>>>,
    sides: Option<(&'s Resolution<'c>, &'s Resolution<'c>)>,
}

impl<'s, 'c> Causes<'s, 'c> {
    pub(super) fn between(a: &'s Side<'c>, b: &'s Side<'c>) -> Self {
        let mut causes = Causes { all: Vec::new(), without: Vec::new(), sides: None };
        let text = |text: &str| Some(Scalar::Str(text.to_owned()));
        if let (Some(a), Some(b)) = (&a.compiled, &b.compiled) {
            causes.sides = Some((&a.resolution, &b.resolution));
            causes.overrides(&a.resolution, &b.resolution);
            causes.inputs(&a.resolution, &b.resolution);
        }
        let (from, to) = (&a.profile, &b.profile);
        if from.modifier != to.modifier {
            let of = |modifier: &Option<String>| modifier.as_deref().and_then(text);
            causes.add(Kind::Modifier, None, of(&from.modifier), of(&to.modifier), |a, b| b.modifier = a.modifier);
        }
        if from.preset_name != to.preset_name {
            let (before, after) = (text(&from.preset_name), text(&to.preset_name));
            causes.add(Kind::Preset, None, before, after, |a, b| b.preset = a.preset);
        }
        if from.temporal_server_version != to.temporal_server_version {
            let of = |version: &semver::Version| text(&version.to_string());
            let (before, after) = (of(&from.temporal_server_version), of(&to.temporal_server_version));
            causes.add(Kind::TemporalVersion, None, before, after, |a, b| b.temporal = a.temporal.clone());
        }
        if from.dsql_plugin_version != to.dsql_plugin_version {
            let of = |version: &semver::Version| text(&version.to_string());
            let (before, after) = (of(&from.dsql_plugin_version), of(&to.dsql_plugin_version));
            causes.add(Kind::PluginVersion, None, before, after, |a, b| b.plugin = a.plugin.clone());
        }
        causes
    }

    pub(super) fn all(&self) -> &[Cause] {
        &self.all
    }

    pub(super) fn into_all(self) -> Vec<Cause> {
        self.all
    }

    fn add(
        &mut self,
        kind: Kind,
        key: Option<String>,
        before: Option<Scalar>,
        after: Option<Scalar>,
        back: impl FnOnce(&Inputs<'c>, &mut Inputs<'c>),
    ) {
        let without = self.sides.and_then(|(a, b)| {
            let mut inputs = b.inputs.clone();
            back(&a.inputs, &mut inputs);
            eval::resolve(b.catalog, inputs).ok()
        });
        self.all.push(Cause { kind, key, before, after });
        self.without.push(without);
    }

    /// Each value that one side sets and the other does not, or otherwise.
    fn overrides(&mut self, a: &Resolution<'c>, b: &Resolution<'c>) {
        let given = |of: &Resolution<'c>, id: ParamId| of.inputs.overrides.iter().find(|given| given.id == id).cloned();
        for id in b.catalog.ids() {
            let (from, to) = (given(a, id), given(b, id));
            let shown = |given: &Option<Override>, of: &Resolution<'c>| given.as_ref().map(|_| of.shown(id));
            let (before, after) = (shown(&from, a), shown(&to, b));
            if before != after {
                let key = Some(b.catalog.parameter(id).key.to_string());
                self.add(Kind::Override, key, before, after, |_, inputs| {
                    inputs.overrides.retain(|given| given.id != id);
                    inputs.overrides.extend(from);
                });
            }
        }
    }

    /// Each input that differs although nobody set it.
    fn inputs(&mut self, a: &Resolution<'c>, b: &Resolution<'c>) {
        let given: BTreeSet<ParamId> =
            a.inputs.overrides.iter().chain(&b.inputs.overrides).map(|given| given.id).collect();
        for id in b.catalog.ids().filter(|id| b.catalog.parameter(*id).is_input() && !given.contains(id)) {
            // One that follows others by the same rule on both sides is itself caused by these.
            if a.value(id) != b.value(id) && a.winner(id).candidate.span != b.winner(id).candidate.span {
                let key = Some(b.catalog.parameter(id).key.to_string());
                self.add(Kind::Input, key, Some(a.shown(id)), Some(b.shown(id)), |_, inputs| {
                    inputs.overrides.push(set(b.catalog, id, a.value(id).clone()));
                });
            }
        }
    }

    /// What caused a parameter to differ, as positions among the causes; never empty.
    pub(super) fn of(
        &mut self,
        key: &str,
        before: Option<&ResolvedParameter>,
        after: Option<&ResolvedParameter>,
    ) -> Vec<usize> {
        let Some((a, b)) = self.sides else { return self.catalog() };
        let (Some(id), Some(before), Some(after)) = (b.catalog.find(key), before, after) else {
            return self.catalog();
        };
        let stands = |of: &Resolution<'_>| -> Stand { (of.shown(id), of.withheld(id).is_none()) };
        let (was, is) = (stands(a), stands(b));
        // A file that says otherwise than its request compiles to was made with another catalog.
        if was != (before.value.clone(), before.emitted) || is != (after.value.clone(), after.emitted) {
            return self.catalog();
        }
        // An input is no cause of itself: what gave it its value is.
        let candidates = || {
            let own = |cause: &Cause| cause.kind == Kind::Input && cause.key.as_deref() == Some(key);
            self.all.iter().zip(&self.without).enumerate().filter(move |(_, (cause, _))| !own(cause))
        };
        let that = |test: &dyn Fn(&Stand) -> bool| -> Vec<usize> {
            candidates()
                .filter(|(_, (_, without))| without.as_ref().is_some_and(|without| test(&stands(without))))
                .map(|(index, _)| index)
                .collect()
        };
        let restores = that(&|stand| *stand == was);
        if let Some(nearest) = restores.iter().map(|index| self.all[*index].kind).min() {
            return restores.into_iter().filter(|index| self.all[*index].kind == nearest).collect();
        }
        let mut moves = that(&|stand| *stand != is);
        if !moves.is_empty() {
            // What a preset does through the inputs, these tell more closely.
            if moves.iter().any(|index| self.all[*index].kind == Kind::Input) {
                moves.retain(|index| self.all[*index].kind != Kind::Preset);
            }
            return moves;
        }
        let follows = follows(a, id).union(&follows(b, id)).copied().collect::<BTreeSet<_>>();
        let read = |cause: &Cause| {
            cause.key.as_deref().and_then(|key| b.catalog.find(key)).is_none_or(|id| follows.contains(&id))
        };
        let read: Vec<usize> = candidates().filter(|(_, (cause, _))| read(cause)).map(|(index, _)| index).collect();
        if read.is_empty() { self.catalog() } else { read }
    }

    /// The other catalog as the cause.
    fn catalog(&mut self) -> Vec<usize> {
        let known = self.all.iter().position(|cause| cause.kind == Kind::Catalog);
        let index = known.unwrap_or_else(|| {
            self.all.push(Cause { kind: Kind::Catalog, key: None, before: None, after: None });
            self.without.push(None);
            self.all.len() - 1
        });
        vec![index]
    }
}

/// Everything that a value follows, itself among them.
fn follows(resolution: &Resolution<'_>, id: ParamId) -> BTreeSet<ParamId> {
    let mut reached = BTreeSet::from([id]);
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        open.extend(resolution.reads(id).into_iter().filter(|read| reached.insert(*read)));
    }
    reached
}

fn set(catalog: &Catalog, id: ParamId, value: Scalar) -> Override {
    debug_assert!(id.index() < catalog.parameters.len());
    Override::placeless(id, value, "diff")
}
