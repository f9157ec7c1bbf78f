//! Every kind of problem document.

use crate::support::{Service, TOKEN, nothing, source, wanted};
use serde_json::{Value, json};

/// Name, status, and what is asked: method, path, header lines, body.
type Case<'a> = (&'a str, u16, &'a str, &'a str, &'a [&'a str], &'a str);

#[test]
fn every_problem_says_what_is_wrong_and_what_to_do() {
    let url = source(nothing);
    let service = Service::with("[limits]\nbody = 2000\n", &["--prometheus", &url]);
    let json = "Content-Type: application/json";
    let window = |start: &str, end: &str| {
        let mut body: Value = serde_json::from_str(&wanted("w")).expect("it is JSON");
        body["time_window_start"] = json!(start);
        body["time_window_end"] = json!(end);
        body.to_string()
    };
    let large = format!("{{\"preset\": \"{}\"}}", "x".repeat(3000));
    let long = window("2026-01-01T00:00:00Z", "2026-01-02T00:00:01Z");
    let backwards = window("2026-01-01T01:00:00Z", "2026-01-01T01:00:00Z");
    let no_time = window("yesterday", "2026-01-01T01:00:00Z");
    let no_field = r#"{"name": "x"}"#;
    let more = r#"{"preset": "starter", "colour": "green"}"#;
    let refused = r#"{"preset": "no-such", "modifier": "nor-this", "overrides": {"values": {"no.key": 1}}}"#;
    let cases: [Case<'_>; 24] = [
        ("no-route", 404, "GET", "/profile", &[], ""),
        ("no-profile", 404, "GET", "/profiles/00000000-0000-7000-8000-000000000000", &[], ""),
        ("no-profiles-id", 404, "GET", "/profiles/latest", &[], ""),
        ("no-preset", 404, "GET", "/presets/mid-scal", &[], ""),
        ("no-parameter", 404, "GET", "/explain/history.shard", &[], ""),
        ("no-method", 405, "PATCH", "/profiles", &[], ""),
        (
            "filters",
            400,
            "GET",
            "/profiles?clustr=a&limit=0&from=now&cursor=x&to=2026-01-01T00:00:00Z&to=1&label=",
            &[],
            "",
        ),
        ("no-filters", 400, "GET", "/presets?verbose=1", &[], ""),
        ("no-modifier", 400, "GET", "/presets/starter?modifier=fast", &[], ""),
        ("explain-preset", 400, "GET", "/explain/history.shards?preset=fast", &[], ""),
        ("not-utf8", 400, "GET", "/profiles/%ff", &[], ""),
        ("window-too-long", 400, "POST", "/profiles", &[json], &long),
        ("window-backwards", 400, "POST", "/profiles", &[json], &backwards),
        ("no-time", 422, "POST", "/profiles", &[json], &no_time),
        ("no-field", 422, "POST", "/profiles", &[json], no_field),
        ("more-fields", 422, "POST", "/compile", &[json], more),
        ("compile-refused", 422, "POST", "/compile", &[json], refused),
        ("no-json", 400, "POST", "/compile", &[json], "{\"preset\": "),
        ("no-body", 400, "POST", "/compile", &[json], ""),
        ("no-media-type", 415, "POST", "/compile", &[], more),
        ("a-form", 415, "POST", "/compile", &["Content-Type: application/x-www-form-urlencoded"], "preset=starter"),
        ("too-large", 413, "POST", "/compile", &[json], &large),
        ("another-name", 421, "GET", "/profiles", &["Host: rebound.example:8484"], ""),
        ("another-site", 403, "POST", "/profiles", &[json, "Sec-Fetch-Site: cross-site"], &long),
    ];
    for (name, status, method, path, headers, body) in cases {
        let answer = service.ask(method, path, headers, body);
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        insta::with_settings!({ snapshot_path => "../../snapshots/serve", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_json_snapshot!(name, answer.problem());
        });
    }
    assert_eq!(service.ask("PATCH", "/profiles", &[], "").header("allow"), Some("GET, HEAD, POST"));
    assert_eq!(
        service.ask("OPTIONS", "/profiles", &["Origin: http://a.example"], "").header("access-control-allow-origin"),
        None
    );
}

#[test]
fn guard_rails_that_fire_come_with_the_whole_result() {
    let service = Service::new();
    let presets = service.get("/presets").json();
    let preset = presets[0]["name"].as_str().expect("a preset has a name");
    // Idle connections other than open ones: a rail of severity error.
    let described = service.get(&format!("/presets/{preset}")).json();
    let key = ["safety_params", "tuning_params"]
        .into_iter()
        .flat_map(|class| described[class].as_array().cloned().unwrap_or_default())
        .find_map(|parameter| parameter["key"].as_str().filter(|key| key.contains("maxIdleConns")).map(str::to_owned))
        .expect("there is a parameter of idle connections");
    let body = json!({ "preset": preset, "overrides": { "values": { key: 3 } } }).to_string();
    let problem = service.post("/compile", &body).problem();
    assert_eq!(problem["status"], 422);
    assert!(problem["result"]["guard_rail_results"].as_array().is_some_and(|fired| !fired.is_empty()), "{problem}");
    assert_eq!(problem["errors"][0]["code"], "guard_rail");
    assert_eq!(problem["result"]["dynamic_config_yaml"], "");
}

#[test]
fn without_a_source_no_profile_is_made() {
    let answer = Service::new().post("/profiles", &wanted("x"));
    assert_eq!(answer.status, 503);
    assert!(answer.problem()["remedy"].as_str().is_some_and(|remedy| remedy.contains("[prometheus]")));
}

#[test]
fn a_token_is_asked_for_of_everything_but_the_health() {
    let service = Service::with("token_env = \"TDSQL_TEST_TOKEN\"\n", &[]);
    let with = |token: &str| service.ask("GET", "/profiles", &[&format!("Authorization: {token}")], "");
    assert_eq!(with(&format!("Bearer {TOKEN}")).status, 200);
    assert_eq!(with(&format!("bearer {TOKEN}")).status, 200);
    for wrong in [
        "Bearer ",
        "Bearer x",
        &format!("Basic {TOKEN}"),
        &format!("Bearer {TOKEN}x"),
        &format!("Bearer {}", &TOKEN[1..]),
    ] {
        let answer = with(wrong);
        assert_eq!(
            (answer.status, answer.header("www-authenticate")),
            (401, Some("Bearer realm=\"tdsql\"")),
            "{wrong}"
        );
        answer.problem();
    }
    for path in ["/profiles", "/metrics", "/openapi.json", "/no-route", "/presets"] {
        assert_eq!(service.get(path).status, 401, "{path}");
    }
    assert_eq!(service.ask("POST", "/profiles", &["Content-Type: application/json"], "{").status, 401);
    assert_eq!((service.get("/healthz").status, service.get("/readyz").status), (200, 200));
    assert!(!service.log().contains(&TOKEN[..10]));
}
