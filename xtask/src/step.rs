//! Runs one command as a named step: shows it, and turns a failure into what failed.
//!
//! `cargo xtask` is itself started by cargo, which leaves variables about *xtask* in the
//! environment. [`cargo`] takes those away, or build scripts of other packages would see them.

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Variables that describe the package cargo is running, which is xtask.
const ABOUT_XTASK: &[&str] = &[
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
pub(crate) fn cargo(folder: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_about_xtask) {
            command.env_remove(name);
        }
    }
    command
}

fn is_about_xtask(name: &str) -> bool {
    name.starts_with("CARGO_PKG_") || ABOUT_XTASK.contains(&name)
}

/// Says what begins.
pub(crate) fn announce(title: &str) {
    println!("\n── {title}");
}

/// Shows and runs a command; its output is the user's to see.
///
/// # Errors
/// When it cannot start, or ends with anything but success.
pub(crate) fn run(title: &str, command: &mut Command) -> Result<()> {
    announce(title);
    println!("   {}", shown(command));
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    expect_success(title, status)
}

/// What a failed step is called when the task ends.
pub(crate) fn expect_success(title: &str, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("{title}: {status}");
    }
    Ok(())
}

/// Runs a command that may take only so long; `None` when it was ended for taking longer.
pub(crate) fn run_bounded(command: &mut Command, limit: Duration) -> Result<Option<ExitStatus>> {
    println!("   {}", shown(command));
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
pub(crate) fn output_of(command: &mut Command) -> Result<String> {
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
pub(crate) fn shown(command: &Command) -> String {
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
    fn what_cargo_says_about_xtask_is_not_passed_on() {
        for name in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "OUT_DIR"] {
            assert!(is_about_xtask(name), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_TERM_COLOR", "PATH"] {
            assert!(!is_about_xtask(name), "{name}");
        }
    }

    #[test]
    fn a_bounded_command_that_takes_too_long_is_ended() {
        let mut endless = Command::new("sleep");
        endless.arg("1000");
        assert!(run_bounded(&mut endless, Duration::from_millis(1)).unwrap().is_none());
    }

    #[test]
    fn a_failed_step_names_itself() {
        let error = run("the false step", &mut Command::new("false")).unwrap_err();
        assert!(error.to_string().starts_with("the false step: exit status"), "{error}");
    }
}
