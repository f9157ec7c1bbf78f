//! Suggestions for misspelt names.

use std::borrow::Cow;

/// Names longer than this are not worth a suggestion: nobody mistypes that much, and comparing
/// them would cost more than the rest of the compilation.
const LONGEST: usize = 200;

/// How similar (Jaro-Winkler) two names must be when their edit distance is too great.
const SIMILAR: f64 = 0.9;

/// How many steps of edit-distance computation one call may take. It bounds the time that a long
/// name against many long candidates costs, and it does not depend on the machine's speed, so that
/// the same input gives the same answer everywhere.
const BUDGET: usize = 20_000_000;

/// How well a candidate fits; the least is the best. Distance decides, then the kind of match,
/// then the alphabet.
type Rank<'a> = (usize, Kind, &'a str);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The whole names were compared.
    Whole,
    /// The name was compared with as many trailing segments of the candidate.
    Tail,
    /// The names are alike by their beginnings, in spite of the distance.
    Alike,
}

/// The candidate that `name` was most likely meant to be, if any is close enough.
///
/// Names are compared without regard to case. A candidate is close when its Damerau-Levenshtein
/// distance is at most a third of the name's length (and at least one edit is forgiven), when the
/// same holds for as many of its trailing dotted segments as `name` has (`reservoir_enabled` for
/// `db.reservoir_enabled`), or when the Jaro-Winkler similarity is at least 0.9. The least
/// distance wins, ties go to the first in alphabetical order.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.is_empty() || name.len() > LONGEST {
        return None;
    }
    let name = Word::new(name);
    let segments = segments(&name.text);
    let limit = name.limit();
    let mut budget = BUDGET;
    let mut best: Option<Rank<'a>> = None;
    for candidate in candidates {
        if candidate.is_empty() || candidate.len() > LONGEST {
            continue;
        }
        let word = Word::new(candidate);
        // Nothing worse than the best so far can win, so that is the limit from now on.
        let limit = best.map_or(limit, |(distance, ..)| distance.min(limit));
        let mut rank = distance(&name, &word, limit, &mut budget).map(|distance| (distance, Kind::Whole, candidate));
        if rank.is_none_or(|(distance, ..)| distance > 0)
            && let Some(tail) = tail(&word.text, segments)
        {
            let tail = Word::new(tail);
            let of_tail = distance(&name, &tail, limit, &mut budget).map(|distance| (distance, Kind::Tail, candidate));
            rank = least(rank, of_tail);
        }
        if rank.is_none() && best.is_none_or(|(_, kind, _)| kind == Kind::Alike) {
            rank = alike(&name, &word, &mut budget).map(|distance| (distance, Kind::Alike, candidate));
        }
        best = least(best, rank);
    }
    best.map(|(.., candidate)| candidate)
}

/// The better of two ranks, where there is one.
fn least<'a>(a: Option<Rank<'a>>, b: Option<Rank<'a>>) -> Option<Rank<'a>> {
    [a, b].into_iter().flatten().min()
}

/// A name in lower case, with what rules out a match cheaply.
struct Word<'a> {
    text: Cow<'a, str>,
    length: usize,
    /// How often each (class of) character occurs.
    counts: [u8; 64],
}

impl<'a> Word<'a> {
    fn new(text: &'a str) -> Self {
        let text =
            if text.chars().any(char::is_uppercase) { Cow::Owned(text.to_lowercase()) } else { Cow::Borrowed(text) };
        let mut counts = [0_u8; 64];
        let mut length = 0;
        for c in text.chars() {
            length += 1;
            let count = &mut counts[c as usize % 64];
            *count = count.saturating_add(1);
        }
        Self { text, length, counts }
    }

    /// The greatest edit distance at which another name is still close.
    fn limit(&self) -> usize {
        (self.length / 3).max(1)
    }

    /// At most so many characters do both names have in common.
    fn common(&self, other: &Self) -> usize {
        self.counts.iter().zip(&other.counts).map(|(&a, &b)| usize::from(a.min(b))).sum()
    }
}

fn segments(name: &str) -> usize {
    name.split('.').count()
}

/// The last `count` dotted segments of a name that has more of them.
fn tail(name: &str, count: usize) -> Option<&str> {
    name.rmatch_indices('.').nth(count - 1).map(|(at, _)| &name[at + 1..]).filter(|tail| !tail.is_empty())
}

