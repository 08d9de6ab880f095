//! The rooms, joined.
//!
//! [`prepare`] does everything that can be refused: it reads the configuration, loads the
//! plugins and fits the two together. What it returns can serve. `check` stops there.

mod board;
mod compile;
mod credentials;
mod discovery;
mod jwks;
mod offer;
mod operators;
mod plugin_life;
mod plugins;
mod programs;
mod reload;
mod sandboxes;
mod serve;
mod service;
mod watched_file;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;
use pipeline::Meters;
use plugin_runtime::{PluginLife, Registry};
use secrets::Sources;

use crate::configuration::{self, Configuration, Finding, Reading, Variables};
use crate::terminal;
use compile::{FileTables, Surroundings};
use offer::Offer;
use sandboxes::{LocalSandboxes, Sandboxes};
use watched_file::WatchedFile;

pub(crate) use operators::{admin_token, store_path};
pub(crate) use plugins::{COMPILE_COMMAND, bundled as bundled_plugin, compile as compile_plugin};
pub(crate) use serve::serve;

/// What a configuration is prepared for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To serve.
    Serve,
    /// To say whether it could; nothing on disk is changed.
    Check,
}

/// A configuration that can serve.
pub(crate) struct Prepared {
    /// The configuration file.
    pub(crate) file: PathBuf,
    /// What is in it.
    pub(crate) configuration: Configuration,
    /// Installed plugins that do not serve, one line each.
    pub(crate) refused_plugins: Vec<String>,
    /// The file as it was just before it was read.
    watched_file: WatchedFile,
    variables: Variables,
    sources: Sources,
    registry: Arc<Registry>,
    life: Option<PluginLife>,
    sandboxes: Arc<LocalSandboxes>,
    meters: Arc<Meters>,
    tables: FileTables,
}

/// Reads, loads and fits. Compiles plugins: takes as long as that takes.
///
/// # Errors
/// One line that says what to do. Problems of the configuration have been written to standard
/// error by then, one line each.
pub(crate) fn prepare(named: Option<&Path>, purpose: Purpose) -> anyhow::Result<Prepared> {
    let file = configuration::locate(named)?;
    let watched_file = WatchedFile::new(&file);
    let variables: Variables = std::env::vars_os().collect();
    let reading = match configuration::load(&file, variables.clone())? {
        Ok(reading) => reading,
        Err(findings) => return Err(report(&findings)),
    };
    let plugins = plugins::load(&reading.configuration.plugins, purpose)?;
    let meters = Arc::new(Meters::default());
    let sandboxes = Arc::new(LocalSandboxes::new(&reading.configuration.sandbox));
    match fit(reading, &plugins.offer, (&meters, &*sandboxes)) {
        Ok(Fitted { configuration, sources, tables }) => Ok(Prepared {
            file,
            configuration,
            refused_plugins: plugins.refused,
            watched_file,
            variables,
            sources,
            registry: plugins.registry,
            life: plugins.life,
            sandboxes,
            meters,
            tables,
        }),
        Err(findings) => Err(report(&findings)),
    }
}

/// A configuration that fits the plugins.
struct Fitted {
    configuration: Configuration,
    sources: Sources,
    tables: FileTables,
}

/// Joins what was read with what the plugins offer.
///
/// # Errors
/// Every problem at once, those of the reading among them.
fn fit(
    mut reading: Reading,
    offer: &Offer,
    (meters, sandboxes): (&Meters, &dyn Sandboxes),
) -> Result<Fitted, Vec<Finding>> {
    let Configuration { document, written, admin, recording, .. } = &reading.configuration;
    let has_recording = recording.is_some();
    let sources = &reading.sources;
    let around = Surroundings { offer, sandboxes, sources, meters, has_recording };
    let compiled = FileTables::compile(document, written, &around);
    let unusable = admin.as_ref().and_then(|admin| operators::problem_of(admin, &reading.sources));
    let compiled = compiled.map_err(|problems| reading.add_problems(problems)).ok();
    reading.add_problems(unusable.into_iter().collect());
    let findings = reading.findings();
    match compiled {
        Some(tables) if findings.is_empty() => {
            let Reading { configuration, sources, .. } = reading;
            Ok(Fitted { configuration, sources, tables })
        }
        _ => Err(findings),
    }
}

/// One line a problem, then the error that ends the command.
fn report(findings: &[Finding]) -> anyhow::Error {
    for finding in findings {
        terminal::complain(&finding.to_string());
    }
    let number = findings.len();
    let noun = if number == 1 { "problem" } else { "problems" };
    anyhow!("{number} {noun} in the configuration; mend what is listed above")
}
