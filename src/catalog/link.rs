//! Records → catalog: resolves names, compiles and type-checks expressions, checks constraints. Reports every fault.

use super::scope::{Slots, UNBOUNDED, expression_type};
use super::{
    Adapter, Broken, Candidate, Case, Catalog, Expect, Group, Layer, Metric, Output, ParamId, Parameter, Preset, Rail,
    Rule, Target, Variable,
};
use crate::diag::{At, Code, Diagnostic, Diagnostics, FileId, SourceMap, Span, nearest};
use crate::expr::{Expr, ExprError, ExprErrorKind, Type, is_reserved, type_of_value};
use crate::loader::records::{
    RawAdapter, RawCase, RawGroup, RawLayer, RawParameter, RawPreset, RawRail, RawRegistry, RawRule, RawTarget,
};
use crate::loader::{self, DataSet, Depth, Named, Parts, Records};
use crate::model::{Channel, Scalar, ThroughputRange, ValueType, is_key};
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(super) fn link(files: DataSet, depth: Depth) -> Result<Catalog, Box<Broken>> {
    let mut sources = SourceMap::default();
    let mut diags = Diagnostics::default();
    let check = depth == Depth::Check;
    // What ships was checked against the registered settings when it was built; what is laid over it was not.
    let laid_over = files.laid_over().iter().cloned().collect();
    let parts = Parts { cases: check, settings: check || !files.laid_over().is_empty() };
    let mut records = loader::load(files, parts, &mut sources, &mut diags);
    let mut linker =
        Linker { diags: &mut diags, parameters: Vec::new(), by_key: HashMap::new(), slots: Slots::new(0), depth };
    let linked = linker.catalog(&mut records);
    diags.sort();
    diags.dedup();
    match linked {
        Some(mut catalog) if !diags.has_errors() => {
            catalog.warnings = diags;
            catalog.laid_over = laid_over;
            catalog.sources = sources;
            Ok(catalog)
        }
        linked => Err(Box::new(Broken { sources, diagnostics: diags, catalog: linked })),
    }
}

/// What an expression must give.
#[derive(Clone, Copy)]
enum Wanted<'w> {
    /// The value of a parameter.
    Value(ValueType, &'w str),
    /// True or false.
    Condition,
    /// A number.
    Number,
    /// A number or a truth value: a step of a rail.
    Step,
}

/// Which names an expression may read besides parameters and reserved ones.
#[derive(Clone, Copy)]
struct Scope<'s> {
    /// The type of `base`, where it may be read.
    base: Option<Type>,
    /// A rail's steps so far.
    steps: &'s [(String, Type)],
}

const PLAIN: Scope<'static> = Scope { base: None, steps: &[] };

struct Linker<'l> {
    diags: &'l mut Diagnostics,
    parameters: Vec<Parameter>,
    by_key: HashMap<String, ParamId>,
    slots: Slots,
    depth: Depth,
}

