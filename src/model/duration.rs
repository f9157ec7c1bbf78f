//! Go duration text ⇄ whole milliseconds.

/// The longest duration that Go can hold, in milliseconds: about 292 years.
pub const LONGEST_DURATION: i64 = i64::MAX / 1_000_000;

/// Reads a Go duration (`55m`, `1m30s`, `1.5h`, bare `0`) as whole milliseconds.
///
/// # Errors
///
/// A sentence fragment that says what is wrong: no unit, an unknown unit, too large, or finer than a millisecond
/// (the compiler computes in whole milliseconds, so a finer value could not be kept exactly).
pub fn parse_duration(text: &str) -> Result<i64, String> {
    // Go itself takes a bare zero; the crate does not.
    if matches!(text, "0" | "+0" | "-0") {
        return Ok(0);
    }
    let nanoseconds = go_duration::parse_go_duration(text)
        .map_err(|_| format!("`{}` is not a duration", super::clipped(text)))?
        .nanoseconds();
    const PER_MILLISECOND: i64 = 1_000_000;
    if nanoseconds % PER_MILLISECOND != 0 {
        return Err(format!("`{text}` is finer than a millisecond"));
    }
    Ok(nanoseconds / PER_MILLISECOND)
}

/// The shortest Go duration text of a number of milliseconds: `55m`, `1m30s`, `250ms`, `0s`.
#[must_use]
pub fn format_duration(milliseconds: i64) -> String {
    if milliseconds == 0 {
        return "0s".to_owned();
    }
    let mut text = String::with_capacity(8);
    if milliseconds < 0 {
        text.push('-');
    }
    let mut rest = milliseconds.unsigned_abs();
    for (unit, size) in [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
        let count = rest / size;
        rest %= size;
        if count > 0 {
            text.push_str(&count.to_string());
            text.push_str(unit);
        }
    }
    text
}

/// A duration as the Temporal server reads one of its dynamic configuration, in milliseconds: Go's units and `d`; text of
/// digits alone is seconds. None of what it does not take.
#[must_use]
pub fn server_milliseconds(text: &str) -> Option<f64> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<f64>().ok().map(|seconds| seconds * 1_000.0);
    }
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0.0);
    }
    let mut total = 0.0;
    let mut any = false;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        let unit = rest[end..].find(|c: char| c.is_ascii_digit() || c == '.').map_or(rest.len(), |next| end + next);
        let size = match &rest[end..unit] {
            "ns" => 1e-6,
            "us" | "µs" | "μs" => 1e-3,
            "ms" => 1.0,
            "s" => 1e3,
            "m" => 6e4,
            "h" => 3.6e6,
            "d" => 8.64e7,
            _ => return None,
        };
        total += number * size;
        any = true;
        rest = &rest[unit..];
    }
    // 292 years.
    (any && total < 9.2e15).then_some(sign * total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        for (text, milliseconds) in
            [("55m", 3_300_000), ("1m30s", 90_000), ("1.5h", 5_400_000), ("500ms", 500), ("0", 0), ("-5m", -300_000)]
        {
            assert_eq!(parse_duration(text), Ok(milliseconds), "{text}");
        }
        for text in ["", "banana", "30", "1d", "5 m", "1e3s", "1us", "999999999h", "ms", "+"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn writes_the_shortest_form() {
        for (milliseconds, text) in
            [(0, "0s"), (3_300_000, "55m"), (90_000, "1m30s"), (3_600_001, "1h1ms"), (-300_000, "-5m")]
        {
            assert_eq!(format_duration(milliseconds), text);
            assert_eq!(parse_duration(text), Ok(milliseconds));
        }
        assert_eq!(parse_duration(&format_duration(i64::MIN / 1_000_000)), Ok(i64::MIN / 1_000_000));
    }

    #[test]
    fn durations_as_the_server_reads_them() {
        for (text, value) in [
            ("30", 30_000.0),
            ("1m30s", 90_000.0),
            ("1d12h", 129_600_000.0),
            ("-5s", -5_000.0),
            ("1.5h", 5_400_000.0),
            (".5s", 500.0),
            ("0", 0.0),
        ] {
            assert_eq!(server_milliseconds(text), Some(value), "{text}");
        }
        for text in ["1w", "10S", "1 s", "1:30", "01:30:00", "1e3s", "-5", "", "s", "1.2.3s", "999999999999h"] {
            assert_eq!(server_milliseconds(text), None, "{text}");
        }
    }
}
