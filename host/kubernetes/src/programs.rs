//! The transport.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use exchange::{
    Failure, Places, ProcessExchange, ProcessTransport, ProgramOutput, UpstreamReply, program_reply,
};
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::cluster::Cluster;
use crate::layers::{DRIVER, KubernetesReport};
use crate::order::{self, RunOrder};
use crate::probe::probe;
use crate::problem::ConnectProblem;
use crate::run::Run;
use crate::settings::KubernetesSettings;
use crate::sweep;

/// Runs programs as Jobs. One serves the whole program.
pub struct KubernetesPrograms {
    cluster: Cluster,
    settings: Arc<KubernetesSettings>,
    places: Places,
    report: OnceLock<KubernetesReport>,
    /// Names of this life's runs sort after it.
    born: String,
    runs: TaskTracker,
}

impl KubernetesPrograms {
    /// Name of the driver, by which providers demand it.
    pub const DRIVER: &str = DRIVER;

    /// Reads where the cluster is. Asks it nothing, so that a cluster that is away keeps no
    /// gateway from starting.
    ///
    /// # Errors
    /// Kubeconfig, service account or certificates that cannot be read.
    pub async fn connect(settings: KubernetesSettings) -> Result<Self, ConnectProblem> {
        Ok(Self {
            cluster: Cluster::connect(&settings).await?,
            settings: Arc::new(settings),
            places: Places::default(),
            report: OnceLock::new(),
            born: order::new_name(),
            runs: TaskTracker::new(),
        })
    }

    /// Deletes what killed gateways left, and asks what this one may do, which is logged.
    pub async fn prepare(&self) {
        match self.sweep().await {
            Ok(0) => {}
            Ok(count) => info!(target: "process", count, "left by killed gateways, and deleted"),
            Err(reason) => warn!(target: "process", reason, "the cluster was not swept"),
        }
        let report = self.probe().await;
        if report.is_usable() {
            info!(target: "process", sandbox = %report, "sandbox of programs");
        } else {
            warn!(target: "process", sandbox = %report, "this sandbox cannot be used");
        }
    }

    /// What the driver guarantees and may do, as [`prepare`](Self::prepare) found it.
    #[must_use]
    pub fn report(&self) -> Option<&KubernetesReport> {
        self.report.get()
    }

    /// Asks what the driver guarantees and may do.
    pub async fn probe(&self) -> KubernetesReport {
        let report = probe(&self.cluster, &self.settings).await;
        self.report.get_or_init(|| report.clone());
        report
    }

    /// Deletes Jobs and Secrets of this gateway's former lives, if it has a name, and those that
    /// are long over. Answers how many there were.
    ///
    /// # Errors
    /// Why not all of them are gone.
    pub async fn sweep(&self) -> Result<usize, String> {
        let swept = sweep::sweep(&self.cluster, &self.settings, &self.born).await;
        swept.map_err(|problem| problem.to_string())
    }

    /// Waits until every Job and Secret of a run is deleted. Runs end when their replies end or
    /// are dropped; who calls this drops them first, or bounds the wait.
    pub async fn shutdown(&self) {
        self.runs.close();
        self.runs.wait().await;
    }
}

#[async_trait]
impl ProcessTransport for KubernetesPrograms {
    async fn run(&self, exchange: ProcessExchange) -> Result<UpstreamReply, Failure> {
        let order = RunOrder::of(&exchange, &self.settings)?;
        let ticket = self.places.admit(&exchange.target)?;
        let secrets = exchange.sent_secrets();
        let (output, receiver) = ProgramOutput::channel();
        let run = Run {
            cluster: self.cluster.clone(),
            settings: Arc::clone(&self.settings),
            exchange,
            order,
            ticket,
        };
        self.runs.spawn(run.supervise(output));
        program_reply(receiver, secrets).await
    }
}

#[cfg(test)]
mod tests;
