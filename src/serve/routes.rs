//! Every route. One more is one more entry here: the router and the OpenAPI document are made of this list.

use super::problem::Kind::{Conflict, NotFound, Unprocessable, Upstream};
use super::query::{Parameter, unlike};
use super::route::Route;
use super::{compiler, judge, profiles, self_check};
use crate::store::{Cursor, PageSize};
use axum::http::Method;
use serde_json::json;

/// What narrows a list of profiles, and where its page starts.
const LIST: &[Parameter] = &[
    Parameter::text("cluster", "Of this cluster."),
    Parameter::text("namespace", "Of this namespace."),
    Parameter::text("label", "With this label."),
    Parameter::time("from", "Whose window ends at this time or later."),
    Parameter::time("to", "Whose window starts at this time or earlier."),
    Parameter {
        name: "limit",
        about: "How many at most; 50 where it is not said.",
        schema: || json!({ "type": "integer", "minimum": 1, "maximum": 1000, "default": 50 }),
        fault: |text| {
            let size = text.parse().ok().and_then(PageSize::new);
            size.is_none().then(|| "a number from 1 to 1000 is wanted".to_owned())
        },
    },
    Parameter {
        name: "cursor",
        about: "Where the page starts: what the `Link` of the page before has.",
        schema: || json!({ "type": "string", "pattern": "^[0-9a-f]{16}-[0-9a-f-]{36}$" }),
        fault: unlike::<Cursor>,
    },
];

/// A modifier.
const MODIFIER: Parameter = Parameter::text("modifier", "With this workload modifier.");

/// What a preset is described with.
const DESCRIBE: &[Parameter] = &[MODIFIER];

/// What a value is explained in.
const EXPLAIN: &[Parameter] =
    &[Parameter::text("preset", "In this preset; without one the registry alone is evaluated."), MODIFIER];

/// What a profile is judged with.
const JUDGE: &[Parameter] = &[Parameter::text("preset", "The preset that it runs, in the place of the profile's own.")];

/// The routes.
pub(super) fn all() -> Vec<Route> {
    vec![
        Route::new(
            Method::GET,
            "/profiles",
            "list_profiles",
            "List the profiles that match, newest first.",
            profiles::list,
        )
        .with(LIST),
        Route::new(
            Method::POST,
            "/profiles",
            "create_profile",
            "Make a profile of a window of at most 24 h, with the telemetry of the source.",
            profiles::create,
        )
        .fails(&[Conflict, Upstream])
        .slow(),
        Route::new(Method::GET, "/profiles/{id}", "get_profile", "A profile, as it was made.", profiles::get)
            .fails(&[NotFound, Upstream]),
        Route::new(Method::DELETE, "/profiles/{id}", "delete_profile", "Delete a profile.", profiles::delete)
            .fails(&[NotFound]),
        Route::new(
            Method::POST,
            "/profiles/{id}/baseline",
            "set_baseline",
            "Make a profile the baseline of its cluster and namespace, in the place of the one before.",
            profiles::baseline,
        )
        .fails(&[NotFound]),
        Route::new(
            Method::POST,
            "/profiles/compare",
            "compare_profiles",
            "How a newer profile differs from an older one: configuration, telemetry, versions, and what explains what.",
            judge::compare,
        )
        .fails(&[NotFound, Upstream]),
        Route::new(
            Method::GET,
            "/profiles/{id}/conformance",
            "conformance",
            "Whether a profile is within the bounds of a preset.",
            judge::conformance,
        )
        .with(JUDGE)
        .fails(&[NotFound, Unprocessable, Upstream]),
        Route::new(
            Method::GET,
            "/profiles/{id}/recommendations",
            "recommend",
            "What to do about the symptoms of a profile, held against the baseline of its cluster and namespace.",
            judge::recommendations,
        )
        .with(JUDGE)
        .fails(&[NotFound, Unprocessable, Upstream]),
        Route::new(
            Method::POST,
            "/drift",
            "drift",
            "Whether a profile, or the telemetry of a window, deviates from the baseline of its cluster and namespace.",
            judge::drift,
        )
        .fails(&[NotFound, Upstream])
        .slow(),
        Route::new(
            Method::POST,
            "/assessments",
            "assess",
            "The health of a cluster: drift from its baseline, what explains it, conformance, and what to do.",
            judge::assessment,
        )
        .with(JUDGE)
        .fails(&[NotFound, Upstream])
        .slow(),
        Route::new(
            Method::GET,
            "/presets",
            "list_presets",
            "List the presets, the smallest load first.",
            compiler::presets,
        ),
        Route::new(
            Method::GET,
            "/presets/{name}",
            "describe_preset",
            "Every parameter of a preset, by class, and what a healthy cluster shows.",
            compiler::preset,
        )
        .with(DESCRIBE)
        .fails(&[NotFound]),
        Route::new(
            Method::POST,
            "/compile",
            "compile",
            "Compile a preset into configuration. What was refused is in `errors`, and in `result` where guard rails fired.",
            compiler::compile,
        ),
        Route::new(
            Method::GET,
            "/explain/{key}",
            "explain_key",
            "Explain a parameter: its value, where it comes from, what follows it, and the guard rails that watch it.",
            compiler::explain,
        )
        .with(EXPLAIN)
        .fails(&[NotFound]),
        Route::new(Method::GET, "/healthz", "health", "Whether the service runs.", self_check::health).open(),
        Route::new(Method::GET, "/readyz", "readiness", "Whether the stores answer.", self_check::ready).open(),
        Route::new(
            Method::GET,
            "/metrics",
            "measures",
            "The service's own measures, for Prometheus.",
            self_check::measures,
        ),
        Route::new(Method::GET, "/openapi.json", "openapi", "This document.", self_check::openapi),
    ]
}
