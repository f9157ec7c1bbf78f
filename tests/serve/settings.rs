//! The settings file: every fault with its place.

use std::process::{Command, Output};

/// What a service with these settings says that does not start.
fn refused(settings: &str, arguments: &[&str]) -> (Output, String) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::write(folder.path().join("settings.toml"), settings).expect("the settings can be written");
    let output = Command::new(env!("CARGO_BIN_EXE_tdsql"))
        .args(["--no-local", "serve", "--config", "settings.toml"])
        .args(arguments)
        .current_dir(folder.path())
        .env("XDG_DATA_HOME", folder.path().join("none"))
        .env("COLUMNS", "100")
        .env("TDSQL_TEST_SHORT", "too-short")
        .output()
        .expect("the program runs");
    let text = String::from_utf8(output.stderr.clone()).expect("it says text");
    (output, text)
}

#[test]
fn every_fault_of_the_settings_is_told_with_its_place() {
    let settings = r#"listen = "localhost"
host = ["a"]
token_env = "TDSQL_TEST_SHORT"

[store]
at = "mysql://user:a-password-in-a-url@host/db"

[prometheus]
url = "ftp://user:another-password@host"
scrape_interval = 0
timeout = "soon"
bearer_env = "TDSQL_TEST_UNSET"

[limits]
body = "1 MiB"
requests = 0
drain = "48h"
"#;
    let (output, text) = refused(settings, &[]);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(!text.contains("password") && !text.contains("too-short"), "{text}");
    insta::with_settings!({ snapshot_path => "../../snapshots/serve", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("settings", text);
    });
}

#[test]
fn a_place_that_cannot_be_listened_on_is_a_fault_of_the_outside() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
    let address = taken.local_addr().expect("it has an address").to_string();
    let (output, text) = refused("", &["--listen", &address]);
    assert_eq!(output.status.code(), Some(4), "{text}");
    assert!(text.contains(&format!("cannot listen on {address}")), "{text}");
}
