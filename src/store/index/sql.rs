//! Every statement that the index is made with and asked by. What Aurora DSQL refuses stands in none of them: no foreign
//! keys, no sequences, one DDL statement per transaction, indexes made asynchronously. `tests/store/sql.rs` reads them
//! all.
//!
//! One text serves all databases, but for two words: `ASYNC` is left out where indexes are made at once, and a list tells SQLite
//! which index to take.

use super::super::list::{Filter, PageSize};
use crate::model::behaviour::LONGEST_WINDOW;
use std::sync::LazyLock;

/// What remembers which steps of [`SCHEMA`] are done.
pub(super) const MIGRATIONS: &str = "CREATE TABLE IF NOT EXISTS behaviour_migration (
    step VARCHAR(64) NOT NULL PRIMARY KEY,
    digest VARCHAR(64) NOT NULL
)";

/// The schema, step by step; each is a transaction of its own. Steps are only ever added, behind the last.
///
/// Absent texts are empty, times are microseconds after the start of 1970. `lag` sorts profiles by how long after their
/// window they were made (see [`LAGS`]): with it every list is a walk along an index, whatever it filters by. The window
/// stands in each index, so that what a filter by time passes over costs no look at the table.
pub(super) const SCHEMA: [(&str, &str); 12] = [
    (
        "0001-store",
        "CREATE TABLE IF NOT EXISTS behaviour_store (
    name VARCHAR(64) NOT NULL PRIMARY KEY,
    value VARCHAR(64) NOT NULL
)",
    ),
    (
        "0002-profile",
        "CREATE TABLE IF NOT EXISTS behaviour_profile (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    label VARCHAR(255) NOT NULL,
    cluster_id VARCHAR(255) NOT NULL,
    namespace VARCHAR(255) NOT NULL,
    window_start BIGINT NOT NULL,
    window_end BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    lag BIGINT NOT NULL,
    digest VARCHAR(64) NOT NULL,
    revision BIGINT NOT NULL
)",
    ),
    (
        "0003-pending",
        "CREATE TABLE IF NOT EXISTS behaviour_pending (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    started_at BIGINT NOT NULL
)",
    ),
    (
        "0004-baseline",
        "CREATE TABLE IF NOT EXISTS behaviour_baseline (
    cluster_id VARCHAR(255) NOT NULL,
    namespace VARCHAR(255) NOT NULL,
    profile_id VARCHAR(36) NOT NULL,
    PRIMARY KEY (cluster_id, namespace)
)",
    ),
    (
        "0005-newest",
        "CREATE INDEX ASYNC IF NOT EXISTS behaviour_newest
    ON behaviour_profile (lag, created_at, id, window_start, window_end)",
    ),
    (
        "0006-cluster",
        "CREATE INDEX ASYNC IF NOT EXISTS behaviour_cluster
    ON behaviour_profile (cluster_id, lag, created_at, id, window_start, window_end)",
    ),
    (
        "0007-namespace",
        "CREATE INDEX ASYNC IF NOT EXISTS behaviour_namespace
    ON behaviour_profile (namespace, lag, created_at, id, window_start, window_end)",
    ),
    (
        "0008-label",
        "CREATE INDEX ASYNC IF NOT EXISTS behaviour_label
    ON behaviour_profile (label, lag, created_at, id, window_start, window_end)",
    ),
    (
        "0009-cluster-namespace",
        "CREATE INDEX ASYNC IF NOT EXISTS behaviour_cluster_namespace
    ON behaviour_profile (cluster_id, namespace, lag, created_at, id, window_start, window_end)",
    ),
    (
        "0010-cluster-label",
        "CREATE INDEX ASYNC IF NOT EXISTS behaviour_cluster_label
    ON behaviour_profile (cluster_id, label, lag, created_at, id, window_start, window_end)",
    ),
    (
        "0011-namespace-label",
        "CREATE INDEX ASYNC IF NOT EXISTS behaviour_namespace_label
    ON behaviour_profile (namespace, label, lag, created_at, id, window_start, window_end)",
    ),
    (
        "0012-cluster-namespace-label",
        "CREATE INDEX ASYNC IF NOT EXISTS behaviour_cluster_namespace_label
    ON behaviour_profile (cluster_id, namespace, label, lag, created_at, id, window_start, window_end)",
    ),
];

pub(super) const STEPS_DONE: &str = "SELECT step, digest FROM behaviour_migration ORDER BY step";
pub(super) const STEP_DONE: &str =
    "INSERT INTO behaviour_migration (step, digest) VALUES ($1, $2) ON CONFLICT (step) DO NOTHING";

