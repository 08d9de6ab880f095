//! The life cycle, step by step and as a whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use exchange::{EgressExchange, Failure, PluginCatalog, RequestId, ResponseHead};
use tempfile::TempDir;

use super::archive::Archive;
use super::keeper::Keeper;
use super::settings::{LifeLimits, LifeSettings, Notices};
use super::trust::TrustPolicy;
use super::views::{LifeView, Pending, Phase};
use crate::tests::{call, identity};
use crate::{Compilation, InstanceLimits, Limits, Registry, Runtime};
use text_guests::Guest;

mod actions;
mod canary;
mod capture;
mod draining;
mod load;
mod restart;
mod steps;
mod trials;
mod trust;
mod vectors;
mod worker;

const HOUR: Duration = Duration::from_hours(1);

/// Nothing happens by itself: tests look and watch.
const LIFE: LifeLimits = LifeLimits {
    notices: Notices::PollOnly,
    poll: HOUR,
    settle: Duration::ZERO,
    ..LifeLimits::STANDARD
};

const LIMITS: Limits = Limits {
    live_instances: 64,
    instance: InstanceLimits {
        call: Duration::from_secs(20),
        memory_bytes: 8 * 1024 * 1024,
        ..Limits::STANDARD.instance
    },
    stock: crate::StockLimits { instances: 1, ..Limits::STANDARD.stock },
    ..Limits::STANDARD
};

/// A plugin directory, and what a gateway does with it.
struct Rig {
    home: TempDir,
    settings: LifeSettings,
    registry: Arc<Registry>,
    keeper: Option<Keeper>,
}

impl Rig {
    fn new() -> Self {
        Self::with(|_| {})
    }

    /// With other settings.
    fn with(change: impl FnOnce(&mut LifeSettings)) -> Self {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("plugins");
        fs::create_dir(&directory).unwrap();
        let mut settings = LifeSettings {
            state: directory.join(".patchbay"),
            directory,
            trust: TrustPolicy::Unsigned,
            grants: BTreeMap::new(),
            limits: LIFE,
        };
        change(&mut settings);
        let mut rig = Self { home, settings, registry: registry(), keeper: None };
        rig.start();
        rig
    }

    fn start(&mut self) {
        let archive = Archive::open(&self.settings.state).unwrap();
        let (settings, registry) = (self.settings.clone(), Arc::clone(&self.registry));
        self.keeper = Some(Keeper::open(settings, registry, archive).unwrap());
    }

    /// Ends the gateway without a word, and starts another one that has not looked yet.
    fn restart(&mut self) {
        self.keeper = None;
        self.registry = registry();
        self.start();
    }

    fn keeper(&mut self) -> &mut Keeper {
        self.keeper.as_mut().unwrap()
    }

    fn path(&self, file: &str) -> PathBuf {
        self.settings.directory.join(file)
    }

    /// Puts a file in place at once, as a careful tool does.
    fn put(&self, file: &str, bytes: &[u8]) {
        super::archive::write_whole(&self.path(file), bytes).unwrap();
    }

    /// Puts a file in place and looks.
    fn install(&mut self, file: &str, guest: &Guest) {
        self.put(file, &guest.build());
        self.look();
    }

    fn look(&mut self) {
        self.keeper().look();
    }

    /// Lets the first calls be judged.
    fn watch(&mut self) {
        self.keeper().watch(Instant::now());
    }

    fn view(&mut self) -> LifeView {
        self.keeper().show();
        LifeView::clone(&self.keeper().shown().load())
    }

    fn pending(&mut self, file: &str) -> Pending {
        let view = self.view();
        view.pending.into_iter().find(|it| it.file == file).unwrap()
    }

    /// The version that serves, by what it answers.
    async fn version(&self, name: &str) -> Option<String> {
        let dialect = self.registry.dialect(name)?;
        let mut exchange = dialect.open(call(), request("request-1"));
        let encoded = exchange.encode(Bytes::from_static(b"{}")).await.unwrap();
        Some(String::from_utf8(encoded.body.to_vec()).unwrap())
    }

    fn open(&self, name: &str) -> Box<dyn EgressExchange> {
        self.registry.dialect(name).unwrap().open(call(), request("request-1"))
    }

    /// One exchange with so many pushes: one call more than that.
    async fn exchange(&self, name: &str, pushes: usize) -> Result<(), Failure> {
        let mut exchange = self.open(name);
        exchange.begin(identity(), &ResponseHead::of_process()).await?;
        for _ in 0..pushes {
            exchange.push(Bytes::from_static(b"x")).await?;
        }
        Ok(())
    }

    fn events(&mut self, kind: super::EventKind) -> usize {
        self.view().events.iter().filter(|event| event.kind == kind).count()
    }

    fn phase(&mut self, name: &str) -> Option<Phase> {
        self.view().plugin(name).and_then(|plugin| plugin.phase)
    }
}

fn registry() -> Arc<Registry> {
    registry_with(Compilation::default())
}

fn registry_with(compilation: Compilation) -> Arc<Registry> {
    Arc::new(Registry::new(Runtime::start_with(LIMITS, compilation).unwrap()))
}

/// A normalizer that speaks the dialect of its own name and encodes every body as its version.
fn plugin(name: &str, version: &str) -> Guest {
    Guest::egress(name)
        .answer_with("encode", |image| image.encoded(version, None))
        .manifest(|manifest| manifest["version"] = version.into())
}

/// Traps at that call of an exchange that pushes only.
fn trapping(name: &str, version: &str, at_call: usize) -> Guest {
    let guest = plugin(name, version).items("(global $pushes (mut i32) (i32.const 0))");
    let documents = guest.instructions("push");
    let body = format!(
        "(global.set $pushes (i32.add (global.get $pushes) (i32.const 1)))
         (if (i32.ge_u (global.get $pushes) (i32.const {})) (then unreachable))
         {documents}",
        at_call - 1
    );
    guest.body("push", body)
}

fn request(id: &str) -> RequestId {
    RequestId::parse(id).unwrap()
}

fn link(to: &str, at: &Path) {
    std::os::unix::fs::symlink(to, at).unwrap();
}
