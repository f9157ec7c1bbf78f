//! `tdsql compile`.

use super::args::{Compile, CompileFormat};
use super::session::{Failure, Session};
use super::subject::{self, ENVIRONMENT, quoted};
use super::{Exit, Outcome};
use crate::catalog::{Adapter, Catalog};
use crate::compile::{Compilation, Page, Rendered, Request, Story, compile};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::inputs;
use crate::loader::Depth;
use crate::publish::{Publication, PublishError};

pub(super) fn run(session: &mut Session, options: &Compile) -> Outcome {
    let catalog = session.catalog_at(Depth::Artifacts)?;
    let mut diags = Diagnostics::default();
    let request = request(session, options, catalog, &mut diags)?;
    let compiled_at = compiled_at(&mut diags);
    let catalog: &'static Catalog = catalog;
    // Faults of files and of what they say are told together.
    let compiled = compile(catalog, &request, &compiled_at);
    let (faults, warnings): (Vec<_>, Vec<_>) = diags.into_iter().partition(Diagnostic::is_error);
    let compilation = match compiled {
        Ok(compilation) if faults.is_empty() => compilation,
        outcome => {
            let mut all: Diagnostics = faults.into_iter().chain(outcome.err().into_iter().flatten()).collect();
            all.sort();
            all.dedup();
            return Err(Failure::Refused(&catalog.sources, all));
        }
    };
    session.report(&catalog.sources, &warnings);
    let mut compilation = std::mem::ManuallyDrop::new(compilation);
    tell(session, options, &mut compilation).map_err(|told| match told {
        Told::Template(faults) => Failure::Refused(&catalog.sources, faults),
        Told::Failure(failure) => failure,
    })?;
    Ok(if compilation.is_refused() { Exit::Refused } else { Exit::Done })
}

/// Why a compilation could not be told or written.
enum Told {
    Template(Diagnostics),
    Failure(Failure),
}

impl From<Diagnostics> for Told {
    fn from(faults: Diagnostics) -> Self {
        Told::Template(faults)
    }
}

impl From<std::io::Error> for Told {
    fn from(error: std::io::Error) -> Self {
        Told::Failure(Failure::Output(error))
    }
}

fn tell(session: &Session, options: &Compile, compilation: &mut Compilation<'_>) -> Result<(), Told> {
    let withheld = compilation.is_refused();
    let summary = if options.format == CompileFormat::Text || options.out.is_some() {
        let story = compilation.story();
        make(session, options, compilation, &story)?
    } else {
        String::new()
    };
    let mut fired = compilation.diagnostics();
    if withheld && compilation.errors() == 0 {
        let denied = Diagnostic::error(Code::GuardRail, "warnings are denied; nothing was written");
        fired.push(denied.help("mend what each rail names, or let warnings pass"));
    }
    if options.format == CompileFormat::Text || session.chose_errors() {
        // Denied warnings are why nothing was written: they are told even where only errors are.
        let keep = |diagnostic: &Diagnostic| withheld || !session.quiet || diagnostic.is_error();
        session.report_all(&compilation.catalog.sources, &fired.into_iter().filter(keep).collect::<Vec<_>>());
    }
    match options.format {
        CompileFormat::Json => session.terminal.out_json(&compilation.result()?)?,
        CompileFormat::Yaml => {
            let text = serde_yaml::to_string(&compilation.result()?).map_err(std::io::Error::other)?;
            session.terminal.out(&text)?;
        }
        CompileFormat::Text if session.quiet => {}
        CompileFormat::Text => session.terminal.out(&summary)?,
    }
    Ok(())
}

