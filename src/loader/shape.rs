//! The grammar of data files, once: the decoder checks files by it, `tdsql schema` prints it, `docs/data-files.md`
//! documents it.

use super::platform::{PLATFORM, PREREQUISITE};
use super::redaction::REDACTION;
use super::rules::{CORRELATIONS, RECOMMENDATION};
use super::thresholds::THRESHOLDS;
use crate::model::behaviour::Section;
use crate::model::{Channel, Class, Effect, Unit, ValueType};

/// What stands behind a field.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Text that is not empty.
    Text,
    /// Text that may be empty.
    AnyText,
    /// A parameter key.
    Key,
    /// One of these words.
    Word(&'static [&'static str]),
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A finite number.
    Number,
    /// A value of a parameter.
    Scalar,
    /// An expression.
    Expr,
    /// A semantic version.
    Version,
    /// A range of semantic versions.
    VersionRange,
    /// A list of texts.
    Texts,
    /// A list of parameter keys.
    Keys,
    /// A list of values.
    Scalars,
    /// One table.
    Table(&'static Shape),
    /// An array of tables.
    Tables(&'static Shape),
    /// A table of parameter key → value; nested tables are joined with dots.
    Values,
    /// A table of parameter key → expression.
    Exprs,
    /// A table of parameter key → text.
    Reasons,
    /// A table of step name → expression, in order.
    Steps,
    /// A table of channel → external name, `true` meaning the key itself.
    Outputs,
    /// A table of name → text.
    TextMap,
    /// A table of name → table of this shape.
    TableMap(&'static Shape),
}

/// One field of a table.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What stands behind it.
    pub kind: Kind,
    /// Whether it must stand.
    pub required: bool,
    /// What it means.
    pub doc: &'static str,
}

/// One kind of table.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// What the table describes, with an article where one reads well.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// Its fields, in the order in which files should give them.
    pub fields: &'static [Field],
}

/// The most fields that any shape has; rows are arrays of this length.
pub const MOST_FIELDS: usize = 24;

pub(super) const fn must(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field { name, kind, required: true, doc }
}

pub(crate) const fn may(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field { name, kind, required: false, doc }
}

/// A kind of data file.
#[derive(Debug, Clone, Copy)]
pub struct FileKind {
    /// The word that `tdsql schema` takes.
    pub name: &'static str,
    /// Other words that it takes.
    pub aliases: &'static [&'static str],
    /// Where such files are.
    pub path: &'static str,
    /// What stands in one.
    pub shape: &'static Shape,
}

/// Every kind of data file.
pub const FILE_KINDS: &[FileKind] = &[
    FileKind { name: "registry", aliases: &[], path: "registry/registry.toml", shape: &REGISTRY },
    FileKind { name: "parameters", aliases: &["parameter"], path: "registry/parameters/*.toml", shape: &PARAMETERS },
    FileKind { name: "rail", aliases: &["guard-rails", "rails"], path: "registry/rails/*.toml", shape: &RAIL },
    FileKind { name: "preset", aliases: &["presets"], path: "presets/*.toml", shape: &PRESET },
    FileKind { name: "modifier", aliases: &["modifiers"], path: "modifiers/*.toml", shape: &MODIFIER },
    FileKind { name: "metric", aliases: &["metrics"], path: "registry/metrics/*.toml", shape: &METRICS },
    FileKind { name: "telemetry", aliases: &[], path: "registry/telemetry.toml", shape: &TELEMETRY },
    FileKind { name: "thresholds", aliases: &["threshold"], path: "registry/thresholds.toml", shape: &THRESHOLDS },
    FileKind { name: "redaction", aliases: &[], path: "registry/redaction.toml", shape: &REDACTION },
    FileKind { name: "variables", aliases: &[], path: "registry/variables.toml", shape: &VARIABLES },
    FileKind { name: "platform", aliases: &[], path: "registry/platform.toml", shape: &PLATFORM },
    FileKind {
        name: "prerequisite",
        aliases: &["prerequisites"],
        path: "registry/prerequisites/*.toml",
        shape: &PREREQUISITE,
    },
    FileKind {
        name: "correlation",
        aliases: &["correlations"],
        path: "registry/correlations/*.toml",
        shape: &CORRELATIONS,
    },
    FileKind {
        name: "recommendation",
        aliases: &["recommendations"],
        path: "registry/recommendations/*.toml",
        shape: &RECOMMENDATION,
    },
    FileKind { name: "settings", aliases: &[], path: "registry/settings/*.toml", shape: &SETTINGS },
    FileKind { name: "adapter", aliases: &["adapters"], path: "templates/adapters/*/adapter.toml", shape: &ADAPTER },
];

