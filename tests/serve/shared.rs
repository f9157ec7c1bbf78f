//! Several processes over one store: a real PostgreSQL, and an S3 server that checks signatures.

use crate::parts::{ACCESS_KEY, BUCKET, SECRET_KEY, database, postgres, s3_server};
use crate::support::{Service, nothing, source, wanted};
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

const DATABASE_PASSWORD: &str = "a-password-of-the-database";

/// The objects of the bucket, but for the store's identity.
fn objects(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder.join("tdsql/profiles")) else { return 0 };
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".json"))
        .count()
}

#[test]
fn processes_that_share_postgresql_and_s3_keep_one_list() {
    let Some(server) = postgres("processes_that_share_postgresql_and_s3_keep_one_list") else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let s3 = folder.path().join("s3");
    let (database, bucket) = runtime.block_on(async { (database(&server).await, s3_server(&s3).await) });
    let index = database.replace("postgres@", &format!("postgres:{DATABASE_PASSWORD}@"));
    let settings = format!(
        "[store]\nat = \"{index}\"\nbucket = \"{BUCKET}\"\nprefix = \"tdsql\"\nendpoint = \"http://{bucket}\"\nregion = \"eu-central-1\"\n"
    );
    let telemetry = source(nothing);
    let start = || {
        let credentials = [
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        let own = TempDir::new().expect("a folder can be made");
        Service::start(own, &settings, &["--prometheus", &telemetry], &credentials)
    };
    let (mut first, second) = (start(), start());
    let ids = |service: &Service, query: &str| -> Vec<String> {
        let listed = service.get(&format!("/profiles{query}"));
        assert_eq!(listed.status, 200, "{}", listed.text);
        let listed = listed.json();
        let profiles = listed.as_array().expect("a list is an array").iter();
        profiles.map(|profile| profile["id"].as_str().expect("it has an id").to_owned()).collect()
    };

    // What one has made, the other lists and reads.
    let mut made: Vec<String> = Vec::new();
    for (number, service) in [&first, &second, &first].into_iter().enumerate() {
        let answer = service.post("/profiles", &wanted(&format!("profile {number}")));
        assert_eq!(answer.status, 201, "{}", answer.text);
        made.insert(0, answer.json()["id"].as_str().expect("it has an id").to_owned());
    }
    assert_eq!((ids(&first, ""), ids(&second, "?cluster=prod&namespace=payments")), (made.clone(), made.clone()));
    assert_eq!(ids(&second, "?cluster=other"), Vec::<String>::new());
    for id in &made {
        let path = format!("/profiles/{id}");
        let (here, there) = (first.get(&path), second.get(&path));
        assert_eq!((here.status, &here.text), (200, &there.text));
    }
    assert_eq!(objects(&s3.join(BUCKET)), 3);
    assert_eq!((first.get("/readyz").status, second.get("/readyz").status), (200, 200));

    // One baseline, whoever sets it.
    let baseline = |service: &Service, id: &str| {
        let set = service.post(&format!("/profiles/{id}/baseline"), "");
        assert_eq!((set.status, &set.json()["is_baseline"]), (200, &Value::Bool(true)));
    };
    let baselines = |service: &Service| -> Vec<String> {
        let listed = service.get("/profiles").json();
        let profiles = listed.as_array().expect("a list is an array").iter();
        let of = profiles.filter(|profile| profile["is_baseline"] == true).filter_map(|profile| profile["id"].as_str());
        of.map(str::to_owned).collect()
    };
    baseline(&first, &made[0]);
    baseline(&second, &made[1]);
    assert_eq!((baselines(&first), baselines(&second)), (vec![made[1].clone()], vec![made[1].clone()]));

    // One ends; another in its place finds everything.
    first.terminate();
    assert!(first.ended().success());
    let third = start();
    assert_eq!((ids(&third, ""), baselines(&third)), (made.clone(), vec![made[1].clone()]));
    let deleted = third.ask("DELETE", &format!("/profiles/{}", made[1]), &[], "");
    assert_eq!((deleted.status, objects(&s3.join(BUCKET))), (204, 2));
    assert_eq!((second.get(&format!("/profiles/{}", made[1])).status, baselines(&second).len()), (404, 0));

    // A bucket that is gone is told as such; what the index has is still listed.
    std::fs::rename(s3.join(BUCKET), s3.join("elsewhere")).expect("it can be renamed");
    let unreadable = second.get(&format!("/profiles/{}", made[0]));
    assert_eq!((unreadable.status, unreadable.problem()["status"].clone()), (502, 502.into()));
    assert_eq!((ids(&second, "").len(), second.get("/readyz").status), (2, 503));
    std::fs::rename(s3.join("elsewhere"), s3.join(BUCKET)).expect("it can be renamed");
    assert_eq!(second.get(&format!("/profiles/{}", made[0])).status, 200);

    for log in [first.log(), second.log(), third.log(), unreadable.text] {
        assert!(!log.contains(DATABASE_PASSWORD) && !log.contains(SECRET_KEY), "{log}");
    }
}
