//! `patchbay plugin …`

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use plugin_runtime::{Grant, Limits, Runtime, examine};
use serde_json::Value;

use super::admin_client::{AdminClient, Ask};
use super::collection::print_json;
use super::members::text;
use super::table;
use crate::command_line::GatewayChoice;
use crate::terminal;

/// Prints the plugins of a running gateway.
pub(crate) fn list(gateway: &GatewayChoice) -> anyhow::Result<()> {
    let client = AdminClient::try_new(gateway)?;
    let answer = client.ask(Ask::get(&["plugins"]))?.body;
    if gateway.json {
        print_json(&answer);
        return Ok(());
    }
    let plugins = answer.get("data").and_then(Value::as_array);
    let row = |plugin: &Value| {
        ["name", "version", "kind", "origin", "digest"].map(|it| text(plugin, it)).to_vec()
    };
    let rows: Vec<_> = plugins.into_iter().flatten().map(row).collect();
    table::print(&["NAME", "VERSION", "KIND", "ORIGIN", "DIGEST"], &rows);
    Ok(())
}

/// Takes each file through inspection, compilation and self-test as the gateway would, granting
/// nothing, and says what is wrong with it.
pub(crate) fn check(files: &[PathBuf]) -> anyhow::Result<()> {
    let runtime = Runtime::start(Limits::STANDARD)?;
    let mut bad = 0_usize;
    for file in files {
        match check_one(&runtime, file) {
            Ok(found) => terminal::say(&format!("{}: good: {found}", file.display())),
            Err(error) => {
                bad += 1;
                terminal::complain(&format!("{}: {error:#}", file.display()));
            }
        }
    }
    if bad > 0 {
        bail!("{bad} of {} plugins would not load; mend what is listed above", files.len());
    }
    Ok(())
}

fn check_one(runtime: &Runtime, file: &Path) -> anyhow::Result<String> {
    let bytes = read(file, runtime.limits().component_bytes)?;
    let plugin = examine(runtime, &bytes, Grant::default())?.manifest;
    let tested = match plugin.self_test.len() {
        0 => "no self-test".to_owned(),
        1 => "its self-test vector holds".to_owned(),
        vectors => format!("its {vectors} self-test vectors hold"),
    };
    Ok(format!("{} {} {}, {tested}", plugin.kind, plugin.name, plugin.version))
}

/// One byte more than is allowed is enough for the runtime to say so.
fn read(file: &Path, most: usize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let opened = File::open(file).context("cannot be read")?;
    opened.take(most as u64 + 1).read_to_end(&mut bytes).context("cannot be read")?;
    Ok(bytes)
}
