//! Keeps the lists of models that providers are asked for up to date.
//!
//! Asked at start, soon after a reload, and every few minutes from then on; sooner again where it
//! failed. Requests never wait for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use pipeline::{DiscoveryReport, Pipeline};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// How long a list is good.
const REFRESH: Duration = Duration::from_mins(5);
/// When a provider that did not answer is asked again; doubles up to [`REFRESH`].
const RETRY: Duration = Duration::from_secs(5);
/// How often it is looked whether somebody has to be asked: a reload may have brought providers.
const LOOK: Duration = Duration::from_secs(1);

/// When a provider is asked next.
struct Turn {
    at: Instant,
    failures: u32,
}

/// Asks providers until it is told to stop. Dropping the future stops it, too.
pub(crate) async fn keep_up_to_date(pipeline: Arc<Pipeline>, stop: CancellationToken) {
    let work = async {
        let mut turns = HashMap::new();
        loop {
            ask_whose_turn_it_is(&pipeline, &mut turns).await;
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

async fn ask_whose_turn_it_is(pipeline: &Pipeline, turns: &mut HashMap<Arc<str>, Turn>) {
    let snapshot = pipeline.snapshot();
    let wanted = snapshot.providers.values().filter(|provider| provider.discovers);
    let wanted: Vec<_> = wanted.map(|provider| provider.id.clone()).collect();
    turns.retain(|id, _| wanted.contains(id));
    let now = Instant::now();
    let due = wanted.iter().filter(|id| turns.get(*id).is_none_or(|turn| turn.at <= now));
    let reports = join_all(due.map(|id| pipeline.discover(id))).await;
    for report in reports {
        let failures = turns.get(&report.provider).map_or(0, |turn| turn.failures);
        let turn = next_turn(&report, failures);
        turns.insert(report.provider, turn);
    }
}

fn next_turn(DiscoveryReport { provider, outcome }: &DiscoveryReport, failures: u32) -> Turn {
    let (wait, failures) = match outcome {
        Ok(None) => {
            warn!(provider.id = %provider, "its adapter knows no way to list models");
            (REFRESH, 0)
        }
        Ok(Some(models)) => {
            debug!(provider.id = %provider, models, "models listed");
            (REFRESH, 0)
        }
        Err(failure) => {
            let cause = failure.cause_chain();
            warn!(provider.id = %provider, cause, "models not listed: {failure}");
            (RETRY.saturating_mul(1 << failures.min(6)).min(REFRESH), failures.saturating_add(1))
        }
    };
    Turn { at: Instant::now() + wait, failures }
}

#[cfg(test)]
mod tests {
    use exchange::{Failure, FailureKind};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_fails_is_asked_again_soon_and_then_later() {
        let failing = |failures| {
            let failure = Failure::new(FailureKind::UpstreamUnreachable, "no");
            let report = DiscoveryReport { provider: "p".into(), outcome: Err(failure) };
            next_turn(&report, failures)
        };
        let waits =
            [0, 1, 2, 6, 40].map(|failures| (failing(failures).at - Instant::now()).as_secs());
        assert_eq!(waits, [5, 10, 20, 300, 300]);
        let good = DiscoveryReport { provider: "p".into(), outcome: Ok(Some(3)) };
        assert_eq!(next_turn(&good, 7).failures, 0);
    }
}
