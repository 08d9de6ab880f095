//! Runs one command as a named step: shows it, and turns a failure into what failed.

use std::process::Command;

use anyhow::{Context, Result};
use authoring::Progress;
pub(crate) use authoring::command::{cargo, output_of, shown};

/// Shows the steps of a build on standard output, among all others.
pub(crate) struct Steps;

impl Progress for Steps {
    fn begin(&self, step: &str) {
        announce(step);
    }

    fn note(&self, line: &str) {
        println!("   {line}");
    }
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
    authoring::command::expect_success(title, status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_names_itself() {
        let error = run("the false step", &mut Command::new("false")).unwrap_err();
        assert!(error.to_string().starts_with("the false step: exit status"), "{error}");
    }
}
