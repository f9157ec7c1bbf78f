//! A source that answers PromQL over HTTP: Prometheus, Amazon Managed Prometheus, and what speaks their API.
//!
//! Requests are bounded in time, answers in size; what may pass is tried again with a growing, jittered pause. Neither an
//! address nor a secret of the source ever gets into an error.

mod answer;
mod settings;

pub use answer::{Answer, Labelled};
pub use settings::{Auth, Secret, Settings, SettingsFault};

use crate::aws::Signer;
use crate::telemetry::Plan;
use crate::upstream::{self, Attempt, Broken};
use answer::{Refusal, instant_answer, range_answer, refusal};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use std::time::{Duration, SystemTime};

/// The largest answer that is read: Amazon Managed Prometheus gives no larger ones.
const LARGEST_ANSWER: usize = 50 * 1024 * 1024;

/// How parameters are sent.
const FORM: &str = "application/x-www-form-urlencoded";

/// How often a range that is too much for the source is halved.
const HALVINGS: u32 = 6;

/// Why a query has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// There is no connection, or it broke.
    #[error("the source cannot be reached: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("the source did not answer within {0:?}")]
    TimedOut(Duration),
    /// It refused, after every attempt that was worth one.
    #[error("the source answered {status}: {detail}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said, cut short.
        detail: String,
    },
    /// What it said is no answer.
    #[error("the source's answer cannot be read: {0}")]
    Malformed(String),
    /// The query matches more than one series: its selector is wrong, and flattening them would make up a number.
    #[error("the query gives {0} series where one is meant")]
    ManySeries(usize),
    /// There are no credentials to sign with.
    #[error("the request cannot be signed: {0}")]
    Credentials(String),
}

impl SourceError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "see that the address of the source is right and answers from here",
            Self::TimedOut(_) => "a shorter window asks less of the source; a larger step does too",
            Self::Refused { status: 401 | 403, .. } | Self::Credentials(_) => {
                "see that the credentials for the source are there and may query it"
            }
            Self::Refused { .. } | Self::Malformed(_) => "see that the address is that of a Prometheus, with its path",
            Self::ManySeries(_) => "narrow the selector to one cluster",
        }
    }

    /// The same, with whatever the source said of its own turned into what may be shown.
    #[must_use]
    pub fn shown(self, shown: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Unreachable(detail) => Self::Unreachable(shown(detail)),
            Self::Refused { status, detail } => Self::Refused { status, detail: shown(detail) },
            Self::Malformed(detail) => Self::Malformed(shown(detail)),
            Self::Credentials(detail) => Self::Credentials(shown(detail)),
            other @ (Self::TimedOut(_) | Self::ManySeries(_)) => other,
        }
    }

    /// Whether the source as a whole is to blame, rather than one query.
    #[must_use]
    pub fn is_of_source(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::TimedOut(_) | Self::Credentials(_) => true,
            Self::Refused { status, .. } => matches!(status, 401 | 403 | 404 | 407 | 429 | 500..),
            Self::Malformed(_) | Self::ManySeries(_) => false,
        }
    }
}

/// A source of telemetry.
#[derive(Debug)]
pub struct Prometheus {
    client: reqwest::Client,
    settings: Settings,
    signer: Option<Signer>,
}

impl Prometheus {
    /// A source with these settings. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// Settings that no client can be made of.
    pub fn new(settings: Settings) -> Result<Self, SettingsFault> {
        let client = settings.client()?;
        let signer = match &settings.auth {
            Auth::SigV4 { region, service } => Some(Signer::new(region, service)),
            _ => None,
        };
        Ok(Prometheus { client, settings, signer })
    }

    /// How many requests may be under way at once.
    #[must_use]
    pub fn concurrency(&self) -> usize {
        self.settings.concurrency
    }

    /// One series over a range; no samples where nothing matches. A range that is too much for the source is asked for in
    /// halves.
    ///
    /// # Errors
    ///
    /// See [`SourceError`].
    pub async fn range(&self, query: &str, plan: Plan) -> Result<Answer, SourceError> {
        let mut whole = Answer::default();
        let mut pending = vec![(plan, 0)];
        while let Some((plan, halved)) = pending.pop() {
            let fields = [
                ("query", query.to_owned()),
                ("start", plan.start.to_string()),
                ("end", plan.end.to_string()),
                ("step", plan.step.to_string()),
            ];
            match self.ask("api/v1/query_range", &fields).await {
                Ok(body) => whole.append(range_answer(&body)?),
                Err(Unanswered::TooMuch(fault)) => match plan.halves() {
                    Some((first, second)) if halved < HALVINGS => {
                        pending.push((second, halved + 1));
                        pending.push((first, halved + 1));
                    }
                    _ => return Err(fault),
                },
                Err(Unanswered::Fault(fault)) => return Err(fault),
            }
        }
        Ok(whole)
    }

