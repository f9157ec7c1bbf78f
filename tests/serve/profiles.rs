//! Profiles over HTTP.

use crate::support::{PASSWORD, Service, filled, nothing, said, source, wanted};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn a_profile_is_made_read_made_the_baseline_and_deleted() {
    let service = Service::with("", &["--prometheus", &source(nothing)]);
    let made = service.post("/profiles", &wanted("before"));
    assert_eq!(made.status, 201, "{}", made.text);
    let metadata = made.json();
    let path = made.header("location").expect("it says where").to_owned();
    assert_eq!(path, format!("/profiles/{}", metadata["id"].as_str().expect("it has an id")));

    let profile = service.get(&path).json();
    for (name, value) in metadata.as_object().expect("metadata is an object") {
        assert_eq!(&profile[name], value, "{name}");
    }
    let gap = &profile["telemetry"]["throughput"]["state_transitions_per_sec"];
    assert!(gap["mean"].is_null() && gap["gap"]["state"] == "absent", "{gap}");

    let baseline = service.post(&format!("{path}/baseline"), "");
    assert_eq!((baseline.status, &baseline.json()["is_baseline"]), (200, &true.into()));
    assert_eq!(service.get("/profiles?cluster=prod").json()[0]["is_baseline"], true);

    let deleted = service.ask("DELETE", &path, &[], "");
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    for (method, path) in [("GET", path.clone()), ("DELETE", path.clone()), ("POST", format!("{path}/baseline"))] {
        let gone = service.ask(method, &path, &[], "");
        assert_eq!((gone.status, &gone.problem()["id"]), (404, &metadata["id"]), "{method} {path}");
    }
    assert_eq!(service.get("/profiles").text, "[]");
}

#[test]
fn pages_together_are_the_list_and_each_profile_stands_once() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let kept = filled(folder.path(), 23);
    let service = Service::over(folder, "", &[]);
    let named = |filter: &dyn Fn(usize) -> bool| -> Vec<String> {
        (0..23).rev().filter(|number| filter(*number)).map(|number| kept[number].id.to_string()).collect()
    };
    for (query, expected) in [
        ("", named(&|_| true)),
        ("cluster=cluster-1&", named(&|number| number % 3 == 1)),
        ("label=even+%26+odd&", named(&|number| number % 2 == 0)),
        ("namespace=payments&label=even%20%26%20odd&cluster=cluster-0&", named(&|number| number % 6 == 0)),
        ("from=2026-01-01T10:00:00Z&to=2026-01-01T12:30:00Z&", named(&|number| (9..=12).contains(&number))),
        ("namespace=other&", Vec::new()),
    ] {
        for limit in [1, 2, 7, 23, 1000] {
            let mut next = Some(format!("/profiles?{query}limit={limit}"));
            let mut found: Vec<String> = Vec::new();
            while let Some(path) = next {
                let page = service.get(&path);
                assert_eq!(page.status, 200, "{path}: {}", page.text);
                let profiles = page.json();
                let profiles = profiles.as_array().expect("a list is an array");
                assert!(profiles.len() <= limit && profiles.iter().all(|profile| profile.get("telemetry").is_none()));
                found.extend(profiles.iter().map(|profile| profile["id"].as_str().expect("an id").to_owned()));
                next = page.header("link").map(|link| {
                    let path = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
                    path.expect("the link is to the next page").to_owned()
                });
            }
            assert_eq!(found, expected, "{query}limit={limit}");
        }
    }
}

#[test]
fn one_of_many_baselines_at_once_stands() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let kept = filled(folder.path(), 9);
    let service = Service::over(folder, "", &[]);
    let of_one: Vec<String> =
        kept.iter().filter(|profile| profile.cluster_id == "cluster-0").map(|profile| profile.id.to_string()).collect();
    std::thread::scope(|scope| {
        for id in of_one.iter().cycle().take(12) {
            let service = &service;
            scope.spawn(move || assert_eq!(service.post(&format!("/profiles/{id}/baseline"), "").status, 200));
        }
    });
    let listed = service.get("/profiles").json();
    let listed = listed.as_array().expect("a list is an array");
    let baselines: Vec<_> = listed.iter().filter(|profile| profile["is_baseline"] == true).collect();
    assert_eq!(baselines.len(), 1);
    assert_eq!(baselines[0]["cluster_id"], "cluster-0");
}

#[test]
fn what_goes_wrong_at_the_source_is_told_without_its_credentials() {
    let denied = r#"{"status":"error","errorType":"execution","error":"tests:a-password-of-the-tests may not"}"#;
    let detail = |script: fn(&str, &str) -> String, expected: &str| {
        let service = Service::with("", &["--prometheus", &source(move |head| script(head, denied))]);
        let answer = service.post("/profiles", &wanted("in vain"));
        assert_eq!(answer.status, 502, "{}", answer.text);
        let problem = answer.problem();
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(expected)), "{problem}");
        assert_eq!(service.get("/profiles").text, "[]", "nothing is kept");
        assert!(!answer.text.contains(PASSWORD), "{}", answer.text);
        assert!(!service.log().contains(PASSWORD), "{}", service.log());
    };
    detail(|_, denied| said("403 Forbidden", denied), "[redacted] may not");
    detail(|_, _| said("500 Internal Server Error", "out of order"), "out of order");
    detail(|_, _| said("429 Too Many Requests", "slow down"), "slow down");
    detail(|_, _| said("200 OK", "<html>a portal</html>"), "cannot be read");
    detail(|_, _| "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{".to_owned(), "cannot be reached");
}

#[test]
fn a_query_that_fails_is_a_gap_and_hides_no_other() {
    let number = AtomicUsize::new(0);
    let url = source(move |head| {
        let range = head.contains("query_range");
        let third = range && number.fetch_add(1, Ordering::SeqCst).is_multiple_of(3);
        if third { said("400 Bad Request", r#"{"status":"error","error":"no"}"#) } else { nothing(head) }
    });
    let service = Service::with("", &["--prometheus", &url]);
    let made = service.post("/profiles", &wanted("partial"));
    assert_eq!(made.status, 201, "{}", made.text);
    let text = service.get(made.header("location").expect("it says where")).text;
    let states: BTreeSet<&str> = text.split("\"state\":\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(states, BTreeSet::from(["absent", "failed"]));
}

#[test]
fn a_slow_source_ends_with_the_time_of_the_request() {
    let url = source(|head| {
        std::thread::sleep(std::time::Duration::from_secs(5));
        nothing(head)
    });
    let service = Service::with("[limits]\ncreation = \"300ms\"\n", &["--prometheus", &url]);
    let answer = service.post("/profiles", &wanted("late"));
    assert_eq!((answer.status, answer.problem()["status"].clone()), (503, 503.into()), "{}", answer.text);
}
