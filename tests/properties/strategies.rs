//! Strategies over the shipped catalog: any preset, modifier, overrides and target versions that the registry permits.
//!
//! Nothing here knows a parameter: what may be overridden, with which values, is read from the registry.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::TestCaseError;
use semver::{Prerelease, Version};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::LazyLock;
use tdsql::catalog::{Catalog, ParamId, Parameter, Target};
use tdsql::compile::{Compilation, Given, Request, compile};
use tdsql::diag::{Code, Diagnostic};
use tdsql::loader::{DataSet, Depth};
use tdsql::model::{Scalar, ValueType};

/// The time of every compile.
pub(crate) const CLOCK: &str = "2025-03-01T12:00:00Z";

/// The longest duration that Go can express, in whole milliseconds.
const LONGEST_DURATION: i64 = i64::MAX / 1_000_000;

/// The shipped catalog, with the guard rails' own cases.
pub(crate) static CATALOG: LazyLock<Catalog> = LazyLock::new(|| link(DataSet::embedded()));

/// Links files that have no faults.
pub(crate) fn link(files: DataSet) -> Catalog {
    Catalog::link(files, Depth::Check).unwrap_or_else(|broken| panic!("{:?}", refused(&broken.diagnostics)))
}

/// What each parameter is in any preset with any modifier: the values around which others are tried.
static USUAL: LazyLock<Vec<Vec<Scalar>>> = LazyLock::new(|| {
    let mut usual = vec![Vec::new(); CATALOG.parameters.len()];
    for preset in CATALOG.presets.keys() {
        for modifier in std::iter::once(None).chain(CATALOG.modifiers.keys().map(Some)) {
            let request = Request {
                preset: preset.to_string(),
                modifier: modifier.map(ToString::to_string),
                ..Request::default()
            };
            let compilation = compile(&CATALOG, &request, CLOCK).expect("a preset compiles");
            for id in CATALOG.ids() {
                let value = compilation.resolution.value(id);
                if !usual[id.index()].contains(value) {
                    usual[id.index()].push(value.clone());
                }
            }
        }
    }
    usual
});

/// The parameters that an override may name.
pub(crate) fn overridable() -> Vec<ParamId> {
    CATALOG.ids().filter(|id| !CATALOG.parameter(*id).locked).collect()
}

/// What is compiled.
#[derive(Clone)]
pub(crate) struct Choice {
    pub(crate) preset: String,
    pub(crate) modifier: Option<String>,
    /// Keys, each once, with values as they are written outside: durations as Go text.
    pub(crate) overrides: Vec<(String, Scalar)>,
    pub(crate) temporal: Version,
    pub(crate) plugin: Version,
}

impl Choice {
    pub(crate) fn request(&self) -> Request {
        Request {
            preset: self.preset.clone(),
            modifier: self.modifier.clone(),
            given: self.overrides.iter().map(|(key, value)| Given::new(key, value.clone())).collect(),
            temporal_version: Some(self.temporal.to_string()),
            plugin_version: Some(self.plugin.to_string()),
            ..Request::default()
        }
    }

    /// Lays overrides over; a key that was there takes the new value.
    pub(crate) fn with(mut self, overrides: impl IntoIterator<Item = (String, Scalar)>) -> Self {
        for (key, value) in overrides {
            self.overrides.retain(|(known, _)| *known != key);
            self.overrides.push((key, value));
        }
        self
    }
}

/// On one line, for the report of a failure.
impl fmt::Debug for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} + {}", self.preset, self.modifier.as_deref().unwrap_or("nothing"))?;
        for (key, value) in &self.overrides {
            write!(f, ", {key} = {value:?}")?;
        }
        write!(f, ", Temporal {}, plugin {}", self.temporal, self.plugin)
    }
}

/// A failure with what was diagnosed: kinds and messages, without places.
pub(crate) fn refused<'d>(faults: impl IntoIterator<Item = &'d Diagnostic>) -> TestCaseError {
    let told: Vec<String> = faults.into_iter().map(|fault| format!("{}: {}", fault.code, fault.message)).collect();
    TestCaseError::fail(format!("refused: {}", told.join("; ")))
}

