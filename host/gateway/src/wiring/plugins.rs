//! The plugins that serve: those in the binary, and those the operator installed.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use pipeline::Provider;
use plugin_runtime::{Grant, Isolation, Limits, LoadReport, Registry, Runtime, SocketImports};

use crate::configuration::{self, PluginGrant, PluginSettings, Trust};
use crate::wiring::offer::Offer;

/// Name and component of each plugin in the binary.
const BUNDLED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/bundled_plugins.rs"));

/// What was loaded.
pub(crate) struct LoadedPlugins {
    /// The plugins that serve.
    pub(crate) registry: Registry,
    /// What they offer.
    pub(crate) offer: Offer,
    /// Installed ones that do not serve, one line each.
    pub(crate) refused: Vec<String>,
}

/// Starts the runtime and loads all plugins.
///
/// # Errors
/// If the runtime does not start, or a bundled plugin does not load.
pub(crate) fn load(settings: &PluginSettings) -> anyhow::Result<LoadedPlugins> {
    let runtime = Runtime::start(limits(settings))?;
    let registry = Registry::new(runtime);
    for (name, component) in BUNDLED {
        registry
            .install_bundled(component, grant(settings, name))
            .with_context(|| format!("bundled plugin {name} does not load"))?;
    }
    let refused = load_installed(&registry, settings);
    Ok(LoadedPlugins { offer: Offer::of(&registry), registry, refused })
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

/// Loads the directory if the operator trusts what is in it. Says of each plugin that does not
/// serve, why.
fn load_installed(registry: &Registry, settings: &PluginSettings) -> Vec<String> {
    let directory = settings.directory.as_path();
    let advice = match &settings.trust {
        Some(Trust::Unsigned) => {
            let reports = registry.load_directory(directory, |name| grant(settings, name));
            return reports.iter().filter_map(refusal).collect();
        }
        Some(Trust::Signers(_)) => {
            "its signature cannot be checked by this version; write plugins.trust = { unsigned = \
             true } to load it all the same"
        }
        None => "nobody said that it can be trusted; write plugins.trust = { unsigned = true }",
    };
    let files = components(directory);
    files.map(|file| format!("plugin {file} is not loaded: {advice}")).collect()
}

fn refusal(report: &LoadReport) -> Option<String> {
    let error = report.outcome.as_ref().err()?;
    Some(format!("plugin {} is not loaded: {error}", report.path.display()))
}

fn components(directory: &Path) -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let components = paths.filter(|path| path.extension().is_some_and(|it| it == "wasm"));
    components.map(|path| path.display().to_string())
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
