//! Programs as providers.
//!
//! Owns the exchange with the child processes of the gateway; the room `sandbox` keeps them in. A
//! program gets exactly the environment of its plan, a private empty directory, no privilege and
//! hard limits; it and everything it started die with its request. Each run has one supervisor
//! task, which alone starts, feeds, reads, kills and reaps it; the reply's body is a channel of
//! that task.
//!
//! A program reaches no host but those of its provider's grant, through a proxy of its own run that
//! the supervisor serves.
//!
//! How much a driver keeps in is in the log at start, and in [`ProcessUpstream::sandbox`]; with
//! `basic`, the last resort, a program may read every file that its user may read, and may use the
//! network. A provider can demand a driver or a layer, and is refused where it does not work.

use std::sync::Arc;

use async_trait::async_trait;
use exchange::{
    Failure, Places, ProcessExchange, ProcessTransport, ProgramOutput, Ticket, UpstreamReply,
    program_reply,
};
use sandbox::{DriverMissing, DriverName, DriverReport, Drivers, PoolLimits};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use launcher::{Job, Launcher};
use supervisor::Run;

mod child;
mod command;
mod descriptor;
mod egress;
mod ending;
mod launcher;
mod relay;
mod supervisor;

/// Why programs cannot be run.
#[derive(Debug, Error)]
pub enum ProcessSetupProblem {
    /// This process cannot adopt what its programs leave behind.
    #[error("this process cannot adopt what programs leave behind")]
    Subreaper(#[source] std::io::Error),
    /// The threads that start programs could not be started.
    #[error("the threads that start programs could not be started")]
    Thread(#[source] std::io::Error),
    /// No driver works here.
    #[error(transparent)]
    Sandbox(DriverMissing),
}

/// Runs programs in a sandbox. One serves the whole program.
pub struct ProcessUpstream {
    drivers: Arc<Drivers>,
    launcher: Arc<Launcher>,
    places: Places,
    supervisors: TaskTracker,
}

impl ProcessUpstream {
    /// With drivers of its own: see [`ProcessUpstream::with_drivers`].
    ///
    /// # Errors
    /// The system's.
    pub fn try_new() -> Result<Self, ProcessSetupProblem> {
        Self::with_drivers(Arc::new(Drivers::with_pool(PoolLimits::ORDINARY)))
    }

    /// Chooses the strongest driver, which is tried here, and starts the threads that start
    /// programs. Makes this process the subreaper of its
    /// descendants (`PR_SET_CHILD_SUBREAPER`), so that what a program leaves behind is reaped.
    ///
    /// # Errors
    /// The system's.
    pub fn with_drivers(drivers: Arc<Drivers>) -> Result<Self, ProcessSetupProblem> {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
            .map_err(|error| ProcessSetupProblem::Subreaper(error.into()))?;
        let strongest = drivers.strongest().map_err(ProcessSetupProblem::Sandbox)?;
        announce(&drivers, strongest.report());
        let launcher = Launcher::start(&drivers).map_err(ProcessSetupProblem::Thread)?;
        Ok(Self {
            launcher: Arc::new(launcher),
            drivers,
            places: Places::default(),
            supervisors: TaskTracker::new(),
        })
    }

    /// What the driver guarantees that runs programs of providers that demand none: for
    /// readiness. `None` cannot come after [`try_new`](Self::try_new) went well.
    pub fn sandbox(&self) -> Option<&DriverReport> {
        self.drivers.strongest().ok().map(|driver| driver.report())
    }

    /// What a driver guarantees that a provider demands. Tries it when it is asked for first, or a
    /// minute after it did not work, and blocks meanwhile.
    ///
    /// # Errors
    /// The layer that is missing here, and why.
    pub fn demand(&self, driver: DriverName) -> Result<&DriverReport, DriverMissing> {
        self.drivers.get(driver).map(|driver| driver.report())
    }

    /// Waits until every program has ended and its directory is gone, then throws away the
    /// sandboxes that were kept ready. Runs end when their replies end or are dropped; who calls
    /// this drops them first, or bounds the wait.
    pub async fn shutdown(&self) {
        self.supervisors.close();
        self.supervisors.wait().await;
        let drivers = Arc::clone(&self.drivers);
        // A thread that panicked leaves the rest to the end of this process, which ends them too.
        let _ = tokio::task::spawn_blocking(move || drivers.close()).await;
    }

    fn start(
        &self,
        exchange: ProcessExchange,
        job: Job,
        ticket: Ticket,
    ) -> mpsc::Receiver<ProgramOutput> {
        let (output, receiver) = ProgramOutput::channel();
        let run = Run::new(exchange, job, ticket, Arc::clone(&self.launcher));
        self.supervisors.spawn(run.supervise(output));
        receiver
    }
}

/// Says at start what keeps programs in, and what does not.
fn announce(drivers: &Drivers, report: &DriverReport) {
    if report.driver == DriverName::Basic
        && let Err(missing) = drivers.get(DriverName::Native)
    {
        warn!(target: "process", reason = %missing, "programs can read files and use the network");
    }
    info!(target: "process", sandbox = %report, "sandbox of programs");
}

#[async_trait]
impl ProcessTransport for ProcessUpstream {
    async fn run(&self, exchange: ProcessExchange) -> Result<UpstreamReply, Failure> {
        let job = command::build(&exchange)?;
        let ticket = self.places.admit(&exchange.target)?;
        let secrets = exchange.sent_secrets();
        program_reply(self.start(exchange, job, ticket), secrets).await
    }
}

#[cfg(test)]
mod tests;