pub(super) const IDENTITY: &str = "SELECT value FROM behaviour_store WHERE name = 'identity'";
pub(super) const IDENTIFY: &str =
    "INSERT INTO behaviour_store (name, value) VALUES ('identity', $1) ON CONFLICT (name) DO NOTHING";

pub(super) const LISTED: &str = "SELECT digest FROM behaviour_profile WHERE id = $1";
pub(super) const RESERVE: &str = "INSERT INTO behaviour_pending (id, started_at) VALUES ($1, $2)";
pub(super) const RELEASE: &str = "DELETE FROM behaviour_pending WHERE id = $1";
pub(super) const PUBLISH: &str = "INSERT INTO behaviour_profile
    (id, name, label, cluster_id, namespace, window_start, window_end, created_at, lag, digest, revision)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)";

/// A transaction of Aurora DSQL changes 3000 rows at most.
pub(super) const EXPIRE: &str = "DELETE FROM behaviour_pending
WHERE id IN (SELECT id FROM behaviour_pending WHERE started_at < $1 LIMIT 1000)";

/// Touches the row, so that a deletion at the same time is a conflict and not a baseline without a profile.
pub(super) const TOUCH: &str = "UPDATE behaviour_profile SET revision = revision + 1 WHERE id = $1";
pub(super) const SET_BASELINE: &str = "INSERT INTO behaviour_baseline (cluster_id, namespace, profile_id)
VALUES ($1, $2, $3)
ON CONFLICT (cluster_id, namespace) DO UPDATE SET profile_id = excluded.profile_id";
pub(super) const UNSET_BASELINE: &str =
    "DELETE FROM behaviour_baseline WHERE cluster_id = $1 AND namespace = $2 AND profile_id = $3";
pub(super) const REMOVE: &str = "DELETE FROM behaviour_profile WHERE id = $1";

pub(super) const GET: &str = "SELECT p.id, p.name, p.label, p.cluster_id, p.namespace, p.window_start, p.window_end,
    p.created_at, p.digest, b.profile_id
FROM behaviour_profile AS p
LEFT JOIN behaviour_baseline AS b
    ON b.cluster_id = p.cluster_id AND b.namespace = p.namespace AND b.profile_id = p.id
WHERE p.id = $1";

pub(super) const BASELINE: &str =
    "SELECT p.id, p.name, p.label, p.cluster_id, p.namespace, p.window_start, p.window_end,
    p.created_at, p.digest, b.profile_id
FROM behaviour_baseline AS b
JOIN behaviour_profile AS p ON p.id = b.profile_id
WHERE b.cluster_id = $1 AND b.namespace = $2";

/// Ids that [`KNOWN`] asks for at once.
pub(super) const KNOWN_AT_ONCE: usize = 64;

/// Which of so many ids are listed or reserved.
pub(super) static KNOWN: LazyLock<&'static str> = LazyLock::new(|| {
    let ids: Vec<String> = (1..=KNOWN_AT_ONCE).map(|number| format!("${number}")).collect();
    let ids = ids.join(", ");
    format!(
        "SELECT id FROM behaviour_profile WHERE id IN ({ids})
UNION ALL
SELECT id FROM behaviour_pending WHERE id IN ({ids})"
    )
    .leak()
});

/// Stands where SQLite is told its index.
const INDEXED: &str = "{indexed}";

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// The classes of `lag`: how long after the end of its window a profile was made, from and to, in microseconds. The last
/// has all others.
///
/// A window is at most a day long, so a filter by time bounds the time of creation within a class: profiles of a week long
/// past are found without a walk through all that was made since.
pub(super) const LAGS: [Option<(i64, i64)>; 4] = [Some((0, HOUR)), Some((HOUR, DAY)), Some((DAY, 32 * DAY)), None];

/// The class of a profile.
pub(super) fn lag(window_end: i64, created_at: i64) -> i64 {
    let lag = created_at.saturating_sub(window_end);
    let class = LAGS.iter().position(|class| class.is_none_or(|(from, to)| (from..=to).contains(&lag)));
    class.map_or(0, |class| class as i64)
}

/// What stands behind a placeholder of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Param {
    Cluster,
    Namespace,
    Label,
    From,
    To,
    Limit,
    /// The earliest time of creation in a class that `from` leaves.
    Earliest(i64),
    /// The latest that `to` leaves.
    Latest(i64),
    /// What the cursor leaves is before this time and id, or, where a number is given, what the cursor and `to` leave.
    BeforeTime(Option<i64>),
    BeforeId(Option<i64>),
}

/// The list for one combination of filters.
pub(super) struct List {
    pub(super) text: &'static str,
    /// The same for SQLite, with the index that it has to take: without statistics it takes the first that bounds the time.
    pub(super) text_for_sqlite: &'static str,
    pub(super) params: Vec<Param>,
}

