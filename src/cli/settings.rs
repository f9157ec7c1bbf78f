//! The settings file, read from where it is: by the service, and by the commands that ask the same source and store.

use super::session::{Failure, Session};
use crate::diag::{Diagnostic, Diagnostics, SourceMap};
use crate::prometheus::{self, Prometheus};
use crate::serve::{Outside, Settings, Source, Telemetry};
use std::path::Path;

/// The largest file of settings, and of a secret, in bytes.
const LARGEST_FILE: u64 = 1024 * 1024;

/// What the settings file says; every fault of it is told.
pub(super) fn settings(session: &Session, path: &Path) -> Result<Settings, Failure> {
    let name = path.display().to_string();
    let text = read(path).map_err(|fault| Failure::Outside(format!("cannot read `{name}`: {fault}")))?;
    // A file that the settings name is looked for beside them.
    let beside = path.parent().unwrap_or(Path::new("")).to_owned();
    let outside = Outside {
        file: &|file| read(&beside.join(file)),
        place: &|file| beside.join(file),
        variable: &|variable| std::env::var(variable).ok(),
    };
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

/// The source of telemetry: the one of `--prometheus`, else that of the settings.
pub(super) fn telemetry(prometheus: Option<&str>, settings: Option<Source>) -> Result<Option<Telemetry>, Failure> {
    let source = match prometheus.filter(|url| !url.is_empty()) {
        Some(url) => prometheus::Settings::at(url)
            .map(|settings| Some(Source { settings, exporter: None, scrape_interval: None }))
            .map_err(|fault| Failure::Outside(format!("--prometheus: {fault}")))?,
        None => settings,
    };
    let source = source.map(|Source { settings, exporter, scrape_interval }| {
        let source = Prometheus::new(settings).map_err(|fault| Failure::Outside(fault.to_string()))?;
        Ok(Telemetry { source, exporter, scrape_interval })
    });
    source.transpose()
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
