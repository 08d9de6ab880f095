//! `patchbay check`

use anyhow::bail;

use crate::command_line::ConfigurationChoice;
use crate::configuration::Configuration;
use crate::terminal;
use crate::wiring::{self, Purpose};

/// Prepares everything as `serve` would, and says what is wrong, or what is there.
pub(crate) fn run(choice: &ConfigurationChoice) -> anyhow::Result<()> {
    let prepared = wiring::prepare(choice.config.as_deref(), Purpose::Check)?;
    for line in &prepared.refused_plugins {
        terminal::complain(line);
    }
    let file = prepared.file.display();
    if !prepared.refused_plugins.is_empty() {
        bail!("{file} is good, but not every installed plugin; mend what is listed above");
    }
    terminal::say(&format!("{file} is good: {}", summary(&prepared.configuration)));
    Ok(())
}

fn summary(configuration: &Configuration) -> String {
    let count = |number: usize, noun: &str| {
        let plural = if number == 1 { "" } else { "s" };
        format!("{number} {noun}{plural}")
    };
    let document = &configuration.document;
    [
        count(document.providers.len(), "provider"),
        count(document.api_keys.len(), "API key"),
        count(document.routes.len(), "route"),
    ]
    .join(", ")
}