/// `registry/registry.toml`.
pub static REGISTRY: Shape = Shape {
    name: "the registry manifest",
    doc: "What holds for the catalog as a whole.",
    fields: &[
        must("format", Kind::Int, "Version of this grammar; 1."),
        must("default_preset", Kind::Text, "The preset that environment variables alone are laid over."),
        must("surfaced_limit", Kind::Int, "The most slo and topology parameters that the registry may have."),
        must("temporal", Kind::Table(&TARGET), "The Temporal server versions."),
        must("plugin", Kind::Table(&TARGET), "The DSQL plugin's version labels."),
        must("variable_prefixes", Kind::Texts, "Prefixes of the variables that count as the DSQL deployment's."),
        may("highlights", Kind::Keys, "The derived values that the summary of a compile shows."),
    ],
};

/// A target's versions.
pub static TARGET: Shape = Shape {
    name: "a target",
    doc: "Versions of something that artifacts are for.",
    fields: &[
        must("default", Kind::Version, "The version that is meant when none is named."),
        must("supported", Kind::VersionRange, "The versions that the catalog knows."),
        may("lines", Kind::TextMap, "Name of a version line → range of versions in it."),
    ],
};

/// `registry/parameters/*.toml`.
pub static PARAMETERS: Shape = Shape {
    name: "a parameter file",
    doc: "Parameters of one group.",
    fields: &[
        must("title", Kind::Text, "Heading of the group in generated files."),
        may("order", Kind::Int, "Position among the groups; files without it come last."),
        may("parameter", Kind::Tables(&PARAMETER), "The parameters, in the order in which a person would read them."),
    ],
};

/// `[[parameter]]`.
pub static PARAMETER: Shape = Shape {
    name: "a parameter",
    doc: "One value that the compiler decides or the adopter gives.",
    fields: &[
        must("key", Kind::Key, "Its name everywhere; for dynamic configuration the server's own key."),
        must(
            "class",
            Kind::Word(Class::WORDS),
            "Who decides it: the adopter (slo, topology) or the compiler (safety, tuning).",
        ),
        must("type", Kind::Word(ValueType::WORDS), "The type of its value."),
        may("unit", Kind::Word(Unit::WORDS), "What a number counts."),
        may("default", Kind::Scalar, "Its value; either this or `derive`."),
        may("derive", Kind::Expr, "The expression that gives its value; either this or `default`."),
        may("min", Kind::Scalar, "The least value that type and reader can take."),
        may("max", Kind::Scalar, "The greatest value that type and reader can take."),
        may("allowed", Kind::Scalars, "The only values that the reader can take."),
        may("when", Kind::Expr, "Emitted only while this holds; the value still exists."),
        may("nullable", Kind::Bool, "Written as null in the plugin configuration while `when` does not hold."),
        may("locked", Kind::Bool, "An override is refused."),
        may("immutable", Kind::Bool, "Fixed for the life of the cluster."),
        may("temporal", Kind::VersionRange, "Server versions that take it; all supported ones when absent."),
        may("plugin", Kind::VersionRange, "Plugin versions that take it; all supported ones when absent."),
        may("outputs", Kind::Outputs, "Where it is emitted, and under which name."),
        may(
            "fallback",
            Kind::AnyText,
            "What its variable's reader takes, without a message, in place of one it cannot read.",
        ),
        may("images", Kind::Texts, "Images whose start script reads the variable; absent, the plugin reads it in all."),
        may("effect", Kind::Word(Effect::WORDS), "How a change takes effect, where its outputs do not say it."),
        must("summary", Kind::Text, "One sentence: what it is."),
        must("rationale", Kind::Text, "Why this value, and what goes wrong otherwise."),
        must("source", Kind::Text, "Where its figures come from."),
    ],
};

