//! Deletes what a run created.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::warn;

use crate::cluster::Cluster;
use crate::problem::CallProblem;

/// How long the API server is asked. What is left then ends at its deadline, by the cluster.
const PATIENCE: Duration = Duration::from_secs(600);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Times that "there is no such thing" is not believed, where a creation was not answered: it may
/// be carried out after the deletion.
const DOUBTS: u32 = 4;

/// What is known of a creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Creation {
    /// Nothing was asked for, or it was refused.
    Nothing,
    /// It is there.
    Certain,
    /// The answer did not come.
    Unknown,
}

impl Creation {
    /// What an answer to a creation tells.
    pub(crate) fn of<T>(answer: &Result<T, CallProblem>) -> Self {
        match answer {
            Ok(_) => Self::Certain,
            Err(problem) if problem.is_final() => Self::Nothing,
            Err(_) => Self::Unknown,
        }
    }
}

/// What a run has created.
#[derive(Clone, Debug)]
pub(crate) struct Traces {
    /// Name of both.
    pub(crate) name: String,
    /// The Job, with its pod.
    pub(crate) job: Creation,
    /// The Secret.
    pub(crate) secret: Creation,
}

impl Traces {
    /// Deletes everything. Tries until the API server says that it is gone, ten minutes at most.
    pub(crate) async fn remove(self, cluster: &Cluster) {
        let Self { name, job, secret } = &self;
        // The Job first: it is what runs.
        persist(*job, "Job", name, || cluster.delete_job(name)).await;
        persist(*secret, "Secret", name, || cluster.delete_secret(name)).await;
    }
}

async fn persist<F>(creation: Creation, kind: &str, name: &str, delete: impl Fn() -> F)
where
    F: Future<Output = Result<(), CallProblem>>,
{
    let mut doubts = match creation {
        Creation::Nothing => return,
        Creation::Certain => 0,
        Creation::Unknown => DOUBTS,
    };
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let problem = match delete().await {
            Ok(()) => return,
            Err(problem) if problem.is_absent() && doubts == 0 => return,
            Err(problem) => problem,
        };
        doubts = doubts.saturating_sub(u32::from(problem.is_absent()));
        if began.elapsed() >= PATIENCE {
            warn!(target: "process", kind, name, error = %problem, "left behind in the cluster");
            return;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
