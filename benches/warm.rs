//! Warm costs in one process: linking the shipped catalog, one compile of it, and how both grow with a synthetic one.
//!
//! `cargo bench --bench warm`. Each figure is the median of many runs; compare figures of one run, not across runs.
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

mod median;

use median::median;
use std::hint::black_box;
use tdsql::catalog::Catalog;
use tdsql::compile::{Request, compile};
use tdsql::loader::{DataSet, Depth};
use tdsql::model::Source;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn link(files: DataSet) -> Catalog {
    Catalog::link(files, Depth::Compile).expect("the catalog has no faults")
}

fn request() -> Request {
    Request { preset: "mid-scale".to_owned(), modifier: Some("batch-processor".to_owned()), ..Request::default() }
}

/// `count` derived parameters with a rail for every ten, over the embedded catalog: wide, or one chain.
fn synthetic(count: usize, chain: bool) -> DataSet {
    const PER_FILE: usize = 1000;
    let mut files = DataSet::embedded();
    files.insert("registry/settings/syn.toml", "[settings]\n\n[prefixes]\n\"syn.\" = { note = \"synthetic\" }\n");
    for first in (0..count).step_by(PER_FILE) {
        let mut text = format!("title = \"Synthetic {first}\"\norder = {}\n", 1000 + first);
        for index in first..(first + PER_FILE).min(count) {
            let reads = if chain { index.saturating_sub(1) } else { index % 10 };
            let derive = if index == 0 || (!chain && index < 10) {
                "target_state_transitions_per_sec + 1".to_owned()
            } else {
                format!("max(1, syn.p{reads} * 2 + target_state_transitions_per_sec / 3) % 1000003")
            };
            text.push_str(&format!(
                "[[parameter]]\nkey = \"syn.p{index}\"\nclass = \"tuning\"\ntype = \"int\"\nderive = '{derive}'\nmin = 0\n\
                 outputs = {{ dynamic_config = true }}\nsummary = \"Synthetic.\"\nrationale = \"It follows.\"\nsource = \"benches\"\n"
            ));
        }
        files.insert(format!("registry/parameters/syn{first}.toml"), text);
    }
    for index in (0..count).step_by(10) {
        let key = format!("syn.p{index}");
        files.insert(
            format!("registry/rails/syn-{index}.toml"),
            format!(
                "severity = \"warning\"\nsummary = \"Small.\"\nrationale = \"It grows.\"\nsource = \"benches\"\n[rule]\n\
                 require = '{key} >= 0 && {key} < 2000000'\nmessage = \"it is {{{{ {key} }}}}\"\nhelp = \"lower it\"\nparameters = [\"{key}\"]\n"
            ),
        );
    }
    files
}

fn main() {
    let catalog = link(DataSet::embedded());
    println!("shipped catalog: {} parameters, {} rails", catalog.parameters.len(), catalog.rails.len());
    let request = request();
    let compiled = || compile(&catalog, &request, "1970-01-01T00:00:00Z").expect("the request is good");
    println!(
        "  thaw                              {:>10.1?}",
        median(200, || {
            black_box(link(DataSet::embedded()));
        })
    );
    // With anything laid over, what the build script linked does not count.
    let mut laid_over = DataSet::embedded();
    laid_over.insert("templates/bench.txt.j2", "");
    println!(
        "  link                              {:>10.1?}",
        median(200, || {
            black_box(link(laid_over.clone()));
        })
    );
    println!(
        "  compile (values, rails, notices)  {:>10.1?}",
        median(2000, || {
            black_box(compiled());
        })
    );
    println!(
        "  … with profile, trace and YAML    {:>10.1?}",
        median(2000, || {
            let mut compilation = compiled();
            black_box((compilation.profile(), compilation.trace(), compilation.dynamic_config_yaml()));
        })
    );
    println!("  … trace alone, rendered as text   {:>10.1?}", {
        let mut compilation = compiled();
        median(2000, || {
            black_box(compilation.trace());
        })
    });
    // All that a compile records of who spoke is a stack of layers for each parameter: made here alone, so that its time
    // is at most what recording costs. Without it the last word would still have to be kept.
    let inputs = &compiled().resolution.inputs;
    println!("  … stacks of layers alone          {:>10.1?}", {
        median(2000, || {
            let mut stacks = vec![Vec::new(); catalog.parameters.len()];
            for preset in inputs.preset.map(|preset| catalog.chain(preset)).unwrap_or_default() {
                for (id, candidate) in &preset.layer.entries {
                    stacks[id.index()].push((Source::Preset, preset.layer.name.as_ref(), candidate));
                }
            }
            for (id, candidate) in inputs.modifier.iter().flat_map(|modifier| &modifier.entries) {
                stacks[id.index()].push((Source::Modifier, "", candidate));
            }
            black_box(stacks);
        })
    });
    for (shape, chain) in [("wide", false), ("chain", true)] {
        let mut last = None;
        for count in [50, 500, 5_000, 50_000] {
            let files = synthetic(count, chain);
            let runs = (100_000 / count).clamp(3, 100);
            let linking = median(runs, || {
                black_box(link(files.clone()));
            });
            let catalog = link(files);
            let compiling = median(runs, || {
                let compilation = compile(&catalog, &request, "").expect("the request is good");
                black_box(compilation.dynamic_config_yaml());
            });
            let each = (linking + compiling).as_nanos() as f64 / (count + 300) as f64;
            let ratio = last.map_or(String::new(), |last: f64| format!(", {:.2} times the size before", each / last));
            println!(
                "  {shape:5} {count:>6}: link {linking:>9.1?}, compile and YAML {compiling:>9.1?}, {each:>6.0} ns per parameter{ratio}"
            );
            last = Some(each);
        }
    }
}
