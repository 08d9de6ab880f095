//! `patchbay plugin check`

use std::path::Path;

use anyhow::{Context as _, bail};
use plugin_runtime::{Grant, Limits, Origin, PluginStatus, Registry, Runtime};
use serde_json::{Value, json};

use super::component;
use crate::command_line::PluginFiles;
use crate::commands::collection::print_json;
use crate::terminal;

/// Loads each file as the gateway would, granting nothing, and says what is wrong with it.
pub(in crate::commands) fn check(arguments: &PluginFiles) -> anyhow::Result<()> {
    let PluginFiles { files, json } = arguments;
    let runtime = Runtime::start(Limits::STANDARD)?;
    let mut bad = 0_usize;
    let mut found = Vec::new();
    for file in files {
        let outcome = check_one(&runtime, file);
        bad += usize::from(outcome.is_err());
        if *json {
            found.push(document(file, &outcome));
        } else {
            print(file, &outcome);
        }
    }
    if *json {
        print_json(&json!({ "data": found }));
    }
    if bad > 0 {
        let above = if *json { "printed" } else { "listed" };
        bail!("{bad} of {} plugins would not load; mend what is {above} above", files.len());
    }
    Ok(())
}

/// Loads one file in a registry of its own.
pub(super) fn check_one(runtime: &Runtime, file: &Path) -> anyhow::Result<PluginStatus> {
    let bytes = component::read(file)?;
    let registry = Registry::new(runtime.clone());
    let origin = Origin::Installed(Some(file.to_owned()));
    registry.install(&bytes, origin, Grant::default())?;
    registry.list().pop().context("it did not register")
}

/// Says that a file is good, or why it is not.
pub(super) fn print(file: &Path, outcome: &anyhow::Result<PluginStatus>) {
    let file = file.display();
    match outcome {
        Ok(plugin) => terminal::say(&format!("{file}: good: {}", described(plugin))),
        Err(error) => terminal::complain(&format!("{file}: {error:#}")),
    }
}

/// Kind, name and version.
pub(super) fn described(plugin: &PluginStatus) -> String {
    format!("{} {} {}", plugin.kind, plugin.name, plugin.version)
}

fn document(file: &Path, outcome: &anyhow::Result<PluginStatus>) -> Value {
    let file = file.display().to_string();
    match outcome {
        Ok(plugin) => json!({
            "file": file,
            "good": true,
            "name": plugin.name,
            "version": plugin.version,
            "kind": plugin.kind.to_string(),
            "sha256": plugin.sha256,
        }),
        Err(error) => json!({ "file": file, "good": false, "problem": format!("{error:#}") }),
    }
}
