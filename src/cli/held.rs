//! A profile and what it is held against: files where such are named, else of a store.

use super::profile::{Place, failed, refused, scope};
use super::session::Failure;
use super::subject;
use crate::catalog::Catalog;
use crate::diag::{Code, Diagnostic, Diagnostics, Span};
use crate::model::behaviour::BehaviourProfile;
use crate::store::{Store, StoreError};
use std::path::Path;

/// A profile and what it is held against, with the catalog that knows the files that were read.
pub(super) type Pair = (BehaviourProfile, Option<BehaviourProfile>, &'static Catalog);

/// Which profile is meant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meant<'a> {
    /// The one of this id, or in this file.
    Named(&'a str),
    /// The newest of this cluster and namespace; of the cluster as a whole without one.
    Newest(&'a str, Option<&'a str>),
}

/// Reads a profile and its baseline, which is the one of its cluster and namespace where none is named and the profile is of
/// the store. That is opened only where it is asked.
pub(super) fn pair(
    catalog: &'static mut Catalog,
    meant: Meant<'_>,
    baseline: Option<&str>,
    place: &Place,
) -> Result<Pair, Failure> {
    let named = match meant {
        Meant::Named(name) => Some(name),
        Meant::Newest(..) => None,
    };
    let of_file = [named, baseline].map(|name| name.filter(|name| is_file(name)));
    let mut diags = Diagnostics::default();
    let read = of_file.map(|name| name.and_then(|name| file(Path::new(name), catalog, &mut diags)));
    let catalog: &'static Catalog = catalog;
    if !diags.is_empty() {
        return Err(Failure::Refused(&catalog.sources, diags));
    }
    let (profile, held) = match (read, baseline) {
        ([Some(profile), None], None) => (profile, None),
        ([Some(profile), Some(held)], _) => (profile, Some(held)),
        ([profile, held], _) => {
            let location = place.location()?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| Failure::file("cannot start a runtime", &error))?;
            runtime.block_on(async {
                let store = Store::open(&location).await.map_err(failed)?;
                of_store(&store, (profile, meant), (held, baseline)).await
            })?
        }
    };
    Ok((profile, held, catalog))
}

/// Gets from the store what was not read from a file.
async fn of_store(
    store: &Store,
    (profile, meant): (Option<BehaviourProfile>, Meant<'_>),
    (held, baseline): (Option<BehaviourProfile>, Option<&str>),
) -> Result<(BehaviourProfile, Option<BehaviourProfile>), Failure> {
    let stored = async |name: &str| {
        let id = name.parse().map_err(|_| failed(StoreError::not_found(crate::model::clipped(name))))?;
        store.get(id).await.map_err(failed)
    };
    let of_file = profile.is_some();
    let profile = match (profile, meant) {
        (Some(profile), _) => profile,
        (None, Meant::Named(name)) => stored(name).await?,
        (None, Meant::Newest(cluster, namespace)) => match store.newest(cluster, namespace).await.map_err(failed)? {
            Some(found) => store.get(found.id).await.map_err(failed)?,
            None => {
                let message = format!("there is no behaviour profile of {}", scope(cluster, namespace));
                let help = "`tdsql profile list` lists what there is";
                return Err(refused(Diagnostic::error(Code::UnknownProfile, message).help(help)));
            }
        },
    };
    let held = match (held, baseline) {
        (Some(held), _) => Some(held),
        (None, Some(name)) => Some(stored(name).await?),
        (None, None) if of_file => None,
        (None, None) => {
            let found = store.baseline(&profile.cluster_id, profile.namespace.as_deref()).await.map_err(failed)?;
            match found.filter(|found| found.id != profile.id) {
                Some(found) => Some(store.get(found.id).await.map_err(failed)?),
                None => None,
            }
        }
    };
    Ok((profile, held))
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
