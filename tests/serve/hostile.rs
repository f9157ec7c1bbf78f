//! Requests that mean no good: none of them gets anything but a problem, and the service answers the next one.

use crate::support::{Answer, Service, answer, nothing, source, wanted};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};

const JSON: &str = "Content-Type: application/json";

/// Sends these bytes; what comes back before the connection ends.
fn raw(service: &Service, bytes: &[u8]) -> String {
    let mut stream = service.connect();
    // It may have closed the connection before all was sent.
    let _ = stream.write_all(bytes);
    let mut back = Vec::new();
    let _ = stream.read_to_end(&mut back);
    String::from_utf8_lossy(&back).into_owned()
}

fn refused(answer: &Answer, status: u16) {
    assert_eq!((answer.status, answer.problem()["status"].clone()), (status, status.into()), "{}", answer.text);
}

#[test]
fn a_head_that_never_ends_is_given_up_and_a_large_one_refused() {
    let service = Service::with("[limits]\nrequest = \"500ms\"\n", &[]);
    // One byte now and then keeps nothing alive: the whole head has its time.
    let mut slow = service.connect();
    let begun = b"GET /profiles HTTP/1.1\r\nX: ";
    slow.write_all(begun).expect("it takes the beginning");
    let dripping = slow.try_clone().expect("it can be cloned");
    let drip = std::thread::spawn(move || {
        let mut dripping = dripping;
        let each = std::time::Duration::from_millis(50);
        (0..1000).take_while(|_| dripping.write_all(b"x").map(|()| std::thread::sleep(each)).is_ok()).count()
    });
    let mut back = Vec::new();
    let _ = slow.read_to_end(&mut back);
    drop(slow);
    assert!(drip.join().expect("it does not panic") < 1000, "the connection was closed");
    assert!(!String::from_utf8_lossy(&back).contains(" 200 "));

    let large = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    assert!(raw(&service, large.as_bytes()).starts_with("HTTP/1.1 431 "));
    let many: String = (0..200).map(|number| format!("X-{number}: x\r\n")).collect();
    let many = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{many}\r\n");
    assert!(raw(&service, many.as_bytes()).starts_with("HTTP/1.1 431 "));
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(100_000));
    assert!(raw(&service, long.as_bytes()).starts_with("HTTP/1.1 4"));
    assert_eq!(service.get("/healthz").status, 200);
}

#[test]
fn what_is_no_http_is_none() {
    let service = Service::new();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /profiles HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /compile HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET /pro files HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /profiles HTTP/1.1\r\nHost: local\x00host\r\n\r\n",
        b"\r\n\r\n\r\n\x00\x00\x00",
    ] {
        let back = raw(&service, bytes);
        assert!(back.is_empty() || back.starts_with("HTTP/1.1 4"), "{back}");
    }
    // One request, whatever a second one inside of it pretends.
    let smuggled = format!(
        "POST /compile HTTP/1.1\r\nHost: {}\r\n{JSON}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
        service.address
    );
    assert!(raw(&service, smuggled.as_bytes()).matches("HTTP/1.1 ").count() <= 1);
    assert_eq!(service.get("/healthz").status, 200);
}

