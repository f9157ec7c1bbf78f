//! The filters that write any text as a literal or a comment of another language.

use crate::support::snapshots;
use serde_json::{Value, json};
use tdsql::render::Templates;

const HOSTILE: &[&str] = &[
    "",
    "plain-1.2:3/x",
    "two words",
    "\"double\" 'single' `back`",
    "$HOME ${HOME} $${x} %{if} %%{x} #{x} #@x #$x # x",
    "back\\slash \\n \\u000a \\",
    "line\nbreak\r\ttab",
    "\u{0}\u{1}\u{7f}\u{85}\u{2028}\u{202e}",
    "grüße 日本 😀",
];

fn rendered(template: &str, text: &str) -> Result<String, String> {
    let mut templates = Templates::new();
    templates.add("t", template).expect("it parses");
    templates.render("t", &json!({ "text": text })).map_err(|fault| fault.message)
}

#[test]
fn every_style_writes_hostile_text() {
    let mut shown = String::new();
    for style in ["json", "c", "rust", "ruby", "hcl", "shell", "dotenv"] {
        shown.push_str(&format!("{style}\n"));
        for text in HOSTILE {
            let line = match rendered(&format!("{{{{ text | quote(\"{style}\") }}}}"), text) {
                Ok(line) => {
                    line.escape_debug().to_string().replace("\\\\", "\\").replace("\\\"", "\"").replace("\\'", "'")
                }
                Err(message) => format!("error: {message}"),
            };
            shown.push_str(&format!("    {line}\n"));
        }
    }
    snapshots("quoting").bind(|| insta::assert_snapshot!("styles", shown));
}

#[test]
fn json_and_yaml_read_back_what_was_written() {
    for text in HOSTILE {
        let json = rendered("{{ text | quote('json') }}", text).expect("it renders");
        assert_eq!(serde_json::from_str::<Value>(&json).expect("JSON"), *text, "{json}");
        let yaml = rendered("{{ text | quote('c') }}", text).expect("it renders");
        assert_eq!(serde_yaml::from_str::<String>(&yaml).expect("YAML"), *text, "{yaml}");
        assert!(json.is_ascii() && yaml.is_ascii());
    }
}

#[test]
fn a_style_that_does_not_exist_names_those_that_do() {
    let fault = rendered("{{ text | quote('go') }}", "x").expect_err("there is no such style");
    assert_eq!(fault, "there is no style `go`; there are json, c, rust, ruby, hcl, shell, dotenv");
}

#[test]
fn nothing_leaves_a_comment() {
    for text in HOSTILE.iter().copied().chain(["a\u{2028}b\u{85}c\rd\u{b}e\nf", "\\u000aint x; \\\\u000d \\\\\\u000a"])
    {
        for template in ["{{ text | comment('// ') }}", "{{ text | comment('// ', 12) }}"] {
            let comment = rendered(template, text).expect("it renders");
            for line in comment.split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']) {
                assert!(line.starts_with("//") || comment.is_empty(), "{comment:?}");
            }
            assert!(!comment.contains("\\u") && !comment.contains('\u{202e}'), "{comment:?}");
        }
    }
    let wrapped = rendered("{{ text | comment('# ', 20) }}", "one two three four five six").expect("it renders");
    assert_eq!(wrapped, "# one two three four\n# five six");
}
