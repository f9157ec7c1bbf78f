use crate::strategies::{CATALOG, choice, compiled, refused};
use proptest::prelude::*;

/// P6: "For any valid compilation, the CompilationResult SHALL contain a non-empty why_section string" (requirement R2.9):
/// it names the preset, the modifier and everything that was overridden.
#[test]
fn p06_why_present() {
    crate::holds(file!(), crate::CASES, &choice(), |choice| {
        let mut compilation = compiled(&CATALOG, &choice)?;
        let why = compilation.why_section().map_err(|faults| refused(&faults))?;
        // The header, in comments, lists the inputs too; it is the text that has to tell them.
        let why: Vec<&str> = why.lines().filter(|line| !line.starts_with("<!--")).collect();
        let why = why.join("\n");
        prop_assert!(!why.trim().is_empty());
        let names = [Some(&choice.preset), choice.modifier.as_ref()];
        let keys = choice.overrides.iter().map(|(key, _)| Some(key));
        for name in names.into_iter().chain(keys).flatten() {
            prop_assert!(why.contains(name.as_str()), "`{}` is not named in:\n{}", name, why);
        }
        Ok(())
    });
}
