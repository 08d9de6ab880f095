//! A gateway beside an author's work: it is given what was built, and its log is shown.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::configuration;
use crate::terminal;

/// How long the gateway may take to end by itself: Ctrl-C reaches it, too.
const LAST_STEPS: Duration = Duration::from_secs(2);

/// A configuration, and the gateway that serves it. Dropping it kills the gateway.
pub(super) struct OwnGateway {
    config: PathBuf,
    /// Where the gateway looks for plugins.
    directory: PathBuf,
    child: Option<Child>,
}

impl OwnGateway {
    /// Starts nothing yet: providers of the configuration may use what is still to be built.
    ///
    /// # Errors
    /// The configuration cannot be read, or lets no unsigned plugin in.
    pub(super) fn try_new(config: &Path) -> anyhow::Result<Self> {
        let Ok(reading) = configuration::load(config, std::env::vars_os().collect())? else {
            bail!("{} is not TOML; patchbay check says where", config.display());
        };
        let plugins = reading.configuration.plugins;
        if plugins.trust != Some(configuration::Trust::Unsigned) {
            bail!(
                "{} lets no unsigned plugin in; write plugins.trust = {{ unsigned = true }} while \
                 you develop",
                config.display()
            );
        }
        Ok(Self { config: config.to_owned(), directory: plugins.directory, child: None })
    }

    /// Puts components in place, each at once, and starts the gateway if it does not run.
    ///
    /// # Errors
    /// A file cannot be written, or the gateway not started.
    pub(super) fn install(&mut self, components: &[&Path]) -> anyhow::Result<()> {
        fs::create_dir_all(&self.directory)
            .with_context(|| format!("{} cannot be made", self.directory.display()))?;
        for component in components {
            self.put(component)?;
        }
        self.keep_running()
    }

    fn put(&self, component: &Path) -> anyhow::Result<()> {
        let name = component.file_name().context("the component has no name")?;
        // A hidden file is no plugin, and a rename is seen whole or not at all.
        let unfinished = self.directory.join(".unfinished");
        let place = self.directory.join(name);
        fs::copy(component, &unfinished)
            .and_then(|_| fs::rename(&unfinished, &place))
            .with_context(|| format!("{} cannot be written", place.display()))?;
        terminal::say(&format!("put into {}", place.display()));
        Ok(())
    }

    /// A gateway that has ended, for what its log says, is tried again with every build.
    fn keep_running(&mut self) -> anyhow::Result<()> {
        let child = self.child.as_mut();
        if child.is_some_and(|child| matches!(child.try_wait(), Ok(None))) {
            return Ok(());
        }
        let program = std::env::current_exe().context("this program is not found")?;
        let child = Command::new(program)
            .args(["serve", "--config"])
            .arg(&self.config)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        self.child = Some(child.context("the gateway cannot be started")?);
        Ok(())
    }

    /// Ends the gateway.
    pub(super) async fn end(mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        if timeout(LAST_STEPS, child.wait()).await.is_err() {
            // It can only fail if the gateway has ended.
            let _ended = child.kill().await;
        }
    }
}
