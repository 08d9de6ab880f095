//! The plugins that serve: those in the binary, and those the operator installed.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use pipeline::Provider;
use plugin_runtime::{
    Allocator, ChildCompiler, Compilation, Grant, Isolation, LifeLimits, LifeSettings, LifeView,
    Limits, PluginLife, ProgramSettings, Registry, Runtime, Signer, SocketImports, TrustPolicy,
    WasiPrograms, compile_for_parent,
};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::configuration::{self, PluginGrant, PluginSettings, Trust};
use crate::wiring::Purpose;
use crate::wiring::board::{Switchboard, off_the_runtime};
use crate::wiring::offer::Offer;

/// Name and component of each plugin in the binary.
pub(super) const BUNDLED: &[(&str, &[u8])] =
    include!(concat!(env!("OUT_DIR"), "/bundled_plugins.rs"));

/// What was loaded.
pub(crate) struct LoadedPlugins {
    /// The plugins that serve.
    pub(crate) registry: Arc<Registry>,
    /// Looks after the installed ones, if the gateway is going to serve and there may be any.
    pub(crate) life: Option<PluginLife>,
    /// What they offer.
    pub(crate) offer: Offer,
    /// Installed ones that do not serve, one line each.
    pub(crate) refused: Vec<String>,
}

/// The word that makes this program the compiling process.
pub(crate) const COMPILE_COMMAND: &str = "compile-plugin";

/// The component of a plugin in the binary.
pub(crate) fn bundled(name: &str) -> Option<&'static [u8]> {
    BUNDLED.iter().find(|(bundled, _)| *bundled == name).map(|(_, component)| *component)
}

/// Starts the runtime and loads all plugins.
///
/// # Errors
/// If the runtime does not start, a bundled plugin does not load, or the installed ones cannot be
/// looked after.
pub(crate) fn load(settings: &PluginSettings, purpose: Purpose) -> anyhow::Result<LoadedPlugins> {
    if purpose == Purpose::Serve && is_used(settings) {
        // Before the private directory in it, whose rights are narrower. If that cannot be done,
        // there is nothing to load, and whoever writes there later reports it.
        let _ = fs::create_dir_all(&settings.directory);
    }
    let runtime = Runtime::start_with(limits(settings), compilation(settings, purpose))?;
    let registry = Registry::new(runtime);
    for (name, component) in BUNDLED {
        registry
            .install_bundled(component, grant(settings, name))
            .with_context(|| format!("bundled plugin {name} does not load"))?;
    }
    let registry = Arc::new(registry);
    let (life, view) = load_installed(&registry, settings, purpose)?;
    let refused = refused(&view, settings);
    Ok(LoadedPlugins { offer: Offer::of(&registry), registry, life, refused })
}

/// Compiles the component on standard input for the gateway that started this process.
///
/// # Errors
/// Why there is no code.
pub(crate) fn compile(allocator: Allocator) -> anyhow::Result<()> {
    // One instance takes the least address space; the code is the same for any number.
    let limits = Limits { live_instances: 1, ..Limits::STANDARD };
    let pipes = (std::io::stdin().lock(), std::io::stdout().lock());
    Ok(compile_for_parent(&limits, allocator, pipes)?)
}

/// What runs programs that are WebAssembly. They are compiled like plugins.
pub(crate) fn programs(settings: &PluginSettings) -> WasiPrograms {
    WasiPrograms::new(ProgramSettings {
        compilation: compilation(settings, Purpose::Serve),
        scratch: std::env::temp_dir(),
    })
}

/// Compiles the plugins that providers name, so that no request has to wait for it. The others
/// are compiled at their first use.
///
/// # Errors
/// Names the plugin that cannot be used.
pub(crate) fn prepare<'a>(
    registry: &Registry,
    providers: impl Iterator<Item = &'a Provider> + Clone,
) -> anyhow::Result<()> {
    let adapters = providers.clone().map(|provider| &*provider.adapter);
    let dialects = providers.flat_map(|provider| provider.dialects.iter().map(|it| &**it));
    registry
        .prepare(adapters, dialects)
        .map_err(|(name, error)| anyhow!(error).context(format!("plugin {name} cannot be used")))
}