fn next_steps(options: &Compile, compilation: &Compilation<'_>) -> Vec<(String, String)> {
    let inputs = &compilation.resolution.inputs;
    let preset = inputs.preset.map_or("", |preset| &preset.layer.name);
    let modifier = inputs.modifier.map(|modifier| format!(" -m {}", modifier.name)).unwrap_or_default();
    let mut steps = Vec::new();
    match &options.out {
        Some(dir) => {
            let dir = quoted(&dir.display().to_string());
            steps.push((format!("less {dir}/why.md"), "read why each value is what it is".to_owned()));
            steps.push((
                format!("temporal-server validate-dynamic-config {dir}/dynamicconfig.yaml"),
                "let your server read the dynamic configuration".to_owned(),
            ));
            steps.push((
                format!("tdsql compile --from {dir}/profile.json -s KEY=VALUE"),
                "try a change and see what it moves".to_owned(),
            ));
        }
        None => {
            // Once a preset is named the environment is not read: what it gave is named as well.
            let environment: Vec<String> = inputs
                .overrides
                .iter()
                .filter(|given| given.origin == ENVIRONMENT)
                .map(|given| {
                    format!(
                        "{}={}",
                        compilation.catalog.parameter(given.id).key,
                        compilation.resolution.shown(given.id)
                    )
                })
                .collect();
            let again = same_inputs(options, preset, &modifier, &environment);
            steps.push((format!("tdsql compile {again} -o out"), "write the artifacts".to_owned()));
            let describe = format!("tdsql describe-preset {preset}{modifier}");
            steps.push((describe, "see every parameter with its reason".to_owned()));
        }
    }
    steps
}

/// The command that compiles the nearest change that satisfies the guard rails, if there is one.
fn mended(options: &Compile, compilation: &Compilation<'_>) -> Vec<(String, String)> {
    let Some(nearest) = compilation.nearest_change().filter(|nearest| nearest.found) else { return Vec::new() };
    let inputs = &compilation.resolution.inputs;
    let named = inputs.preset.map_or("", |preset| &preset.layer.name);
    let mut command = format!("tdsql compile {}", nearest.preset.as_deref().unwrap_or(named));
    let mut add = |flag: &str, value: &str| command.push_str(&format!(" {flag} {}", quoted(value)));
    if let Some(modifier) = inputs.modifier {
        add("-m", &modifier.name);
    }
    if let Some(from) = &options.from {
        add("--from", &from.display().to_string());
    }
    for set in nearest.arguments.iter().filter(|argument| *argument != "-s") {
        add("-s", set);
    }
    for (flag, version) in
        [("--temporal-version", &options.temporal_version), ("--plugin-version", &options.plugin_version)]
    {
        if let Some(version) = version {
            add(flag, version);
        }
    }
    vec![(command, "compile with the nearest change".to_owned())]
}

/// The arguments that compile the same again.
fn same_inputs(options: &Compile, preset: &str, modifier: &str, environment: &[String]) -> String {
    let mut text = format!("{preset}{modifier}");
    let mut add = |flag: &str, value: &str| {
        text.push(' ');
        text.push_str(flag);
        text.push(' ');
        text.push_str(&quoted(value));
    };
    for (flag, path) in [("--env-file", &options.env_file), ("--from", &options.from)] {
        if let Some(path) = path {
            add(flag, &path.display().to_string());
        }
    }
    for path in &options.values {
        add("--values", &path.display().to_string());
    }
    for set in environment.iter().chain(&options.set) {
        add("-s", set);
    }
    for (flag, version) in
        [("--temporal-version", &options.temporal_version), ("--plugin-version", &options.plugin_version)]
    {
        if let Some(version) = version {
            add(flag, version);
        }
    }
    text
}

/// Makes one text.
type Maker<'t> = dyn Fn() -> Result<String, Told> + Sync + 't;

