//! From a Job that was created to a program that runs.

use exchange::{Failure, FailureKind};
use tokio::time::{Instant, timeout_at};

use crate::cluster::Cluster;
use crate::pod::{PodEnd, PodState, state_of};
use crate::problem::ClusterWords;
use crate::watch::{PodNews, PodWatch};

/// A run that has started.
pub(crate) struct Started {
    /// Name of its pod.
    pub(crate) pod: String,
    /// How it ended, if it has ended already.
    pub(crate) end: Option<PodEnd>,
}

/// Waits until the program runs, or has run. Dropping the future changes nothing.
///
/// # Errors
/// It will not start, or did not by the deadline: with the cluster's words as the cause.
pub(crate) async fn started(
    watch: &mut PodWatch,
    cluster: &Cluster,
    run: &str,
    deadline: Instant,
) -> Result<Started, Failure> {
    let mut waits_for = None;
    loop {
        let Ok(news) = timeout_at(deadline, watch.next()).await else {
            return Err(too_late(cluster, run, waits_for).await);
        };
        let pod = match news.map_err(|problem| problem.into_failure())? {
            PodNews::Is(pod) => pod,
            PodNews::Gone => return Err(taken_away()),
        };
        let name = pod.metadata.name.clone().unwrap_or_default();
        match state_of(&pod) {
            PodState::Waiting(reason) => waits_for = reason.or(waits_for),
            PodState::Stuck(failure) => return Err(failure),
            PodState::Running => return Ok(Started { pod: name, end: None }),
            PodState::Ended(end) => return Ok(Started { pod: name, end: Some(end) }),
        }
    }
}

/// What the pod waits for is in its status; why there is no pod, in the Job's events.
async fn too_late(cluster: &Cluster, run: &str, waits_for: Option<String>) -> Failure {
    let words = match cluster.last_words(run).await {
        Ok(words) => words.or(waits_for),
        Err(problem) => waits_for.or_else(|| Some(format!("no events: {problem}"))),
    };
    let words = words.unwrap_or_else(|| "the cluster made no pod of the Job".to_owned());
    Failure::new(
        FailureKind::SandboxFault,
        "the cluster did not start the provider's program in time; the log says what it waited for",
    )
    .with_cause(ClusterWords(words))
}

/// The pod of a run was deleted by somebody else.
pub(crate) fn taken_away() -> Failure {
    Failure::new(
        FailureKind::SandboxFault,
        "the cluster took the provider's program away; try again",
    )
}
