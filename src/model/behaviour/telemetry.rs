//! The telemetry half of a behaviour profile.
//!
//! Which categories there are is the contract; which metrics a category has is data (`registry/metrics/*.toml`). A
//! [`MetricGroup`] is therefore a map by the metric's name, and [`TelemetrySummary::complete`] makes one that has every
//! metric of the registry: measured, or a gap with its reason.

use serde::de::{self, Deserializer};
use serde::ser::{SerializeMap as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// One of the six categories of a telemetry summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// What gets done.
    Throughput,
    /// How long it takes.
    Latency,
    /// How tasks meet workers.
    Matching,
    /// Connections to Aurora DSQL.
    DsqlPool,
    /// What fails.
    Errors,
    /// What is used up.
    Resources,
}

impl Section {
    /// Every category, in the order of the JSON form.
    pub const ALL: [Section; 6] = [
        Section::Throughput,
        Section::Latency,
        Section::Matching,
        Section::DsqlPool,
        Section::Errors,
        Section::Resources,
    ];

    /// The names, in the same order.
    pub const NAMES: [&'static str; 6] = ["throughput", "latency", "matching", "dsql_pool", "errors", "resources"];

    /// The field of the JSON form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The category of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.as_str() == name)
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The six statistics of one metric over the window; each is finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Statistics {
    min: f64,
    max: f64,
    mean: f64,
    p50: f64,
    p95: f64,
    p99: f64,
}

/// A statistic that is no finite number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the statistic `{0}` is no finite number")]
pub struct NotFinite(&'static str);

impl Statistics {
    /// The names, in the order in which [`Statistics::new`] takes and [`Statistics::values`] gives the values.
    pub const NAMES: [&'static str; 6] = ["min", "max", "mean", "p50", "p95", "p99"];

    /// The statistics of these values: min, max, mean, p50, p95, p99.
    ///
    /// # Errors
    ///
    /// If one of them is not finite; JSON could not carry it.
    pub fn new(values: [f64; 6]) -> Result<Self, NotFinite> {
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(NotFinite(Self::NAMES[at]));
        }
        let [min, max, mean, p50, p95, p99] = values;
        Ok(Statistics { min, max, mean, p50, p95, p99 })
    }

    /// Min, max, mean, p50, p95, p99.
    #[must_use]
    pub fn values(&self) -> [f64; 6] {
        [self.min, self.max, self.mean, self.p50, self.p95, self.p99]
    }

    /// The statistic of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        Self::NAMES.iter().position(|known| *known == name).map(|at| self.values()[at])
    }
}

/// Why a metric has no values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum GapState {
    /// The source has no such series.
    Absent,
    /// It cannot exist in this configuration.
    NotApplicable,
    /// The query failed.
    Failed,
}

/// A metric without values, and the reason: never passed off as zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Gap {
    /// Which kind of gap.
    pub state: GapState,
    /// Why, for a person.
    pub reason: String,
}

/// One metric over the window: its statistics, or why there are none.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricAggregate {
    /// It was measured.
    Measured(Statistics),
    /// It was not.
    Gap(Gap),
}

impl MetricAggregate {
    /// A gap.
    #[must_use]
    pub fn gap(state: GapState, reason: impl Into<String>) -> Self {
        MetricAggregate::Gap(Gap { state, reason: reason.into() })
    }

    /// The statistics, where it was measured.
    #[must_use]
    pub fn statistics(&self) -> Option<&Statistics> {
        match self {
            MetricAggregate::Measured(statistics) => Some(statistics),
            MetricAggregate::Gap(_) => None,
        }
    }

    /// Whether the object has the shape of an aggregate, and not of one aggregate per service.
    fn has_shape(object: &Map<String, Value>) -> bool {
        Statistics::NAMES.iter().any(|name| object.get(*name).is_some_and(|value| !value.is_object()))
            || object.get("gap").is_some_and(|gap| gap.get("state").is_some())
    }

