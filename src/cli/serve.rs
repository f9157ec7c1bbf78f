//! `tdsql serve`.

use super::profile::{Place, failed};
use super::session::{Failure, Session};
use super::{Exit, Outcome};
use crate::catalog::Catalog;
use crate::diag::{Diagnostic, Diagnostics, SourceMap};
use crate::loader::Depth;
use crate::prometheus::{self, Prometheus};
use crate::serve::{Outside, Parts, Settings, Source, Telemetry};
use crate::store::{DocumentsAt, Location, Store};
use clap::Args;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tokio::net::TcpListener;

/// Where to listen when nothing says it.
const USUAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8484);

/// The largest file of settings, and of a secret, in bytes.
const LARGEST_FILE: u64 = 1024 * 1024;

/// Options of `serve`.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Address and port to listen on; 127.0.0.1:8484 where neither this nor the settings say it. Port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// The settings file.
    #[arg(long, value_name = "FILE", env = "TDSQL_SETTINGS", hide_env_values = true)]
    config: Option<PathBuf>,
    /// Where telemetry comes from, in the place of what the settings say; user and password may stand in it.
    #[arg(long, value_name = "URL", env = "TDSQL_PROMETHEUS", hide_env_values = true)]
    prometheus: Option<String>,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(session: &mut Session, options: &Serve) -> Outcome {
    let settings = match &options.config {
        Some(path) => settings(session, path)?,
        None => Settings::default(),
    };
    let location = match settings.store {
        Some(location) if options.place.is_unsaid() => location,
        _ => options.place.location()?,
    };
    let source = match options.prometheus.as_deref().filter(|url| !url.is_empty()) {
        Some(url) => prometheus::Settings::at(url)
            .map(|settings| Some(Source { settings, exporter: None, scrape_interval: None }))
            .map_err(|fault| Failure::Outside(format!("--prometheus: {fault}")))?,
        None => settings.source,
    };
    let source = source.map(|Source { settings, exporter, scrape_interval }| {
        let source = Prometheus::new(settings).map_err(|fault| Failure::Outside(fault.to_string()))?;
        Ok::<_, Failure>(Telemetry { source, exporter, scrape_interval })
    });
    let source = source.transpose()?;
    let listen = options.listen.or(settings.listen).unwrap_or(USUAL);
    let catalog: &'static Catalog = session.catalog_at(Depth::Judgement)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::file("cannot start a runtime", &error))?;
    let exit = runtime.block_on(async {
        let store = Store::open(&location).await.map_err(failed)?;
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|error| Failure::file(&format!("cannot listen on {listen}"), &error))?;
        let address = listener.local_addr().unwrap_or(listen);
        // What may stop it is listened for before anybody is told that it runs.
        let stop = stop().map_err(|error| Failure::file("cannot listen for signals", &error))?;
        let local = address.ip().is_loopback();
        if !local && settings.token.is_none() {
            session.terminal.err(&format!(
                "warning: {address} can be reached from other machines, and no token is asked for: whoever reaches it can read, \
                 make and delete profiles; set `token_file` or `token_env` in the settings"
            ));
        }
        if !session.quiet {
            session.terminal.err(&format!("serving {} on http://{address}", shown(&location)));
        }
        let parts = Parts {
            catalog,
            store,
            source,
            token: settings.token,
            any_host: !local && settings.hosts.is_empty(),
            hosts: settings.hosts,
            limits: settings.limits,
            clock: SystemTime::now,
            log: if session.quiet { Box::new(|_| {}) } else { Box::new(super::terminal::log) },
        };
        let ended = crate::serve::serve(listener, parts, stop).await;
        if ended.cut > 0 {
            let requests = if ended.cut == 1 { "request" } else { "requests" };
            session.terminal.err(&format!("warning: {} {requests} did not end in time and were cut off", ended.cut));
        }
        Ok(Exit::Done)
    });
    // What is still under way there is given up.
    runtime.shutdown_background();
    exit
}

fn shown(location: &Location) -> String {
    match &location.documents {
        DocumentsAt::Directory(dir) if location.index == Location::directory(dir).index => dir.display().to_string(),
        documents => format!("{} with documents in {documents}", location.index),
    }
}

/// What the settings file says; every fault of it is told.
fn settings(session: &Session, path: &Path) -> Result<Settings, Failure> {
    let name = path.display().to_string();
    let text = read(path).map_err(|fault| Failure::Outside(format!("cannot read `{name}`: {fault}")))?;
    // A file that the settings name is looked for beside them.
    let beside = path.parent().unwrap_or(Path::new("")).to_owned();
    let outside =
        Outside { file: &|file| read(&beside.join(file)), variable: &|variable| std::env::var(variable).ok() };
    let (mut sources, mut diags) = (SourceMap::new(), Diagnostics::default());
    let settings = Settings::read(&name, &text, &outside, &mut sources, &mut diags);
    diags.sort();
    let sources: &'static SourceMap = Box::leak(Box::new(sources));
    if diags.iter().any(Diagnostic::is_error) {
        return Err(Failure::Refused(sources, diags));
    }
    session.report(sources, diags.as_slice());
    Ok(settings)
}

fn read(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|fault| fault.to_string())?;
    let read = std::io::Read::read_to_string(&mut std::io::Read::take(file, LARGEST_FILE + 1), &mut text);
    match read {
        Ok(bytes) if bytes as u64 > LARGEST_FILE => Err(format!("it has more than {LARGEST_FILE} bytes")),
        Ok(_) => Ok(text),
        Err(fault) => Err(fault.to_string()),
    }
}

/// Comes to its end when the process is asked to stop.
#[cfg(unix)]
fn stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Comes to its end when the process is asked to stop.
#[cfg(not(unix))]
fn stop() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
