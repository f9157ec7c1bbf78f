//! Secrets to be planted, and whether a text has any of them.

/// Secrets of every kind, each with a name under which somebody keeps it. Not one of them is real.
pub(crate) const SECRETS: &[(&str, &str)] = &[
    ("REPORTING_DB_PASSWORD", "correct horse battery staple"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("PLAIN_ONE", "AKIAIOSFODNN7EXAMPLE"),
    ("PLAIN_TWO", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"),
    ("PLAIN_THREE", "ghp_0123456789abcdefghijABCDEFGHIJ012345"),
    ("PLAIN_FOUR", "glsa_0123456789abcdefghij_0a1b2c3d"),
    ("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQ"),
    ("WIDGET_API_KEY", "0f1e2d3c-not-to-be-seen"),
    ("dbPassword", "Tr0ub4dor&3"),
    ("PLAIN_SIX", "postgres://ada:S3cret/In@Url@db.example:5432/app?sslmode=require"),
    ("PLAIN_FIVE", "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIPlantedPlantedPlanted\n-----END EC PRIVATE KEY-----"),
];

/// Fails where a text has any of them.
#[track_caller]
pub(crate) fn clean(text: &str) {
    for (name, secret) in SECRETS {
        for line in secret.lines() {
            // Of an address, only who is let in is a secret.
            let line = line.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map_or(line, |(who, _)| who);
            // The frame of a key is nobody's.
            assert!(line.starts_with("-----") || !text.contains(line), "{name}: {line} is in {text}");
        }
    }
}

/// Every file below a folder.
#[allow(dead_code, reason = "the tests of pure parts have no store")]
pub(crate) fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    let paths = entries.map(|entry| entry.expect("it is readable").path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}
