use crate::strategies::{CATALOG, choice, compiled, refused};
use proptest::prelude::*;
use tdsql::explain::{Page, Question};
use tdsql::model::{KeyExplanation, PresetExplanation, ProfileExplanation};

/// P26: "For any explain call, both the human-readable text and structured JSON output formats SHALL be non-empty and
/// parseable" (requirement R4.4): the JSON reads back as the same explanation.
#[test]
fn p26_explain_two_formats() {
    let strategy = (choice(), proptest::sample::select(CATALOG.ids().collect::<Vec<_>>()), 40_usize..=120);
    crate::holds(file!(), crate::CASES, &strategy, |(choice, id, width)| {
        let mut compilation = compiled(&CATALOG, &choice)?;
        let profile = compilation.profile();
        let page = Page { width, ..Page::default() };
        let fail = |fault: serde_json::Error| TestCaseError::fail(fault.to_string());
        let key = compilation.explain_key(&Question::new(id), None);
        let text = compilation.key_text(&key, &page).map_err(|faults| refused(&faults))?;
        prop_assert!(text.contains(&*CATALOG.parameter(id).key));
        let json = serde_json::to_string(&key).map_err(fail)?;
        prop_assert_eq!(&serde_json::from_str::<KeyExplanation>(&json).map_err(fail)?.fact, &key.fact);
        let preset = compilation.explain_preset().map_err(|faults| refused(&faults))?;
        let text = compilation.preset_text(&preset, &page).map_err(|faults| refused(&faults))?;
        prop_assert!(text.contains(&choice.preset));
        let json = serde_json::to_string(&preset).map_err(fail)?;
        prop_assert_eq!(serde_json::from_str::<PresetExplanation>(&json).map_err(fail)?.slo, preset.slo);
        let whole = compilation.explain_profile(&profile).map_err(|faults| refused(&faults))?;
        let text = compilation.profile_text(&whole, &page).map_err(|faults| refused(&faults))?;
        prop_assert!(choice.overrides.iter().all(|(key, _)| text.contains(key)));
        let json = serde_json::to_string(&whole).map_err(fail)?;
        let read = serde_json::from_str::<ProfileExplanation>(&json).map_err(fail)?;
        prop_assert_eq!(read.overrides_applied, whole.overrides_applied);
        Ok(())
    });
}