#[test]
fn head_and_options_say_what_they_should_and_no_more() {
    let service = Service::new();
    for path in ["/profiles", "/presets", "/openapi.json", "/metrics", "/healthz"] {
        let (head, get) = (service.ask("HEAD", path, &[], ""), service.get(path));
        assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
    refused(&service.ask("OPTIONS", "/profiles", &[], ""), 405);
    for method in ["TRACE", "CONNECT", "PUT", "PROPFIND", "get"] {
        let answer = service.ask(method, "/profiles", &[], "");
        assert!((400..500).contains(&answer.status), "{method}: {}", answer.text);
    }
    let answer = service.ask("OPTIONS", "*", &[], "");
    assert!((400..500).contains(&answer.status), "{}", answer.text);
}

#[test]
fn bodies_that_are_no_requests_are_refused() {
    let service = Service::with("", &["--prometheus", &source(nothing)]);
    let deep = format!("{{\"preset\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_value = format!(
        "{{\"preset\": \"starter\", \"overrides\": {{\"values\": {{\"a\": {}1{}}}}}}}",
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    for (body, status) in [
        (deep.as_bytes(), 422),
        (deep_value.as_bytes(), 422),
        (&b"{\"preset\": \"\xff\xfe\"}"[..], 400),
        (b"\xef\xbb\xbf{\"preset\": \"starter\"}", 400),
        (b"{\"preset\": \"starter\"} {}", 400),
        (b"null", 422),
        (b"{\"preset\": \"a\", \"preset\": \"b\"}", 422),
        (b"{\"preset\": 1e999}", 400),
        (b"{\"preset\": \"\\ud800\"}", 400),
        (b"NaN", 400),
    ] {
        let mut request = format!(
            "POST /compile HTTP/1.1\r\nHost: {}\r\n{JSON}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            service.address,
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        let mut stream = service.connect();
        stream.write_all(&request).expect("it takes the request");
        let answer = answer(&mut stream);
        assert!(answer.status == status, "{}: {}", String::from_utf8_lossy(&body[..body.len().min(60)]), answer.text);
        refused(&answer, status);
    }
    for kind in [
        "text/plain",
        "application/xml",
        "application/jsonx",
        "multipart/form-data; boundary=x",
        "",
        "*/*",
        "application/problem+json",
    ] {
        refused(
            &service.ask("POST", "/compile", &[&format!("Content-Type: {kind}")], "{\"preset\": \"starter\"}"),
            415,
        );
    }
    let said = service.ask(
        "POST",
        "/compile",
        &["Content-Type: Application/JSON ; charset=utf-8"],
        "{\"preset\": \"starter\"}",
    );
    assert_eq!(said.status, 200, "{}", said.text);
}

#[test]
fn ids_cursors_and_filters_that_no_answer_has_given_are_refused() {
    let service = Service::new();
    for id in [
        "..%2f..%2fetc%2fpasswd",
        "..",
        "%00",
        "01930000-0000-7000-8000-00000000000G",
        "01930000-0000-7000-8000-00000000000A",
        "{01930000-0000-7000-8000-000000000000}",
        "0193000000007000800000000000000a",
        "' OR 1=1 --",
        "%F0%9F%92%A5",
        &"9".repeat(3000),
    ] {
        let id = id.replace(' ', "%20");
        for (method, path) in [
            ("GET", format!("/profiles/{id}")),
            ("DELETE", format!("/profiles/{id}")),
            ("POST", format!("/profiles/{id}/baseline")),
        ] {
            let answer = service.ask(method, &path, &[], "");
            assert!(matches!(answer.status, 404 | 405), "{path}: {}", answer.text);
            answer.problem();
        }
    }
    let known = "0006478f3f8c4000-01930000-0000-7000-8000-000000000000";
    assert_eq!(service.get(&format!("/profiles?cursor={known}")).status, 200);
    for cursor in [
        "0006478F3F8C4000-01930000-0000-7000-8000-000000000000",
        "6478f3f8c4000-01930000-0000-7000-8000-000000000000",
        "+006478f3f8c4000-01930000-0000-7000-8000-000000000000",
        "7fffffffffffffff-01930000-0000-7000-8000-000000000000",
        "8000000000000000-01930000-0000-7000-8000-000000000000",
        "0006478f3f8c4000-01930000-0000-7000-8000-000000000000'--",
        "0006478f3f8c4000-",
        "%00",
    ] {
        refused(&service.get(&format!("/profiles?cursor={cursor}")), 400);
    }
    for query in [
        "label=%ff",
        "label=a%00b",
        "cluster=%0a",
        "namespace=%1b%5b31m",
        "limit=1e3",
        "limit=-1",
        "limit=65537",
        "from=2026-13-01T00:00:00Z",
        "from=0",
        "a=b&a=b",
    ] {
        refused(&service.get(&format!("/profiles?{query}")), 400);
    }
    // A quote is a character like any other.
    for query in ["label=%27%20OR%201=1--", "cluster=%22%5C", "namespace=%25", "label=%F0%9F%92%A5"] {
        assert_eq!(service.get(&format!("/profiles?{query}")).text, "[]", "{query}");
    }
}

#[test]
fn names_are_kept_as_they_are_and_what_is_no_name_is_refused() {
    let service = Service::with("", &["--prometheus", &source(nothing)]);
    let name = r#"x",job=~".*"} or vector(1) or up{a="%RATE%\"#;
    let with = |field: &str, value: &str| {
        let mut request: Value = serde_json::from_str(&wanted("w")).expect("it is JSON");
        request[field] = json!(value);
        service.post("/profiles", &request.to_string())
    };
    for field in ["cluster_id", "namespace", "task_queue", "name", "label"] {
        let made = with(field, name);
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!(service.get(made.header("location").expect("it says where")).json()[field], name);
        for bad in ["\n", "a\u{0}b", "\u{1b}[31m", "", &"x".repeat(256)] {
            refused(&with(field, bad), 400);
        }
    }
}

/// Each unknown name is compared with every known one: a body full of them would keep a core busy for minutes.
#[test]
fn more_names_than_there_are_need_not_be_looked_at() {
    let service = Service::new();
    let values: serde_json::Map<String, Value> =
        (0..20_000).map(|number| (format!("history.shrads{number}"), json!(number))).collect();
    let body = json!({ "preset": "starter", "overrides": { "values": values } }).to_string();
    assert!(body.len() < 1024 * 1024);
    let answer = service.post("/compile", &body);
    refused(&answer, 422);
    let names: Vec<String> = (0..20_000).map(|number| format!("adapter-{number}")).collect();
    let answer = service.post("/compile", &json!({ "preset": "starter", "sdk": names }).to_string());
    refused(&answer, 422);
}
