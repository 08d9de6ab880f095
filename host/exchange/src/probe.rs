//! What was found out about a provider by asking it for real.

use std::time::Duration;

/// Each step of a probe, judged apart. A step that could not be tried because an earlier one
/// failed is [`Verdict::Skipped`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeReport {
    /// Name resolution and connection; for a program, whether it could be started.
    pub reach: ProbeStep,
    /// The TLS handshake; not applicable without TLS.
    pub tls: ProbeStep,
    /// Whether the adapter's probe was answered and the credential accepted.
    pub credential: ProbeStep,
    /// Whether the provider lists models.
    pub models: ProbeStep,
    /// What it lists, at most 1000.
    pub model_ids: Vec<String>,
    /// From sending the adapter's probe to the head of its reply.
    pub latency: Option<Duration>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeStep {
    /// How it went.
    pub verdict: Verdict,
    /// How long it took, if it was tried.
    pub took: Option<Duration>,
    /// What an operator should know; holds no secret.
    pub message: Option<String>,
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should.
    Good,
    /// It failed.
    Failed,
    /// Not tried, because an earlier step failed.
    Skipped,
    /// This provider has no such step.
    NotApplicable,
}

impl ProbeStep {
    /// A step that went well.
    #[must_use]
    pub fn good(took: Duration) -> Self {
        Self { verdict: Verdict::Good, took: Some(took), message: None }
    }

    /// A step that failed.
    #[must_use]
    pub fn failed(took: Duration, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Failed, took: Some(took), message: Some(message.into()) }
    }

    /// A step that was not tried.
    #[must_use]
    pub const fn skipped() -> Self {
        Self { verdict: Verdict::Skipped, took: None, message: None }
    }

    /// A step that this provider does not have.
    #[must_use]
    pub const fn not_applicable() -> Self {
        Self { verdict: Verdict::NotApplicable, took: None, message: None }
    }
}

impl ProbeReport {
    /// Whether the provider was reached and accepted the credential. A provider that lists no
    /// models may still be good.
    #[must_use]
    pub fn is_good(&self) -> bool {
        let steps = [&self.reach, &self.tls, &self.credential];
        steps.iter().all(|it| matches!(it.verdict, Verdict::Good | Verdict::NotApplicable))
    }
}
