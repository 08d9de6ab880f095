//! The board: the tables that requests are decided by, and the one place that changes them.
//!
//! Two things change them: an operator, through the room `administration`, and a reload of the
//! configuration file. They wait for each other here, so that neither switches to tables that
//! know nothing of the other's change. The request path only ever sees whole tables.

use std::sync::{Arc, OnceLock};

use administration::{
    Board, Filed, Fitting, HeldProvider, Holdings, Misfit, ProgramsView, SlotSecrets,
};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use exchange::{CredentialSource, ProbeReport, ProbeStep};
use pipeline::{Meters, Pipeline, Provider};
use plugin_runtime::Registry;
use secrecy::SecretString;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::wiring::compile::{FileTables, Joining, Tables, compile_stored, join};
use crate::wiring::credentials::Credentials;
use crate::wiring::offer::Offer;
use crate::wiring::plugins;
use crate::wiring::sandboxes::{self, Sandboxes};

/// The tables that are valid, and what they are made with.
pub(crate) struct Switchboard {
    registry: Arc<Registry>,
    offer: ArcSwap<Offer>,
    sandboxes: Arc<dyn Sandboxes>,
    meters: Arc<Meters>,
    credentials: Arc<Credentials>,
    pipeline: OnceLock<Arc<Pipeline>>,
    /// Whoever holds it may switch.
    tables: Arc<Mutex<Arc<Tables>>>,
    shown: ArcSwap<Shown>,
}

/// What is asked for without waiting for a change that is under way.
struct Shown {
    tables: Arc<Tables>,
    misfits: Arc<[Misfit]>,
}

impl Shown {
    fn of(tables: &Arc<Tables>) -> Self {
        Self { tables: Arc::clone(tables), misfits: tables.misfits().cloned().collect() }
    }
}

/// What a board is made of.
pub(crate) struct BoardParts {
    /// The plugins.
    pub(crate) registry: Arc<Registry>,
    /// What programs can be kept in.
    pub(crate) sandboxes: Arc<dyn Sandboxes>,
    /// What each key has used.
    pub(crate) meters: Arc<Meters>,
    /// What the configuration file says.
    pub(crate) file: FileTables,
    /// What the store holds.
    pub(crate) holdings: Holdings,
}

impl Switchboard {
    /// Compiles the first tables: takes as long as plugins take to compile.
    pub(crate) fn new(parts: BoardParts) -> Self {
        let BoardParts { registry, sandboxes, meters, file, holdings } = parts;
        let offer = Offer::of(&registry);
        let ready = |provider: &Provider| make_ready(&registry, provider);
        let joining =
            Joining { offer: &offer, sandboxes: &*sandboxes, meters: &meters, ready: &ready };
        let tables = Arc::new(join(Arc::new(file), holdings, &joining, None));
        Self {
            credentials: Arc::new(Credentials::new(tables.secrets())),
            pipeline: OnceLock::new(),
            shown: ArcSwap::from_pointee(Shown::of(&tables)),
            tables: Arc::new(Mutex::new(tables)),
            registry,
            offer: ArcSwap::from_pointee(offer),
            sandboxes,
            meters,
        }
    }

    /// The tables that are valid.
    pub(crate) fn tables(&self) -> Arc<Tables> {
        Arc::clone(&self.shown.load().tables)
    }

    /// The secrets that are valid.
    pub(crate) fn credentials(&self) -> Arc<Credentials> {
        Arc::clone(&self.credentials)
    }

    /// What programs can be kept in.
    pub(crate) fn sandboxes(&self) -> &dyn Sandboxes {
        &*self.sandboxes
    }

    /// What programs are kept in now.
    pub(crate) fn programs(&self) -> ProgramsView {
        sandboxes::in_use(&self.tables().snapshot(), &*self.sandboxes)
    }

    /// Tells the board whom to switch. Once, before the first change.
    pub(crate) fn attach(&self, pipeline: Arc<Pipeline>) {
        // A second pipeline would be a fault of `serve`; the first one stays.
        let _ = self.pipeline.set(pipeline);
    }

    /// Puts a reloaded file in place of the one before. Blocks; not for a task's thread.
    pub(crate) fn reload(&self, file: FileTables) {
        let mut valid = Arc::clone(&self.tables).blocking_lock_owned();
        let tables = self.join(Arc::new(file), valid.holdings().clone(), &valid);
        tables.misfits().for_each(warn_of);
        self.switch(&mut valid, tables);
    }

    /// Other plugins serve: what was set aside may fit now, and what fitted may not. Blocks; not
    /// for a task's thread.
    pub(crate) fn plugins_changed(&self) {
        let mut valid = Arc::clone(&self.tables).blocking_lock_owned();
        let offer = Offer::of(&self.registry);
        let is_same = offer == **self.offer.load();
        self.offer.store(Arc::new(offer));
        if is_same && valid.misfits().next().is_none() {
            // Who serves under a name is looked up for every attempt.
            return;
        }
        let (file, holdings) = (Arc::clone(valid.file()), valid.holdings().clone());
        let tables = self.with_joining(|joining| join(file, holdings, joining, None));
        warn_of_new_misfits(&valid, &tables);
        self.switch(&mut valid, tables);
    }

    fn join(&self, file: Arc<FileTables>, holdings: Holdings, before: &Tables) -> Tables {
        self.with_joining(|joining| join(file, holdings, joining, Some(before)))
    }