/// The edit distance, if it is at most `limit` and leaves something of the shorter name.
fn distance(a: &Word<'_>, b: &Word<'_>, limit: usize, budget: &mut usize) -> Option<usize> {
    if a.text == b.text {
        return Some(0);
    }
    let longer = a.length.max(b.length);
    // Each edit makes or removes at most one difference in length and in the characters used;
    // a transposition neither. So the distance is at least what is not in common.
    if longer - a.common(b) > limit || !spend(a, b, budget) {
        return None;
    }
    let distance = strsim::damerau_levenshtein(&a.text, &b.text);
    (distance <= limit && distance < a.length.min(b.length)).then_some(distance)
}

/// The edit distance of two names that are alike although it is great.
fn alike(a: &Word<'_>, b: &Word<'_>, budget: &mut usize) -> Option<usize> {
    // The greatest similarity that the characters in common allow: all of them in order, and the
    // greatest bonus for the same beginning.
    let common = to_f64(a.common(b));
    let jaro = (common / to_f64(a.length) + common / to_f64(b.length) + 1.0) / 3.0;
    if jaro + 0.4 * (1.0 - jaro) < SIMILAR || !spend(a, b, budget) {
        return None;
    }
    (strsim::jaro_winkler(&a.text, &b.text) >= SIMILAR).then(|| strsim::damerau_levenshtein(&a.text, &b.text))
}

/// Lengths are at most [`LONGEST`], which a float holds exactly.
fn to_f64(length: usize) -> f64 {
    u32::try_from(length).map_or(f64::MAX, f64::from)
}

/// Takes the cost of a comparison from the budget, if enough is left.
fn spend(a: &Word<'_>, b: &Word<'_>, budget: &mut usize) -> bool {
    let cost = a.length * b.length;
    let enough = *budget >= cost;
    *budget -= if enough { cost } else { *budget };
    enough
}

#[cfg(test)]
mod tests {
    use super::nearest;

    const KEYS: [&str; 7] = [
        "pool.maxConns",
        "pool.maxIdleConns",
        "db.reservoir_enabled",
        "db.reservoir_target_ready",
        "history.rps",
        "matching.rps",
        "high-volume",
    ];

    #[test]
    fn finds_misspelt_names() {
        for (name, expected) in [
            ("pool.maxConn", Some("pool.maxConns")),
            ("pool.maxcosn", Some("pool.maxConns")),
            ("Pool.MaxConns", Some("pool.maxConns")),
            ("reservoir_enabled", Some("db.reservoir_enabled")),
            ("reservoir_enabeld", Some("db.reservoir_enabled")),
            ("db.db.reservoir_enabled", Some("db.reservoir_enabled")),
            ("rps", Some("history.rps")),
            ("matchng.rps", Some("matching.rps")),
            ("high-volme", Some("high-volume")),
            ("pool.maxConnections", Some("pool.maxConns")),
            ("something.else.entirely", None),
            ("x", None),
            ("", None),
            (".", None),
            ("..", None),
        ] {
            assert_eq!(nearest(name, KEYS), expected, "{name}");
        }
    }

    #[test]
    fn the_order_of_candidates_does_not_matter() {
        assert_eq!(nearest("ab1", ["abc", "abb", "aba"]), Some("aba"));
        assert_eq!(nearest("ab1", ["aba", "abb", "abc"]), Some("aba"));
        let mut keys = KEYS;
        keys.reverse();
        assert_eq!(nearest("rps", keys), Some("history.rps"));
        assert_eq!(nearest("lease_enabled", ["lease_enable", "db.lease_enabled"]), Some("db.lease_enabled"));
    }

    #[test]
    fn hostile_names_cost_nothing() {
        assert_eq!(nearest(&"x".repeat(10_000_000), KEYS), None);
        assert_eq!(nearest("history", ["x".repeat(10_000_000).as_str()]), None);
        assert_eq!(nearest(&".".repeat(200), KEYS), None);
        assert_eq!(nearest("é\u{301}漢字.\u{202e}", KEYS), None);
    }

    #[test]
    fn many_candidates_are_compared_within_the_budget() {
        let keys: Vec<String> =
            (0..50_000).map(|n| format!("history.persistence_setting_{}", n * 7919 % 50_021)).collect();
        let found = nearest("history.persistense_setting_49x", keys.iter().map(String::as_str));
        assert!(found.is_some());
        let long: Vec<String> = (0..50_000).map(|n| format!("{n:0>190}")).collect();
        nearest(&"0".repeat(195), long.iter().map(String::as_str));
    }
}
