//! A component's file.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plugin_runtime::Limits;

/// Reads a component. One byte more than is allowed is enough for the runtime to say so.
pub(super) fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let most = Limits::STANDARD.component_bytes as u64;
    let mut bytes = Vec::new();
    let opened = File::open(file).context("cannot be read")?;
    opened.take(most + 1).read_to_end(&mut bytes).context("cannot be read")?;
    Ok(bytes)
}

/// As [`read`], with the file's name in the error.
pub(super) fn read_named(file: &Path) -> anyhow::Result<Vec<u8>> {
    read(file).with_context(|| file.display().to_string())
}

/// Where a component's signature is, as minisign puts it.
pub(super) fn signature_of(file: &Path) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(".minisig");
    path.into()
}
