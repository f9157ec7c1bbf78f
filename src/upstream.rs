//! How other systems are asked over HTTP: bounded in time and size, never led elsewhere, what may pass tried again. No
//! fault has an address: it may hold credentials.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{ClientBuilder, Response, StatusCode};
use std::time::Duration;

/// How often one request is sent, at most.
const ATTEMPTS: u32 = 4;

/// The first pause between two attempts; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause, also where the other side asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The most characters of what somebody said that are kept.
const LONGEST_LINE: usize = 300;

/// How an attempt failed.
pub(crate) enum Attempt<E> {
    /// Another one may succeed, after this pause at the least.
    Again(E, Option<Duration>),
    /// No other one will.
    Final(E),
}

/// Why an answer did not come whole.
pub(crate) enum Broken {
    /// There is no connection, or it broke.
    Unreachable(String),
    /// It took too long.
    TimedOut,
    /// It is larger than is read.
    TooLarge,
}

/// A client whose requests end within this time. What leads elsewhere is not followed: it would take credentials along.
pub(crate) fn client(timeout: Duration) -> ClientBuilder {
    // Once for the process; a provider that is there already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(timeout.min(Duration::from_secs(5)))
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("tdsql/", env!("CARGO_PKG_VERSION")))
}

/// Headers whose values are shown nowhere; the name of one that HTTP does not have, or whose value cannot be sent.
pub(crate) fn secret_headers<'h>(pairs: impl IntoIterator<Item = (&'h str, &'h str)>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let known = HeaderName::try_from(name).map_err(|_| name.to_owned())?;
        let mut value = HeaderValue::try_from(value).map_err(|_| name.to_owned())?;
        value.set_sensitive(true);
        headers.insert(known, value);
    }
    Ok(headers)
}

/// Sends until there is an answer or another attempt is not worth it, with growing, jittered pauses.
pub(crate) async fn tried<T, E, F>(mut send: impl FnMut() -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, Attempt<E>>>,
{
    let mut attempt = 1;
    loop {
        let (fault, pause) = match send().await {
            Ok(answer) => return Ok(answer),
            Err(Attempt::Final(fault)) => return Err(fault),
            Err(Attempt::Again(fault, pause)) => (fault, pause),
        };
        if attempt == ATTEMPTS {
            return Err(fault);
        }
        // Full jitter on the growing pause; what the other side asks for is the least.
        let growing = FIRST_PAUSE * 2u32.pow(attempt - 1);
        let jittered = growing.mul_f64(0.5 + 0.5 * fastrand::f64());
        tokio::time::sleep(pause.unwrap_or_default().max(jittered).min(LONGEST_PAUSE)).await;
        attempt += 1;
    }
}

/// Whether what is refused so may be answered later.
pub(crate) fn may_pass(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// How long the other side asks to wait.
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// The body of an answer, of at most so many bytes.
pub(crate) async fn read(mut response: Response, largest: usize) -> Result<Vec<u8>, Broken> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > largest {
            return Err(Broken::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A fault of the connection.
pub(crate) fn broken(fault: reqwest::Error) -> Broken {
    if fault.is_timeout() {
        return Broken::TimedOut;
    }
    let fault = fault.without_url();
    let mut detail = fault.to_string();
    let mut cause: &dyn std::error::Error = &fault;
    // The innermost cause is the one that helps: "connection refused".
    while let Some(inner) = cause.source() {
        cause = inner;
        detail = cause.to_string();
    }
    Broken::Unreachable(detail)
}

/// What a body says, if it is text: in one line, cut short between words, for half a word may be half a secret, which no
/// rule knows by its looks.
pub(crate) fn line(body: &[u8]) -> String {
    let read = &body[..body.len().min(4 * LONGEST_LINE)];
    let text = String::from_utf8_lossy(read);
    let mut words = text.split_whitespace().peekable();
    let mut short = String::new();
    while let Some(word) = words.next() {
        let half = read.len() < body.len() && words.peek().is_none();
        let word: String = word.chars().filter(|c| !c.is_control()).collect();
        if half || short.len() + word.len() >= LONGEST_LINE {
            short.push('…');
            break;
        }
        short.push_str(&word);
        short.push(' ');
    }
    if short.is_empty() {
        short.push_str("nothing more");
    }
    short.truncate(short.trim_end().len());
    short
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_LINE, line};

    #[test]
    fn a_long_body_is_cut_between_words() {
        assert_eq!(line(b"bad\r\n gateway\t!"), "bad gateway !");
        assert_eq!(line(b"  "), "nothing more");
        let secret = "AKIAABCDEFGHIJKLMNOP";
        for before in LONGEST_LINE - 2 * secret.len()..LONGEST_LINE + secret.len() {
            let shown = line(format!("{} {secret} and more", "x".repeat(before)).as_bytes());
            assert!(shown.contains(secret) || !shown.contains("AKIA"), "{before}: {shown}");
            assert!(shown.len() <= LONGEST_LINE + '…'.len_utf8(), "{before}: {shown}");
        }
        // Of a body that is read in part, the last word may be half a word.
        let body = format!("{}{secret}", "x ".repeat(2 * LONGEST_LINE - 5));
        assert!(!line(body.as_bytes()).contains("AKIA"));
        assert_eq!(line("y".repeat(5 * LONGEST_LINE).as_bytes()), "…");
    }
}