/// `registry/rails/*.toml`.
pub static RAIL: Shape = Shape {
    name: "a guard rail",
    doc: "What must hold of a configuration; the file's stem is its name.",
    fields: &[
        must("severity", Kind::Word(&["error", "warning"]), "An error withholds artifacts, a warning does not."),
        must("summary", Kind::Text, "One sentence: what holds."),
        must("rationale", Kind::Text, "What happens when it does not."),
        must("source", Kind::Text, "Where its figures come from."),
        may("requirement", Kind::Text, "The requirement that asks for it."),
        may("let", Kind::Steps, "Named steps, in order; later ones and the rule may read them."),
        must("rule", Kind::Table(&RULE), "The rule."),
        may("case", Kind::Tables(&CASE), "Its own tests: at least one that fires and one that does not."),
    ],
};

/// `[rule]`.
pub static RULE: Shape = Shape {
    name: "a rule",
    doc: "The condition and what to say.",
    fields: &[
        may("when", Kind::Expr, "The rule applies only while this holds."),
        must("require", Kind::Expr, "What must hold."),
        must("message", Kind::Text, "What does not hold, with the numbers; a template over parameters and steps."),
        must("help", Kind::Text, "What to do; a template too."),
        must("parameters", Kind::Keys, "The parameters that decide it, the likeliest first."),
    ],
};

/// `[[case]]`.
pub static CASE: Shape = Shape {
    name: "a case",
    doc: "A configuration and whether the rail fires on it.",
    fields: &[
        must("note", Kind::Text, "What the case shows."),
        must("preset", Kind::Text, "The preset it starts from."),
        may("modifier", Kind::Text, "The modifier on top."),
        may("set", Kind::Values, "Values on top of all layers; bounds and locks are not checked."),
        may("temporal", Kind::Version, "Target server version."),
        may("plugin", Kind::Version, "Target plugin version."),
        must("outcome", Kind::Word(&["fires", "silent"]), "What the rail must do."),
    ],
};

/// `presets/*.toml`.
pub static PRESET: Shape = Shape {
    name: "a preset",
    doc: "A scale; the file's stem is its name.",
    fields: &[
        must("description", Kind::Text, "One line."),
        must("rationale", Kind::Text, "Why these values."),
        may("extends", Kind::Text, "The preset that this one starts from."),
        must("throughput", Kind::Table(&THROUGHPUT), "The load that it is made for."),
        may("set", Kind::Values, "Values that differ from the registry's."),
        may(
            "derive",
            Kind::Exprs,
            "Expressions that differ from the registry's; `base` is the value of the layers below.",
        ),
        may("because", Kind::Reasons, "Why, for each entry of `derive` and, where useful, of `set`."),
        may("expect", Kind::Tables(&EXPECT), "What a healthy cluster on this preset shows."),
    ],
};

/// `throughput`.
pub static THROUGHPUT: Shape = Shape {
    name: "a throughput range",
    doc: "State transitions per second.",
    fields: &[
        must("min", Kind::Number, "The least."),
        may("max", Kind::Number, "The most; unbounded when absent."),
        must("description", Kind::Text, "The range in words."),
    ],
};

/// `[[expect]]`.
pub static EXPECT: Shape = Shape {
    name: "an expected bound",
    doc: "A bound on one statistic of one metric.",
    fields: &[
        must("metric", Kind::Text, "A metric of `registry/metrics/`."),
        may(
            "aggregate",
            Kind::Word(&["min", "max", "mean", "p50", "p95", "p99"]),
            "The statistic; the mean when absent.",
        ),
        may("at_least", Kind::Expr, "The least that is healthy."),
        may("at_most", Kind::Expr, "The most that is healthy."),
    ],
};

