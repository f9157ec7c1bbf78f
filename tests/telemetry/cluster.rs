//! What a running cluster says of itself, and requests that AWS would let in.

use std::process::Command;
use std::time::Duration;

use tdsql::cluster::{AskError, Ecs, EcsAt, Frontend, InvalidAddress};
use tdsql::prometheus::{Auth, Prometheus};
use tdsql::telemetry::Plan;

use crate::scripted::{Asked, Reply, Scripted, series};
use crate::sigv4::verify;
use crate::wait;

const ACCESS_KEY: &str = "AKIATESTTESTTESTTEST";
const SECRET_KEY: &str = "a-secret/of+the/tests";
const SESSION: &str = "a-session-token//of==the-tests";
const REGION: &str = "eu-west-1";

/// Runs the test in a process of its own that has AWS credentials, and says whether this is it.
fn with_credentials(test: &str) -> bool {
    if std::env::var("AWS_SECRET_ACCESS_KEY").is_ok_and(|secret| secret == SECRET_KEY) {
        return true;
    }
    let program = std::env::current_exe().expect("a test has a program");
    let output = Command::new(program)
        .args(["--exact", test, "--nocapture"])
        .envs([
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
            ("AWS_SESSION_TOKEN", SESSION),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ])
        .output()
        .expect("the test runs");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    false
}

fn version(scripted: &Scripted) -> Result<String, AskError> {
    let frontend = Frontend::at(scripted.settings().address()).expect("the address is one");
    wait(frontend.server_version()).map(|version| version.to_string())
}

fn json(body: &str) -> Reply {
    Reply::Say("200 OK", "content-type: application/json\r\n", body.to_owned())
}

