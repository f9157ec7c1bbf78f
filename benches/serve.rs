//! The service as a process of its own, on loopback: profiles read by one core, a profile made of a slow source, memory
//! while requests stream.
//!
//!   cargo bench --bench serve
//!   cargo bench --bench serve -- PROGRAM    another binary
//!
//! Where `taskset` is, the service runs on the first core and the client on the others. The time of the CPU is the kernel's
//! count for the process of the service: a busy machine makes the wall time longer, and that hardly.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints its figures")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use tdsql::catalog::Catalog;
use tdsql::model::behaviour::{
    BehaviourProfile, ConfigSnapshot, MetricAggregate, ProfileId, Statistics, TelemetrySummary, Timestamp,
};
use tdsql::store::{Location, Store};

const READS: usize = 20_000;
const STREAMED: usize = 10_000;
const CONNECTIONS: usize = 4;
const DELAY: Duration = Duration::from_millis(50);

struct Service {
    process: Child,
    address: String,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Service {
    fn start(folder: &Path, source: &str) -> Self {
        let named = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
        let program = named.unwrap_or_else(|| env!("CARGO_BIN_EXE_tdsql").to_owned());
        let mut command = if pins() { Command::new("taskset") } else { Command::new(&program) };
        if pins() {
            command.args(["-c", "0", &program]);
        }
        command.args(["--no-local", "serve", "--listen", "127.0.0.1:0", "--prometheus", source, "--store"]).arg(folder);
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        // Its access log is read, as whatever collects logs would.
        std::thread::spawn(move || lines.map_while(Result::ok).count());
        let address =
            first.split_once(" on http://").unwrap_or_else(|| panic!("it does not start: {first}")).1.to_owned();
        Service { process, address }
    }

    fn connect(&self) -> Connection {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        Connection { reader: BufReader::new(stream), host: self.address.clone() }
    }

    /// Seconds of CPU so far.
    fn cpu(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap_or_default();
        let ticks: f64 = text
            .rsplit(") ")
            .next()
            .map(|rest| rest.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum())
            .unwrap_or(0.0);
        ticks / 100.0
    }

    /// Resident memory, in MiB.
    fn resident(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse().unwrap_or(0.0) / 1024.0
    }
}

/// How many cores there are; asked once, since this process gives some of them up.
static CORES: LazyLock<usize> = LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));

/// Whether processes can be kept on one core.
fn pins() -> bool {
    let there = || Command::new("taskset").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    *CORES > 1 && there().is_ok()
}

struct Connection {
    reader: BufReader<TcpStream>,
    host: String,
}

impl Connection {
    fn ask(&mut self, method: &str, path: &str, body: &str) -> (u16, Vec<u8>) {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        self.reader.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut status, mut length, mut line) = (0, 0, String::new());
        loop {
            line.clear();
            self.reader.read_line(&mut line).unwrap();
            let text = line.trim_end().to_ascii_lowercase();
            if let Some(rest) = text.strip_prefix("http/1.1 ") {
                status = rest.get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(0);
            } else if let Some(digits) = text.strip_prefix("content-length: ") {
                length = digits.parse().unwrap();
            } else if text.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).unwrap();
        (status, body)
    }
}

/// A source that takes its time for each answer, and keeps connections.
fn source() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let values: Vec<String> = (0..241).map(|at| format!("[{},\"{at}.5\"]", 1_767_225_600 + at * 15)).collect();
    let range = format!(
        r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[{}]}}]}}}}"#,
        values.join(",")
    );
    let instant = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[0,"1"]}]}}"#;
    let (range, instant) = (Arc::new(range), instant.to_owned());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (range, instant) = (Arc::clone(&range), instant.clone());
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream);
                loop {
                    let (mut is_range, mut length, mut line) = (false, 0, String::new());
                    loop {
                        line.clear();
                        if reader.read_line(&mut line).unwrap_or(0) == 0 {
                            return;
                        }
                        is_range |= line.contains("query_range");
                        if let Some(digits) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                            length = digits.trim().parse().unwrap();
                        }
                        if line == "\r\n" {
                            break;
                        }
                    }
                    reader.read_exact(&mut vec![0; length]).unwrap();
                    std::thread::sleep(DELAY);
                    let body = if is_range { range.as_str() } else { instant.as_str() };
                    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                    if reader.get_mut().write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    format!("http://{address}")
}

