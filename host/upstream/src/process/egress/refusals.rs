//! Says in the log what a program tried to reach.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use exchange::{ProcessExchange, RequestId, redact};
use secrecy::{ExposeSecret, SecretString};
use tracing::warn;

use super::answer::Denial;

/// Lines of one run; a program that tries again and again fills no log.
const MAX_LINES: u64 = 16;

/// The log's view of one run.
pub(super) struct Refusals {
    provider: Arc<str>,
    request_id: RequestId,
    secret: Option<Arc<SecretString>>,
    count: AtomicU64,
}

impl Refusals {
    pub(super) fn new(exchange: &ProcessExchange) -> Self {
        Self {
            provider: Arc::clone(&exchange.target.provider),
            request_id: exchange.request_id.clone(),
            secret: exchange.credential.as_ref().map(|(_, secret)| Arc::clone(secret)),
            count: AtomicU64::new(0),
        }
    }

    /// One more. A host can spell out a secret, which is replaced.
    pub(super) fn note(&self, denial: &Denial) {
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        if number > MAX_LINES {
            return;
        }
        let to = denial.destination().map(ToString::to_string).unwrap_or_default();
        let secret = self.secret.as_ref().map(|secret| secret.expose_secret());
        // Destinations are in lower case.
        let lowered = secret.map(str::to_ascii_lowercase);
        let secrets: Vec<&str> = secret.into_iter().chain(lowered.as_deref()).collect();
        let to: String = redact(&to, &secrets).chars().take(300).collect();
        warn!(
            target: "process",
            host = to,
            provider.id = %self.provider,
            request.id = %self.request_id,
            reason = denial.reason(),
            is_last_line = number == MAX_LINES,
            "a program did not reach a host"
        );
    }
}