impl Linker<'_> {
    fn catalog(&mut self, records: &mut Records) -> Option<Catalog> {
        let raw_groups = sorted_groups(std::mem::take(&mut records.groups));
        let groups = self.parameters(raw_groups);
        let presets = self.presets(std::mem::take(&mut records.presets));
        let modifiers = self.modifiers(std::mem::take(&mut records.modifiers));
        let metrics: Vec<Metric> = std::mem::take(&mut records.metrics)
            .into_iter()
            .map(|raw| Metric {
                name: raw.name.value,
                category: raw.category,
                unit: raw.unit,
                better: raw.better,
                summary: raw.summary,
            })
            .collect();
        let presets = self.expects(presets, &metrics);
        let rails = self.rails(std::mem::take(&mut records.rails), &presets, &modifiers);
        let adapters = self.adapters(std::mem::take(&mut records.adapters), &records.templates);
        self.outputs();
        let variables = self.variables(records);
        let registry = records.registry.take()?;
        let (registry, manifest) = (registry.record, registry.file);
        self.surfaced(&registry);
        if !registry.format.value.eq(&1) {
            self.diags.push(
                Diagnostic::error(Code::InvalidValue, format!("format {} is not known", registry.format.value))
                    .at(registry.format.span, "expected 1")
                    .help("this `tdsql` reads format 1"),
            );
        }
        if !presets.contains_key(&registry.default_preset.value) {
            self.diags.push(
                Diagnostic::error(
                    Code::UnknownPreset,
                    format!("there is no preset `{}`", registry.default_preset.value),
                )
                .at(registry.default_preset.span, "unknown preset")
                .help(format!("presets: {}", presets.keys().cloned().collect::<Vec<_>>().join(", "))),
            );
        }
        let temporal = self.target(registry.temporal);
        let plugin = self.target(registry.plugin);
        if !records.settings.is_empty() {
            super::settings::check(self.diags, &self.parameters, &temporal, records, manifest);
        }
        let highlights = registry.highlights.iter().filter_map(|key| self.resolve(key)).collect();
        Some(Catalog {
            sources: SourceMap::default(),
            warnings: Diagnostics::default(),
            laid_over: BTreeSet::new(),
            paths: std::mem::take(&mut records.paths).into_iter().map(|(path, _)| path).collect(),
            groups,
            parameters: std::mem::take(&mut self.parameters),
            by_key: std::mem::take(&mut self.by_key),
            presets,
            modifiers,
            rails,
            metrics,
            variables,
            adapters,
            templates: std::mem::take(&mut records.templates),
            default_preset: registry.default_preset.value,
            services: registry.services.into_iter().map(|service| service.value).collect(),
            temporal,
            plugin,
            variable_prefixes: registry.variable_prefixes.into_iter().map(|prefix| prefix.value).collect(),
            highlights,
            digest: std::mem::take(&mut records.digest),
        })
    }

    // --- parameters ---------------------------------------------------------------------------------------------

    /// Numbers every parameter, then checks each one, so that expressions can read what stands further down.
    fn parameters(&mut self, raw_groups: Vec<RawGroup>) -> Vec<Group> {
        let mut groups = Vec::with_capacity(raw_groups.len());
        let mut raw = Vec::new();
        for (index, group) in raw_groups.into_iter().enumerate() {
            groups.push(Group { title: group.title });
            raw.extend(group.parameters.into_iter().map(|parameter| (index, parameter)));
        }
        self.by_key.reserve(raw.len());
        let mut places: HashMap<String, Span> = HashMap::with_capacity(raw.len());
        raw.retain(|(_, parameter)| {
            if let Some(first) = places.get(&parameter.key.value) {
                self.diags.push(
                    Diagnostic::error(Code::DuplicateKey, format!("`{}` is defined twice", parameter.key.value))
                        .at(parameter.key.span, "defined again here")
                        .and(*first, "first defined here")
                        .help("keep one of the two, or lay a file of the same path over the first"),
                );
                return false;
            }
            places.insert(parameter.key.value.clone(), parameter.key.span);
            true
        });
        for (index, (_, parameter)) in raw.iter().enumerate() {
            if self.slots_reserved(&parameter.key.value) {
                self.diags.push(
                    Diagnostic::error(Code::InvalidKey, format!("`{}` is a reserved name", parameter.key.value))
                        .at(parameter.key.span, "reserved for expressions")
                        .help("choose another key"),
                );
            }
            self.by_key.insert(parameter.key.value.clone(), ParamId(index as u32));
        }
        self.slots = Slots::new(raw.len());
        let types: Vec<ValueType> = raw.iter().map(|(_, parameter)| parameter.value_type).collect();
        let mut parameters = Vec::with_capacity(raw.len());
        for (group, parameter) in raw {
            parameters.push(self.parameter(group, parameter, &types));
        }
        self.parameters = parameters;
        groups
    }

    fn slots_reserved(&self, key: &str) -> bool {
        key == "base" || is_reserved(key) || Slots::reserved_names().any(|name| name == key)
    }

    fn parameter(&mut self, group: usize, raw: RawParameter, types: &[ValueType]) -> Parameter {
        let value_type = raw.value_type;
        let mut typed =
            |at: At<Scalar>, what: &str| self.typed(value_type, at, &format!("`{what}` of `{}`", raw.key.value));
        let min = raw.min.and_then(|at| typed(at, "min"));
        let max = raw.max.and_then(|at| typed(at, "max"));
        let allowed = raw.allowed.map(|list| At {
            value: list.value.into_iter().filter_map(|at| typed(at, "allowed")).map(|at| at.value).collect::<Vec<_>>(),
            span: list.span,
        });
        for bound in [&min, &max].into_iter().flatten() {
            if bound.value.as_f64().is_none() {
                self.diags.push(
                    Diagnostic::error(
                        Code::InvalidConstraint,
                        format!("`{}` is {} and has no least or greatest value", raw.key.value, value_type.described()),
                    )
                    .at(bound.span, "not a bound")
                    .help("use `allowed` to list values"),
                );
            }
        }
        if let (Some(min), Some(max)) = (&min, &max)
            && min.value.as_f64() > max.value.as_f64()
        {
            self.diags.push(
                Diagnostic::error(
                    Code::InvalidConstraint,
                    format!("no value of `{}` can satisfy its bounds", raw.key.value),
                )
                .at(max.span, "less than the least")
                .and(min.span, "the least"),
            );
        }
        if allowed.as_ref().is_some_and(|allowed| allowed.value.is_empty()) {
            self.diags.push(
                Diagnostic::error(Code::InvalidConstraint, format!("no value of `{}` is allowed", raw.key.value))
                    .at(raw.span, "`allowed` is empty")
                    .help("list the values, or leave `allowed` out"),
            );
        }
        if !raw.summary.trim().is_empty() && raw.rationale.trim() == raw.summary.trim() {
            self.diags.push(
                Diagnostic::error(
                    Code::MissingRationale,
                    format!("the rationale of `{}` only repeats its summary", raw.key.value),
                )
                .at(raw.key.span, "this parameter")
                .help("say why it has this value, and what goes wrong otherwise"),
            );
        }
        if raw.nullable && raw.when.is_none() {
            self.diags.push(
                Diagnostic::error(
                    Code::ConflictingFields,
                    format!("`{}` is nullable but always emitted", raw.key.value),
                )
                .at(raw.key.span, "`nullable` needs `when`")
                .help("give `when`, or leave `nullable` out"),
            );
        }
        let linked = self.candidate(raw.rule, value_type, &raw.key.value, None, types);
        let faulty = linked.is_none();
        // A value that nobody reads stands in for a faulty one, so that the rest of the catalog can still be checked.
        let stand_in = || Candidate { rule: Rule::Set(Scalar::Int(0)), span: raw.span, because: None };
        let registry = linked.unwrap_or_else(stand_in);
        let when = raw.when.and_then(|at| self.expression(&at, Wanted::Condition, PLAIN, types));
        let parameter = Parameter {
            key: raw.key.value,
            class: raw.class,
            value_type,
            unit: raw.unit,
            registry,
            min,
            max,
            allowed,
            when,
            nullable: raw.nullable,
            locked: raw.locked,
            immutable: raw.immutable,
            temporal: raw.temporal.map(|at| at.value),
            plugin: raw.plugin.map(|at| at.value),
            outputs: raw.outputs.into_iter().map(|(channel, name)| (channel, name.value)).collect(),
            summary: raw.summary,
            rationale: raw.rationale,
            source: raw.source,
            group,
            span: raw.key.span,
        };
        if let (Rule::Set(value), false) = (&parameter.registry.rule, faulty) {
            self.within(&parameter, value, parameter.registry.span);
        }
        parameter
    }

    /// Links a value or an expression; one that is faulty is reported.
    fn candidate(
        &mut self,
        raw: RawRule,
        value_type: ValueType,
        key: &str,
        base: Option<Type>,
        types: &[ValueType],
    ) -> Option<Candidate> {
        match raw {
            RawRule::Set(at) => {
                let span = at.span;
                let value = self.typed(value_type, at, &format!("the value of `{key}`"))?.value;
                Some(Candidate { rule: Rule::Set(value), span, because: None })
            }
            RawRule::Derive(at) => {
                let scope = Scope { base, steps: &[] };
                let expr = self.expression(&at, Wanted::Value(value_type, key), scope, types)?;
                Some(Candidate { rule: Rule::Derive(expr), span: at.span, because: None })
            }
        }
    }

    fn typed(&mut self, value_type: ValueType, at: At<Scalar>, what: &str) -> Option<At<Scalar>> {
        match value_type.read(&at.value) {
            Ok(value) => Some(At { value, span: at.span }),
            Err(fault) => {
                self.diags.push(
                    Diagnostic::error(Code::WrongType, format!("{what}: {}", fault.message))
                        .at(at.span, format!("expected {}", value_type.described()))
                        .help(fault.help),
                );
                None
            }
        }
    }

    fn within(&mut self, parameter: &Parameter, value: &Scalar, span: Span) {
        if let Some(violation) = parameter.violation(value) {
            let shown = parameter.value_type.text(value);
            self.diags.push(
                Diagnostic::error(
                    Code::ConstraintViolation,
                    format!("`{}` is {shown}, {}", parameter.key, violation.fault),
                )
                .at(span, violation.bounds)
                .and(violation.declared, "declared here"),
            );
        }
    }

    // --- expressions --------------------------------------------------------------------------------------------

    fn expression(
        &mut self,
        at: &At<String>,
        wanted: Wanted<'_>,
        scope: Scope<'_>,
        types: &[ValueType],
    ) -> Option<Expr> {
        let mut expr = match Expr::parse(&at.value) {
            Ok(expr) => expr,
            Err(faults) => {
                for fault in faults {
                    self.expression_fault(at, &fault, None);
                }
                return None;
            }
        };
        let (slots, by_key) = (self.slots, &self.by_key);
        let bound = expr.bind(|name| {
            if let Some(index) = scope.steps.iter().position(|(step, _)| step == name) {
                return Some(slots.step(index));
            }
            if name == "base" {
                return scope.base.map(|_| slots.base());
            }
            by_key.get(name).map(|id| Slots::parameter(*id)).or_else(|| slots.reserved(name))
        });
        if let Err(faults) = bound {
            for fault in faults {
                self.expression_fault(at, &fault, Some(scope));
            }
            return None;
        }
        let slot_type = |slot: u32| {
            if let Some(id) = slots.as_parameter(slot) {
                return expression_type(types[id.index()]);
            }
            if slot == slots.base() {
                return scope.base.unwrap_or(Type::Int);
            }
            slots.reserved_type(slot).unwrap_or_else(|| {
                let index = (slot - slots.step(0)) as usize;
                scope.steps.get(index).map_or(Type::Int, |(_, of)| *of)
            })
        };
        match expr.type_of(&slot_type) {
            Err(faults) => {
                for fault in faults {
                    self.expression_fault(at, &fault, None);
                }
                None
            }
            Ok(found) => {
                let (fits, expected) = match wanted {
                    Wanted::Value(ValueType::Float, _) => {
                        (matches!(found, Type::Int | Type::Float), "a number".to_owned())
                    }
                    Wanted::Value(value_type, key) => (
                        found == expression_type(value_type),
                        match value_type {
                            ValueType::Duration => format!("an int of milliseconds, because `{key}` is a duration"),
                            _ => format!(
                                "{}, because `{key}` is {}",
                                article(expression_type(value_type)),
                                value_type.described()
                            ),
                        },
                    ),
                    Wanted::Condition => (found == Type::Bool, "a bool".to_owned()),
                    Wanted::Number => (matches!(found, Type::Int | Type::Float), "a number".to_owned()),
                    Wanted::Step => (found != Type::Str, "a number or a bool".to_owned()),
                };
                if fits {
                    return Some(expr);
                }
                let help = match (wanted, found) {
                    (Wanted::Value(ValueType::Int | ValueType::Duration, _), Type::Float) => {
                        "round it: `ceil(…)`, `floor(…)` or `round(…)`"
                    }
                    (Wanted::Condition, _) => "compare something: `… <= …`",
                    _ => "see docs/expressions.md for what each operator and function gives",
                };
                self.diags.push(
                    Diagnostic::error(
                        Code::ExpressionType,
                        format!("the expression gives {}, not {expected}", article(found)),
                    )
                    .at(at.span, format!("gives {}", article(found)))
                    .help(help),
                );
                None
            }
        }
    }

    fn expression_fault(&mut self, at: &At<String>, fault: &ExprError, scope: Option<Scope<'_>>) {
        let code = match fault.kind {
            ExprErrorKind::Syntax | ExprErrorKind::Refused | ExprErrorKind::Arity => Code::InvalidExpression,
            ExprErrorKind::TooLarge => Code::TooLarge,
            ExprErrorKind::TooDeep => Code::TooDeep,
            ExprErrorKind::UnknownFunction => Code::UnknownFunction,
            ExprErrorKind::UnknownName => Code::UnknownParameter,
            ExprErrorKind::Type => Code::ExpressionType,
            ExprErrorKind::Failed => Code::ExpressionFailed,
        };
        let mut help = fault.help.clone();
        if let (Some(name), Some(scope), ExprErrorKind::UnknownName) = (&fault.name, scope, fault.kind) {
            let mut known: Vec<&str> = self.by_key.keys().map(String::as_str).collect();
            known.extend(scope.steps.iter().map(|(step, _)| step.as_str()));
            for name in Slots::reserved_names() {
                known.push(name);
            }
            help = Some(if name == "base" {
                "`base` is known only in `[derive]` of presets and modifiers".to_owned()
            } else {
                nearest(name, known).map_or_else(
                    || "`tdsql list-parameters` shows every parameter".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                )
            });
        }
        let mut diagnostic = Diagnostic::error(code, fault.message.clone())
            .at(at.span.of(&at.value, fault.range.clone()), label(fault.kind));
        if let Some(help) = help {
            diagnostic = diagnostic.help(help);
        }
        self.diags.push(diagnostic);
    }

    // --- presets and modifiers ----------------------------------------------------------------------------------

    fn layer(&mut self, name: String, raw: RawLayer) -> Layer {
        let types: Vec<ValueType> = self.parameters.iter().map(|parameter| parameter.value_type).collect();
        let mut entries: BTreeMap<ParamId, Candidate> = BTreeMap::new();
        let mut because: HashMap<String, At<String>> =
            raw.because.into_iter().map(|(key, text)| (key.value, At { value: text.value, span: key.span })).collect();
        for (key, value) in raw.set {
            let Some(id) = self.resolve(&key) else { continue };
            let reason = because.remove(&key.value);
            let linked = self.candidate(RawRule::Set(value), types[id.index()], &key.value, None, &types);
            let Some(mut candidate) = linked else { continue };
            candidate.because = reason.map(|reason| reason.value);
            if let Rule::Set(value) = &candidate.rule {
                let (value, span) = (value.clone(), candidate.span);
                self.within_id(id, &value, span);
            }
            self.refuse_locked(id, key.span);
            entries.insert(id, candidate);
        }
        for (key, expression) in raw.derive {
            let Some(id) = self.resolve(&key) else { continue };
            let value_type = types[id.index()];
            let base = Some(expression_type(value_type));
            let reason = because.remove(&key.value);
            // The reason of a key that is set as well was taken there; that conflict is reported below.
            if !entries.contains_key(&id) && reason.as_ref().is_none_or(|reason| reason.value.trim().is_empty()) {
                self.diags.push(
                    Diagnostic::error(
                        Code::MissingRationale,
                        format!("the derivation of `{}` has no reason", key.value),
                    )
                    .at(key.span, "derived here")
                    .help(format!("add `{} = \"…\"` to `[because]`", key.value)),
                );
            }
            let linked = self.candidate(RawRule::Derive(expression), value_type, &key.value, base, &types);
            let Some(mut candidate) = linked else { continue };
            candidate.because = reason.map(|reason| reason.value);
            self.refuse_locked(id, key.span);
            if let Some(earlier) = entries.get(&id) {
                self.diags.push(
                    Diagnostic::error(Code::ConflictingFields, format!("`{}` is both set and derived", key.value))
                        .at(key.span, "derived here")
                        .and(earlier.span, "set here")
                        .help("keep one of the two"),
                );
                continue;
            }
            entries.insert(id, candidate);
        }
        for (key, reason) in because {
            self.diags.push(
                Diagnostic::error(
                    Code::UnknownField,
                    format!("there is a reason for `{key}`, which this file neither sets nor derives"),
                )
                .at(reason.span, "a reason for nothing")
                .help("remove it, or add the key to `[set]` or `[derive]`"),
            );
        }
        Layer { name, description: raw.description, rationale: raw.rationale, entries: entries.into_iter().collect() }
    }

    fn refuse_locked(&mut self, id: ParamId, span: Span) {
        let parameter = &self.parameters[id.index()];
        if parameter.locked {
            self.diags.push(
                Diagnostic::error(Code::LockedParameter, format!("`{}` is locked by the registry", parameter.key))
                    .at(span, "not to be changed")
                    .and(parameter.span, "locked here")
                    .help("remove this entry, or unlock the parameter in the registry"),
            );
        }
    }

    fn within_id(&mut self, id: ParamId, value: &Scalar, span: Span) {
        let parameter = &self.parameters[id.index()];
        // A value of another type was reported already.
        if type_of_value(value) != expression_type(parameter.value_type) {
            return;
        }
        if let Some(violation) = parameter.violation(value) {
            let shown = parameter.value_type.text(value);
            self.diags.push(
                Diagnostic::error(
                    Code::ConstraintViolation,
                    format!("`{}` is {shown}, {}", parameter.key, violation.fault),
                )
                .at(span, violation.bounds)
                .and(violation.declared, "declared here"),
            );
        }
    }

    fn resolve(&mut self, key: &At<String>) -> Option<ParamId> {
        let found = self.by_key.get(&key.value).copied();
        if found.is_none() {
            let help = match nearest(&key.value, self.by_key.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`tdsql list-parameters` shows every parameter".to_owned(),
            };
            self.diags.push(
                Diagnostic::error(Code::UnknownParameter, format!("there is no parameter `{}`", key.value))
                    .at(key.span, "unknown parameter")
                    .help(help),
            );
        }
        found
    }

    fn presets(&mut self, raw: Vec<Named<RawPreset>>) -> Vec<(Preset, RawExpects)> {
        let extends: HashMap<String, At<String>> =
            raw.iter().filter_map(|preset| Some((preset.name.clone(), preset.record.extends.clone()?))).collect();
        let names: BTreeSet<String> = raw.iter().map(|preset| preset.name.clone()).collect();
        let mut in_cycle: BTreeSet<String> = BTreeSet::new();
        for name in &names {
            self.extends(name, &extends, &names, &mut in_cycle);
        }
        raw.into_iter()
            .map(|preset| {
                let (name, raw) = (preset.name, preset.record);
                let preset = Preset {
                    extends: raw.extends.map(|at| at.value),
                    throughput: ThroughputRange {
                        min_st_per_sec: raw.min_throughput,
                        max_st_per_sec: raw.max_throughput,
                        description: raw.throughput,
                    },
                    expect: Vec::new(),
                    layer: self.layer(name, raw.layer),
                };
                if preset.throughput.max_st_per_sec.is_some_and(|max| max >= UNBOUNDED) {
                    self.diags.push(Diagnostic::error(
                        Code::InvalidConstraint,
                        format!("the throughput range of `{}` ends beyond any load", preset.layer.name),
                    ));
                }
                (preset, raw.expect)
            })
            .collect()
    }

    fn extends(
        &mut self,
        name: &str,
        extends: &HashMap<String, At<String>>,
        names: &BTreeSet<String>,
        in_cycle: &mut BTreeSet<String>,
    ) {
        let Some(parent) = extends.get(name) else { return };
        if !names.contains(&parent.value) {
            let near = nearest(&parent.value, names.iter().map(String::as_str));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("presets: {}", names.iter().cloned().collect::<Vec<_>>().join(", ")),
            };
            self.diags.push(
                Diagnostic::error(Code::UnknownPreset, format!("there is no preset `{}`", parent.value))
                    .at(parent.span, "unknown preset")
                    .help(help),
            );
            return;
        }
        if in_cycle.contains(name) {
            return;
        }
        let mut chain = vec![name];
        let mut at = parent.value.as_str();
        while at != name {
            if chain.contains(&at) {
                return; // Leads into a cycle that is reported where it closes.
            }
            chain.push(at);
            match extends.get(at) {
                Some(next) => at = next.value.as_str(),
                None => return,
            }
        }
        let shown = chain.iter().chain([&name]).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" → ");
        in_cycle.extend(chain.iter().map(|name| (*name).to_owned()));
        let message = if chain.len() == 1 {
            format!("the preset `{name}` extends itself")
        } else {
            format!("presets extend each other in a circle: {shown}")
        };
        self.diags.push(
            Diagnostic::error(Code::ExtendsCycle, message)
                .at(parent.span, "closes the circle")
                .help(if chain.len() == 1 { "remove `extends`" } else { "remove `extends` from one of them" }),
        );
    }

    /// Links expected bounds, which need the metrics, and finishes the presets.
    fn expects(&mut self, presets: Vec<(Preset, RawExpects)>, metrics: &[Metric]) -> BTreeMap<String, Preset> {
        let types: Vec<ValueType> = self.parameters.iter().map(|parameter| parameter.value_type).collect();
        let mut linked = BTreeMap::new();
        for (mut preset, raw) in presets {
            for expect in raw {
                if !metrics.iter().any(|metric| metric.name == expect.metric.value) {
                    let help = match nearest(&expect.metric.value, metrics.iter().map(|metric| metric.name.as_str())) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "metrics are defined in registry/metrics/".to_owned(),
                    };
                    self.diags.push(
                        Diagnostic::error(Code::UnknownMetric, format!("there is no metric `{}`", expect.metric.value))
                            .at(expect.metric.span, "unknown metric")
                            .help(help),
                    );
                }
                let mut bound = |at: Option<At<String>>| {
                    at.and_then(|at| {
                        self.expression(&at, Wanted::Number, PLAIN, &types)
                            .map(|expr| At { value: expr, span: at.span })
                    })
                };
                let (at_least, at_most) = (bound(expect.at_least), bound(expect.at_most));
                preset.expect.push(Expect {
                    metric: expect.metric.value,
                    aggregate: expect.aggregate,
                    at_least,
                    at_most,
                });
                let _ = expect.span;
            }
            linked.insert(preset.layer.name.clone(), preset);
        }
        linked
    }

    fn modifiers(&mut self, raw: Vec<Named<RawLayer>>) -> BTreeMap<String, Layer> {
        raw.into_iter().map(|modifier| (modifier.name.clone(), self.layer(modifier.name, modifier.record))).collect()
    }

    // --- rails --------------------------------------------------------------------------------------------------

    fn rails(
        &mut self,
        raw: Vec<Named<RawRail>>,
        presets: &BTreeMap<String, Preset>,
        modifiers: &BTreeMap<String, Layer>,
    ) -> Vec<Rail> {
        let types: Vec<ValueType> = self.parameters.iter().map(|parameter| parameter.value_type).collect();
        raw.into_iter().filter_map(|rail| self.rail(rail, &types, presets, modifiers)).collect()
    }

    fn rail(
        &mut self,
        raw: Named<RawRail>,
        types: &[ValueType],
        presets: &BTreeMap<String, Preset>,
        modifiers: &BTreeMap<String, Layer>,
    ) -> Option<Rail> {
        let (name, raw) = (raw.name, raw.record);
        let mut steps: Vec<(String, At<Expr>)> = Vec::with_capacity(raw.steps.len());
        let mut step_types: Vec<(String, Type)> = Vec::with_capacity(raw.steps.len());
        for (step, expression) in raw.steps {
            if step.value.contains('.')
                || !is_key(&step.value)
                || step.value == "base"
                || is_reserved(&step.value)
                || self.by_key.contains_key(&step.value)
            {
                self.diags.push(
                    Diagnostic::error(Code::InvalidKey, format!("`{}` cannot name a step", step.value))
                        .at(step.span, "not a step's name")
                        .help("a step's name has letters, digits and `_`, no dot, and is no parameter's key"),
                );
            }
            let scope = Scope { base: None, steps: &step_types };
            let linked = self.expression(&expression, Wanted::Step, scope, types);
            // A faulty step was reported; those that read it still find it.
            let of = linked.as_ref().and_then(|expr| self.type_of(expr, &step_types, types)).unwrap_or(Type::Int);
            step_types.push((step.value.clone(), of));
            if let Some(expr) = linked {
                steps.push((step.value, At { value: expr, span: expression.span }));
            }
        }
        let scope = Scope { base: None, steps: &step_types };
        let mut condition = |at: At<String>| {
            self.expression(&at, Wanted::Condition, scope, types).map(|expr| At { value: expr, span: at.span })
        };
        let when = raw.when.map(&mut condition);
        let require = condition(raw.require);
        let parameters: Vec<ParamId> = raw.parameters.iter().filter_map(|key| self.resolve(key)).collect();
        if raw.parameters.is_empty() {
            self.diags.push(
                Diagnostic::error(Code::MissingField, format!("the rail `{name}` names no parameters"))
                    .at(raw.message.span, "this rail")
                    .help("list in `parameters` what decides it, the likeliest first"),
            );
        }
        let mut cases = Vec::new();
        if self.depth == Depth::Check {
            let (fires, silent) =
                (raw.cases.iter().any(|case| case.fires.value), raw.cases.iter().any(|case| !case.fires.value));
            for (missing, outcome) in [(!fires, "fires"), (!silent, "silent")] {
                if missing {
                    self.diags.push(
                        Diagnostic::error(
                            Code::MissingCase,
                            format!("the rail `{name}` has no case whose outcome is `{outcome}`"),
                        )
                        .at(raw.span, "this rail")
                        .help("a rail needs at least one case that fires and one that does not"),
                    );
                }
            }
            cases = raw.cases.into_iter().filter_map(|case| self.case(case, presets, modifiers)).collect();
        }
        if steps.len() < step_types.len() {
            return None;
        }
        let first_step = self.slots.step(0);
        let steps_of_when = when
            .iter()
            .flatten()
            .flat_map(|when| when.value.slots())
            .filter_map(|(_, slot)| slot.checked_sub(first_step))
            .max()
            .map_or(0, |last| last as usize + 1);
        Some(Rail {
            steps_of_when,
            name,
            severity: raw.severity,
            summary: raw.summary,
            rationale: raw.rationale,
            source: raw.source,
            steps,
            when: match when {
                Some(None) => return None,
                Some(when) => when,
                None => None,
            },
            require: require?,
            message: raw.message,
            help: raw.help,
            parameters,
            cases,
        })
    }

    fn type_of(&self, expr: &Expr, steps: &[(String, Type)], types: &[ValueType]) -> Option<Type> {
        let slots = self.slots;
        expr.type_of(&|slot| {
            slots
                .as_parameter(slot)
                .map(|id| expression_type(types[id.index()]))
                .or_else(|| slots.reserved_type(slot))
                .unwrap_or_else(|| {
                    steps.get((slot.saturating_sub(slots.step(0))) as usize).map_or(Type::Int, |(_, of)| *of)
                })
        })
        .ok()
    }

    fn case(
        &mut self,
        raw: RawCase,
        presets: &BTreeMap<String, Preset>,
        modifiers: &BTreeMap<String, Layer>,
    ) -> Option<Case> {
        let mut known = |name: &At<String>, code, what: &str, names: Vec<&str>| {
            let found = names.contains(&name.value.as_str());
            if !found {
                let help = match nearest(&name.value, names.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("available: {}", names.join(", ")),
                };
                self.diags.push(
                    Diagnostic::error(code, format!("there is no {what} `{}`", name.value))
                        .at(name.span, "unknown")
                        .help(help),
                );
            }
            found
        };
        let mut good = known(&raw.preset, Code::UnknownPreset, "preset", presets.keys().map(String::as_str).collect());
        if let Some(modifier) = &raw.modifier {
            good &= known(modifier, Code::UnknownModifier, "modifier", modifiers.keys().map(String::as_str).collect());
        }
        let mut set = Vec::with_capacity(raw.set.len());
        for (key, value) in raw.set {
            let id = self.resolve(&key);
            let value_type = id.map(|id| self.parameters[id.index()].value_type);
            match (
                id,
                value_type
                    .and_then(|value_type| self.typed(value_type, value, &format!("the value of `{}`", key.value))),
            ) {
                (Some(id), Some(value)) => set.push((id, value.value)),
                _ => good = false,
            }
        }
        good.then_some(Case {
            note: raw.note,
            preset: raw.preset.value,
            modifier: raw.modifier.map(|at| at.value),
            set,
            temporal: raw.temporal,
            plugin: raw.plugin,
            fires: raw.fires,
            span: raw.span,
        })
    }

    // --- the rest -----------------------------------------------------------------------------------------------

    fn adapters(&mut self, raw: Vec<Named<RawAdapter>>, templates: &BTreeMap<String, FileId>) -> Vec<Adapter> {
        raw.into_iter().map(|adapter| self.adapter(adapter, templates)).collect()
    }

    fn adapter(&mut self, raw: Named<RawAdapter>, templates: &BTreeMap<String, FileId>) -> Adapter {
        let (name, raw) = (raw.name, raw.record);
        if raw.outputs.is_empty() {
            self.diags.push(
                Diagnostic::error(Code::MissingOutput, format!("the adapter `{name}` has no output"))
                    .at(raw.span, "this adapter")
                    .help("add `[[output]]` with `file` and `template`"),
            );
        }
        let mut seen: HashMap<String, Span> = HashMap::new();
        let mut outputs = Vec::new();
        for output in raw.outputs {
            let unsafe_path = output.file.value.starts_with('/')
                || output.file.value.contains(['\\', '\0', ':'])
                || output.file.value.split('/').any(|part| part.is_empty() || part == "." || part == "..");
            if unsafe_path {
                self.diags.push(
                    Diagnostic::error(
                        Code::UnsafePath,
                        format!("`{}` does not stay inside the output folder", output.file.value),
                    )
                    .at(output.file.span, "not a safe path")
                    .help("write a path below the adapter's own folder, with `/` between its parts"),
                );
            }
            if output.per_service != output.file.value.contains("{{ service }}") {
                self.diags.push(
                    Diagnostic::error(
                        Code::ConflictingFields,
                        "a file per service needs `{{ service }}` in its path, and no other file may have it",
                    )
                    .at(output.file.span, "this path")
                    .help("give both `each = \"service\"` and `{{ service }}` in `file`, or neither"),
                );
            }
            if let Some(first) = seen.insert(output.file.value.clone(), output.file.span) {
                self.diags.push(
                    Diagnostic::error(Code::DuplicatePath, format!("`{}` would be written twice", output.file.value))
                        .at(output.file.span, "written again here")
                        .and(first, "first written here"),
                );
            }
            let template = format!("adapters/{name}/{}", output.template.value);
            if !templates.contains_key(&template) {
                let beside = format!("adapters/{name}/");
                let known = templates.keys().filter_map(|path| path.strip_prefix(&beside));
                let help = match nearest(&output.template.value, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "the template stands beside the manifest".to_owned(),
                };
                self.diags.push(
                    Diagnostic::error(
                        Code::InvalidTemplate,
                        format!("there is no template `{}`", output.template.value),
                    )
                    .at(output.template.span, "no such file")
                    .help(help),
                );
            }
            if output.select.is_some() != output.fields.is_empty() {
                self.diags.push(
                    Diagnostic::error(Code::ConflictingFields, "an output takes a channel or a list of fields")
                        .at(output.span, "this output")
                        .help("give either `select` or `[[output.field]]`"),
                );
            }
            let fields =
                output.fields.into_iter().filter_map(|(key, name)| Some((self.resolve(&key)?, name))).collect();
            outputs.push(Output {
                file: output.file.value,
                template,
                per_service: output.per_service,
                select: output.select,
                fields,
                span: output.span,
            });
        }
        Adapter {
            name,
            sdk: raw.sdk,
            title: raw.title,
            language: raw.language,
            literals: raw.literals.into_iter().map(|(kind, text)| (kind, text.value)).collect(),
            outputs,
        }
    }

    /// Two parameters may share an external name only if no version takes both.
    fn outputs(&mut self) {
        let mut taken: HashMap<(Channel, &str), usize> = HashMap::with_capacity(self.parameters.len());
        let mut faults = Vec::new();
        for (index, parameter) in self.parameters.iter().enumerate() {
            for (channel, name) in &parameter.outputs {
                if let Some(first) = taken.insert((*channel, name), index) {
                    let first = &self.parameters[first];
                    let gated = (first.temporal.is_some() && parameter.temporal.is_some())
                        || (first.plugin.is_some() && parameter.plugin.is_some());
                    if !gated {
                        faults.push(
                            Diagnostic::error(
                                Code::DuplicateOutput,
                                format!("`{}` and `{}` are both emitted as `{name}`", first.key, parameter.key),
                            )
                            .at(parameter.span, format!("also {} `{name}`", channel.as_str()))
                            .and(first.span, "first emitted by this one")
                            .help("rename one of the outputs"),
                        );
                    }
                }
            }
        }
        self.diags.extend(faults);
    }

    fn surfaced(&mut self, registry: &RawRegistry) {
        let inputs: Vec<&Parameter> = self.parameters.iter().filter(|parameter| parameter.is_input()).collect();
        let limit = registry.surfaced_limit.value;
        if inputs.len() as i64 > limit {
            let last = inputs.last().expect("more inputs than a limit that is not negative");
            self.diags.push(
                Diagnostic::error(
                    Code::TooManyInputs,
                    format!("{} slo and topology parameters; at most {limit} may be surfaced", inputs.len()),
                )
                .at(last.span, "the last of them")
                .and(registry.surfaced_limit.span, "the limit")
                .help("derive some of them and class those safety or tuning"),
            );
        }
    }

    fn target(&mut self, raw: RawTarget) -> Target {
        if !raw.supported.value.matches(&raw.default.value) {
            self.diags.push(
                Diagnostic::error(
                    Code::UnsupportedVersion,
                    format!("the default version {} is not supported", raw.default.value),
                )
                .at(raw.default.span, "outside the range")
                .and(raw.supported.span, "the range"),
            );
        }
        let mut lines = Vec::new();
        for line in raw.lines {
            match semver::VersionReq::parse(&line.range.value) {
                Ok(range) => lines.push((line.name, range)),
                Err(fault) => self.diags.push(
                    Diagnostic::error(
                        Code::InvalidValue,
                        format!("`{}` is no version range: {fault}", line.range.value),
                    )
                    .at(line.range.span, "expected a range such as >=1.29.0, <1.30.0"),
                ),
            }
        }
        Target { default: raw.default.value, supported: raw.supported.value, lines }
    }

    fn variables(&mut self, records: &mut Records) -> BTreeMap<String, Variable> {
        let mut variables = BTreeMap::new();
        for raw in std::mem::take(&mut records.variables) {
            let parameter = self
                .parameters
                .iter()
                .find(|parameter| parameter.output(Channel::EnvVars) == Some(raw.name.value.as_str()));
            if let Some(parameter) = parameter {
                self.diags.push(
                    Diagnostic::error(
                        Code::DuplicateOutput,
                        format!("`{}` is the variable of `{}`", raw.name.value, parameter.key),
                    )
                    .at(raw.name.span, "listed as no parameter's")
                    .and(parameter.span, "the parameter")
                    .help("remove one of the two"),
                );
            }
            variables.insert(
                raw.name.value,
                Variable { kind: raw.kind, summary: raw.summary, required: raw.required, default: raw.default },
            );
        }
        variables
    }
}

type RawExpects = Vec<crate::loader::records::RawExpect>;

fn sorted_groups(mut groups: Vec<Named<RawGroup>>) -> Vec<RawGroup> {
    groups.sort_by(|a, b| (a.record.order, &a.name).cmp(&(b.record.order, &b.name)));
    groups.into_iter().map(|group| group.record).collect()
}

fn label(kind: ExprErrorKind) -> &'static str {
    match kind {
        ExprErrorKind::UnknownName => "no parameter has this key",
        ExprErrorKind::UnknownFunction => "no such function",
        ExprErrorKind::Type => "does not fit",
        _ => "here",
    }
}

fn article(of: Type) -> &'static str {
    match of {
        Type::Int => "an int",
        Type::Float => "a float",
        Type::Bool => "a bool",
        Type::Str => "a str",
    }
}