    fn with_joining<T>(&self, work: impl FnOnce(&Joining<'_>) -> T) -> T {
        let offer = self.offer.load_full();
        let ready = |provider: &Provider| self.make_ready(provider);
        let sandboxes = &*self.sandboxes;
        work(&Joining { offer: &offer, sandboxes, meters: &self.meters, ready: &ready })
    }

    fn make_ready(&self, provider: &Provider) -> Result<(), String> {
        make_ready(&self.registry, provider)
    }

    fn switch(&self, valid: &mut Arc<Tables>, tables: Tables) {
        let tables = Arc::new(tables);
        // Secrets first: a request by the new snapshot must find them.
        self.credentials.replace(tables.secrets());
        if let Some(pipeline) = self.pipeline.get() {
            pipeline.replace(tables.snapshot());
        }
        self.shown.store(Arc::new(Shown::of(&tables)));
        *valid = tables;
    }
}

fn warn_of_new_misfits(before: &Tables, tables: &Tables) {
    let known: Vec<_> = before.misfits().collect();
    tables.misfits().filter(|misfit| !known.contains(misfit)).for_each(warn_of);
}

fn warn_of(misfit: &Misfit) {
    let Misfit { noun, id, problems } = misfit;
    for problem in problems {
        tracing::warn!("stored {noun} {id:?} is set aside: {problem}");
    }
}

fn make_ready(registry: &Registry, provider: &Provider) -> Result<(), String> {
    plugins::prepare(registry, std::iter::once(provider)).map_err(|error| format!("{error:#}"))
}

/// Tables that are not valid yet. Holds other changes back.
struct FittingTables {
    board: Arc<Switchboard>,
    valid: OwnedMutexGuard<Arc<Tables>>,
    tables: Tables,
    misfits: Vec<Misfit>,
}

impl Fitting for FittingTables {
    fn misfits(&self) -> &[Misfit] {
        &self.misfits
    }

    fn switch(self: Box<Self>) {
        let Self { board, mut valid, tables, .. } = *self;
        board.switch(&mut valid, tables);
    }
}

/// The board as the room `administration` sees it.
pub(crate) struct OperatorsBoard(pub(crate) Arc<Switchboard>);

#[async_trait]
impl Board for OperatorsBoard {
    fn filed(&self) -> Arc<Filed> {
        Arc::clone(&self.0.tables().file().filed)
    }

    fn misfits(&self) -> Arc<[Misfit]> {
        Arc::clone(&self.0.shown.load().misfits)
    }

    fn programs(&self) -> ProgramsView {
        self.0.programs()
    }

    async fn fit(&self, holdings: Holdings) -> Box<dyn Fitting> {
        let valid = Arc::clone(&self.0.tables).lock_owned().await;
        let board = Arc::clone(&self.0);
        // Compiling a plugin takes long.
        let (valid, tables) = off_the_runtime(move || {
            let tables = board.join(Arc::clone(valid.file()), holdings, &valid);
            (valid, tables)
        })
        .await;
        let misfits = tables.misfits().cloned().collect();
        Box::new(FittingTables { board: Arc::clone(&self.0), valid, tables, misfits })
    }

    async fn probe(&self, provider: &HeldProvider, secrets: &SlotSecrets) -> ProbeReport {
        let id = &provider.provider.id;
        let tables = self.0.tables();
        let same = |held: &&Arc<HeldProvider>| std::ptr::eq(&raw const ***held, provider);
        let serving = tables.holdings().providers.get(id).filter(same);
        let compiled = match serving.and_then(|_| tables.stored_provider(id)) {
            Some(compiled) => Ok(Arc::clone(compiled)),
            None => {
                let compile =
                    |joining: &Joining<'_>| compile_stored(tables.file(), provider, joining);
                self.0.with_joining(compile).map(Arc::new)
            }
        };
        let source = OnlySecrets { provider: id.as_str(), secrets };
        match (compiled, self.0.pipeline.get()) {
            (Ok(compiled), Some(pipeline)) => pipeline.probe(&compiled, &source).await,
            (Err(problems), _) => {
                let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
                not_probed(&format!("the provider is set aside: {}", problems.join("; ")))
            }
            (_, None) => not_probed("the gateway is still starting"),
        }
    }

    async fn probe_filed(&self, id: &str) -> Option<ProbeReport> {
        let tables = self.0.tables();
        let provider = Arc::clone(tables.file().providers.get(id)?);
        let pipeline = self.0.pipeline.get()?;
        Some(pipeline.probe(&provider, &*self.0.credentials).await)
    }
}

/// Runs what takes long on a thread for it. If that thread panicked, so does this.
pub(crate) async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn not_probed(reason: &str) -> ProbeReport {
    ProbeReport {
        reach: ProbeStep::failed(std::time::Duration::ZERO, reason),
        tls: ProbeStep::skipped(),
        credential: ProbeStep::skipped(),
        models: ProbeStep::skipped(),
        model_ids: Vec::new(),
        latency: None,
    }
}

/// Secrets that are tried for one provider.
struct OnlySecrets<'a> {
    provider: &'a str,
    secrets: &'a SlotSecrets,
}

impl CredentialSource for OnlySecrets<'_> {
    fn secret(&self, provider: &str, slot: &str) -> Option<Arc<SecretString>> {
        (provider == self.provider).then(|| self.secrets.get(slot).cloned())?
    }
}
