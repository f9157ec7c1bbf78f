//! A service that runs, a client that says exactly what it is told to, and a source of telemetry that follows a script.

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tdsql::model::behaviour::{
    BehaviourProfile, ConfigSnapshot, GapState, MetricAggregate, ProfileId, Section, TelemetrySummary, Timestamp,
};
use tdsql::store::{Location, Store};
use tempfile::TempDir;

/// How long anything may take that has to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A service that runs.
pub(crate) struct Service {
    pub(crate) address: String,
    pub(crate) folder: TempDir,
    process: Child,
    log: Arc<Mutex<String>>,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|fault| panic!("{fault}: {}", self.text))
    }

    /// The problem document, without what differs from run to run.
    pub(crate) fn problem(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text);
        let mut document = self.json();
        for member in ["type", "title", "detail", "instance", "remedy"] {
            assert!(document[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {document}");
        }
        assert_eq!(document["status"], self.status);
        let id = document["request_id"].as_str().expect("a problem names its request");
        assert_eq!(self.header("x-request-id"), Some(id));
        document["request_id"] = "[id]".into();
        document
    }
}

impl Service {
    /// A service with these settings over a store of its own.
    pub(crate) fn with(settings: &str, arguments: &[&str]) -> Self {
        Self::over(tempfile::tempdir().expect("a folder can be made"), settings, arguments)
    }

    /// Likewise, in a folder that has something already.
    pub(crate) fn over(folder: TempDir, settings: &str, arguments: &[&str]) -> Self {
        let store = folder.path().join("store").display().to_string();
        Self::start(folder, settings, &[&["--store", &store], arguments].concat(), &[])
    }

    /// A service whose store is in its settings or its arguments, with these variables.
    pub(crate) fn start(folder: TempDir, settings: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let file = folder.path().join("settings.toml");
        std::fs::write(&file, settings).expect("the settings can be written");
        let mut process = Command::new(env!("CARGO_BIN_EXE_tdsql"))
            .args(["--no-local", "serve", "--listen", "127.0.0.1:0"])
            .arg("--config")
            .arg(&file)
            .args(arguments)
            .env("XDG_DATA_HOME", folder.path().join("none"))
            .env("TDSQL_TEST_TOKEN", TOKEN)
            .env("TDSQL_TEST_PASSWORD", PASSWORD)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(process.stderr.take().expect("it is piped")).lines();
        let log: Arc<Mutex<String>> = Arc::default();
        let mut address = None;
        for line in lines.by_ref().map_while(Result::ok) {
            let begun = line.strip_prefix("serving ").and_then(|rest| rest.split_once(" on http://"));
            address = begun.map(|(_, address)| address.to_owned());
            log.lock().expect("nothing panics with it").push_str(&format!("{line}\n"));
            if address.is_some() {
                break;
            }
        }
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().expect("nothing panics with it").push_str(&format!("{line}\n"));
            }
        });
        let text = log.lock().expect("nothing panics with it").clone();
        Service { address: address.unwrap_or_else(|| panic!("it says where it is: {text}")), folder, process, log }
    }

    pub(crate) fn new() -> Self {
        Self::with("", &[])
    }

    /// What it wrote so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("nothing panics with it").clone()
    }

    /// Waits until the log has this.
    pub(crate) fn logged(&self, text: &str) -> String {
        let begun = Instant::now();
        loop {
            let log = self.log();
            if log.contains(text) {
                return log;
            }
            assert!(begun.elapsed() < PATIENCE, "`{text}` is not in the log:\n{log}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A connection.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time can be set");
        stream
    }

    /// Sends a request with these further header lines.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        if !headers.iter().any(|header| header.to_ascii_lowercase().starts_with("host:")) {
            head.push_str(&format!("Host: {}\r\n", self.address));
        }
        for header in headers {
            head.push_str(&format!("{header}\r\n"));
        }
        let mut stream = self.connect();
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).expect("it takes the request");
        answer(&mut stream)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "")
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, &["Content-Type: application/json"], body)
    }

    /// Asks the process to stop.
    pub(crate) fn terminate(&self) {
        let killed = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        assert!(killed.expect("kill runs").success());
    }

    /// Waits for the process to end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().expect("it can be waited for") {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The token of the tests.
