//! What the modules share: snapshot settings, linking, rendering, compiling.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tdsql::catalog::{Catalog, ParamId};
use tdsql::compile::{Compilation, Given, Request, compile};
use tdsql::diag::{Diagnostic, Diagnostics, Format, SourceMap, Style, render};
use tdsql::loader::{DataSet, Depth};
use tdsql::model::Scalar;

/// The package's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of fixtures.
pub(crate) fn fixtures() -> PathBuf {
    root().join("tests/it/fixtures")
}

/// Settings for snapshots in `snapshots/<area>/`.
pub(crate) fn snapshots(area: &str) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(root().join("snapshots").join(area));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

/// Reads a text file.
pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|fault| panic!("{} can be read: {fault}", path.display()))
}

/// The names in a folder, sorted.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap_or_else(|fault| panic!("{} can be listed: {fault}", folder.display()))
        .map(|entry| entry.expect("an entry can be read").file_name().into_string().expect("names are UTF-8"))
        .collect();
    names.sort();
    names
}

/// The files of a folder and of those below it whose names end so, sorted.
pub(crate) fn files_below(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for name in names_in(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            files.extend(files_below(&path, end));
        } else if name.ends_with(end) {
            files.push(path);
        }
    }
    files
}

/// Folders of the catalog's layout, each laid over the one before.
pub(crate) fn data(folders: &[&Path]) -> DataSet {
    let mut set = DataSet::empty();
    for folder in folders {
        set.lay_over(folder, "").expect("the folder can be read");
    }
    set
}

/// The shipped catalog as it stands in the folders now, linked as a check links it.
pub(crate) fn shipped() -> &'static Catalog {
    static SHIPPED: LazyLock<Catalog> = LazyLock::new(|| match Catalog::link(data(&[root()]), Depth::Check) {
        Ok(catalog) => catalog,
        Err(broken) => panic!("the shipped catalog links:\n{}", text(&broken.sources, broken.diagnostics.as_slice())),
    });
    &SHIPPED
}

/// Diagnostics as a person sees them: 100 columns, no colour.
pub(crate) fn text(sources: &SourceMap, diagnostics: &[Diagnostic]) -> String {
    render(Format::Text, sources, diagnostics, Style { color: false, width: 100 })
}

/// The preset and modifier of every combination, and `preset+modifier` for names.
pub(crate) fn combinations(catalog: &Catalog) -> Vec<(String, Option<String>, String)> {
    let mut all = Vec::new();
    for preset in catalog.presets.keys() {
        all.push((preset.to_string(), None, preset.to_string()));
        for modifier in catalog.modifiers.keys() {
            all.push((preset.to_string(), Some(modifier.to_string()), format!("{preset}+{modifier}")));
        }
    }
    all
}

/// The time at which tests compile.
pub(crate) const THEN: &str = "2026-02-06T12:00:00Z";

/// A request with values as text, as flags give them.
pub(crate) fn request(preset: &str, modifier: Option<&str>, set: &[(&str, &str)]) -> Request {
    Request {
        preset: preset.to_owned(),
        modifier: modifier.map(str::to_owned),
        given: set.iter().map(|(key, value)| Given::new(*key, Scalar::Str((*value).to_owned()))).collect(),
        ..Request::default()
    }
}

/// Compiles a request on the shipped catalog.
pub(crate) fn compiled(request: &Request) -> Result<Compilation<'static>, Diagnostics> {
    compile(shipped(), request, THEN)
}

/// Compiles a request that is good.
pub(crate) fn good(preset: &str, modifier: Option<&str>, set: &[(&str, &str)]) -> Compilation<'static> {
    compiled(&request(preset, modifier, set)).unwrap_or_else(|faults| {
        panic!("{preset} with {modifier:?} and {set:?} compiles:\n{}", text(&shipped().sources, faults.as_slice()))
    })
}

/// The parameter of this key.
pub(crate) fn id(key: &str) -> ParamId {
    shipped().find(key).unwrap_or_else(|| panic!("there is a parameter `{key}`"))
}

/// Every value of a compilation as text, by key.
pub(crate) fn values(compilation: &Compilation<'_>) -> BTreeMap<String, String> {
    let catalog = compilation.catalog;
    catalog.ids().map(|id| (catalog.parameter(id).key.to_string(), compilation.resolution.text(id))).collect()
}

/// The names of the rails that fired, in the order of the result.
pub(crate) fn fired(compilation: &Compilation<'_>) -> Vec<String> {
    compilation.findings.iter().map(|finding| finding.rail.name.to_string()).collect()
}

/// Replaces the digests and the version of this compiler, after a look at their form.
pub(crate) fn redacted(text: &str, compilation: &Compilation<'_>) -> String {
    for digest in [&compilation.digest, &compilation.catalog.digest] {
        assert_eq!(digest.len(), 64, "{digest}");
        assert!(digest.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)), "{digest}");
    }
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(version.split('.').count(), 3);
    text.replace(&compilation.digest, "[digest]")
        .replace(&compilation.catalog.digest, "[catalog digest]")
        .replace(&format!("tdsql {version}"), "tdsql [version]")
}