/// Compiles a choice. One that leads beyond the range of a derived value or of numbers at all is rejected; anything else
/// that is refused is a failure, because every override of a choice is one that the registry permits.
pub(crate) fn compiled<'c>(catalog: &'c Catalog, choice: &Choice) -> Result<Compilation<'c>, TestCaseError> {
    compile(catalog, &choice.request(), CLOCK).map_err(|faults| {
        if faults.iter().all(|fault| beyond_range(fault, choice)) {
            TestCaseError::reject("beyond the range of a derived value")
        } else {
            refused(&faults)
        }
    })
}

/// Whether a derived value is outside its constraints, or a number in an expression beyond what numbers can be. A division
/// by zero is neither: constraints or the expression have to exclude it.
fn beyond_range(fault: &Diagnostic, choice: &Choice) -> bool {
    match fault.code {
        Code::ConstraintViolation => {
            let key = fault.facts.iter().find(|(name, _)| *name == "key").and_then(|(_, key)| key.as_str());
            key.is_some_and(|key| choice.overrides.iter().all(|(given, _)| given != key))
        }
        Code::ExpressionFailed => {
            fault.message.contains("overflows") || fault.message.contains("longest duration that Go can read")
        }
        _ => false,
    }
}

/// Anything that can be compiled, with up to six overrides.
pub(crate) fn choice() -> impl Strategy<Value = Choice> {
    choice_with(overridable(), 0..=6)
}

/// Anything that can be compiled, with so many overrides of these parameters.
pub(crate) fn choice_with(ids: Vec<ParamId>, count: RangeInclusive<usize>) -> impl Strategy<Value = Choice> {
    let presets: Vec<String> = CATALOG.presets.keys().map(ToString::to_string).collect();
    let modifiers: Vec<String> = CATALOG.modifiers.keys().map(ToString::to_string).collect();
    (
        select(presets),
        proptest::option::weighted(0.75, select(modifiers)),
        overrides(ids, count),
        version(&CATALOG.temporal),
        version(&CATALOG.plugin),
    )
        .prop_map(|(preset, modifier, overrides, temporal, plugin)| Choice {
            preset,
            modifier,
            overrides,
            temporal,
            plugin,
        })
}

/// Overrides of some of these parameters, in any order.
pub(crate) fn overrides(
    ids: Vec<ParamId>,
    count: RangeInclusive<usize>,
) -> impl Strategy<Value = Vec<(String, Scalar)>> {
    let most = (*count.end()).min(ids.len());
    subsequence(ids, *count.start()..=most).prop_shuffle().prop_flat_map(|ids| {
        ids.into_iter().map(|id| (Just(CATALOG.parameter(id).key.to_string()), permitted(id))).collect::<Vec<_>>()
    })
}

/// A version that the catalog knows; now and then a pre-release, which has what its release has.
pub(crate) fn version(target: &Target) -> impl Strategy<Value = Version> + use<> {
    let mut known = Vec::new();
    for major in 0..4 {
        for minor in 0..100 {
            known.extend((0..3).map(|patch| Version::new(major, minor, patch)).filter(|v| target.supported.matches(v)));
        }
    }
    (select(known), proptest::bool::weighted(0.1)).prop_map(|(mut version, pre_release)| {
        if pre_release {
            version.pre = Prerelease::new("rc.1").expect("a pre-release");
        }
        version
    })
}

/// A value within a parameter's constraints, as it is written outside; bounds and usual values are favoured.
pub(crate) fn permitted(id: ParamId) -> BoxedStrategy<Scalar> {
    let parameter = CATALOG.parameter(id);
    let value_type = parameter.value_type;
    if let Some(allowed) = &parameter.allowed {
        return select(allowed.value.iter().map(|value| value_type.show(value)).collect::<Vec<_>>()).boxed();
    }
    match value_type {
        ValueType::Int => whole(id, i64::MIN..=i64::MAX).prop_map(Scalar::Int).boxed(),
        ValueType::Duration => whole(id, -LONGEST_DURATION..=LONGEST_DURATION)
            .prop_map(|milliseconds| ValueType::Duration.show(&Scalar::Int(milliseconds)))
            .boxed(),
        ValueType::Float => fraction(id).prop_map(Scalar::Float).boxed(),
        ValueType::Bool => any::<bool>().prop_map(Scalar::Bool).boxed(),
        ValueType::Str => text().prop_map(Scalar::Str).boxed(),
    }
}