/// `modifiers/*.toml`.
pub static MODIFIER: Shape = Shape {
    name: "a modifier",
    doc: "A workload; the file's stem is its name.",
    fields: &[
        must("description", Kind::Text, "One line."),
        must("rationale", Kind::Text, "Why these values."),
        may("set", Kind::Values, "Values that replace the preset's."),
        may("derive", Kind::Exprs, "Expressions that replace the preset's; `base` is the value of the layers below."),
        may("because", Kind::Reasons, "Why, for each entry of `derive` and, where useful, of `set`."),
    ],
};

/// `registry/metrics/*.toml`.
pub static METRICS: Shape = Shape {
    name: "a metric file",
    doc: "Telemetry of one category.",
    fields: &[may("metric", Kind::Tables(&METRIC), "The metrics.")],
};

/// `[[metric]]`.
pub static METRIC: Shape = Shape {
    name: "a metric",
    doc: "Something that is measured on a running cluster.",
    fields: &[
        must(
            "name",
            Kind::Text,
            "Its name in behaviour profiles: lower-case words joined by `_`; `name.service` where each service has its own.",
        ),
        must("section", Kind::Word(&Section::NAMES), "The category of a behaviour profile's telemetry that has it."),
        must("category", Kind::Text, "Which threshold judges it: a category of `registry/thresholds.toml`."),
        must("unit", Kind::Text, "What it counts."),
        must("better", Kind::Word(&["higher", "lower", "neither"]), "Which direction is an improvement."),
        must("summary", Kind::Text, "What it shows."),
        must("noise_floor", Kind::Number, "A change of no more than this, in its unit, is noise."),
        must("reads", Kind::Word(&["gauge", "rate", "quantile"]), "What the query evaluates; it decides the step."),
        must("query", Kind::Text, "PromQL with the placeholders of `registry/telemetry.toml`; one series at most."),
        must("absent", Kind::Text, "What it means when the query finds nothing."),
        may("needs", Kind::Key, "The switch without which it does not apply."),
        may(
            "mirror_of",
            Kind::Text,
            "The metric that this one is the complement of; judged where that one does not deviate.",
        ),
        may("source", Kind::Text, "Where it is defined."),
    ],
};

/// `registry/telemetry.toml`.
pub static TELEMETRY: Shape = Shape {
    name: "the telemetry file",
    doc: "How telemetry is asked for.",
    fields: &[
        must("window", Kind::Table(&WINDOW), "Steps, rate windows and limits."),
        may("selector", Kind::Tables(&SELECTOR), "The placeholders that choose series."),
        may("exporter", Kind::Tables(&EXPORTER), "The spellings of metric names, the likeliest first."),
        may("probe", Kind::Tables(&PROBE), "What must be found before the metrics are read."),
    ],
};

/// `[window]`.
pub static WINDOW: Shape = Shape {
    name: "the window",
    doc: "How a time window is read.",
    fields: &[
        must("scrape_interval_sec", Kind::Int, "How often the source scrapes, where nobody says otherwise."),
        must("rate_scrapes", Kind::Int, "The least scrapes in a rate window."),
        must("rate_at_least_sec", Kind::Int, "The shortest rate window."),
        must("most_steps", Kind::Int, "The most steps that a source takes for one query."),
        must("steps", Kind::Int, "About so many steps are read of rates and quantiles."),
        must("coverage_floor", Kind::Number, "A smaller share of steps with values is partial."),
        must("settle_sec", Kind::Int, "How long samples may take to arrive."),
        must("source", Kind::Text, "Where the figures come from."),
    ],
};

/// `[[selector]]`.
pub static SELECTOR: Shape = Shape {
    name: "a selector",
    doc: "A placeholder that expands to a matcher with a comma behind it, or to nothing.",
    fields: &[
        must("name", Kind::Text, "Its name between `%` and `%`."),
        must("label", Kind::Text, "The label that it matches."),
        must(
            "of",
            Kind::Word(&["cluster", "namespace", "task_queue", "argument"]),
            "What is looked for; `argument` stands behind a colon in the placeholder.",
        ),
        must(
            "written_by",
            Kind::Word(&["scrape", "server", "sdk"]),
            "Who writes the label; the server's exporter may change values.",
        ),
        may("prefix", Kind::Text, "What stands before the value."),
        may("otherwise", Kind::Text, "What it expands to when nothing is looked for."),
    ],
};

