//! `--set KEY=VALUE`.

use super::{Entry, Origin};
use crate::diag::{At, Code, Diagnostic, Diagnostics, SourceMap, Span};
use crate::model::Scalar;

/// Reads the arguments of `--set KEY=VALUE`.
///
/// Everything behind the first `=` is the value, unchanged; it may be empty. Space around the key does not count. Each
/// argument becomes a source of its own named `--set`, so that a caret can point into it. A key given twice is no
/// fault: both entries are returned in order, and the later wins.
pub fn parse_assignments(args: &[String], sources: &mut SourceMap, diags: &mut Diagnostics) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(args.len());
    for arg in args {
        let file = sources.add_unfiled("--set", arg.clone());
        let Some((left, value)) = arg.split_once('=') else {
            diags.push(
                Diagnostic::error(Code::InvalidValue, format!("`--set {arg}` has no `=`"))
                    .at(Span::new(file, 0..arg.len()), "a key without a value")
                    .help(format!("write KEY=VALUE, as in `--set {}=VALUE`", arg.trim()))
                    .fact("value", arg.as_str()),
            );
            continue;
        };
        let key = left.trim();
        if key.is_empty() {
            diags.push(
                Diagnostic::error(Code::InvalidValue, format!("`--set {arg}` names no key"))
                    .at(Span::new(file, 0..left.len() + 1), "no key before `=`")
                    .help(format!("write KEY=VALUE, as in `--set KEY={value}`"))
                    .fact("value", arg.as_str()),
            );
            continue;
        }
        let start = left.len() - left.trim_start().len();
        entries.push(Entry {
            key: At::new(key.to_owned(), Span::new(file, start..start + key.len())),
            value: At::new(Scalar::Str(value.to_owned()), Span::new(file, left.len() + 1..arg.len())),
            origin: Origin::Flag,
        });
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str]) -> (Vec<Entry>, Diagnostics, SourceMap) {
        let args: Vec<String> = args.iter().map(|&a| a.to_owned()).collect();
        let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
        let entries = parse_assignments(&args, &mut sources, &mut diags);
        (entries, diags, sources)
    }

    #[test]
    fn splits_at_the_first_equals_sign() {
        let (entries, diags, sources) = run(&["a.b=c=d", "x=", " y = 5"]);
        assert!(diags.is_empty());
        let pairs: Vec<_> = entries.iter().map(|e| (e.key.value.as_str(), &e.value.value)).collect();
        assert_eq!(
            pairs,
            [("a.b", &Scalar::Str("c=d".into())), ("x", &Scalar::Str(String::new())), ("y", &Scalar::Str(" 5".into())),]
        );
        let snippets: Vec<_> =
            entries.iter().map(|e| (sources.snippet(e.key.span), sources.snippet(e.value.span))).collect();
        assert_eq!(snippets, [("a.b", "c=d"), ("x", ""), ("y", " 5")]);
        assert_eq!(sources.name(entries[1].key.span.file), "--set");
        assert!(entries.iter().all(|e| e.origin == Origin::Flag));
    }

    #[test]
    fn reports_every_fault_with_advice_and_keeps_the_rest() {
        let (entries, diags, _) = run(&["history.replicas", "=5", "", "a=1", "  =x"]);
        assert_eq!(entries.len(), 1);
        assert_eq!(diags.len(), 4);
        for d in &diags {
            assert_eq!(d.code, Code::InvalidValue);
            assert!(d.help.is_some() && d.primary.is_some());
        }
        assert_eq!(diags.as_slice()[0].message, "`--set history.replicas` has no `=`");
    }
}
