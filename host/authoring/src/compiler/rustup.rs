//! The ordinary ways: the target is there, or rustup fetches it.
//!
//! A machine that cannot download must not wait for that on every build, so a refusal is
//! remembered in the target folder, per toolchain, and told again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::Progress;
use crate::command;
use crate::file::write_if_changed;

/// Twenty megabytes over a poor line; a machine without a line fails in seconds.
const PATIENCE: Duration = Duration::from_secs(180);

/// Is the target part of the active toolchain?
pub(super) fn require_target(target: &str) -> Result<()> {
    let sysroot = sysroot()?;
    if !has_target(&sysroot, target) {
        bail!("{} has no {target}", sysroot.display());
    }
    Ok(())
}

/// Lets rustup fetch the target, once.
pub(super) fn add_target(target: &str, memory: &Path, progress: &dyn Progress) -> Result<()> {
    let sysroot = sysroot()?;
    if is_remembered(memory, &sysroot) {
        bail!("could not fetch {target} before; delete {} to try again", memory.display());
    }
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", target]);
    progress.note(&command::shown(&rustup));
    let outcome = command::run_bounded(&mut rustup, PATIENCE)?;
    if let Some(refusal) = refusal(outcome) {
        remember(memory, &sysroot)?;
        bail!("{refusal}");
    }
    if !has_target(&sysroot, target) {
        bail!("rustup added {target} to another toolchain than {}", sysroot.display());
    }
    Ok(())
}

fn sysroot() -> Result<PathBuf> {
    command::output_of(Command::new("rustc").args(["--print", "sysroot"])).map(PathBuf::from)
}

fn has_target(sysroot: &Path, target: &str) -> bool {
    sysroot.join("lib/rustlib").join(target).join("lib").is_dir()
}

fn refusal(outcome: Option<ExitStatus>) -> Option<String> {
    match outcome {
        Some(status) if status.success() => None,
        Some(status) => Some(format!("rustup could not fetch it ({status})")),
        None => Some(format!("rustup did not finish in {} s", PATIENCE.as_secs())),
    }
}

fn is_remembered(memory: &Path, sysroot: &Path) -> bool {
    fs::read(memory).is_ok_and(|kept| kept == sysroot.as_os_str().as_encoded_bytes())
}

fn remember(memory: &Path, sysroot: &Path) -> Result<()> {
    write_if_changed(memory, sysroot.as_os_str().as_encoded_bytes())
        .map(drop)
        .context("cannot remember that rustup failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_remembered_for_that_toolchain_only() {
        let folder = tempfile::tempdir().unwrap();
        let memory = folder.path().join("refused");
        assert!(!is_remembered(&memory, Path::new("/one")));
        remember(&memory, Path::new("/one")).unwrap();
        assert!(is_remembered(&memory, Path::new("/one")));
        assert!(!is_remembered(&memory, Path::new("/two")));
    }

    #[test]
    fn a_target_is_there_when_its_library_is() {
        let sysroot = tempfile::tempdir().unwrap();
        assert!(!has_target(sysroot.path(), "t"));
        fs::create_dir_all(sysroot.path().join("lib/rustlib/t/lib")).unwrap();
        assert!(has_target(sysroot.path(), "t"));
    }

    #[test]
    fn running_out_of_patience_is_a_refusal() {
        assert!(refusal(None).unwrap().contains("180 s"));
    }
}