/// Makes everything that the command prints and writes, and writes the files: what is printed afterwards is true then. Gives
/// the summary, empty where none is printed. Where artifacts are withheld there is nothing else.
fn make(session: &Session, options: &Compile, compilation: &Compilation<'_>, story: &Story) -> Result<String, Told> {
    let withheld = compilation.is_refused();
    let page = (options.format == CompileFormat::Text && !session.quiet).then(|| Page {
        width: session.terminal.width,
        colored: session.terminal.out_colored,
        next: if withheld { mended(options, compilation) } else { next_steps(options, compilation) },
    });
    let summary = || match &page {
        Some(page) => Ok(compilation.summary_of(story, page)?),
        None => Ok(String::new()),
    };
    if withheld {
        return summary();
    }
    let profile = || json_text(&compilation.profile(), ROOM_FOR_A_PROFILE);
    let plugin = || {
        let mut plugin = compilation.plugin_config();
        plugin.insert("generated_by".to_owned(), compilation.generated_by());
        json_text(&plugin, 0)
    };
    let rails = || json_text(&compilation.guard_rail_results(), 0);
    let dynamic_config = || Ok(compilation.dynamic_config_yaml().to_owned());
    let why = || Ok(compilation.why_of(story)?);
    let catalog = compilation.catalog;
    let texts: [(&str, &Maker<'_>); 5] = [
        ("why.md", &why),
        ("profile.json", &profile),
        ("dynamicconfig.yaml", &dynamic_config),
        ("dsql-plugin.json", &plugin),
        ("guard-rails.json", &rails),
    ];
    let mut owned: Vec<String> = texts.iter().map(|(path, _)| (*path).to_owned()).collect();
    for adapter in &catalog.adapters {
        let paths = adapter.outputs.iter().flat_map(|output| catalog.platform.files(&output.file));
        owned.extend(paths.map(|path| format!("{}/{}/{path}", folder(adapter.sdk), adapter.name)));
    }
    let unwritten = |error: PublishError| Told::Failure(Failure::file("", &error));
    let out = options.out.as_deref().map(|dir| Publication::begin(dir, &owned)).transpose().map_err(unwritten)?;
    // Written where it is made and dropped: what is only kept takes memory that nobody has used yet, which costs as much as writing.
    let put = |path: &str, text: &str| match &out {
        Some(out) => out.put(path, text.as_bytes()).map_err(unwritten),
        None => Ok(()),
    };
    let written = texts.map(|(path, make)| move || make().and_then(|text| put(path, &text)).map(|()| String::new()));
    let written = written.iter().filter(|_| out.is_some()).map(|text| text as &Maker<'_>);
    let others: Vec<&Maker<'_>> = written.chain([&summary as &Maker<'_>]).collect();
    // An adapter that fails is told also where no files are asked for.
    let each = |adapter: &Adapter, rendered: Rendered| {
        for file in rendered? {
            put(&format!("{}/{}/{}", folder(adapter.sdk), adapter.name, file.filename), &file.content)?;
        }
        Ok(String::new())
    };
    let told = faultless(compilation.snippets_beside(&others, &each))?;
    out.map_or(Ok(()), Publication::commit).map_err(unwritten)?;
    Ok(told)
}

/// What was made, one text after the other, or every fault of all that was.
fn faultless(made: Vec<Result<String, Told>>) -> Result<String, Told> {
    let (mut faults, mut failed, mut told) = (Diagnostics::default(), None, String::new());
    for made in made {
        match made {
            Ok(text) => told.push_str(&text),
            Err(Told::Template(more)) => faults.extend(more),
            Err(failure) => failed = failed.or(Some(failure)),
        }
    }
    if !faults.is_empty() {
        faults.sort();
        return Err(Told::Template(faults));
    }
    failed.map_or(Ok(told), Err)
}

/// What the shipped catalog's need, in bytes, and half as much: a text that grows to its size costs as much as writing it.
const ROOM_FOR_A_PROFILE: usize = 96 * 1024;

fn json_text(value: &impl serde::Serialize, room: usize) -> Result<String, Told> {
    let mut text = Vec::with_capacity(room);
    let written = serde_json::to_writer_pretty(&mut text, value).map_err(std::io::Error::from);
    let text = written.and_then(|()| String::from_utf8(text).map_err(std::io::Error::other));
    Ok(text.map_err(|error| Told::Failure(Failure::file("cannot write JSON", &error)))? + "\n")
}

fn folder(sdk: bool) -> &'static str {
    if sdk { "sdk" } else { "platform" }
}

// --- inputs ---------------------------------------------------------------------------------------------------------