/// Combinations of the filters and a cursor.
const COMBINATIONS: usize = 64;

static LISTS: LazyLock<Vec<List>> = LazyLock::new(|| (0..COMBINATIONS).map(list_for).collect());

/// The list for what is set of a filter.
pub(super) fn list(filter: &Filter, cursor: bool) -> &'static List {
    let set = [
        filter.cluster.is_some(),
        filter.namespace.is_some(),
        filter.label.is_some(),
        filter.from.is_some(),
        filter.to.is_some(),
        cursor,
    ];
    &LISTS[set.into_iter().enumerate().map(|(bit, set)| usize::from(set) << bit).sum::<usize>()]
}

fn list_for(combination: usize) -> List {
    let set = |bit: usize| combination & (1 << bit) != 0;
    let mut params: Vec<Param> = Vec::new();
    let mut number = |param: Param| {
        let at = params.iter().position(|known| *known == param).unwrap_or_else(|| {
            params.push(param);
            params.len() - 1
        });
        format!("${}", at + 1)
    };
    let texts = [
        (0, "cluster_id", Param::Cluster, "_cluster"),
        (1, "namespace", Param::Namespace, "_namespace"),
        (2, "label", Param::Label, "_label"),
    ];
    let texts: Vec<_> = texts.into_iter().filter(|(bit, ..)| set(*bit)).collect();
    let index: String = texts.iter().map(|(.., index)| *index).collect();
    let index = if index.is_empty() { "_newest" } else { &index };
    let mut classes = Vec::new();
    for (class, lags) in LAGS.into_iter().enumerate() {
        let mut conditions = Vec::new();
        for (_, column, param, _) in &texts {
            conditions.push(format!("{column} = {}", number(*param)));
        }
        conditions.push(format!("lag = {class}"));
        if set(3) {
            conditions.push(format!("window_end >= {}", number(Param::From)));
            if let Some((from, _)) = lags {
                conditions.push(format!("created_at >= {}", number(Param::Earliest(from))));
            }
        }
        let mut latest = None;
        if set(4) {
            conditions.push(format!("window_start <= {}", number(Param::To)));
            if let Some((_, to)) = lags {
                let window = i64::try_from(LONGEST_WINDOW.as_micros()).unwrap_or(DAY);
                latest = Some(to + window);
            }
        }
        // One bound alone, for of two a database takes either as the place where its walk begins.
        if set(5) {
            let before = format!("({}, {})", number(Param::BeforeTime(latest)), number(Param::BeforeId(latest)));
            conditions.push(format!("(created_at, id) < {before}"));
        } else if let Some(latest) = latest {
            conditions.push(format!("created_at <= {}", number(Param::Latest(latest))));
        }
        classes.push(format!(
            "    SELECT * FROM (
        SELECT id, name, label, cluster_id, namespace, window_start, window_end, created_at, digest
        FROM behaviour_profile{INDEXED}
        WHERE {}
        ORDER BY created_at DESC, id DESC
        LIMIT {}
    ) AS c{class}",
            conditions.join(" AND "),
            number(Param::Limit),
        ));
    }
    let text = format!(
        "SELECT p.id, p.name, p.label, p.cluster_id, p.namespace, p.window_start, p.window_end, p.created_at, p.digest,
    b.profile_id
FROM (
{}
) AS p
LEFT JOIN behaviour_baseline AS b
    ON b.cluster_id = p.cluster_id AND b.namespace = p.namespace AND b.profile_id = p.id
ORDER BY p.created_at DESC, p.id DESC
LIMIT {}",
        classes.join("\n    UNION ALL\n"),
        number(Param::Limit),
    );
    List {
        text: text.replace(INDEXED, "").leak(),
        text_for_sqlite: text.replace(INDEXED, &format!(" INDEXED BY behaviour{index}")).leak(),
        params,
    }
}

/// How many rows a list asks for: one more than it shows, which says whether there is a next page.
pub(super) fn rows(size: PageSize) -> i64 {
    i64::from(size.get()) + 1
}

/// Every statement of the index, in the form that Aurora DSQL gets: what its test reads.
#[must_use]
pub fn statements() -> Vec<&'static str> {
    let fixed = [
        STEPS_DONE,
        STEP_DONE,
        IDENTITY,
        IDENTIFY,
        LISTED,
        RESERVE,
        RELEASE,
        PUBLISH,
        EXPIRE,
        TOUCH,
        SET_BASELINE,
        UNSET_BASELINE,
        REMOVE,
        GET,
        BASELINE,
        *KNOWN,
    ];
    let schema = SCHEMA.iter().map(|(_, text)| *text);
    std::iter::once(MIGRATIONS).chain(schema).chain(fixed).chain(LISTS.iter().map(|list| list.text)).collect()
}
