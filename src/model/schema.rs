//! JSON Schemas of the values whose JSON form is written by hand; those of all others are made from their types.

use super::Scalar;
use super::behaviour::{Gap, MetricAggregate, MetricGroup, ProfileId, Statistics, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The form of a profile's id.
const ID: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";

impl JsonSchema for Scalar {
    fn schema_name() -> Cow<'static, str> {
        "Scalar".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A value of a parameter; a duration is Go duration text.",
            "type": ["integer", "number", "boolean", "string"],
        })
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A point in time, to the microsecond; RFC 3339.",
            "type": "string",
            "format": "date-time",
        })
    }
}

impl JsonSchema for ProfileId {
    fn schema_name() -> Cow<'static, str> {
        "ProfileId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The identifier of a behaviour profile: a UUID that sorts by the time it was made.",
            "type": "string",
            "pattern": ID,
        })
    }
}

impl JsonSchema for MetricAggregate {
    fn schema_name() -> Cow<'static, str> {
        "MetricAggregate".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let statistics = |kind: &str| -> Map<String, Value> {
            Statistics::NAMES.iter().map(|name| ((*name).to_owned(), serde_json::json!({ "type": kind }))).collect()
        };
        let gap = generator.subschema_for::<Gap>();
        let mut missing = statistics("null");
        missing.insert("gap".to_owned(), gap.to_value());
        let required: Vec<&str> = Statistics::NAMES.into_iter().chain(["gap"]).collect();
        json_schema!({
            "description": "One metric over the window: its statistics, or the reason why there are none.",
            "anyOf": [
                { "type": "object", "properties": statistics("number"), "required": Statistics::NAMES },
                { "type": "object", "properties": missing, "required": required },
            ],
        })
    }
}

impl JsonSchema for MetricGroup {
    fn schema_name() -> Cow<'static, str> {
        "MetricGroup".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let aggregate = generator.subschema_for::<MetricAggregate>();
        json_schema!({
            "description": "The metrics of one category by name; a metric that each service has is one object of aggregates by service.",
            "type": "object",
            "additionalProperties": {
                "anyOf": [aggregate, { "type": "object", "additionalProperties": aggregate }],
            },
        })
    }
}