/// Bounds, usual values and their neighbours, and magnitudes in between.
fn whole(id: ParamId, all: RangeInclusive<i64>) -> BoxedStrategy<i64> {
    let parameter = CATALOG.parameter(id);
    let (least, greatest) = bounds(parameter, all, Scalar::as_i64);
    let edges: BTreeSet<i64> =
        [least, least.saturating_add(1), -1, 0, 1, greatest.saturating_sub(1), greatest].into_iter().collect();
    let edges: Vec<i64> = edges.into_iter().filter(|edge| (least..=greatest).contains(edge)).collect();
    let usual: Vec<i64> = USUAL[id.index()].iter().filter_map(Scalar::as_i64).collect();
    let near = (select(usual), select(vec![0.1, 0.5, 0.9, 1.0, 1.1, 2.0, 10.0]), -1_i64..=1)
        .prop_map(|(usual, factor, step)| (usual as f64 * factor) as i64 + step);
    let magnitude = (0_u32..21, any::<u64>())
        .prop_map(move |(bits, noise)| least.max(0).saturating_add((noise & ((1 << bits) - 1)) as i64));
    prop_oneof![5 => near, 2 => select(edges), 2 => magnitude]
        .prop_map(move |value: i64| value.clamp(least, greatest))
        .boxed()
}

fn fraction(id: ParamId) -> BoxedStrategy<f64> {
    let parameter = CATALOG.parameter(id);
    let (least, greatest) = bounds(parameter, f64::MIN..=f64::MAX, Scalar::as_f64);
    let usual: Vec<f64> = USUAL[id.index()].iter().filter_map(Scalar::as_f64).collect();
    let near = (select(usual), 0.0..4.0).prop_map(|(usual, factor)| usual * factor);
    let tiny = [least, least + f64::EPSILON, 0.000_01, 0.1, 1.0, greatest];
    prop_oneof![4 => near, 2 => select(tiny.to_vec()), 2 => 0.0..1000.0]
        .prop_map(move |value: f64| value.clamp(least, greatest))
        .boxed()
}

fn bounds<T: Copy>(parameter: &Parameter, all: RangeInclusive<T>, read: fn(&Scalar) -> Option<T>) -> (T, T) {
    let least = parameter.min.as_ref().and_then(|min| read(&min.value)).unwrap_or(*all.start());
    let greatest = parameter.max.as_ref().and_then(|max| read(&max.value)).unwrap_or(*all.end());
    (least, greatest)
}

/// Text, with a liking for what YAML, JSON, TOML and shells take for something else.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let tricky = [
        "on",
        "off",
        "yes",
        "No",
        "y",
        "~",
        "null",
        "Null",
        "NaN",
        ".inf",
        "-.INF",
        "true",
        "1:30",
        "1_000",
        "0x1F",
        "0o7",
        "007",
        "1e3",
        "1.",
        ".5",
        "55m",
        "1h30m",
        "2025-03-01",
        "2025-03-01T12:00:00Z",
        "<<",
        "=",
        "-",
        "- a",
        "? a",
        "a: b",
        "a:",
        ":a",
        "#",
        "a #b",
        "!tag",
        "&anchor",
        "*alias",
        "%YAML",
        "@at",
        "`tick`",
        "{}",
        "[]",
        "{a",
        "---",
        "...",
        "|",
        ">",
        "'",
        "\"",
        "it's",
        "\"quoted\"",
        "back\\slash",
        "\\n",
        "line\nline",
        "\n",
        "\r\n",
        "tail\n\n",
        "\ttab",
        " lead",
        "trail ",
        " ",
        "nul\0",
        "\u{7f}",
        "\u{85}",
        "\u{a0}",
        "\u{2028}",
        "\u{feff}bom",
        "naïve",
        "表",
        "🦀",
        "e\u{301}",
        "${HOME}",
        "$(id)",
        "{{ x }}",
        "{% raw %}",
        "-->",
    ];
    prop_oneof![
        4 => select(tricky.to_vec()).prop_map(str::to_owned),
        2 => "\\PC{1,40}",
        2 => proptest::collection::vec(any::<char>(), 1..60).prop_map(String::from_iter),
        1 => (select(vec!["x", "long word ", "é", "\"\\"]), 500_usize..3000).prop_map(|(part, times)| part.repeat(times)),
    ]
}
