//! Reads every statement of the index for what Aurora DSQL refuses.

use std::collections::BTreeMap;
use std::path::Path;
use tdsql::store::index::sql::statements;

/// Words that stand in nothing that Aurora DSQL accepts, or that this index has no use for.
const REFUSED: [&str; 27] = [
    "REFERENCES",
    "FOREIGN",
    "SERIAL",
    "BIGSERIAL",
    "SEQUENCE",
    "IDENTITY",
    "NEXTVAL",
    "TRUNCATE",
    "TRIGGER",
    "TEMP",
    "TEMPORARY",
    "UNLOGGED",
    "SAVEPOINT",
    "VACUUM",
    "LISTEN",
    "NOTIFY",
    "LOCK",
    "PARTITION",
    "INHERITS",
    "EXTENSION",
    "FUNCTION",
    "PROCEDURE",
    "MATERIALIZED",
    "EXCLUDE",
    "COLLATE",
    "JSONB",
    "ALTER",
];

fn words(text: &str) -> Vec<String> {
    let separate = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$');
    text.split(separate).filter(|word| !word.is_empty()).map(str::to_uppercase).collect()
}

/// What Aurora DSQL would refuse in a statement.
fn refused(statement: &str) -> Vec<String> {
    let mut faults = Vec::new();
    // What stands in quotes is a value.
    let code: String = statement.split('\'').step_by(2).collect::<Vec<_>>().join(" ");
    let words = words(&code);
    faults.extend(words.iter().filter(|word| REFUSED.contains(&word.as_str())).map(|word| format!("`{word}`")));
    if code.contains(';') {
        faults.push("two statements in one".to_owned());
    }
    if words.windows(2).any(|pair| pair[0] == "FOR" && pair[1] == "SHARE") || code.contains("pg_") {
        faults.push("a lock, or a function of the system".to_owned());
    }
    match words[0].as_str() {
        "CREATE" => {
            if !code.to_uppercase().contains("IF NOT EXISTS") {
                faults.push("not repeatable".to_owned());
            }
            if words[1] == "INDEX" {
                if words[2] != "ASYNC" {
                    faults.push("an index made at once".to_owned());
                }
                if words.iter().any(|word| word == "ASC" || word == "DESC") {
                    faults.push("an index with an order".to_owned());
                }
            } else if words[1] != "TABLE" {
                faults.push(format!("CREATE {}", words[1]));
            }
            if words.iter().any(|word| ["SELECT", "INSERT", "UPDATE", "DELETE"].contains(&word.as_str())) {
                faults.push("DDL beside DML".to_owned());
            }
        }
        "SELECT" | "INSERT" | "UPDATE" | "DELETE" => {}
        other => faults.push(format!("a statement that begins with {other}")),
    }
    // A transaction changes 3000 rows: what deletes or updates names a key, or a limit.
    if words[0] == "DELETE" || words[0] == "UPDATE" {
        let bounded = ["ID = $1", "CLUSTER_ID = $1 AND NAMESPACE = $2", "LIMIT 1000"];
        if !bounded.iter().any(|bound| code.to_uppercase().contains(bound)) {
            faults.push("changes any number of rows".to_owned());
        }
    }
    faults
}

#[test]
fn no_statement_has_what_aurora_dsql_refuses() {
    let all = statements();
    assert!(all.len() > 64 + 16, "every list and every other statement: {}", all.len());
    for statement in all {
        assert_eq!(refused(statement), Vec::<String>::new(), "{statement}");
    }
}

#[test]
fn what_aurora_dsql_refuses_is_found() {
    for statement in [
        "CREATE TABLE IF NOT EXISTS a (b BIGSERIAL PRIMARY KEY)",
        "CREATE TABLE IF NOT EXISTS a (b BIGINT REFERENCES c (d))",
        "CREATE TABLE a (b BIGINT PRIMARY KEY)",
        "CREATE INDEX IF NOT EXISTS a ON b (c)",
        "CREATE INDEX ASYNC IF NOT EXISTS a ON b (c DESC)",
        "CREATE SEQUENCE IF NOT EXISTS a",
        "CREATE TABLE IF NOT EXISTS a AS SELECT 1",
        "TRUNCATE a",
        "SAVEPOINT a",
        "DELETE FROM behaviour_profile",
        "SELECT pg_advisory_lock(1)",
        "SELECT 1; SELECT 2",
    ] {
        assert!(!refused(statement).is_empty(), "{statement}");
    }
    assert_eq!(refused("SELECT id FROM a WHERE name = 'identity; trigger'"), Vec::<String>::new());
}

/// 255 columns and 24 indexes a table, 8 columns and 1 KiB a key.
#[test]
fn tables_and_keys_stay_within_the_limits() {
    let mut widths: BTreeMap<String, u32> = BTreeMap::new();
    let mut indexes: BTreeMap<String, usize> = BTreeMap::new();
    let mut keys: Vec<(String, Vec<String>)> = Vec::new();
    let within = |text: &str| {
        let (_, list) = text.rsplit_once('(').expect("a list of columns");
        let list = list.split(')').next().unwrap_or_default();
        list.split(',').map(|column| column.trim().to_owned()).collect::<Vec<_>>()
    };
    for statement in statements().into_iter().filter(|statement| statement.starts_with("CREATE")) {
        let words = words(statement);
        if words[1] == "INDEX" {
            let table = &words[words.iter().position(|word| word == "ON").expect("a table") + 1];
            *indexes.entry(table.clone()).or_default() += 1;
            keys.push((statement.to_owned(), within(statement)));
            continue;
        }
        let columns: Vec<&str> = statement.lines().filter(|line| line.starts_with("    ")).map(str::trim).collect();
        assert!(columns.len() <= 255);
        for column in columns {
            if column.starts_with("PRIMARY KEY") {
                keys.push((statement.to_owned(), within(column)));
                continue;
            }
            let (name, kind) = column.split_once(' ').expect("a name and a type");
            let width = match kind.split_whitespace().next() {
                Some("BIGINT") => 8,
                Some(text) => text
                    .strip_prefix("VARCHAR(")
                    .and_then(|rest| rest.strip_suffix(')')?.parse().ok())
                    .unwrap_or_else(|| panic!("{column}: a type that both databases read alike")),
                None => panic!("{column}"),
            };
            widths.insert(name.to_owned(), width);
            if kind.contains("PRIMARY KEY") {
                keys.push((statement.to_owned(), vec![name.to_owned()]));
            }
            assert!(kind.contains("NOT NULL"), "{column}: nothing is null");
        }
    }
    assert!(keys.len() >= 13 && indexes.values().all(|count| *count <= 24), "{indexes:?}");
    for (statement, columns) in keys {
        let bytes: u32 = columns.iter().map(|column| widths[column]).sum();
        assert!(columns.len() <= 8 && bytes <= 1024, "{bytes} bytes in {columns:?}: {statement}");
    }
}

/// All SQL is where the lint reads it.
#[test]
fn statements_stand_in_one_file() {
    fn below(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { below(&path, files) } else { files.push(path) }
        }
    }
    let mut files = Vec::new();
    below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    for path in files.iter().filter(|path| !path.ends_with("store/index/sql.rs")) {
        let text = std::fs::read_to_string(path).expect("a source file");
        for verb in ["SELECT ", "INSERT INTO", "DELETE FROM", "UPDATE ", "CREATE TABLE"] {
            for quote in ["\"", "\n    "] {
                assert!(!text.contains(&format!("{quote}{verb}")), "{}: {verb}", path.display());
            }
        }
    }
}
