//! The redaction rules' own cases; and that each rule for texts finds something in one.

use super::excused;
use crate::catalog::{Catalog, Tried};
use crate::diag::{Code, Diagnostic, Diagnostics};

/// Runs the cases, and looks for a rule that none tries.
pub(super) fn cases(catalog: &Catalog, diags: &mut Diagnostics) {
    let redaction = &catalog.redaction;
    for case in redaction.cases() {
        let (does, states) = match &case.tried {
            Tried::Name(name, secret) => {
                let word = |secret| format!("the name `{name}` {} a secret's", if secret { "is" } else { "is not" });
                (word(redaction.names_secret(name)), word(*secret))
            }
            Tried::Text(text, shown) => {
                let word = |shown: &str| format!("`{shown}` is shown of the text");
                (word(&redaction.masked(text)), word(shown))
            }
        };
        if does == states {
            continue;
        }
        let fault = Diagnostic::error(Code::RedactionCaseFailed, format!("{does}; the case says: {states}"))
            .at(case.span, "what the case states")
            .help(format!("case: {}", case.note));
        // As with the rails' cases: whoever lays other rules over the shipped ones is told, not refused.
        let shipped = catalog.has_overlay() && !catalog.is_laid_over(case.span);
        diags.push(if shipped { excused(fault) } else { fault });
    }
    for (name, span) in redaction.untried() {
        diags.push(
            Diagnostic::error(Code::MissingCase, format!("the rule `{name}` finds a secret in no case"))
                .at(span, "this rule")
                .help("add a `[[case]]` with a text that it masks"),
        );
    }
}
