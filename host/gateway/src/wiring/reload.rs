//! The configuration, read again while requests are answered.
//!
//! On SIGHUP, and when the file's content changes. A good file replaces keys, routes, providers
//! and secrets whole; requests in flight keep what they began with. A bad file changes nothing
//! and is reported with every problem. What only takes effect at start is named.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pipeline::Meters;
use plugin_runtime::Registry;
use tokio::signal::unix::Signal;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::configuration::{
    self, AdminSettings, Configuration, LogSettings, PluginSettings, RecordingSettings,
    SandboxSettings, ServerSettings, StoreSettings, Variables,
};
use crate::wiring::board::Switchboard;
use crate::wiring::offer::Offer;
use crate::wiring::plugins;
use crate::wiring::watched_file::WatchedFile;
use crate::wiring::{Fitted, fit};

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Reads the configuration again.
pub(crate) struct Reloader {
    pub(crate) file: PathBuf,
    pub(crate) variables: Variables,
    pub(crate) at_start: StartSettings,
    pub(crate) registry: Arc<Registry>,
    pub(crate) meters: Arc<Meters>,
    pub(crate) board: Arc<Switchboard>,
}

/// What takes effect at start only.
#[derive(PartialEq, Eq)]
pub(crate) struct StartSettings {
    pub(crate) server: ServerSettings,
    pub(crate) plugins: PluginSettings,
    pub(crate) log: LogSettings,
    pub(crate) sandbox: SandboxSettings,
    pub(crate) store: Option<StoreSettings>,
    pub(crate) admin: Option<AdminSettings>,
    pub(crate) recording: Option<RecordingSettings>,
}

impl StartSettings {
    pub(crate) fn of(configuration: Configuration) -> Self {
        let Configuration { server, plugins, log, sandbox, store, admin, recording, .. } =
            configuration;
        Self { server, plugins, log, sandbox, store, admin, recording }
    }
}

/// Reloads until it is told to stop. Dropping the future stops it, too; a reload that has begun
/// then ends by itself.
pub(crate) async fn watch(
    reloader: Reloader,
    mut watched: WatchedFile,
    mut hangups: Signal,
    stop: CancellationToken,
) {
    let reloader = Arc::new(reloader);
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let asked = tokio::select! {
            () = stop.cancelled() => return,
            _ = hangups.recv() => true,
            _ = looks.tick() => false,
        };
        let reloader = Arc::clone(&reloader);
        // Files may be on slow mounts, so nothing of this is for a task's thread.
        let look = tokio::task::spawn_blocking(move || {
            if watched.has_changed() || asked {
                reloader.reload();
            }
            watched
        });
        watched = match look.await {
            Ok(watched) => watched,
            Err(panic) => {
                error!(cause = %panic, "reloading has ended: restart to change the configuration");
                return;
            }
        };
    }
}

impl Reloader {
    /// Puts what the file says now in place, or reports what is wrong with it.
    pub(crate) fn reload(&self) {
        let reading = match configuration::load(&self.file, self.variables.clone()) {
            Ok(Ok(reading)) => reading,
            Ok(Err(findings)) => return self.refuse(&findings),
            Err(error) => {
                error!("configuration not reloaded, the one before stays: {error:#}");
                return;
            }
        };
        let fitted =
            fit(reading, &Offer::of(&self.registry), (&self.meters, self.board.sandboxes()));
        let Fitted { configuration, tables, .. } = match fitted {
            Ok(fitted) => fitted,
            Err(findings) => return self.refuse(&findings),
        };
        let providers = tables.providers.values().map(|provider| &**provider);
        if let Err(error) = plugins::prepare(&self.registry, providers) {
            error!("configuration not reloaded, the one before stays: {error:#}");
            return;
        }
        self.board.reload(tables);
        info!(file = %self.file.display(), "configuration reloaded");
        if StartSettings::of(configuration) != self.at_start {
            warn!(
                "sections server, plugins, log, sandbox, store, admin or recording differ from those at \
                 start: restart to use them"
            );
        }
    }

    fn refuse(&self, findings: &[configuration::Finding]) {
        for finding in findings {
            error!("{finding}");
        }
        let problems = findings.len();
        error!(problems, "configuration not reloaded, the one before stays");
    }
}
