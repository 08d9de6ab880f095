//! How long a route waits for an answer, whatever its providers may take.

use std::sync::Arc;
use std::time::Duration;

use exchange::{Failure, FailureKind, HttpTarget, ProcessTarget};
use routing::RouteTimeouts;
use tokio::time::Instant;

/// The deadlines of a route, for one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    first_byte: Option<Duration>,
    deadline: Option<Deadline>,
}

#[derive(Clone, Copy, Debug)]
struct Deadline {
    at: Instant,
    total: Duration,
}

impl Patience {
    /// Counts from now on.
    pub(crate) fn begin(timeouts: RouteTimeouts) -> Self {
        let deadline = timeouts.total.map(|total| Deadline { at: Instant::now() + total, total });
        Self { first_byte: timeouts.first_byte, deadline }
    }

    /// Whether there is time for this wait, and for something after it.
    pub(crate) fn allows(&self, wait: Duration) -> bool {
        self.deadline.is_none_or(|deadline| Instant::now() + wait < deadline.at)
    }

    /// What the caller is told instead of `latest`, once the route's time is over.
    ///
    /// # Errors
    /// `latest` itself if it is not over.
    pub(crate) fn ended(&self, latest: Failure) -> Result<Failure, Failure> {
        match self.deadline.filter(|_| !self.allows(Duration::ZERO)) {
            None => Err(latest),
            Some(Deadline { total, .. }) => Ok(Failure::new(
                FailureKind::UpstreamTimeout,
                format!("no provider answered within the {} ms of the route", total.as_millis()),
            )
            .with_cause(latest)),
        }
    }

    /// A provider's limits within those of the route.
    pub(crate) fn within_http(&self, target: &Arc<HttpTarget>) -> Arc<HttpTarget> {
        if self.is_endless() {
            return Arc::clone(target);
        }
        let mut target = HttpTarget::clone(target);
        // The time to connect stays: connections are shared by what they were opened with.
        let timeouts = &mut target.timeouts;
        timeouts.total = self.within(timeouts.total);
        timeouts.first_byte = shorter(timeouts.first_byte, self.first_byte);
        Arc::new(target)
    }

    /// As [`Patience::within_http`], for a program: its output has no head to wait for.
    pub(crate) fn within_process(&self, target: &Arc<ProcessTarget>) -> Arc<ProcessTarget> {
        if self.deadline.is_none() {
            return Arc::clone(target);
        }
        let total = self.within(target.total);
        Arc::new(ProcessTarget { total, ..ProcessTarget::clone(target) })
    }

    fn is_endless(&self) -> bool {
        self.first_byte.is_none() && self.deadline.is_none()
    }

    fn within(&self, total: Duration) -> Duration {
        let left = self.deadline.map(|it| it.at.saturating_duration_since(Instant::now()));
        shorter(total, left)
    }
}

fn shorter(own: Duration, other: Option<Duration>) -> Duration {
    other.map_or(own, |other| own.min(other))
}

#[cfg(test)]
mod tests {
    use exchange::{NetworkReach, Timeouts};

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);
    const SECOND: Duration = Duration::from_secs(1);

    fn http() -> Arc<HttpTarget> {
        let timeouts =
            Timeouts { connect: MINUTE, first_byte: MINUTE, idle: MINUTE, total: MINUTE };
        Arc::new(HttpTarget {
            provider: "p".into(),
            timeouts,
            reach: NetworkReach::NoLinkLocal,
            max_response_bytes: 1,
        })
    }

    fn process() -> Arc<ProcessTarget> {
        Arc::new(ProcessTarget {
            provider: "p".into(),
            total: MINUTE,
            idle: MINUTE,
            max_output_bytes: 1,
            max_memory_bytes: 1,
            max_cpu: MINUTE,
            max_open_files: 1,
            max_processes: 1,
            max_file_bytes: 1,
            sandbox: exchange::ProgramSandbox::ordinary(),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_providers_deadlines_become_shorter_and_never_longer() {
        for (total, first_byte, expected) in [
            (None, None, (MINUTE, MINUTE, MINUTE)),
            (Some(SECOND * 9), None, (SECOND * 8, MINUTE, SECOND * 8)),
            (None, Some(SECOND), (MINUTE, SECOND, MINUTE)),
            (Some(MINUTE * 9), Some(MINUTE * 2), (MINUTE, MINUTE, MINUTE)),
            (Some(SECOND), Some(SECOND), (Duration::ZERO, SECOND, Duration::ZERO)),
        ] {
            let patience = Patience::begin(RouteTimeouts { total, first_byte });
            tokio::time::advance(SECOND).await;
            let timeouts = patience.within_http(&http()).timeouts;
            let of_process = patience.within_process(&process()).total;
            assert_eq!((timeouts.total, timeouts.first_byte, of_process), expected);
            assert_eq!((timeouts.connect, timeouts.idle), (MINUTE, MINUTE));
        }
    }

    #[test]
    fn a_route_without_deadlines_copies_nothing() {
        let patience = Patience::begin(RouteTimeouts::default());
        let (http, process) = (http(), process());
        assert!(Arc::ptr_eq(&http, &patience.within_http(&http)));
        assert!(Arc::ptr_eq(&process, &patience.within_process(&process)));
    }

    #[tokio::test(start_paused = true)]
    async fn once_the_time_is_over_the_caller_is_told_so() {
        let latest = || Failure::new(FailureKind::UpstreamError, "busy");
        let total = Some(SECOND);
        let patience = Patience::begin(RouteTimeouts { total, first_byte: None });
        assert!(patience.allows(SECOND / 2) && !patience.allows(SECOND));
        assert_eq!(patience.ended(latest()).unwrap_err().message(), "busy");
        tokio::time::advance(SECOND).await;
        let ended = patience.ended(latest()).unwrap();
        assert_eq!(ended.kind(), FailureKind::UpstreamTimeout);
        assert!(ended.message().contains("1000 ms of the route"), "{ended}");
        assert!(ended.cause_chain().unwrap().contains("busy"));
    }
}
