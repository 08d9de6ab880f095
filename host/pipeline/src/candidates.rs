//! The candidates of a route, tried in order until one answers.

use std::sync::Arc;
use std::time::Duration;

use exchange::{Failure, FailureKind, NextCandidate, Retry};
use routing::{RetryPolicy, Route};
use tokio::time::Instant;

use crate::attempt::{Answer, Ports, Usable, attempt};
use crate::work::Work;

/// The first answer, whose it is, and the attempts it took.
///
/// # Errors
/// Why the last candidate that was tried did not answer, or that the route's time was over.
pub(crate) async fn first_answer<'c>(
    ports: &Ports,
    work: &Work<'_>,
    (route, candidates): (&Route, &'c [Usable<'_>]),
) -> Result<(Answer, &'c Arc<str>, u32), Failure> {
    let mut latest = None;
    let mut attempts = 0;
    for (place, usable) in (1..).zip(candidates) {
        let provider = usable.provider;
        let is_last = place == candidates.len();
        let retry = route.retry().unwrap_or(provider.retry);
        let tries = Tries { retry, is_last, started: Instant::now() };
        match tries.run((ports, work), usable, &mut attempts).await {
            Ok(answer) => return Ok((answer, &usable.candidate.provider, attempts)),
            Err(failure) if !goes_on(&failure, route) => return Err(failure),
            // Not a matter of time: nothing was left to be tried.
            Err(failure) if is_last && failure.kind() != FailureKind::UpstreamTimeout => {
                return Err(failure);
            }
            Err(failure) => match work.patience.ended(failure) {
                Ok(ended) => return Err(ended),
                Err(failure) => latest = Some(failure),
            },
        }
    }
    Err(latest.unwrap_or_else(|| {
        Failure::new(FailureKind::Internal, "no provider of this model is configured")
    }))
}

/// The tries with one candidate.
struct Tries {
    retry: RetryPolicy,
    is_last: bool,
    started: Instant,
}

impl Tries {
    /// Tries the candidate, and again where the failure is of the kind that passes.
    async fn run(
        &self,
        (ports, work): (&Ports, &Work<'_>),
        usable: &Usable<'_>,
        attempts: &mut u32,
    ) -> Result<Answer, Failure> {
        let trace = &work.request.trace;
        usable.provider.retry_budget.deposit();
        let mut retry = 0;
        loop {
            *attempts += 1;
            trace.note(|notes| {
                notes.attempts = *attempts;
                notes.provider = Some(usable.candidate.provider.clone());
                notes.provider_model = Some(usable.candidate.model.clone());
            });
            let failure = match attempt(ports, work, usable).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            retry += 1;
            let Some(wait) = self.wait_before(retry, &failure, (work, usable)) else {
                return Err(failure);
            };
            tokio::time::sleep(wait).await;
            trace.note(|notes| notes.upstream += wait);
        }
    }

    /// The wait before a retry, or `None` if this failure is not to be retried here.
    ///
    /// Where there is another candidate, no wait is longer than the first backoff, and one that
    /// is at its limit is left at once: the other one can answer meanwhile.
    fn wait_before(
        &self,
        retry: u32,
        failure: &Failure,
        (work, usable): (&Work<'_>, &Usable<'_>),
    ) -> Option<Duration> {
        match failure.kind().rule().retry {
            Retry::Never => return None,
            Retry::AfterUpstreamDelay if !self.is_last => return None,
            Retry::AfterBackoff | Retry::AfterUpstreamDelay => {}
        }
        let RetryPolicy { base, max_wait, .. } = self.retry;
        let max_wait = if self.is_last { max_wait } else { max_wait.min(base) };
        let policy = RetryPolicy { max_wait, ..self.retry };
        let wait = policy.wait(retry, failure.named_retry_after(), &mut rand::rng())?;
        let provider = usable.provider;
        let in_time = self.started.elapsed() + wait < provider.total_timeout();
        let in_time = in_time && work.patience.allows(wait);
        (in_time && provider.retry_budget.withdraw(Instant::now().into_std())).then_some(wait)
    }
}

/// Whether the next candidate is worth a try after this failure.
fn goes_on(failure: &Failure, route: &Route) -> bool {
    match failure.kind().rule().next_candidate {
        NextCandidate::Yes => true,
        NextCandidate::No => false,
        NextCandidate::IfRouteAllows => {
            let allowed = route.fallback_on();
            (allowed.context_too_long && failure.kind() == FailureKind::ContextTooLong)
                || (allowed.content_filtered && failure.kind() == FailureKind::ContentFiltered)
        }
    }
}