fn request(
    session: &Session,
    options: &Compile,
    catalog: &mut Catalog,
    diags: &mut Diagnostics,
) -> Result<Request, Failure> {
    let running = options.from.as_deref().and_then(|path| subject::profile(path, catalog, diags));
    let mut given = Vec::new();
    let mut preset = options.preset.clone();
    let mut modifier = options.modifier.clone();
    match (&preset, &running) {
        (None, Some(running)) => {
            preset = Some(running.preset_name.clone());
            modifier = modifier.or_else(|| running.modifier.clone());
            given.extend(subject::overrides_of(running));
        }
        // A profile that could not be read was reported.
        (None, None) if options.from.is_some() => {
            preset = Some(catalog.default_preset.to_string());
        }
        (None, None) => {
            let prefixes = catalog.variable_prefixes.clone();
            let ours = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix.as_ref()));
            // An empty variable is to the plugin one that is not set.
            let set = || subject::environment().filter(|(_, value)| !value.is_empty());
            let entries = inputs::environment_entries(set(), &ours, &mut catalog.sources);
            let parameters = entries.iter().filter(|entry| catalog.find_variable(&entry.key.value).is_some()).count();
            if entries.is_empty() && options.env_file.is_none() {
                return Err(no_preset(catalog));
            }
            if !session.quiet {
                let variables = match parameters {
                    0 if options.env_file.is_some() => "the file's variables are".to_owned(),
                    0 => "the environment's variables set no parameter; none is".to_owned(),
                    1 => "1 variable of the environment is".to_owned(),
                    count => format!("{count} variables of the environment are"),
                };
                session
                    .terminal
                    .err(&format!("note: no preset named; {variables} laid over `{}`", catalog.default_preset));
            }
            preset = Some(catalog.default_preset.to_string());
            // The whole environment that the plugin would read, not only what made it count.
            let known: Vec<String> = catalog.variables_of_parameters().map(str::to_owned).collect();
            let read = |name: &str| ours(name) || known.iter().any(|known| known == name);
            given.extend(
                inputs::environment_entries(set(), &read, &mut catalog.sources).into_iter().map(subject::convert),
            );
        }
        _ => {}
    }
    if let Some(path) = &options.env_file {
        given.extend(subject::env_file(path, catalog, diags));
    }
    for path in &options.values {
        given.extend(subject::values_file(path, catalog, diags));
    }
    given.extend(subject::assignments(&options.set, catalog, diags));
    Ok(Request {
        preset: preset.unwrap_or_default(),
        modifier,
        given,
        temporal_version: options
            .temporal_version
            .clone()
            .or_else(|| running.as_ref().map(|running| running.temporal_server_version.to_string())),
        plugin_version: options
            .plugin_version
            .clone()
            .or_else(|| running.as_ref().map(|running| running.dsql_plugin_version.to_string())),
        sdk: options.sdk.clone(),
        platform: options.platform.clone(),
        deny_warnings: options.deny_warnings,
        running,
    })
}

fn no_preset(catalog: &Catalog) -> Failure {
    let available: Vec<&str> = catalog.presets.keys().map(AsRef::as_ref).collect();
    let diagnostic = Diagnostic::error(Code::UnknownPreset, "no preset named, and no DSQL variable in the environment")
        .help(format!("name one: {}; or give --env-file", available.join(", ")))
        .fact("name", serde_json::Value::Null)
        .fact("available", available);
    Failure::Refused(Box::leak(Box::default()), Diagnostics::from(diagnostic))
}

/// RFC 3339 time of this compile; `SOURCE_DATE_EPOCH` fixes it.
fn compiled_at(diags: &mut Diagnostics) -> String {
    let timestamp = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => {
            let seconds =
                text.trim().parse::<i64>().ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
            if seconds.is_none() {
                diags.push(
                    Diagnostic::error(Code::InvalidValue, format!("SOURCE_DATE_EPOCH is `{text}`"))
                        .help("give seconds since 1970-01-01T00:00:00Z, or unset it"),
                );
            }
            seconds.unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        }
        Err(_) => jiff::Timestamp::now(),
    };
    timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
