//! `patchbay openapi`

use anyhow::Context as _;

use crate::terminal;

/// Prints the document, and nothing else. Needs no configuration and no running gateway.
pub(super) fn run(as_json: bool) -> anyhow::Result<()> {
    let document = server::openapi();
    let mut bytes = if as_json { document.to_json() } else { document.to_yaml().into_bytes() };
    if as_json {
        bytes.push(b'\n');
    }
    // Whoever stopped reading has what it wanted.
    let _ =
        terminal::pass_on(&bytes).context("standard output cannot be written; make room there")?;
    Ok(())
}
