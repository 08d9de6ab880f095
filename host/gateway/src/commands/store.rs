//! `patchbay backup`, `patchbay restore` and `patchbay migrate`

use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Context as _, bail};
use http::{HeaderValue, Method};
use serde_json::json;
use store::BackupSummary;
use tempfile::NamedTempFile;

use super::admin_client::{AdminClient, Ask};
use super::collection::print_json;
use crate::command_line::{BackupArguments, ConfigurationChoice, RestoreArguments};
use crate::terminal;
use crate::wiring;

/// In this header the gateway says what it sent.
const CHECKSUM: &str = "x-patchbay-checksum";

/// Fetches a backup. The file has its name only once it is whole, checked and on the disk.
pub(super) fn back_up(arguments: &BackupArguments) -> anyhow::Result<()> {
    let output = arguments.output.as_path();
    if output.symlink_metadata().is_ok() {
        bail!("{} exists; name another file, or remove it", output.display());
    }
    let client = AdminClient::try_new(&arguments.gateway)?;
    let mut partial = partial(output)?;
    let summary = fill(&mut partial, &client)?;
    // Unlike renaming, this never replaces a file that came meanwhile.
    let kept = partial.persist_noclobber(output);
    kept.with_context(|| format!("{} cannot be written", output.display()))?;
    if arguments.gateway.json {
        print_json(&json!({
            "file": output.display().to_string(),
            "records": summary.records,
            "revision": summary.revision,
            "bytes": summary.bytes,
            "checksum": summary.checksum,
        }));
    } else {
        let BackupSummary { records, revision, bytes, checksum, .. } = summary;
        terminal::say(&format!(
            "{} holds {records} records up to revision {revision}: {bytes} bytes, {checksum}",
            output.display()
        ));
    }
    Ok(())
}

/// Makes the store from a backup.
pub(super) fn restore(arguments: &RestoreArguments) -> anyhow::Result<()> {
    let place = wiring::store_path(arguments.configuration.config.as_deref())?;
    let done = store::restore(&arguments.input, &place)?;
    done.migrated.iter().for_each(|step| terminal::say(step));
    terminal::say(&format!(
        "store {} holds {} records and goes on from revision {}",
        place.display(),
        done.records,
        done.revision
    ));
    if let Some(former) = done.former {
        let former = former.display();
        terminal::say(&format!("the former store is {former}; remove it when it is not needed"));
    }
    Ok(())
}

/// Brings the store to today's format.
pub(super) fn migrate(choice: &ConfigurationChoice) -> anyhow::Result<()> {
    let place = wiring::store_path(choice.config.as_deref())?;
    let done = store::migrate(&place)?;
    done.steps.iter().for_each(|step| terminal::say(step));
    let place = place.display();
    if done.from == done.to {
        terminal::say(&format!("store {place} has format {} already", done.to));
    } else {
        terminal::say(&format!("store {place} has format {} now, not {}", done.to, done.from));
    }
    if let Some(backup) = done.backup {
        terminal::say(&format!("a backup of what it was is {}", backup.display()));
    }
    Ok(())
}

/// A file beside the one it becomes, readable for its owner alone: it holds digests of keys.
fn partial(output: &Path) -> anyhow::Result<NamedTempFile> {
    let directory = match output.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let made = tempfile::Builder::new().prefix(".patchbay-backup-").tempfile_in(directory);
    made.with_context(|| format!("{} cannot be written", output.display()))
}

fn fill(partial: &mut NamedTempFile, client: &AdminClient) -> anyhow::Result<BackupSummary> {
    const UNWRITABLE: &str = "the backup cannot be written; make room for it";
    let headers = client.download(Ask::new(Method::POST, &["backup"]), |bytes| {
        partial.write_all(bytes).context(UNWRITABLE)?;
        Ok(ControlFlow::Continue(()))
    })?;
    partial.as_file().sync_all().context(UNWRITABLE)?;
    let summary = store::backup::verify(partial.path())
        .context("what the gateway sent is no whole backup; ask for another one")?;
    let sent = headers.get(CHECKSUM).map(HeaderValue::as_bytes);
    if sent.is_some_and(|it| it != summary.checksum.as_bytes()) {
        bail!("the backup was changed on its way; ask for another one");
    }
    Ok(summary)
}