#[test]
fn a_frontend_tells_its_version() {
    let body = r#"{"supportedClients":{"temporal-cli":"<2.0.0"},"serverVersion":"1.29.1","clusterName":"active"}"#;
    let scripted = Scripted::new(move |_, _| json(body));
    assert_eq!(version(&scripted), Ok("1.29.1".to_owned()));
    assert!(scripted.asked()[0].head.starts_with("GET /api/v1/cluster-info HTTP/1.1\r\n"));
    for (text, expected) in [("v1.30.0-rc.2", "1.30.0-rc.2"), (" 1.29.0+dsql.2 ", "1.29.0+dsql.2")] {
        let scripted = Scripted::new(move |_, _| json(&format!(r#"{{"serverVersion":"{text}"}}"#)));
        assert_eq!(version(&scripted), Ok(expected.to_owned()));
    }
}

#[test]
fn a_frontend_that_does_not_allow_one_call_is_asked_by_the_other() {
    let scripted = Scripted::new(|_, asked| {
        if asked.head.contains("cluster-info") {
            Reply::Say("403 Forbidden", "", r#"{"code":7,"message":"Request unauthorized."}"#.to_owned())
        } else {
            json(r#"{"serverVersion":"1.31.0","capabilities":{}}"#)
        }
    });
    assert_eq!(version(&scripted), Ok("1.31.0".to_owned()));
    assert!(scripted.asked()[1].head.starts_with("GET /api/v1/system-info HTTP/1.1\r\n"));
    let scripted = Scripted::new(|_, _| Reply::Say("403 Forbidden", "", r#"{"code":7,"message":"no"}"#.to_owned()));
    assert_eq!(
        version(&scripted).map_err(|fault| fault.to_string()),
        Err("the Temporal frontend answered 403: no".to_owned())
    );
}

#[test]
fn what_a_frontend_should_not_say_is_a_fault() {
    let faults = |reply: Reply| {
        let scripted = Scripted::new(move |_, _| reply.clone());
        version(&scripted).expect_err("it is no answer").to_string()
    };
    assert!(faults(json("<html>log in</html>")).contains("cannot be read"));
    assert!(faults(json("{}")).contains("cannot be read"));
    assert!(faults(json(r#"{"serverVersion":"latest"}"#)).contains("`latest` is no version"));
    assert!(faults(Reply::Torn).contains("cannot be reached"));
    assert!(faults(json(&"x".repeat(5 * 1024 * 1024))).contains("more than"));
    // What leads elsewhere is not followed.
    let moved = Reply::Say("302 Found", "location: http://127.0.0.1:9/api/v1/cluster-info\r\n", String::new());
    assert!(faults(moved).contains("answered 302"));
    // Once more is enough for what passes.
    let scripted = Scripted::new(|number, _| match number {
        0 => Reply::Say("503 Service Unavailable", "", String::new()),
        _ => json(r#"{"serverVersion":"1.29.0"}"#),
    });
    assert_eq!(version(&scripted), Ok("1.29.0".to_owned()));
}

#[test]
fn what_is_no_address_is_refused_and_credentials_have_no_place_in_one() {
    for address in ["", "temporal:7243", "ftp://temporal", "/etc/passwd", "http://"] {
        assert_eq!(Frontend::at(address).err(), Some(InvalidAddress::Url), "{address}");
    }
    let with = Frontend::at("http://ada:s3cret@temporal:7243").expect_err("credentials have no place there");
    assert!(!format!("{with} {with:?}").contains("s3cret"));
    for region in ["", "eu-west-1.evil.example/", "EU-WEST-1", "a@b"] {
        let at = EcsAt { region: region.to_owned(), ..at(&Scripted::new(|_, _| json("{}"))) };
        assert!(matches!(Ecs::new(at), Err(InvalidAddress::Region(_))), "{region}");
    }
}

fn at(scripted: &Scripted) -> EcsAt {
    EcsAt {
        cluster: "prod".to_owned(),
        service: "temporal-history".to_owned(),
        region: REGION.to_owned(),
        endpoint: Some(scripted.settings().address().to_owned()),
    }
}

fn definition(scripted: &Scripted) -> Result<String, AskError> {
    wait(Ecs::new(at(scripted)).expect("the settings are good").task_definition())
}

const ARN: &str = "arn:aws:ecs:eu-west-1:123456789012:task-definition/temporal-history:42";

fn services() -> String {
    format!(r#"{{"services":[{{"status":"ACTIVE","taskDefinition":"{ARN}","events":[]}}],"failures":[]}}"#)
}

#[test]
fn the_task_definition_of_a_service_is_asked_for_with_a_signature_that_verifies() {
    if !with_credentials("cluster::the_task_definition_of_a_service_is_asked_for_with_a_signature_that_verifies") {
        return;
    }
    let document = r#"{"taskDefinition":{"family":"temporal-history","containerDefinitions":[{"name":"temporal","environment":[{"name":"A","value":"b"}]}]},"tags":[]}"#;
    let scripted = Scripted::new(move |number, asked| match (number, asked.head.contains("DescribeServices")) {
        // ECS tells of throttling with 400.
        (0, true) => Reply::Say(
            "400 Bad Request",
            "",
            r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#.to_owned(),
        ),
        (_, true) => json(&services()),
        _ => json(document),
    });
    let found = definition(&scripted).expect("it is told");
    assert_eq!(found, document);
    let asked = scripted.asked();
    assert_eq!(asked.len(), 3);
    for asked in &asked {
        assert_eq!(verify(asked, SECRET_KEY, REGION, "ecs"), Ok(()), "{}", asked.head);
        let head = asked.head.to_ascii_lowercase();
        assert!(head.contains("content-type: application/x-amz-json-1.1\r\n"), "{head}");
        assert!(head.contains(&format!("x-amz-security-token: {SESSION}")), "{head}");
        assert!(!asked.head.contains(SECRET_KEY));
    }
    assert!(asked[1].head.contains("AmazonEC2ContainerServiceV20141113.DescribeServices"));
    assert_eq!(asked[1].body, r#"{"cluster":"prod","services":["temporal-history"]}"#);
    assert!(asked[2].head.contains("AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition"));
    assert_eq!(asked[2].body, format!(r#"{{"taskDefinition":"{ARN}"}}"#));
}

#[test]
fn what_ecs_does_not_have_or_allow_is_told_without_credentials() {
    if !with_credentials("cluster::what_ecs_does_not_have_or_allow_is_told_without_credentials") {
        return;
    }
    let fault = |script: fn(&Asked) -> Reply| {
        let scripted = Scripted::new(move |_, asked| script(asked));
        let fault = definition(&scripted).expect_err("it is no answer");
        let text = format!("{fault} {fault:?}");
        assert!(![ACCESS_KEY, SECRET_KEY, SESSION].iter().any(|secret| text.contains(secret)), "{text}");
        fault.to_string()
    };
    let missing = fault(|_| json(r#"{"services":[],"failures":[{"arn":"x","reason":"MISSING"}]}"#));
    assert_eq!(missing, "ECS has no service `temporal-history` in the cluster `prod`");
    let gone = fault(|_| json(r#"{"services":[{"status":"INACTIVE","taskDefinition":"x"}]}"#));
    assert_eq!(gone, missing);
    let denied = fault(|_| {
        let body = r#"{"__type":"AccessDeniedException","Message":"User: arn:aws:sts::1:x is not authorized"}"#;
        Reply::Say("400 Bad Request", "", body.to_owned())
    });
    assert_eq!(denied, "ECS answered 400: User: arn:aws:sts::1:x is not authorized");
    assert!(fault(|_| json("<html>")).contains("cannot be read"));
    let empty = fault(|asked| if asked.head.contains("DescribeServices") { json(&services()) } else { json("{}") });
    assert_eq!(empty, "the answer of ECS cannot be read: it has no `taskDefinition`");
    // Another controller deploys: the primary set of tasks counts.
    let sets = format!(
        r#"{{"services":[{{"status":"ACTIVE","taskSets":[{{"status":"ACTIVE","taskDefinition":"old"}},{{"status":"PRIMARY","taskDefinition":"{ARN}"}}]}}]}}"#
    );
    let scripted = Scripted::new(move |number, _| json(if number == 0 { &sets } else { r#"{"taskDefinition":{}}"# }));
    assert!(definition(&scripted).is_ok());
    assert!(scripted.asked()[1].body.contains(ARN));
}

/// Amazon Managed Prometheus would let the queries in.
#[test]
fn queries_are_signed_so_that_the_signature_verifies() {
    if !with_credentials("cluster::queries_are_signed_so_that_the_signature_verifies") {
        return;
    }
    let scripted = Scripted::new(|_, _| series(&["1"]));
    let address = format!("{}workspaces/ws-0123/", scripted.settings().address());
    let mut settings = tdsql::prometheus::Settings::at(&address).expect("an address");
    settings.auth = Auth::SigV4 { region: REGION.to_owned(), service: "aps".to_owned() };
    settings.parameters = vec![("max_samples_processed_error_threshold".to_owned(), "1 000+".to_owned())];
    settings.timeout = Duration::from_secs(20);
    let source = Prometheus::new(settings).expect("a client can be made");
    let plan = Plan { start: 0, end: 540, step: 60, rate_window: 300 };
    let query = r#"sum(rate(x{a="b c",d=~"e|f~g"}[5m])) + 100 * 2 % 7 "#;
    wait(source.range(query, plan)).expect("it is answered");
    wait(source.instant(query, 0)).expect_err("a matrix is no answer to it");
    let asked = scripted.asked();
    assert_eq!(asked.len(), 2);
    for asked in &asked {
        assert!(asked.head.starts_with("POST /workspaces/ws-0123/api/v1/query"), "{}", asked.head);
        assert_eq!(verify(asked, SECRET_KEY, REGION, "aps"), Ok(()), "{}", asked.head);
    }
}