/// `[[exporter]]`.
pub static EXPORTER: Shape = Shape {
    name: "an exporter",
    doc: "One way in which the names of the server's metrics are written.",
    fields: &[
        must("name", Kind::Text, "Its name."),
        must("summary", Kind::Text, "When a server speaks it."),
        must("counter", Kind::AnyText, "The suffix of counters."),
        must("timer", Kind::AnyText, "The suffix of timers."),
        must("histogram", Kind::AnyText, "The suffix of histograms without a unit."),
        must("timer_unit", Kind::Word(&["s", "ms"]), "The unit of timers."),
        must(
            "sanitised",
            Kind::Bool,
            "Whether it writes `_` for what is no letter, digit or underscore in label values.",
        ),
        must("detect", Kind::Text, "PromQL that has a value where the source speaks it."),
    ],
};

/// `[[probe]]`.
pub static PROBE: Shape = Shape {
    name: "a probe",
    doc: "A query that must find something, or the name that was asked for is wrong.",
    fields: &[
        must("of", Kind::Word(&["cluster", "namespace", "task_queue"]), "The name that it proves."),
        must("query", Kind::Text, "PromQL with placeholders."),
        must("values", Kind::Text, "PromQL that lists the names that there are, one series each."),
    ],
};

/// `registry/variables.toml`.
pub static VARIABLES: Shape = Shape {
    name: "the variable file",
    doc: "Environment variables that are no parameters.",
    fields: &[may("variable", Kind::Tables(&VARIABLE), "The variables.")],
};

/// `[[variable]]`.
pub static VARIABLE: Shape = Shape {
    name: "a variable",
    doc: "An environment variable that the compiler passes over.",
    fields: &[
        must("name", Kind::Text, "The variable."),
        must("kind", Kind::Word(&["identity", "secret", "deployment", "ignored"]), "Why it is no parameter."),
        may("default", Kind::AnyText, "Its usual value."),
        may("required", Kind::Bool, "Whether a container refuses to start without it."),
        may("placeholder", Kind::Text, "The placeholder that platform adapters put there."),
        may("images", Kind::Texts, "Images that read it; absent, all do."),
        must("summary", Kind::Text, "What it is."),
        must("source", Kind::Text, "Where that is known from."),
    ],
};

/// `registry/settings/*.toml`.
pub static SETTINGS: Shape = Shape {
    name: "a settings file",
    doc: "The dynamic-config settings that Temporal servers register.",
    fields: &[
        must("settings", Kind::TableMap(&SETTING), "Key → setting."),
        may("prefixes", Kind::TableMap(&PREFIX), "Prefixes under which keys exist that are not listed one by one."),
        may("constraints", Kind::TableMap(&CONSTRAINT), "Name of a constraint → what it takes."),
        may(
            "precedences",
            Kind::TableMap(&PRECEDENCE),
            "Precedence → the sets of constraints that the server looks up.",
        ),
        may("static", Kind::TableMap(&STATIC), "Keys of the static configuration, which this file cannot set."),
    ],
};

/// One registered setting.
pub static SETTING: Shape = Shape {
    name: "a setting",
    doc: "A dynamic-config setting that a server registers.",
    fields: &[
        must("type", Kind::Text, "The server's type."),
        may("precedence", Kind::Text, "Which constraints it takes."),
        may("default", Kind::AnyText, "The server's default."),
        may("defaults", Kind::TextMap, "Version line → default, where it differs."),
        may("lines", Kind::Texts, "Version lines that register it; all when absent."),
        may("caution", Kind::Text, "Why it is not for production."),
        may(
            "fields",
            Kind::Texts,
            "The fields of its value, where all of them are known; the server drops others silently.",
        ),
    ],
};

