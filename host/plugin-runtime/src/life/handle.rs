//! What the rest of the gateway holds: actions, views, and the end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;

use arc_swap::ArcSwap;
use tokio::sync::{oneshot, watch};

use super::archive::Archive;
use super::keeper::{Keeper, Upload, Uploaded};
use super::notice::Notice;
use super::problem::LifeProblem;
use super::settings::LifeSettings;
use super::share::{CanaryPlan, Rollout};
use super::views::LifeView;
use super::worker::{MAX_ORDERS, Order, Signs, Worker};
use crate::digest::Digest;
use crate::registry::Registry;

/// The life of a gateway's installed plugins. Cheap to clone; the thread ends when it is told
/// ([`PluginLife::stop`]) or the last clone is dropped.
///
/// Actions are done one after the other, and are on the disk when they are answered. Dropping an action's future does not undo it. An action
/// that waits behind a compilation waits as long as that takes.
#[derive(Clone)]
pub struct PluginLife {
    registry: Arc<Registry>,
    orders: Arc<SyncSender<Order>>,
    signs: Arc<Signs>,
    shown: Arc<ArcSwap<LifeView>>,
    changes: watch::Receiver<u64>,
}

impl PluginLife {
    /// Loads what served before and what lies in the directory, then goes on with that on a
    /// thread of its own. Compiles: not for a task's thread.
    ///
    /// # Errors
    /// If another gateway uses the directory, or the state cannot be read. A plugin that cannot
    /// be loaded is no error: see [`LifeView::pending`].
    pub fn start(settings: LifeSettings, registry: Arc<Registry>) -> Result<Self, LifeProblem> {
        let archive = Archive::open(&settings.state)?;
        let mut keeper = Keeper::open(settings.clone(), Arc::clone(&registry), archive)?;
        keeper.look();
        let (shown, changes) = (keeper.shown(), keeper.changes());
        let (orders, ordered) = sync_channel(MAX_ORDERS);
        let (orders, signs) = (Arc::new(orders), Arc::new(Signs::default()));
        let (told, looks) = (Arc::clone(&signs), Arc::downgrade(&orders));
        let LifeSettings { directory, limits, .. } = settings;
        let notice = Notice::new(&directory, limits.notices, move || told.order_look(&looks));
        // What changed before the system began to tell.
        signs.order_look(&Arc::downgrade(&orders));
        let worker = Worker { keeper, notice, orders: ordered, signs: Arc::clone(&signs), limits };
        thread::Builder::new()
            .name("plugin-life".into())
            .spawn(move || worker.run())
            .map_err(LifeProblem::Thread)?;
        Ok(Self { registry, orders, signs, shown, changes })
    }

