//! `tdsql serve`.

use super::profile::{Place, failed};
use super::session::{Failure, Session};
use super::{Exit, Outcome, settings};
use crate::catalog::Catalog;
use crate::loader::Depth;
use crate::serve::{Parts, Settings};
use crate::store::{DocumentsAt, Location, Store};
use clap::Args;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::SystemTime;
use tokio::net::TcpListener;

/// Where to listen when nothing says it.
const USUAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8484);

// Options of `serve`.
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
    let mut settings = match &options.config {
        Some(path) => settings::settings(session, path)?,
        None => Settings::default(),
    };
    let location = super::telemetry::store(&options.place, &mut settings)?;
    let source = settings::telemetry(options.prometheus.as_deref(), settings.source)?;
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
            collectors: settings.collectors,
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