pub(crate) const TOKEN: &str = "a-token-of-the-tests-0123456789";
/// The password of the source.
pub(crate) const PASSWORD: &str = "a-password-of-the-tests";

/// Reads an answer to its end.
pub(crate) fn answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("it answers and closes");
    let text = String::from_utf8(bytes).expect("answers are text");
    let (head, text) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("an answer has a head: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let headers =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned()));
    Answer { status: status.expect("it has a status"), headers: headers.collect(), text: text.to_owned() }
}

/// What the source answers where nothing goes wrong: it has no series.
pub(crate) fn nothing(path: &str) -> String {
    let kind = if path.contains("query_range") { "matrix" } else { "vector" };
    let body = format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":[]}}}}"#);
    said("200 OK", &body)
}

/// A whole answer.
pub(crate) fn said(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// A source on loopback; each request gets what the script says to its head. Gives its URL, with credentials.
pub(crate) fn source(script: impl Fn(&str) -> String + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
    let address = listener.local_addr().expect("it has an address");
    let script = Arc::new(script);
    // Ends with the process.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let script = Arc::clone(&script);
            std::thread::spawn(move || {
                let _ = stream.set_read_timeout(Some(PATIENCE));
                let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
                while let Ok(read @ 1..) = stream.read(&mut part) {
                    bytes.extend_from_slice(&part[..read]);
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let length = head
                        .lines()
                        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
                    if body.len() >= length.unwrap_or(0) {
                        let _ = stream.write_all(script(head).as_bytes());
                        return;
                    }
                }
            });
        }
    });
    format!("http://tests:{PASSWORD}@{address}")
}

/// A request for a profile of January 2026.
pub(crate) fn wanted(name: &str) -> String {
    serde_json::json!({
        "name": name,
        "cluster_id": "prod",
        "namespace": "payments",
        "time_window_start": "2026-01-01T00:00:00Z",
        "time_window_end": "2026-01-01T01:00:00Z",
    })
    .to_string()
}

/// Keeps so many profiles in the store of a folder; the newest is the last.
pub(crate) fn filled(folder: &Path, profiles: u32) -> Vec<BehaviourProfile> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime starts").block_on(async {
        let store = Store::open(&Location::directory(&folder.join("store"))).await.expect("it opens");
        let mut made = Vec::new();
        for number in 0..profiles {
            let profile = profile(number);
            store.create(&profile).await.expect("it is kept");
            made.push(profile);
        }
        made
    })
}

fn profile(number: u32) -> BehaviourProfile {
    const HOUR: i64 = 3_600_000_000;
    let at = |hours: i64| Timestamp::from_micros(1_767_225_600_000_000 + hours * HOUR).expect("it is a time");
    let hour = i64::from(number);
    let metrics = [(Section::Throughput, "state_transitions_per_sec")];
    BehaviourProfile {
        id: ProfileId::new(at(hour + 2)),
        name: format!("profile {number}"),
        label: number.is_multiple_of(2).then(|| "even & odd".to_owned()),
        cluster_id: format!("cluster-{}", number % 3),
        namespace: Some("payments".to_owned()),
        task_queue: None,
        time_window_start: at(hour),
        time_window_end: at(hour + 1),
        temporal_server_version: Some(semver::Version::new(1, 29, 0)),
        dsql_plugin_version: None,
        worker_code_sha: None,
        config_snapshot: ConfigSnapshot::default(),
        telemetry: TelemetrySummary::complete(metrics, |_, _| MetricAggregate::gap(GapState::Absent, "no series")),
        created_at: at(hour + 2),
        is_baseline: false,
    }
}
