//! `tdsql recommend`: what to do about the symptoms of a behaviour profile.

use super::args::ListFormat;
use super::profile::{Place, failed};
use super::session::{Failure, Session};
use super::{Exit, Outcome, subject};
use crate::catalog::Catalog;
use crate::diag::{Code, Diagnostic, Diagnostics, Span};
use crate::explain::{Page, text};
use crate::loader::Depth;
use crate::model::behaviour::BehaviourProfile;
use crate::store::{Store, StoreError};
use clap::Args;
use std::path::Path;

/// The template of the text, below `templates/`.
const TEMPLATE: &str = "judge/recommendations.txt.j2";

/// Options of `recommend`.
#[derive(Debug, Args)]
pub(super) struct Recommend {
    /// The profile: its id in the store, or a file as `profile show --format json` prints it.
    #[arg(value_name = "ID|FILE")]
    profile: String,
    /// The profile that it is held against, likewise; the baseline of its cluster and namespace where it is of the store.
    #[arg(long, value_name = "ID|FILE")]
    baseline: Option<String>,
    /// The preset that it runs, in the place of the profile's own.
    #[arg(long, value_name = "PRESET")]
    preset: Option<String>,
    #[command(flatten)]
    place: Place,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: ListFormat,
}

/// A profile and what it is held against, with the catalog that knows the files that were read.
pub(super) type Pair = (BehaviourProfile, Option<BehaviourProfile>, &'static Catalog);

pub(super) fn run(session: &mut Session, options: &Recommend) -> Outcome {
    let catalog = session.catalog_at(Depth::Judgement)?;
    let (profile, baseline, catalog) = pair(catalog, &options.profile, options.baseline.as_deref(), &options.place)?;
    let told = crate::recommend::recommend(catalog, baseline.as_ref(), &profile, options.preset.as_deref())
        .map_err(|faults| Failure::Refused(&catalog.sources, faults))?;
    match options.format {
        ListFormat::Json => session.terminal.out_json(&told)?,
        ListFormat::Text => {
            let page = Page { width: session.terminal.width, colored: session.terminal.out_colored, next: Vec::new() };
            let text =
                text(catalog, TEMPLATE, &told, &page).map_err(|faults| Failure::Refused(&catalog.sources, faults))?;
            session.terminal.out(text.trim_end())?;
        }
    }
    Ok(Exit::Done)
}

/// Reads a profile and its baseline: files where such are named, else of the store, which is opened only then.
pub(super) fn pair(
    catalog: &'static mut Catalog,
    profile: &str,
    baseline: Option<&str>,
    place: &Place,
) -> Result<Pair, Failure> {
    let of_file = [Some(profile), baseline].map(|name| name.filter(|name| is_file(name)));
    let mut diags = Diagnostics::default();
    let read = of_file.map(|name| name.and_then(|name| file(Path::new(name), catalog, &mut diags)));
    let catalog: &'static Catalog = catalog;
    if !diags.is_empty() {
        return Err(Failure::Refused(&catalog.sources, diags));
    }
    let [mut current, mut held] = read;
    if current.is_none() || (baseline.is_some() && held.is_none()) {
        let location = place.location()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::file("cannot start a runtime", &error))?;
        runtime.block_on(async {
            let store = Store::open(&location).await.map_err(failed)?;
            let stored = async |name: &str| -> Result<BehaviourProfile, Failure> {
                let id = name.parse().map_err(|_| failed(StoreError::not_found(crate::model::clipped(name))))?;
                store.get(id).await.map_err(failed)
            };
            let of_store = current.is_none();
            if of_store {
                current = Some(stored(profile).await?);
            }
            if let (Some(name), None) = (baseline, &held) {
                held = Some(stored(name).await?);
            }
            if let (Some(profile), None, None, true) = (&current, baseline, &held, of_store) {
                let found = store.baseline(&profile.cluster_id, profile.namespace.as_deref()).await.map_err(failed)?;
                if let Some(found) = found.filter(|found| found.id != profile.id) {
                    held = Some(store.get(found.id).await.map_err(failed)?);
                }
            }
            Ok::<(), Failure>(())
        })?;
    }
    let profile = current.expect("a profile that was not read from a file was got from the store, or the failure told");
    Ok((profile, held, catalog))
}

/// Whether a name is that of a file: an id has neither a dot nor a slash.
fn is_file(name: &str) -> bool {
    name.contains(['.', '/', '\\']) || Path::new(name).is_file()
}

/// Reads the file of a behaviour profile.
fn file(path: &Path, catalog: &mut Catalog, diags: &mut Diagnostics) -> Option<BehaviourProfile> {
    let text = subject::read_text(path, catalog, diags)?;
    let parsed = serde_json::from_str(&text).map_err(|error| error.to_string());
    let faults = match &parsed {
        Ok(profile) => BehaviourProfile::faults(profile).iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.lines().next().unwrap_or_default().to_owned()],
    };
    if faults.is_empty() {
        return parsed.ok();
    }
    let source = catalog.sources.add(path.display().to_string(), text);
    for fault in faults {
        diags.push(
            Diagnostic::error(Code::InvalidValue, format!("not a behaviour profile: {fault}"))
                .at(Span::new(source, 0..0), "this file")
                .help("give what `tdsql profile show ID --format json` prints"),
        );
    }
    None
}
