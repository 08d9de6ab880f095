//! The rooms, joined.
//!
//! [`prepare`] does everything that can be refused: it reads the configuration, loads the
//! plugins and fits the two together. What it returns can serve. `check` stops there.

mod compile;
mod credentials;
mod discovery;
mod offer;
mod plugins;
mod reload;
mod serve;
mod service;
mod watched_file;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;
use plugin_runtime::Registry;

use crate::configuration::{self, Configuration, Finding, Reading, Variables};
use crate::terminal;
use compile::{Compiled, compile};
use offer::Offer;
use watched_file::WatchedFile;

pub(crate) use serve::serve;

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
    registry: Arc<Registry>,
    compiled: Compiled,
}

/// Reads, loads and fits. Compiles plugins: takes as long as that takes.
///
/// # Errors
/// One line that says what to do. Problems of the configuration have been written to standard
/// error by then, one line each.
pub(crate) fn prepare(named: Option<&Path>) -> anyhow::Result<Prepared> {
    let file = configuration::locate(named)?;
    let watched_file = WatchedFile::new(&file);
    let variables: Variables = std::env::vars_os().collect();
    let reading = match configuration::load(&file, variables.clone())? {
        Ok(reading) => reading,
        Err(findings) => return Err(report(&findings)),
    };
    let plugins = plugins::load(&reading.configuration.plugins)?;
    match fit(reading, &plugins.offer) {
        Ok((configuration, compiled)) => Ok(Prepared {
            file,
            configuration,
            refused_plugins: plugins.refused,
            watched_file,
            variables,
            registry: Arc::new(plugins.registry),
            compiled,
        }),
        Err(findings) => Err(report(&findings)),
    }
}

/// Joins what was read with what the plugins offer.
///
/// # Errors
/// Every problem at once, those of the reading among them.
fn fit(mut reading: Reading, offer: &Offer) -> Result<(Configuration, Compiled), Vec<Finding>> {
    let compiled = compile(&reading.configuration.document, offer, &reading.sources);
    let compiled = compiled.map_err(|problems| reading.add_problems(problems)).ok();
    let findings = reading.findings();
    match compiled {
        Some(compiled) if findings.is_empty() => Ok((reading.configuration, compiled)),
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
