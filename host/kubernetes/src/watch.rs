//! Follows the pod of a run.

use std::time::Duration;

use futures_util::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::api::WatchEvent;
use tokio::time::sleep;

use crate::cluster::{Cluster, PodEvents};
use crate::manifest::RUN_LABEL;
use crate::problem::CallProblem;

/// Looks in a row that bring nothing, until the API server counts as gone: about half a minute.
const PATIENCE: u32 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What happened to the pod.
pub(crate) enum PodNews {
    /// It is there, like this.
    Is(Box<Pod>),
    /// It was there and is not any more.
    Gone,
}

/// A list first and a watch from there, begun anew whenever the watch breaks.
pub(crate) struct PodWatch {
    cluster: Cluster,
    selector: String,
    events: Option<PodEvents>,
    seen: bool,
    in_vain: u32,
}

impl PodWatch {
    /// Of the run of a name. Asks nothing yet.
    pub(crate) fn new(cluster: Cluster, run: &str) -> Self {
        let selector = format!("{RUN_LABEL}={run}");
        Self { cluster, selector, events: None, seen: false, in_vain: 0 }
    }

    /// Waits for news. The first is how the pod is. Dropping the future loses nothing.
    ///
    /// # Errors
    /// The API server says no, or is not to be reached for half a minute.
    pub(crate) async fn next(&mut self) -> Result<PodNews, CallProblem> {
        loop {
            let news = match &mut self.events {
                None => self.look().await?,
                Some(events) => match events.next().await {
                    Some(Ok(WatchEvent::Added(pod) | WatchEvent::Modified(pod))) => {
                        Some(PodNews::Is(Box::new(pod)))
                    }
                    Some(Ok(WatchEvent::Deleted(_))) => Some(PodNews::Gone),
                    Some(Ok(WatchEvent::Bookmark(_))) => None,
                    // What was watched from is too old, or the connection has ended.
                    Some(Ok(WatchEvent::Error(_)) | Err(_)) | None => {
                        self.events = None;
                        None
                    }
                },
            };
            if let Some(news) = news {
                self.seen = true;
                self.in_vain = 0;
                return Ok(news);
            }
        }
    }

    /// Lists, and watches from there.
    async fn look(&mut self) -> Result<Option<PodNews>, CallProblem> {
        if self.in_vain > 0 {
            let pause = FIRST_PAUSE * 2_u32.saturating_pow(self.in_vain.min(8));
            sleep(pause.min(LONGEST_PAUSE)).await;
        }
        self.in_vain += 1;
        match self.try_look().await {
            Err(problem) if problem.is_final() || self.in_vain >= PATIENCE => Err(problem),
            Err(_) => Ok(None),
            Ok(news) => Ok(news),
        }
    }

    async fn try_look(&mut self) -> Result<Option<PodNews>, CallProblem> {
        let pods = self.cluster.list_pods(&self.selector).await?;
        let version = pods.metadata.resource_version.clone().unwrap_or_default();
        self.events = Some(self.cluster.watch_pods(&self.selector, &version).await?);
        let pod = pods.items.into_iter().next();
        Ok(match pod {
            Some(pod) => Some(PodNews::Is(Box::new(pod))),
            None => self.seen.then_some(PodNews::Gone),
        })
    }
}
