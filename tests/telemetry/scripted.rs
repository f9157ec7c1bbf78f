//! A source on loopback that answers by script, and what a client makes of it.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tdsql::prometheus::{Auth, Prometheus, Secret, Settings, SourceError};
use tdsql::telemetry::Plan;

use crate::wait;

/// What a request was.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: String,
}

/// What is said to one: the raw answer, and whether to wait before or break off.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Status line without the protocol, headers, body.
    Say(&'static str, &'static str, String),
    /// The head of an answer whose body never comes whole.
    Torn,
    /// Nothing, for this long; then the connection is closed.
    Silence(Duration),
}

/// The answer of a series with these values, a minute apart.
pub(crate) fn series(values: &[&str]) -> Reply {
    let values: Vec<String> =
        values.iter().enumerate().map(|(at, value)| format!("[{},\"{value}\"]", at * 60)).collect();
    let body = format!(
        r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[{}]}}]}}}}"#,
        values.join(",")
    );
    Reply::Say("200 OK", "", body)
}

/// A source whose n-th request is answered by the script.
pub(crate) struct Scripted {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    most_at_once: Arc<AtomicUsize>,
}

impl Scripted {
    pub(crate) fn new(script: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
        let address = format!("http://{}", listener.local_addr().expect("it has an address"));
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (most_at_once, now) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let script = Arc::new(script);
        let (seen, most) = (Arc::clone(&asked), Arc::clone(&most_at_once));
        // Ends with the process; every connection serves one request.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, seen, most, now) =
                    (Arc::clone(&script), Arc::clone(&seen), Arc::clone(&most), Arc::clone(&now));
                std::thread::spawn(move || {
                    let _ = serve(stream, &seen, |number, asked| {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        let reply = script(number, asked);
                        // Before it is sent: the client may ask again as soon as it has it.
                        now.fetch_sub(1, Ordering::SeqCst);
                        reply
                    });
                });
            }
        });
        Scripted { address, asked, most_at_once }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings::at(&self.address).expect("the address is one")
    }

    pub(crate) fn source(&self) -> Prometheus {
        Prometheus::new(self.settings()).expect("a client can be made")
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no thread panics with it").clone()
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }
}

fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<Asked>>,
    script: impl FnOnce(usize, &Asked) -> Reply,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut bytes = Vec::new();
    let (head, length) = loop {
        let mut part = [0; 4096];
        let read = stream.read(&mut part)?;
        if read == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(&part[..read]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            bytes.drain(..end + 4);
            break (head, length.unwrap_or(0));
        }
    };
    while bytes.len() < length {
        let mut part = [0; 4096];
        let read = stream.read(&mut part)?;
        bytes.extend_from_slice(&part[..read]);
    }
    let asked = Asked { head, body: String::from_utf8_lossy(&bytes).into_owned() };
    let number = {
        let mut seen = seen.lock().expect("no thread panics with it");
        seen.push(asked.clone());
        seen.len() - 1
    };
    match script(number, &asked) {
        Reply::Say(status, headers, body) => write!(
            stream,
            "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        ),
        Reply::Torn => {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\nconnection: close\r\n\r\n{{\"status\"")
        }
        Reply::Silence(pause) => {
            std::thread::sleep(pause);
            Ok(())
        }
    }
}

const PLAN: Plan = Plan { start: 0, end: 540, step: 60, rate_window: 300 };

fn refused(status: &'static str, body: &str) -> Reply {
    Reply::Say(status, "", body.to_owned())
}

fn range(source: &Prometheus) -> Result<Vec<f64>, SourceError> {
    let answer = wait(source.range("up", PLAN))?;
    Ok(answer.samples.iter().map(|sample| sample.value).collect())
}

#[test]
fn special_values_are_read_as_they_are() {
    let scripted = Scripted::new(|_, _| series(&["1", "NaN", "+Inf", "-Inf", "2.5e-3"]));
    let values = range(&scripted.source()).expect("it is answered");
    assert_eq!(values.len(), 5);
    assert!(values[1].is_nan() && values[2] == f64::INFINITY && values[3] == f64::NEG_INFINITY);
    assert!((values[0] - 1.0).abs() < 1e-12 && (values[4] - 0.0025).abs() < 1e-12);
    let asked = scripted.asked();
    assert!(asked[0].head.starts_with("POST /api/v1/query_range HTTP/1.1"), "{}", asked[0].head);
    assert_eq!(asked[0].body, "query=up&start=0&end=540&step=60");
}

#[test]
fn what_passes_is_asked_again_and_what_does_not_is_not() {
    for status in [
        "429 Too Many Requests",
        "500 Internal Server Error",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
    ] {
        let scripted =
            Scripted::new(move |number, _| if number == 0 { refused(status, "busy") } else { series(&["7"]) });
        assert_eq!(range(&scripted.source()), Ok(vec![7.0]), "{status}");
        assert_eq!(scripted.asked().len(), 2, "{status}");
    }
    for (status, code) in
        [("400 Bad Request", 400), ("401 Unauthorized", 401), ("403 Forbidden", 403), ("404 Not Found", 404)]
    {
        let scripted =
            Scripted::new(move |_, _| refused(status, r#"{"status":"error","errorType":"x","error":"no such thing"}"#));
        let fault = range(&scripted.source()).expect_err("it is refused");
        assert_eq!(fault, SourceError::Refused { status: code, detail: "no such thing".to_owned() });
        assert_eq!(scripted.asked().len(), 1, "{status}");
    }
}

#[test]
fn a_source_that_keeps_failing_is_given_up_with_what_it_said() {
    let scripted =
        Scripted::new(|_, _| Reply::Say("503 Service Unavailable", "", "<html>  gone\n fishing</html>".to_owned()));
    let fault = range(&scripted.source()).expect_err("it is down");
    assert!(fault.is_of_source());
    assert_eq!(fault.to_string(), "the source answered 503: <html> gone fishing</html>");
    assert_eq!(scripted.asked().len(), 4);
}

#[test]
fn a_range_that_is_too_much_is_asked_for_in_halves() {
    let step = |asked: &Asked, name: &str| -> i64 {
        let field = asked.body.split('&').find_map(|field| field.strip_prefix(name)).expect("it is a field");
        field.parse().expect("it is a number")
    };
    let scripted = Scripted::new(move |_, asked| {
        let (start, end) = (step(asked, "start="), step(asked, "end="));
        if end - start > 200 {
            return refused(
                "422 Unprocessable Entity",
                r#"{"status":"error","error":"query processing would load too many samples"}"#,
            );
        }
        let values: Vec<String> = (start..=end).step_by(60).map(|at| format!("[{at},\"{at}\"]")).collect();
        let result = format!(r#"[{{"metric":{{}},"values":[{}]}}]"#, values.join(","));
        Reply::Say(
            "200 OK",
            "",
            format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":{result}}}}}"#),
        )
    });
    let expected: Vec<f64> = (0..10).map(|at| f64::from(at) * 60.0).collect();
    assert_eq!(range(&scripted.source()), Ok(expected));
}

#[test]
fn broken_answers_are_faults() {
    let scripted = Scripted::new(|_, _| Reply::Torn);
    assert!(matches!(range(&scripted.source()), Err(SourceError::Unreachable(_))));
    let scripted = Scripted::new(|_, _| Reply::Say("200 OK", "", "<html>log in</html>".to_owned()));
    assert!(matches!(range(&scripted.source()), Err(SourceError::Malformed(_))));
    let two = r#"{"status":"success","data":{"resultType":"matrix","result":[{"values":[]},{"values":[]}]}}"#;
    let scripted = Scripted::new(move |_, _| Reply::Say("200 OK", "", two.to_owned()));
    assert_eq!(range(&scripted.source()), Err(SourceError::ManySeries(2)));
    let scripted = Scripted::new(|_, _| Reply::Silence(Duration::from_secs(5)));
    let mut settings = scripted.settings();
    settings.timeout = Duration::from_millis(300);
    let source = Prometheus::new(settings).expect("a client can be made");
    assert_eq!(range(&source), Err(SourceError::TimedOut(Duration::from_millis(300))));
    // Nothing listens there any more.
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("an address");
    let source = Prometheus::new(Settings::at(&format!("http://{address}")).expect("an address")).expect("a client");
    let fault = range(&source).expect_err("nobody answers");
    assert!(fault.is_of_source() && !fault.to_string().contains(&address.to_string()), "{fault}");
}

#[test]
fn warnings_come_with_the_samples() {
    let body = r#"{"status":"success","warnings":["a store is away"],"isPartial":true,"data":{"resultType":"matrix","result":[]}}"#;
    let scripted = Scripted::new(move |_, _| Reply::Say("200 OK", "", body.to_owned()));
    let answer = wait(scripted.source().range("up", PLAN)).expect("it is answered");
    assert_eq!(answer.samples, []);
    assert_eq!(answer.warnings, ["a store is away", "the source says that its answer is partial"]);
}

#[test]
fn secrets_are_sent_and_never_shown() {
    const SECRET: &str = "s3cret-Token";
    let scripted = Scripted::new(|_, asked| {
        // A proxy that repeats what it was sent.
        refused("403 Forbidden", &format!("denied: {}", asked.head))
    });
    let mut with_token = scripted.settings();
    with_token.auth = Auth::Bearer(Secret::new(SECRET));
    with_token.headers = vec![("X-Scope-OrgID".to_owned(), Secret::new("tenant-1|tenant-2"))];
    let address = with_token.address().replace("http://", &format!("http://me:{SECRET}@"));
    let in_address = Settings::at(&address).expect("an address");
    assert!(!in_address.address().contains(SECRET) && !format!("{in_address:?}").contains(SECRET));
    for settings in [with_token, in_address] {
        assert!(!format!("{settings:?}").contains(SECRET));
        let source = Prometheus::new(settings).expect("a client can be made");
        let fault = range(&source).expect_err("it is refused");
        assert!(!fault.to_string().contains(SECRET) && !format!("{fault:?}").contains(SECRET), "{fault:?}");
    }
    let asked = scripted.asked();
    let head = asked[0].head.to_ascii_lowercase();
    assert!(head.contains("authorization: bearer s3cret-token") && head.contains("x-scope-orgid: tenant-1|tenant-2"));
    assert!(asked[1].head.to_ascii_lowercase().contains("authorization: basic "));
}

#[test]
fn addresses_keep_their_path_and_what_is_none_is_refused() {
    let scripted = Scripted::new(|_, _| series(&["1"]));
    let address = format!("{}prometheus/?x=1#y", scripted.settings().address());
    let source = Prometheus::new(Settings::at(&address).expect("an address")).expect("a client");
    assert_eq!(range(&source), Ok(vec![1.0]));
    assert!(scripted.asked()[0].head.starts_with("POST /prometheus/api/v1/query_range "));
    for address in ["", "prometheus:9090", "ftp://x", "http://", "/var/prometheus"] {
        assert!(Settings::at(address).is_err(), "{address}");
    }
}
