//! Ids, the log, measures, limits, and the end.

use crate::support::{Service, answer, nothing, source, wanted};
use std::io::{Read as _, Write as _};
use std::time::Duration;

#[test]
fn a_request_has_an_id_and_a_line_in_the_log() {
    let service = Service::new();
    let given = service.ask("GET", "/profiles?label=a-secret-label", &["X-Request-Id: from.the-caller_1"], "");
    assert_eq!(given.header("x-request-id"), Some("from.the-caller_1"));
    let long = format!("X-Request-Id: {}", "x".repeat(129));
    for odd in ["X-Request-Id: a b", "X-Request-Id: \"}", "X-Request-Id:", long.as_str()] {
        let made = service.ask("GET", "/healthz", &[odd], "");
        assert_eq!(made.header("x-request-id").map(str::len), Some(36), "{odd}");
    }
    let log = service.logged("from.the-caller_1");
    let line = log.lines().find(|line| line.contains("from.the-caller_1")).expect("it is there");
    let line: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
    assert_eq!((&line["method"], &line["path"], &line["status"]), (&"GET".into(), &"/profiles".into(), &200.into()));
    assert!(line["ms"].as_f64().is_some_and(|ms| ms > 0.0) && line["at"].is_string());
    assert!(!log.contains("a-secret-label"), "queries are not logged");
}

#[test]
fn measures_count_routes_and_not_what_callers_make_up() {
    let service = Service::new();
    for path in ["/profiles", "/profiles/a", "/profiles/b", "/made/up", "/made-up-too"] {
        service.get(path);
    }
    service.ask("BREW", "/profiles", &[], "");
    let text = service.get("/metrics").text;
    for line in [
        r#"tdsql_http_requests_total{method="GET",route="/profiles",status="200"} 1"#,
        r#"tdsql_http_requests_total{method="GET",route="/profiles/{id}",status="404"} 2"#,
        r#"tdsql_http_requests_total{method="GET",route="none",status="404"} 2"#,
        r#"tdsql_http_requests_total{method="other",route="/profiles",status="405"} 1"#,
        r#"tdsql_http_request_duration_seconds_count{route="/profiles/{id}"} 2"#,
        "tdsql_http_requests_under_way 1",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(!text.contains("made"));
}

#[test]
fn a_body_that_never_ends_is_cut_and_a_slow_one_is_given_up() {
    let service = Service::with("[limits]\nbody = 1000\nrequest = \"400ms\"\n", &[]);
    let head = format!(
        "POST /compile HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n",
        service.address
    );
    let mut stream = service.connect();
    stream.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).expect("it takes the head");
    for _ in 0..5 {
        // It may have closed the connection by now.
        let _ = stream.write_all(format!("100\r\n{}\r\n", "x".repeat(256)).as_bytes());
    }
    let cut = answer(&mut stream);
    assert_eq!((cut.status, cut.problem()["status"].clone()), (413, 413.into()));

    let mut stream = service.connect();
    stream.write_all(format!("{head}Content-Length: 100\r\n\r\n{{").as_bytes()).expect("it takes the head");
    let slow = answer(&mut stream);
    assert_eq!((slow.status, slow.problem()["status"].clone()), (408, 408.into()));
}

#[test]
fn more_requests_than_there_are_places_for_are_told_to_come_again() {
    let url = source(|head| {
        std::thread::sleep(Duration::from_secs(2));
        nothing(head)
    });
    let service = Service::with("[limits]\nrequests = 1\n", &["--prometheus", &url]);
    std::thread::scope(|scope| {
        scope.spawn(|| service.post("/profiles", &wanted("long")));
        // The source takes its time: the place is taken by now, and for long.
        std::thread::sleep(Duration::from_millis(700));
        let refused = service.get("/profiles");
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
        refused.problem();
        assert_eq!(service.get("/healthz").status, 200, "its health is told all the same");
    });
}

#[test]
fn it_ends_when_it_is_asked_to_and_what_is_under_way_comes_to_its_end() {
    let url = source(|head| {
        std::thread::sleep(Duration::from_millis(200));
        nothing(head)
    });
    let mut service = Service::with("", &["--prometheus", &url]);
    let idle = service.connect();
    let mut stream = service.connect();
    let body = wanted("at the end");
    let head = format!(
        "POST /profiles HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        service.address,
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).expect("it takes the request");
    std::thread::sleep(Duration::from_millis(300));
    service.terminate();
    let made = answer(&mut stream);
    assert_eq!(made.status, 201, "{}", made.text);
    assert!(service.ended().success());
    assert!(std::net::TcpStream::connect(&service.address).is_err(), "nobody listens any more");
    drop(idle);
    // What was acknowledged is there.
    let folder = std::mem::replace(&mut service.folder, tempfile::tempdir().expect("a folder can be made"));
    let again = Service::over(folder, "", &[]);
    assert_eq!(again.get(made.header("location").expect("it says where")).status, 200);
}

#[test]
fn what_does_not_end_in_time_is_cut_off() {
    let url = source(|head| {
        std::thread::sleep(Duration::from_secs(20));
        nothing(head)
    });
    let mut service = Service::with("[limits]\ndrain = \"300ms\"\n", &["--prometheus", &url]);
    let mut stream = service.connect();
    let body = wanted("never");
    let head = format!(
        "POST /profiles HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        service.address,
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).expect("it takes the request");
    std::thread::sleep(Duration::from_millis(300));
    service.terminate();
    assert!(service.ended().success());
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(rest.is_empty(), "it was not answered");
    service.logged("1 request did not end in time");
}