/// Keeps some profiles with every metric measured; the id of one.
fn filled(folder: &Path) -> String {
    let catalog = Catalog::embedded().unwrap();
    let created_at: Timestamp = "2026-01-01T02:00:00Z".parse().unwrap();
    let measured = Statistics::new([0.25, 1234.5, 77.125, 70.5, 900.25, 1200.75]).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&Location::directory(folder)).await.unwrap();
        let mut last = String::new();
        for number in 0..100 {
            let profile = BehaviourProfile {
                id: ProfileId::new(created_at),
                name: format!("profile {number}"),
                label: Some("nightly".to_owned()),
                cluster_id: "prod".to_owned(),
                namespace: Some("payments".to_owned()),
                task_queue: None,
                time_window_start: "2026-01-01T00:00:00Z".parse().unwrap(),
                time_window_end: "2026-01-01T01:00:00Z".parse().unwrap(),
                temporal_server_version: None,
                dsql_plugin_version: None,
                worker_code_sha: None,
                config_snapshot: ConfigSnapshot::default(),
                telemetry: TelemetrySummary::complete(catalog.measured(), |_, _| MetricAggregate::Measured(measured)),
                created_at,
                is_baseline: false,
            };
            store.create(&profile).await.unwrap();
            last = profile.id.to_string();
        }
        last
    })
}

fn at(sorted: &[Duration], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3
}

/// So many requests over a few connections, the n-th as it says; how long each took.
fn stream(service: &Service, requests: usize, ask: impl Fn(&mut Connection, usize) + Sync) -> Vec<Duration> {
    let next = AtomicUsize::new(0);
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let each = || {
            let mut connection = service.connect();
            let mut times = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= requests {
                    return times;
                }
                let begun = Instant::now();
                ask(&mut connection, number);
                times.push(begun.elapsed());
            }
        };
        let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(each)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    times.sort_unstable();
    times
}

fn reads(service: &Service, id: &str) {
    for (name, path) in [
        ("one profile", format!("/profiles/{id}")),
        ("a list of 50", "/profiles?cluster=prod".to_owned()),
        ("healthz", "/healthz".to_owned()),
    ] {
        let read = |connection: &mut Connection, _| assert_eq!(connection.ask("GET", &path, "").0, 200);
        stream(service, READS / 10, read);
        let (begun, cpu) = (Instant::now(), service.cpu());
        let times = stream(service, READS, read);
        let (took, cpu) = (begun.elapsed().as_secs_f64(), service.cpu() - cpu);
        println!(
            "{name:<16} {:>9.0} {:>12.0} {:>10.0} {:>8.2} {:>8.2}",
            READS as f64 / took,
            READS as f64 / cpu.max(0.01),
            cpu * 1e6 / READS as f64,
            at(&times, 0.5),
            at(&times, 0.99)
        );
    }
}

fn creations(service: &Service) {
    let mut connection = service.connect();
    let mut times = Vec::new();
    for number in 0..11 {
        let body = format!(
            r#"{{"name":"made {number}","cluster_id":"prod","namespace":"payments","time_window_start":"2026-01-01T00:00:00Z","time_window_end":"2026-01-01T01:00:00Z"}}"#
        );
        let begun = Instant::now();
        let (status, answer) = connection.ask("POST", "/profiles", &body);
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&answer));
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    println!(
        "\na profile of {} queries, each answered after {DELAY:?}, eight at once: median {:.0} ms, fastest {:.0} ms, slowest {:.0} ms",
        Catalog::embedded().unwrap().metrics.len(),
        at(&times, 0.5),
        at(&times, 0.0),
        at(&times, 1.0)
    );
}

fn memory(service: &Service, id: &str) {
    println!("\nmemory, after so many requests of every kind, MiB");
    let compile = r#"{"preset":"starter"}"#;
    let ask = |connection: &mut Connection, number: usize| {
        let (method, path, body, expected) = match number % 8 {
            0 => ("GET", "/profiles".to_owned(), "", 200),
            1 => ("POST", "/compile".to_owned(), compile, 200),
            2 => ("GET", format!("/made-up/{number}"), "", 404),
            3 => ("GET", format!("/profiles?label=label-{number}"), "", 200),
            4 => ("GET", "/metrics".to_owned(), "", 200),
            _ => ("GET", format!("/profiles/{id}"), "", 200),
        };
        assert_eq!(connection.ask(method, &path, body).0, expected, "{path}");
    };
    let mut line = format!("{:>8.1}", service.resident());
    for _ in 0..5 {
        stream(service, STREAMED / 5, ask);
        line.push_str(&format!(" {:>8.1}", service.resident()));
    }
    let heads: Vec<String> = (0..=5).map(|part| format!("{:>8}", part * STREAMED / 5)).collect();
    println!("{}\n{line}", heads.join(" "));
}

fn main() {
    if pins() {
        let others = format!("1-{}", *CORES - 1);
        let _ = Command::new("taskset")
            .args(["-a", "-c", "-p", &others, &std::process::id().to_string()])
            .stdout(Stdio::null())
            .status();
    }
    let folder = tempfile::tempdir().unwrap();
    let id = filled(folder.path());
    let service = Service::start(folder.path(), &source());
    println!(
        "{READS} requests each over {CONNECTIONS} connections, the service on {}",
        if pins() { "one core" } else { "all cores" }
    );
    println!("{:<16} {:>9} {:>12} {:>10} {:>8} {:>8}", "GET", "a second", "a CPU second", "CPU µs", "p50 ms", "p99 ms");
    reads(&service, &id);
    creations(&service);
    memory(&service, &id);
}