/// Tells the board when other plugins serve, until it is told to stop; then ends the plugins'
/// thread. Dropping the future does the same but for waiting.
pub(crate) async fn keep_offer(life: PluginLife, board: Arc<Switchboard>, stop: CancellationToken) {
    let mut changes = life.changes();
    // Some may have changed while the gateway was starting.
    changes.mark_changed();
    loop {
        let changed = tokio::select! {
            () = stop.cancelled() => break,
            changed = changes.changed() => changed,
        };
        if changed.is_err() {
            error!("plugins are looked after no more: restart to install others");
            return;
        }
        let board = Arc::clone(&board);
        off_the_runtime(move || board.plugins_changed()).await;
    }
    life.stop();
    life.ended().await;
}

/// Loads the directory, and goes on watching it if the gateway is going to serve. Without a
/// directory, and without anybody who says what to trust, there is nothing to look after.
fn load_installed(
    registry: &Arc<Registry>,
    settings: &PluginSettings,
    purpose: Purpose,
) -> anyhow::Result<(Option<PluginLife>, LifeView)> {
    if !is_used(settings) {
        return Ok((None, LifeView::default()));
    }
    let life = LifeSettings {
        directory: settings.directory.clone(),
        state: state_directory(settings),
        trust: trust(settings)?,
        grants: settings
            .grants
            .keys()
            .map(|name| (name.to_string(), grant(settings, name.as_str())))
            .collect(),
        limits: LifeLimits::STANDARD,
    };
    let registry = Arc::clone(registry);
    match purpose {
        Purpose::Serve => {
            let life = PluginLife::start(life, registry)?;
            let view = life.view();
            Ok((Some(life), view))
        }
        Purpose::Check => Ok((None, PluginLife::rehearse(life, registry)?)),
    }
}

fn is_used(settings: &PluginSettings) -> bool {
    settings.trust.is_some() || settings.directory.is_dir()
}

/// Hidden, so that it is no plugin, and beside the plugins, so that it is on their volume.
fn state_directory(settings: &PluginSettings) -> PathBuf {
    settings.directory.join(".patchbay")
}

fn refused(view: &LifeView, settings: &PluginSettings) -> Vec<String> {
    let line = |file: &str, cause: &str| {
        let path = settings.directory.join(file);
        format!("plugin {} is not loaded: {cause}", path.display())
    };
    view.pending.iter().map(|pending| line(&pending.file, &pending.cause)).collect()
}

/// # Errors
/// Names the key that is none.
fn trust(settings: &PluginSettings) -> anyhow::Result<TrustPolicy> {
    let keys = match &settings.trust {
        None => return Ok(TrustPolicy::Nobody),
        Some(Trust::Unsigned) => return Ok(TrustPolicy::Unsigned),
        Some(Trust::Signers(keys)) => keys,
    };
    let signers = keys.iter().enumerate().map(|(index, key)| {
        Signer::parse(key).with_context(|| format!("plugins.trust.signers[{index}]"))
    });
    Ok(TrustPolicy::Signers(signers.collect::<Result<_, _>>()?))
}

/// Plugins are compiled in a process of their own, and the code is kept with the plugins' state.
fn compilation(settings: &PluginSettings, purpose: Purpose) -> Compilation {
    let cache = state_directory(settings).join("code");
    let keeps = match purpose {
        Purpose::Serve => is_used(settings),
        // A check makes no directories.
        Purpose::Check => cache.is_dir(),
    };
    let child = this_program()
        .map(|program| ChildCompiler { program, arguments: vec![COMPILE_COMMAND.into()] });
    Compilation { child, cache: keeps.then_some(cache) }
}

/// The program that runs, also after its file was replaced. That of a unit test has no commands.
fn this_program() -> Option<PathBuf> {
    if cfg!(test) {
        return None;
    }
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { Some(running) } else { std::env::current_exe().ok() }
}

fn limits(settings: &PluginSettings) -> Limits {
    let mut limits = Limits::STANDARD;
    if let Some(instances) = settings.max_instances {
        limits.live_instances = instances;
    }
    if let Some(bytes) = settings.max_memory_bytes {
        limits.total_memory_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    }
    limits
}

fn grant(settings: &PluginSettings, plugin: &str) -> Grant {
    let granted = settings.grants.get(plugin).copied();
    let PluginGrant { isolation, sockets } = granted.unwrap_or_default();
    Grant {
        isolation: match isolation {
            configuration::Isolation::Fresh => Isolation::Fresh,
            configuration::Isolation::Reuse => Isolation::Reuse,
        },
        sockets: match sockets {
            configuration::SocketImports::Refused => SocketImports::Refused,
            configuration::SocketImports::Inert => SocketImports::Inert,
        },
    }
}