/// One constraint.
pub static CONSTRAINT: Shape = Shape {
    name: "a constraint",
    doc: "A constraint of an entry of a dynamic configuration.",
    fields: &[
        must("takes", Kind::Word(&["text", "integer", "word or integer"]), "What it takes."),
        may("words", Kind::Texts, "The words that it takes, where all of them are known."),
    ],
};

/// One precedence.
pub static PRECEDENCE: Shape = Shape {
    name: "a precedence",
    doc: "The sets of constraints that the server looks up for a setting.",
    fields: &[must("sets", Kind::Texts, "Names with spaces between them; the most specific first, empty for none.")],
};

/// One key of the static configuration.
pub static STATIC: Shape = Shape {
    name: "a static key",
    doc: "A key that belongs to the server's own configuration file.",
    fields: &[must("note", Kind::Text, "Where it belongs.")],
};

/// One prefix of settings.
pub static PREFIX: Shape = Shape {
    name: "a settings prefix",
    doc: "Settings that are known by their prefix only.",
    fields: &[
        may("lines", Kind::Texts, "Version lines that register them; all when absent."),
        may("note", Kind::Text, "What is known of them."),
    ],
};

/// `templates/adapters/<name>/adapter.toml`.
pub static ADAPTER: Shape = Shape {
    name: "an adapter",
    doc: "Templates that render a profile for one consumer; the folder's name is its name.",
    fields: &[
        must("kind", Kind::Word(&["sdk", "platform"]), "Whether it renders worker options or deployment artifacts."),
        must("title", Kind::Text, "What it renders, in words."),
        must("language", Kind::Text, "The language of its files."),
        may("image", Kind::Text, "The image that its files start: only variables that it reads are taken."),
        may("values", Kind::TextMap, "Name → parameter, for every template of the adapter."),
        may("literals", Kind::Table(&LITERALS), "How values are written in that language."),
        may(
            "forms",
            Kind::TextMap,
            "Further forms of values, by name, for fields whose consumer wants more than a literal.",
        ),
        may(
            "lacks",
            Kind::Reasons,
            "Parameters that the consumer has no option for, with the reason; templates name them.",
        ),
        must("output", Kind::Tables(&OUTPUT), "The files it renders."),
    ],
};

/// `[literals]`.
pub static LITERALS: Shape = Shape {
    name: "the table of literal forms",
    doc: "Templates over `value` (and `milliseconds` of a duration); a form that is absent writes the value as JSON.",
    fields: &[
        may("true", Kind::Text, "The true value."),
        may("false", Kind::Text, "The false value."),
        may("int", Kind::Text, "A whole number."),
        may("float", Kind::Text, "A number with a fraction."),
        may("string", Kind::Text, "Text."),
        may("duration", Kind::Text, "A length of time."),
    ],
};

/// `[[output]]`.
pub static OUTPUT: Shape = Shape {
    name: "an output",
    doc: "One file, or one file per service.",
    fields: &[
        must("file", Kind::Text, "Its path below the adapter's folder; may contain `{{ service }}`."),
        must("template", Kind::Text, "The template, beside the manifest."),
        may("each", Kind::Word(&["service"]), "Render it once for each service."),
        may("select", Kind::Word(Channel::WORDS), "Take every emitted parameter of this channel as its fields."),
        may("field", Kind::Tables(&OUTPUT_FIELD), "Take these parameters as its fields, under these names."),
    ],
};

/// `[[output.field]]`.
pub static OUTPUT_FIELD: Shape = Shape {
    name: "an output field",
    doc: "A parameter and its name in the consumer's language.",
    fields: &[
        must("parameter", Kind::Key, "The parameter; while it is not emitted, the field is left out."),
        must("name", Kind::Text, "What the consumer calls it."),
        may("form", Kind::Text, "The form of `[forms]` that writes it; one that writes nothing leaves the field out."),
        may("with", Kind::TextMap, "Further parameters that the form reads: name there = parameter."),
        may("group", Kind::Text, "The part of the file that it belongs to, as the template has it."),
    ],
};
