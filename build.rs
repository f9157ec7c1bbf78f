//! Notices new data files: the macro that embeds them looks only at those that were there.

fn main() {
    for folder in ["registry", "presets", "modifiers", "templates"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