    /// Every series at an instant, in seconds of the Unix epoch.
    ///
    /// # Errors
    ///
    /// See [`SourceError`].
    pub async fn instant(&self, query: &str, at: i64) -> Result<Vec<Labelled>, SourceError> {
        let fields = [("query", query.to_owned()), ("time", at.to_string())];
        match self.ask("api/v1/query", &fields).await {
            Ok(body) => instant_answer(&body),
            Err(Unanswered::TooMuch(fault) | Unanswered::Fault(fault)) => Err(fault),
        }
    }

    /// Sends a request until it is answered, or is not worth another attempt.
    async fn ask(&self, path: &str, fields: &[(&str, String)]) -> Result<Vec<u8>, Unanswered> {
        let mut body = form(fields);
        for (name, value) in &self.settings.parameters {
            body.push('&');
            body.push_str(&form(&[(name, value.clone())]));
        }
        upstream::tried(|| self.send(path, body.clone())).await
    }

    async fn send(&self, path: &str, body: String) -> Result<Vec<u8>, Attempt<Unanswered>> {
        let url = self.settings.url(path);
        let mut headers = HeaderMap::new();
        if let Some(signer) = &self.signer {
            let unsigned = |fault| Attempt::Final(Unanswered::Fault(SourceError::Credentials(fault)));
            let signed = signer.sign(url.as_str(), &[(CONTENT_TYPE.as_str(), FORM)], &body, SystemTime::now()).await;
            let signed = signed.map_err(unsigned)?;
            headers = upstream::secret_headers(signed.iter().map(|(name, value)| (name.as_str(), value.as_str())))
                .map_err(unsigned)?;
        }
        let request = self.client.post(url).headers(headers).header(CONTENT_TYPE, FORM).body(body);
        let request = match &self.settings.auth {
            Auth::None | Auth::SigV4 { .. } => request,
            Auth::Basic { user, password } => request.basic_auth(user, Some(password.reveal())),
            Auth::Bearer(token) => request.bearer_auth(token.reveal()),
        };
        let response = request.send().await.map_err(|fault| self.broken(upstream::broken(fault)))?;
        let (status, pause) = (response.status(), upstream::retry_after(&response));
        let body = upstream::read(response, LARGEST_ANSWER).await.map_err(|fault| self.broken(fault))?;
        if status.is_success() {
            return Ok(body);
        }
        let Refusal { mut detail, is_limit } = refusal(&body);
        for secret in self.settings.secrets() {
            detail = detail.replace(secret, "[redacted]");
        }
        let fault = SourceError::Refused { status: status.as_u16(), detail };
        Err(match status {
            StatusCode::PAYLOAD_TOO_LARGE => Attempt::Final(Unanswered::TooMuch(fault)),
            StatusCode::UNPROCESSABLE_ENTITY if is_limit => Attempt::Final(Unanswered::TooMuch(fault)),
            status if upstream::may_pass(status) => Attempt::Again(Unanswered::Fault(fault), pause),
            _ => Attempt::Final(Unanswered::Fault(fault)),
        })
    }

    fn broken(&self, fault: Broken) -> Attempt<Unanswered> {
        match fault {
            Broken::TimedOut => Attempt::Final(Unanswered::Fault(SourceError::TimedOut(self.settings.timeout))),
            Broken::Unreachable(detail) => Attempt::Again(Unanswered::Fault(SourceError::Unreachable(detail)), None),
            Broken::TooLarge => {
                let detail = format!("it is larger than {} MiB", LARGEST_ANSWER / 1024 / 1024);
                Attempt::Final(Unanswered::TooMuch(SourceError::Malformed(detail)))
            }
        }
    }
}

/// Why there is no answer.
enum Unanswered {
    /// A smaller range may be answered.
    TooMuch(SourceError),
    /// Nothing helps.
    Fault(SourceError),
}

/// `a=b&c=d` as forms are sent.
fn form(fields: &[(&str, String)]) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        if !text.is_empty() {
            text.push('&');
        }
        for (part, end) in [(*name, "="), (value.as_str(), "")] {
            for byte in part.bytes() {
                match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => text.push(char::from(byte)),
                    // Not `+`: a signature is over the same bytes that are sent, and all readers take this form.
                    byte => text.push_str(&format!("%{byte:02X}")),
                }
            }
            text.push_str(end);
        }
    }
    text
}
