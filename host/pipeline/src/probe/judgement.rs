//! What the answer to a probe says about the credential, in an operator's words.

use std::time::Duration;

use exchange::{Failure, FailureKind, ProbeStep, Verdict};
use http::StatusCode;

/// With what a probe was sent.
pub(super) enum Sent {
    /// The adapter's plan names no slot.
    Nothing,
    /// It names one that the operator left empty.
    Empty(String),
    /// It names one with a secret.
    Secret(String),
}

impl Sent {
    /// With the slot that a plan names, if there `is_set` something in it.
    pub(super) fn of(slot: Option<String>, is_set: impl FnOnce(&str) -> bool) -> Self {
        match slot {
            None => Self::Nothing,
            Some(slot) if is_set(&slot) => Self::Secret(slot),
            Some(slot) => Self::Empty(slot),
        }
    }
}

/// What is said about the credential.
pub(super) struct Judged {
    verdict: Verdict,
    message: Option<String>,
    /// Whether there is any use in asking for the models.
    pub(super) goes_on: bool,
}

impl Judged {
    pub(super) fn good(message: Option<String>) -> Self {
        Self { verdict: Verdict::Good, message, goes_on: true }
    }

    fn failed(message: String) -> Self {
        Self { verdict: Verdict::Failed, message: Some(message), goes_on: false }
    }

    pub(super) fn not_applicable(message: impl Into<String>) -> Self {
        Self { verdict: Verdict::NotApplicable, message: Some(message.into()), goes_on: true }
    }

    pub(super) fn into_step(self, took: Duration) -> ProbeStep {
        let tried = self.verdict != Verdict::NotApplicable;
        ProbeStep { verdict: self.verdict, took: tried.then_some(took), message: self.message }
    }
}

/// Of a good reply.
pub(super) fn accepted(sent: &Sent) -> Judged {
    match sent {
        Sent::Secret(_) => Judged::good(None),
        Sent::Empty(slot) => Judged::not_applicable(format!(
            "the provider asked for none, and none is set in slot {slot:?}"
        )),
        Sent::Nothing => Judged::not_applicable("the adapter's probe is sent without one"),
    }
}

/// Of a reply that is not good, with what the dialect made of it.
///
/// Only 401, 403 and what the dialect knows as a refusal speak about the credential. Everything
/// else leaves it open, and open is not good.
pub(super) fn refused(status: StatusCode, explanation: &Failure, sent: &Sent) -> Judged {
    let said = explanation.message().trim_end_matches('.');
    let number = status.as_u16();
    let unknown = "so it is not known whether it accepts the credential";
    let message = match number {
        _ if explanation.kind() == FailureKind::UpstreamAuth => unaccepted(number, said, sent),
        401 | 403 => unaccepted(number, said, sent),
        429 => {
            let message = format!("the provider limits the rate (status 429): {said}");
            return Judged { goes_on: false, ..Judged::good(Some(message)) };
        }
        404 | 405 | 501 => format!(
            "the provider does not know what the probe asks for (status {number}), {unknown}: \
             {said}; check base_url and the settings that make up paths"
        ),
        300..=399 => format!(
            "the provider redirects (status {number}), which is not followed, {unknown}; write \
             the address that it redirects to in base_url"
        ),
        500.. => format!(
            "the provider failed (status {number}), {unknown}: {said}; try again when it is well"
        ),
        _ => format!(
            "the provider did not take the probe (status {number}), {unknown}: {said}; check the \
             provider's settings"
        ),
    };
    Judged::failed(message)
}

fn unaccepted(status: u16, said: &str, sent: &Sent) -> String {
    match sent {
        Sent::Secret(slot) => format!(
            "the provider refused the secret in slot {slot:?} (status {status}): {said}; set one \
             that is valid there, with the rights to what is asked for"
        ),
        Sent::Empty(slot) => format!(
            "the provider wants a credential (status {status}), and slot {slot:?} is empty: \
             {said}; set credentials.{slot}"
        ),
        Sent::Nothing => format!(
            "the provider wants a credential (status {status}), and the adapter sends none: \
             {said}; use an adapter that does, or settings that make it"
        ),
    }
}