    /// What would serve, without changing anything on disk: for a check beside a gateway that
    /// uses the directory. The registry has the plugins then. Compiles: not for a task's thread.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn rehearse(
        settings: LifeSettings,
        registry: Arc<Registry>,
    ) -> Result<LifeView, LifeProblem> {
        let archive = Archive::read_only(&settings.state);
        let mut keeper = Keeper::open(settings, registry, archive)?;
        keeper.look();
        Ok(LifeView::clone(&keeper.shown().load()))
    }

    /// Everything as it is now. Does not wait for the thread: while a plugin is compiled, the
    /// states are those of before, and the figures are current.
    #[must_use]
    pub fn view(&self) -> LifeView {
        let mut view = LifeView::clone(&self.shown.load());
        view.refresh(&self.registry);
        view
    }

    /// Counts the changes of what serves; ends when the thread has ended.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    /// Writes a component into the directory and takes it through all steps. One that is refused
    /// is taken away again.
    ///
    /// # Errors
    /// The step that it does not pass. To wait for an operator is no error.
    pub async fn upload(&self, upload: Upload) -> Result<Uploaded, LifeProblem> {
        self.act(move |keeper| keeper.upload(upload)).await
    }

    /// Approves what a version asks for, or takes it out of quarantine. A version that waits for
    /// that goes on through the steps.
    ///
    /// # Errors
    /// If nothing of that name and digest waits, or a later step stops it.
    pub async fn approve(&self, name: &str, digest: &Digest) -> Result<(), LifeProblem> {
        let (name, digest) = (name.to_owned(), digest.clone());
        self.act(move |keeper| keeper.approve(&name, &digest)).await
    }

    /// Lets the serving version stay whatever comes.
    ///
    /// # Errors
    /// If nothing of that name serves.
    pub async fn pin(&self, name: &str) -> Result<(), LifeProblem> {
        let name = name.to_owned();
        self.act(move |keeper| keeper.pin(&name, true)).await
    }

    /// Lets what lies in the directory serve again.
    ///
    /// # Errors
    /// If nothing of that name serves.
    pub async fn unpin(&self, name: &str) -> Result<(), LifeProblem> {
        let name = name.to_owned();
        self.act(move |keeper| keeper.pin(&name, false)).await
    }

    /// Goes back: from a canary to the old version, else to a kept version, the one installed
    /// before if none is named. The version that is left does not come again by itself.
    ///
    /// # Errors
    /// If there is nothing to go back to, or it does not pass a step.
    pub async fn roll_back(&self, name: &str, to: Option<Digest>) -> Result<(), LifeProblem> {
        let name = name.to_owned();
        self.act(move |keeper| keeper.roll_back(&name, to.as_ref())).await
    }

    /// Gives a kept version a share of the exchanges.
    ///
    /// # Errors
    /// If the plan is out of bounds, the version is not kept or serves already, or it does not
    /// pass a step.
    pub async fn start_canary(
        &self,
        name: &str,
        digest: &Digest,
        plan: CanaryPlan,
    ) -> Result<(), LifeProblem> {
        let (name, digest) = (name.to_owned(), digest.clone());
        self.act(move |keeper| keeper.start_canary(&name, &digest, plan)).await
    }

    /// Lets the canary serve all exchanges.
    ///
    /// # Errors
    /// If there is none.
    pub async fn promote(&self, name: &str) -> Result<(), LifeProblem> {
        let name = name.to_owned();
        self.act(move |keeper| keeper.promote(&name)).await
    }

    /// Says how new versions of a plugin start.
    ///
    /// # Errors
    /// If the plan is out of bounds, or there is no such plugin.
    pub async fn set_rollout(&self, name: &str, rollout: Rollout) -> Result<(), LifeProblem> {
        let name = name.to_owned();
        self.act(move |keeper| keeper.set_rollout(&name, rollout)).await
    }

    /// Removes a plugin: its file, its versions, and what was approved. A bundled one of the name
    /// serves again.
    ///
    /// # Errors
    /// If there is no such plugin, or its file cannot be removed.
    pub async fn remove(&self, name: &str) -> Result<(), LifeProblem> {
        let name = name.to_owned();
        self.act(move |keeper| keeper.remove(&name)).await
    }

    /// Tells the thread to end after what it does just now. Plugins go on serving.
    pub fn stop(&self) {
        self.signs.stop.store(true, Ordering::Release);
        // A full queue wakes the thread, too.
        let _ = self.orders.try_send(Order::Stop);
    }

    /// Waits for the thread's end.
    pub async fn ended(&self) {
        let mut changes = self.changes.clone();
        while changes.changed().await.is_ok() {}
    }

    async fn act<T: Send + 'static>(
        &self,
        action: impl FnOnce(&mut Keeper) -> Result<T, LifeProblem> + Send + 'static,
    ) -> Result<T, LifeProblem> {
        let (reply, answer) = oneshot::channel();
        let order = Order::Act(Box::new(move |keeper| {
            let outcome = keeper.durably(action);
            keeper.show();
            // Whoever asked may be gone; the action is done all the same.
            let _ = reply.send(outcome);
        }));
        match self.orders.try_send(order) {
            Ok(()) => answer.await.unwrap_or(Err(LifeProblem::Stopped)),
            Err(TrySendError::Full(_)) => Err(LifeProblem::Busy),
            Err(TrySendError::Disconnected(_)) => Err(LifeProblem::Stopped),
        }
    }
}
