//! The life of plugins as the room `administration` sees it.

mod refusal;
mod views;

use std::sync::Arc;

use administration::{
    PluginAction, PluginProblem, PluginProblemSort, PluginUpload, Plugins, PluginsView, Uploaded,
};
use async_trait::async_trait;
use plugin_runtime::{Digest, LifeProblem, LifeView, PluginLife, Registry, Upload};

use crate::wiring::board::{Switchboard, off_the_runtime};
use refusal::refused;

/// Without trust and without a directory there is nobody who looks after installed plugins.
const NOBODY: &str = "this gateway takes no plugins; write plugins.trust = { signers = [\"…\"] } or \
                      plugins.trust = { unsigned = true } into the configuration, and restart";

/// Plugins of the binary and installed ones.
pub(crate) struct OperatorsPlugins {
    /// Looks after installed ones, if there can be any.
    pub(crate) life: Option<PluginLife>,
    /// What serves.
    pub(crate) registry: Arc<Registry>,
    /// Is told when other plugins serve.
    pub(crate) board: Arc<Switchboard>,
}

impl OperatorsPlugins {
    fn life(&self) -> Result<&PluginLife, PluginProblem> {
        let nobody = || PluginProblem::of(PluginProblemSort::Conflict, "", NOBODY);
        self.life.as_ref().ok_or_else(nobody)
    }

    /// What an action changes holds for providers, too, before it is answered.
    async fn settle(&self) {
        let board = Arc::clone(&self.board);
        off_the_runtime(move || board.plugins_changed()).await;
    }

    async fn carry_out(&self, name: &str, action: PluginAction) -> Result<(), LifeProblem> {
        let Some(life) = &self.life else { return Err(LifeProblem::Stopped) };
        match action {
            PluginAction::Approve { digest } => life.approve(name, &read(digest)?).await,
            PluginAction::Pin => life.pin(name).await,
            PluginAction::Unpin => life.unpin(name).await,
            PluginAction::RollBack { to } => life.roll_back(name, to.map(read).transpose()?).await,
            PluginAction::Canary { digest, plan } => {
                life.start_canary(name, &read(digest)?, views::plan_of(plan)).await
            }
            PluginAction::Promote => life.promote(name).await,
            PluginAction::Rollout(rollout) => {
                life.set_rollout(name, views::rollout_of(rollout)).await
            }
            PluginAction::Remove => life.remove(name).await,
        }
    }
}

#[async_trait]
impl Plugins for OperatorsPlugins {
    fn view(&self) -> PluginsView {
        let life = self.life.as_ref().map_or_else(LifeView::default, PluginLife::view);
        views::all(life, &self.registry.list())
    }

    fn max_component_bytes(&self) -> u64 {
        self.registry.runtime().limits().component_bytes as u64
    }

    async fn upload(&self, upload: PluginUpload) -> Result<Uploaded, PluginProblem> {
        let PluginUpload { component, signature, rollout } = upload;
        let rollout = rollout.map(views::rollout_of);
        let upload = Upload { component, signature, rollout };
        let uploaded = self.life()?.upload(upload).await.map_err(|it| refused(&it))?;
        self.settle().await;
        Ok(Uploaded { name: uploaded.name, waits: uploaded.waits.is_some() })
    }

    async fn act(&self, name: &str, action: PluginAction) -> Result<(), PluginProblem> {
        self.life()?;
        let done = self.carry_out(name, action).await;
        // Also an action that is refused at a late step may have changed something before.
        self.settle().await;
        done.map_err(|problem| match problem {
            LifeProblem::Unknown(_) if self.registry.list().iter().any(|it| it.name == name) => {
                let text = format!(
                    "plugin {name:?} is inside the gateway's binary, none is installed; install \
                     one of this name to put it in its place"
                );
                PluginProblem::of(PluginProblemSort::Conflict, "", &text)
            }
            problem => refused(&problem),
        })
    }
}

/// A digest that was read before; another text is of no version.
fn read(digest: String) -> Result<Digest, LifeProblem> {
    let unread = Digest::of(digest.as_bytes());
    Digest::try_from(digest).map_err(|_| LifeProblem::UnknownVersion(unread))
}

#[cfg(test)]
mod tests;
