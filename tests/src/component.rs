//! Components of real plugins, with other manifests.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Deserializer, Value};

/// Name of the section that holds a manifest.
const SECTION: &[u8] = b"patchbay:manifest";

/// A bundled plugin with its manifest changed: another version of it, or a plugin of another name.
///
/// # Errors
/// The plugin was not built, or has no manifest.
pub fn component(plugin: &str, change: impl FnOnce(&mut Value)) -> Result<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins");
    let mut bytes = std::fs::read(folder.join(format!("{plugin}.wasm")))
        .with_context(|| format!("{plugin} is not built: run `cargo xtask plugins`"))?;
    let mut manifest = manifest_in(&bytes).context("the component has no manifest")?;
    change(&mut manifest);
    append_section(&mut bytes, manifest.to_string().as_bytes());
    Ok(bytes)
}

/// The JSON behind the section's name.
fn manifest_in(bytes: &[u8]) -> Option<Value> {
    let at = bytes.windows(SECTION.len()).position(|window| window == SECTION)?;
    let json = bytes.get(at + SECTION.len()..)?;
    Deserializer::from_slice(json).into_iter().next()?.ok()
}

/// A section of the component itself counts more than one of a module inside.
fn append_section(bytes: &mut Vec<u8>, content: &[u8]) {
    let mut section = Vec::new();
    append_number(&mut section, SECTION.len());
    section.extend_from_slice(SECTION);
    section.extend_from_slice(content);
    bytes.push(0);
    append_number(bytes, section.len());
    bytes.extend_from_slice(&section);
}

/// As LEB128.
fn append_number(bytes: &mut Vec<u8>, mut number: usize) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or_default();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}
