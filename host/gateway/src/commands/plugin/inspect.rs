//! `patchbay plugin inspect`

use std::path::Path;

use anyhow::Context as _;
use authoring::file::sha256;
use plugin_runtime::{Inspection, Limits};
use serde_json::{Value, json};

use super::component::{read_named, signature_of};
use crate::commands::collection::print_json;
use crate::commands::{members, table};

/// Shows what a component says of itself; nothing of it is compiled or run.
pub(in crate::commands) fn inspect(file: &Path, json: bool) -> anyhow::Result<()> {
    let bytes = read_named(file)?;
    let inspection =
        Inspection::of(&bytes, &Limits::STANDARD).with_context(|| file.display().to_string())?;
    let document = document(file, &bytes, &inspection);
    if json {
        print_json(&document);
        return Ok(());
    }
    let rows: Vec<_> = members::flat(&document).into_iter().map(Vec::from).collect();
    table::print(&[], &rows);
    Ok(())
}

fn document(file: &Path, bytes: &[u8], inspection: &Inspection) -> Value {
    let manifest: Value = serde_json::from_str(&inspection.manifest_json).unwrap_or_default();
    let signature = signature_of(file);
    json!({
        "file": file.display().to_string(),
        "bytes": bytes.len(),
        "sha256": sha256(bytes),
        "kind": inspection.manifest.kind.to_string(),
        "imports": inspection.imports,
        "exports": inspection.exports,
        "initial_memory_bytes": inspection.memory_bytes,
        "manifest": manifest,
        "signature": signature.is_file().then(|| signature.display().to_string()),
        "refused_because": inspection.refusal.as_ref().map(ToString::to_string),
    })
}