    fn to_value(&self) -> Value {
        let mut object = Map::new();
        let values = self.statistics().map(Statistics::values);
        for (at, name) in Statistics::NAMES.into_iter().enumerate() {
            object.insert(name.to_owned(), values.map_or(Value::Null, |values| json!(values[at])));
        }
        if let MetricAggregate::Gap(gap) = self {
            object.insert("gap".to_owned(), json!(gap));
        }
        Value::Object(object)
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        let object = value.as_object().ok_or("an aggregate is an object")?;
        let gap = match object.get("gap") {
            None | Some(Value::Null) => None,
            Some(gap) => Some(Gap::deserialize(gap).map_err(|fault| format!("`gap`: {fault}"))?),
        };
        let mut values = [0.0; 6];
        for (at, name) in Statistics::NAMES.into_iter().enumerate() {
            match (object.get(name), &gap) {
                (None, _) => return Err(format!("`{name}` is missing")),
                (Some(Value::Null), Some(_)) => {}
                (Some(Value::Null), None) => return Err(format!("`{name}` is null, and there is no `gap`")),
                (Some(_), Some(_)) => return Err(format!("`{name}` has a value beside a `gap`")),
                (Some(value), None) => {
                    values[at] = value.as_f64().ok_or_else(|| format!("`{name}` is no number"))?;
                }
            }
        }
        match gap {
            Some(gap) => Ok(MetricAggregate::Gap(gap)),
            None => Statistics::new(values).map(MetricAggregate::Measured).map_err(|fault| fault.to_string()),
        }
    }
}

impl Serialize for MetricAggregate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for MetricAggregate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(&Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// One metric of each service: service → aggregate. In a [`MetricGroup`] these are the metrics `name.service`.
pub type ServiceMetrics = BTreeMap<String, MetricAggregate>;

/// The metrics of one category, by name.
///
/// A name with a dot, `name.service`, is one service's value of a metric that each service has; its JSON form is an object
/// [`ServiceMetrics`] under `name`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricGroup(BTreeMap<String, MetricAggregate>);

impl MetricGroup {
    /// The metric of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&MetricAggregate> {
        self.0.get(name)
    }

    /// Sets a metric.
    pub fn insert(&mut self, name: impl Into<String>, aggregate: MetricAggregate) {
        self.0.insert(name.into(), aggregate);
    }

    /// Every metric, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &MetricAggregate)> {
        self.0.iter().map(|(name, aggregate)| (name.as_str(), aggregate))
    }

    /// The services' values of a metric that each service has.
    #[must_use]
    pub fn services(&self, metric: &str) -> ServiceMetrics {
        let of = |name: &str| name.strip_prefix(metric)?.strip_prefix('.').map(str::to_owned);
        self.0.iter().filter_map(|(name, aggregate)| Some((of(name)?, aggregate.clone()))).collect()
    }
}

impl Serialize for MetricGroup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut nested: BTreeMap<&str, Value> = BTreeMap::new();
        for (name, aggregate) in &self.0 {
            let value = aggregate.to_value();
            match name.split_once('.') {
                None => {
                    nested.insert(name, value);
                }
                Some((metric, service)) => {
                    let services = nested.entry(metric).or_insert_with(|| json!({}));
                    if let Some(services) = services.as_object_mut() {
                        services.insert(service.to_owned(), value);
                    }
                }
            }
        }
        let mut map = serializer.serialize_map(Some(nested.len()))?;
        for (name, value) in nested {
            map.serialize_entry(name, &value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for MetricGroup {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut group = MetricGroup::default();
        for (name, value) in Map::<String, Value>::deserialize(deserializer)? {
            let fail = |name: &str, fault: String| de::Error::custom(format!("metric `{name}`: {fault}"));
            let object = value.as_object().ok_or_else(|| fail(&name, "it is no object".to_owned()))?;
            if MetricAggregate::has_shape(object) {
                let aggregate = MetricAggregate::from_value(&value).map_err(|fault| fail(&name, fault))?;
                group.insert(name, aggregate);
            } else {
                for (service, value) in object {
                    let name = format!("{name}.{service}");
                    let aggregate = MetricAggregate::from_value(value).map_err(|fault| fail(&name, fault))?;
                    group.insert(name, aggregate);
                }
            }
        }
        Ok(group)
    }
}

/// What a cluster did over the window.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct TelemetrySummary {
    /// What gets done.
    pub throughput: MetricGroup,
    /// How long it takes.
    pub latency: MetricGroup,
    /// How tasks meet workers.
    pub matching: MetricGroup,
    /// Connections to Aurora DSQL.
    pub dsql_pool: MetricGroup,
    /// What fails.
    pub errors: MetricGroup,
    /// What is used up.
    pub resources: MetricGroup,
    /// How it was asked for; absent where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<Collection>,
}

