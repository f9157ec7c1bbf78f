//! A real Prometheus over series that were backfilled.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tdsql::prometheus::{Prometheus, Settings};

use crate::wait;

/// 2026-01-01T00:00:00Z; where blocks of a database begin.
pub(crate) const EPOCH: i64 = 1_767_225_600;

/// Series in the text form that a database is made of, scraped every 15 s.
pub(crate) struct Series {
    text: String,
    scrapes: i64,
}

impl Series {
    /// None yet, of so many scrapes.
    pub(crate) fn over(scrapes: i64) -> Self {
        Series { text: String::new(), scrapes }
    }

    pub(crate) fn add(&mut self, name: &str, labels: &str, value: impl Fn(i64) -> f64) {
        for at in 0..=self.scrapes {
            let _ = writeln!(self.text, "{name}{{{labels}}} {} {}", value(at), EPOCH + at * 15);
        }
    }
}

/// A server of its own, which ends with the test.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// A server that has these series; none where it is not installed, which is said.
    pub(crate) fn with(series: impl FnOnce() -> Series) -> Option<Self> {
        let there =
            |program: &str| Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if there("prometheus").is_err() || there("promtool").is_err() {
            // Past the capture of the test's own output: a skipped test must not look like one that passed.
            let _ = std::io::stderr().write_all(
                b"\n*** SKIPPED: no real Prometheus answers, because `prometheus` and `promtool` are not installed. ***\n\
                  *** Install them (Debian, Ubuntu: apt-get install prometheus) and run scripts/test again.      ***\n",
            );
            return None;
        }
        let mut series = series().text;
        series.push_str("# EOF\n");
        let folder = tempfile::tempdir().expect("a folder can be made");
        let (text, data, config) =
            (folder.path().join("data.om"), folder.path().join("data"), folder.path().join("p.yml"));
        std::fs::write(&text, series).expect("it can be written");
        std::fs::write(&config, "global: {}\n").expect("it can be written");
        let made = Command::new("promtool")
            .args(["tsdb", "create-blocks-from", "openmetrics"])
            .args([&text, &data])
            .output()
            .expect("promtool runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg(format!("--web.listen-address={address}"))
            .args(["--storage.tsdb.retention.time=100y", "--log.level=error"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus runs");
        let server = Server { child, address: format!("http://{address}"), _folder: folder };
        let ready = || wait(server.source().instant("vector(1)", EPOCH)).is_ok();
        // A question that is not answered is asked again, with pauses, by the source itself.
        assert!(
            (0..20).any(|_| ready() || {
                std::thread::sleep(Duration::from_millis(200));
                false
            }),
            "it starts"
        );
        Some(server)
    }

    /// The client of it.
    pub(crate) fn source(&self) -> Prometheus {
        Prometheus::new(Settings::at(&self.address).expect("an address")).expect("a client")
    }
}
