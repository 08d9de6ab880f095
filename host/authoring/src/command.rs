//! Commands that are run for the author: shown as typed, bounded where they may hang.
//!
//! Whoever runs this may itself have been started by cargo, which leaves variables about *that*
//! package in the environment. [`cargo`] takes those away, or build scripts of other packages
//! would see them.

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::Progress;

/// Variables that describe the package cargo is running.
const ABOUT_A_PACKAGE: &[&str] = &[
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_PRIMARY_PACKAGE",
    "OUT_DIR",
];

/// How often a bounded command is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// A cargo command in a folder, with an environment as if started by hand.
#[must_use]
pub fn cargo(folder: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_about_a_package) {
            command.env_remove(name);
        }
    }
    command
}

fn is_about_a_package(name: &str) -> bool {
    name.starts_with("CARGO_PKG_") || ABOUT_A_PACKAGE.contains(&name)
}

/// Shows and runs a command; its output is the user's to see, on standard error.
///
/// # Errors
/// When it cannot start, or ends with anything but success.
pub fn run(title: &str, command: &mut Command, progress: &dyn Progress) -> Result<()> {
    progress.begin(title);
    progress.note(&shown(command));
    let status = command
        .stdout(std::io::stderr())
        .status()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    expect_success(title, status)
}

/// What a failed step is called.
///
/// # Errors
/// For any status but success.
pub fn expect_success(title: &str, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("{title}: {status}");
    }
    Ok(())
}

/// Runs a command that may take only so long; `None` when it was ended for taking longer.
///
/// # Errors
/// When it cannot be started or waited for.
pub fn run_bounded(command: &mut Command, limit: Duration) -> Result<Option<ExitStatus>> {
    let mut child = command
        .stdin(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(GLANCE);
    }
}

/// Standard output of a command that must succeed, without the space around it.
///
/// # Errors
/// When it cannot start, or what it said on standard error when it failed.
pub fn output_of(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!("{}: {}", shown(command), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A command as one would type it, with the variables it sets.
#[must_use]
pub fn shown(command: &Command) -> String {
    let mut words: Vec<String> = Vec::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            words.push(format!("{}={}", name.display(), quoted(&value.to_string_lossy())));
        }
    }
    words.push(command.get_program().display().to_string());
    words.extend(command.get_args().map(|word| quoted(&word.to_string_lossy())));
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = Command::new("cargo");
        command.env("RUSTDOCFLAGS", "-D warnings").args(["doc", "it's"]);
        assert_eq!(shown(&command), r"RUSTDOCFLAGS='-D warnings' cargo doc 'it'\''s'");
    }

    #[test]
    fn what_cargo_says_about_a_package_is_not_passed_on() {
        for name in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "OUT_DIR"] {
            assert!(is_about_a_package(name), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_TERM_COLOR", "PATH"] {
            assert!(!is_about_a_package(name), "{name}");
        }
    }

    #[test]
    fn a_bounded_command_that_takes_too_long_is_ended() {
        let mut endless = Command::new("sleep");
        endless.arg("1000");
        assert!(run_bounded(&mut endless, Duration::from_millis(1)).unwrap().is_none());
    }
}