/// How a summary was asked for: two whose steps or rate windows differ are not alike.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Collection {
    /// The exporter whose spelling of names the source speaks.
    pub exporter: String,
    /// Seconds between two scrapes.
    pub scrape_interval_sec: u32,
    /// Seconds between two steps of gauges.
    pub gauge_step_sec: u32,
    /// Seconds between two steps of rates and quantiles.
    pub rate_step_sec: u32,
    /// Seconds that rates are taken over.
    pub rate_window_sec: u32,
    /// Metrics that have a value in too few steps, with the share that has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub partial: BTreeMap<String, f64>,
    /// What the source remarked, and what could not be proved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A metric of the registry that a summary lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the telemetry has no metric `{name}` in `{section}`")]
pub struct Incomplete {
    /// Where it belongs.
    pub section: Section,
    /// The metric.
    pub name: String,
}

impl TelemetrySummary {
    /// The summary that has each of these metrics, asked for one by one.
    #[must_use]
    pub fn complete<'a>(
        metrics: impl IntoIterator<Item = (Section, &'a str)>,
        mut measure: impl FnMut(Section, &str) -> MetricAggregate,
    ) -> Self {
        let mut summary = TelemetrySummary::default();
        for (section, name) in metrics {
            let aggregate = measure(section, name);
            summary.section_mut(section).insert(name, aggregate);
        }
        summary
    }

    /// Every one of these metrics that is neither measured nor a gap.
    pub fn lacking<'a>(&self, metrics: impl IntoIterator<Item = (Section, &'a str)>) -> Vec<Incomplete> {
        let lacks = |&(section, name): &(Section, &str)| self.section(section).get(name).is_none();
        let incomplete = |(section, name): (Section, &str)| Incomplete { section, name: name.to_owned() };
        metrics.into_iter().filter(lacks).map(incomplete).collect()
    }

    /// One category.
    #[must_use]
    pub fn section(&self, section: Section) -> &MetricGroup {
        match section {
            Section::Throughput => &self.throughput,
            Section::Latency => &self.latency,
            Section::Matching => &self.matching,
            Section::DsqlPool => &self.dsql_pool,
            Section::Errors => &self.errors,
            Section::Resources => &self.resources,
        }
    }

    /// One category, to be filled.
    pub fn section_mut(&mut self, section: Section) -> &mut MetricGroup {
        match section {
            Section::Throughput => &mut self.throughput,
            Section::Latency => &mut self.latency,
            Section::Matching => &mut self.matching,
            Section::DsqlPool => &mut self.dsql_pool,
            Section::Errors => &mut self.errors,
            Section::Resources => &mut self.resources,
        }
    }

    /// The metric of this name, in whatever category it is.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&MetricAggregate> {
        Section::ALL.into_iter().find_map(|section| self.section(section).get(name))
    }

    /// Every metric: category by category, by name.
    pub fn iter(&self) -> impl Iterator<Item = (Section, &str, &MetricAggregate)> {
        Section::ALL.into_iter().flat_map(move |section| {
            self.section(section).iter().map(move |(name, aggregate)| (section, name, aggregate))
        })
    }
}
