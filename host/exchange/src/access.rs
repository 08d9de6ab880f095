//! What is known of a request at its end: one record, one log line.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::call::Operation;
use crate::failure::Failure;

/// A request's id: the caller's if well-formed, else ours.
///
/// 1 to 128 bytes of `A-Z a-z 0-9 - _ . :`, so that it is safe in headers and logs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// Takes a text as id, or `None` if it is not well-formed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = (1..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b));
        well_formed.then(|| Self(text.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Tokens, as the provider counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the request.
    pub prompt_tokens: u64,
    /// Tokens of the reply, reasoning included.
    pub completion_tokens: u64,
    /// Part of `prompt_tokens` that a cache served.
    pub cached_tokens: u64,
    /// Part of `completion_tokens` spent on reasoning.
    pub reasoning_tokens: u64,
}

/// How a request ended.
#[derive(Debug)]
pub enum Outcome {
    /// The whole answer was sent.
    Completed,
    /// The caller went away first.
    Cancelled,
    /// A failure was answered, or sent into the stream.
    Failed(Failure),
}

/// Everything the access log says of one request. Holds no prompt, no completion, no key.
#[derive(Debug)]
pub struct AccessRecord {
    /// The request's id.
    pub request_id: RequestId,
    /// Method and matched path pattern, never the raw path: `POST /v1/chat/completions`.
    pub endpoint: Cow<'static, str>,
    /// Status code that was sent.
    pub status: u16,
    /// How it ended.
    pub outcome: Outcome,
    /// From the first byte of the head to the end of the answer.
    pub duration: Duration,
    /// Share of `duration` until the first byte of the answer.
    pub first_byte: Option<Duration>,
    /// Time spent waiting for upstreams, within `duration`.
    pub upstream: Duration,
    /// Id of the API key; for the admin API `operator:` and who administers.
    pub caller: Option<Arc<str>>,
    /// What was asked for.
    pub operation: Option<Operation>,
    /// The model the caller named; only if it is a configured one.
    pub model: Option<Arc<str>>,
    /// Provider of the last attempt.
    pub provider: Option<Arc<str>>,
    /// Model of the last attempt, as the provider knows it.
    pub provider_model: Option<Arc<str>>,
    /// Number of attempts.
    pub attempts: u32,
    /// Whether the answer was a stream.
    pub streaming: bool,
    /// Bytes of the caller's body.
    pub request_bytes: u64,
    /// Bytes of the answer's body.
    pub response_bytes: u64,
    /// Tokens, if the provider said.
    pub usage: Option<Usage>,
}

/// Takes the record of each finished request.
pub trait AccessSink: Send + Sync {
    /// Called exactly once a request. Must not block.
    fn record(&self, record: AccessRecord);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_safe_in_headers_and_logs() {
        assert!(RequestId::parse("req_1-2.3:4").is_some());
        let long = "a".repeat(129);
        for text in ["", "a b", "a\n", "é", long.as_str()] {
            assert!(RequestId::parse(text).is_none(), "{text:?}");
        }
    }
}
