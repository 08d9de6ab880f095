//! What an error of Google's means.
//!
//! All its APIs answer `{"error": {"code", "message", "status", "details"}}`, sometimes in a list
//! (<https://cloud.google.com/apis/design/errors>,
//! <https://ai.google.dev/gemini-api/docs/troubleshooting>). The status word says most; a few
//! things that share `INVALID_ARGUMENT` are told by the details or the message.

use patchbay_sdk::{Failure, FailureKind, ResponseHead, explain};
use serde::Deserialize;
use serde_json::Value;

/// Longest wait that is believed: a day.
const MAX_WAIT_MS: f64 = 86_400_000.0;

#[derive(Deserialize)]
struct GoogleError {
    code: Option<u16>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    details: Vec<Detail>,
}

/// A detail of any type; only two members are of interest.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Detail {
    /// Of `ErrorInfo`.
    reason: Option<Value>,
    /// Of `RetryInfo`: "3.5s".
    retry_delay: Option<Value>,
}

/// Explains a reply whose status is not 2xx.
pub(crate) fn reply(head: &ResponseHead, body: &[u8]) -> Failure {
    match read(body) {
        Some(error) => {
            let wait = error.retry_delay_ms().or_else(|| explain::retry_after_ms(head));
            error.into_failure(Some(head.status)).with_retry_after_ms(wait)
        }
        None => explain::reply(head, body),
    }
}

/// The failure in a 2xx reply or an event that is an error instead of an answer.
pub(crate) fn instead_of_answer(document: &[u8]) -> Option<Failure> {
    let error = read(document)?;
    let wait = error.retry_delay_ms();
    Some(error.into_failure(None).with_retry_after_ms(wait))
}

fn read(body: &[u8]) -> Option<GoogleError> {
    let mut document: Value = serde_json::from_slice(body).ok()?;
    if let Value::Array(list) = &mut document {
        document = list.first_mut()?.take();
    }
    let error = document.get_mut("error")?.take();
    if let Value::String(message) = error {
        let (code, status, details) = (None, String::new(), Vec::new());
        return Some(GoogleError { code, message, status, details });
    }
    serde_json::from_value(error).ok()
}

impl GoogleError {
    fn into_failure(self, http_status: Option<u16>) -> Failure {
        let status = http_status.or(self.code).unwrap_or(500);
        let kind = self.kind(status);
        let code = self
            .reason()
            .map(ToOwned::to_owned)
            .or_else(|| Some(self.status.clone()).filter(|status| !status.is_empty()));
        let message = match kind {
            FailureKind::UpstreamAuth => format!(
                "the provider did not accept the gateway's credential (status {status}); \
                 its operator has to check it"
            ),
            _ if self.message.is_empty() => {
                format!("the provider answered with status {status} and an error without a message")
            }
            _ => self.message,
        };
        Failure::new(kind, message).with_upstream_code(code)
    }

    fn kind(&self, status: u16) -> FailureKind {
        let says = |words: &[&str]| words.iter().any(|word| self.message.contains(word));
        let refused_key = self.reason().is_some_and(|reason| reason.starts_with("API_KEY_"))
            || says(&["API key not valid", "API key expired"]);
        let too_long = says(&["exceeds the maximum number of tokens"])
            || (says(&["token count"]) && says(&["only supports up to"]));
        match self.status.as_str() {
            _ if refused_key => FailureKind::UpstreamAuth,
            _ if too_long => FailureKind::ContextTooLong,
            _ if says(&["payload size exceeds the limit"]) => FailureKind::PayloadTooLarge,
            // Nothing in the caller's request can mend it.
            "FAILED_PRECONDITION" if says(&["location is not supported", "billing"]) => {
                FailureKind::ProviderMisconfigured
            }
            "INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE" => {
                FailureKind::InvalidRequest
            }
            "UNAUTHENTICATED" | "PERMISSION_DENIED" => FailureKind::UpstreamAuth,
            "NOT_FOUND" => FailureKind::NotFound,
            "RESOURCE_EXHAUSTED" => FailureKind::UpstreamRateLimited,
            "UNAVAILABLE" => FailureKind::UpstreamOverloaded,
            "DEADLINE_EXCEEDED" => FailureKind::UpstreamTimeout,
            "INTERNAL" | "UNKNOWN" | "DATA_LOSS" | "ABORTED" | "CANCELLED" | "UNIMPLEMENTED" => {
                FailureKind::UpstreamError
            }
            _ => kind_of_status(status),
        }
    }

    fn reason(&self) -> Option<&str> {
        self.details.iter().find_map(|detail| detail.reason.as_ref()?.as_str())
    }

    fn retry_delay_ms(&self) -> Option<u64> {
        self.details.iter().find_map(|detail| {
            let seconds: f64 =
                detail.retry_delay.as_ref()?.as_str()?.strip_suffix('s')?.parse().ok()?;
            let ms = (seconds * 1000.0).ceil();
            // The checks make the conversion exact; NaN fails the first.
            (ms >= 0.0).then_some(ms.min(MAX_WAIT_MS) as u64)
        })
    }
}

/// What a status says, as the SDK reads it with an error object.
fn kind_of_status(status: u16) -> FailureKind {
    let body = br#"{"error":{"message":"-"}}"#;
    explain::reply(&ResponseHead::new(status), body).kind()
}
