//! `patchbay plugin check`

use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use plugin_runtime::{Digest, Grant, Limits, Manifest, Runtime, examine};
use serde_json::{Value, json};

use super::component;
use crate::command_line::PluginFiles;
use crate::commands::collection::print_json;
use crate::terminal;

/// Takes each file through the steps of the gateway, granting nothing, and says what is wrong with it.
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

/// A component that would serve.
pub(super) struct Checked {
    pub(super) manifest: Arc<Manifest>,
    digest: Digest,
}

/// Takes one file through inspection, compilation and self-test.
pub(super) fn check_one(runtime: &Runtime, file: &Path) -> anyhow::Result<Checked> {
    let bytes = component::read(file)?;
    let manifest = examine(runtime, &bytes, Grant::default())?.manifest;
    Ok(Checked { manifest, digest: Digest::of(&bytes) })
}

/// Says that a file is good, or why it is not.
pub(super) fn print(file: &Path, outcome: &anyhow::Result<Checked>) {
    let file = file.display();
    match outcome {
        Ok(Checked { manifest, .. }) => {
            let tested = tested(manifest);
            terminal::say(&format!("{file}: good: {}, {tested}", described(manifest)));
        }
        Err(error) => terminal::complain(&format!("{file}: {error:#}")),
    }
}

/// Kind, name and version.
pub(super) fn described(manifest: &Manifest) -> String {
    format!("{} {} {}", manifest.kind, manifest.name, manifest.version)
}

/// What the self-test has shown of a component that is good.
pub(super) fn tested(manifest: &Manifest) -> String {
    match manifest.self_test.len() {
        0 => "no self-test vectors".to_owned(),
        1 => "its self-test vector holds".to_owned(),
        vectors => format!("its {vectors} self-test vectors hold"),
    }
}

fn document(file: &Path, outcome: &anyhow::Result<Checked>) -> Value {
    let file = file.display().to_string();
    match outcome {
        Ok(Checked { manifest, digest }) => json!({
            "file": file,
            "good": true,
            "name": manifest.name,
            "version": manifest.version,
            "kind": manifest.kind.to_string(),
            "sha256": digest.to_string(),
            "self_test_vectors": manifest.self_test.len(),
        }),
        Err(error) => json!({ "file": file, "good": false, "problem": format!("{error:#}") }),
    }
}
