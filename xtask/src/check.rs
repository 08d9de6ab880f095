//! What continuous integration runs first. Every step runs, so that one run shows all there is
//! to mend; only without plugins there is nothing to compile, and the rest is left out.

use anyhow::{Result, bail};

use crate::workspace::Workspace;
use crate::{contract, deny, plugins, step, tidy};

type Step = (&'static str, fn(&Workspace) -> Result<()>);

/// The cheap ones first.
const BEFORE_PLUGINS: &[Step] =
    &[("format", format), ("contract", contract::run), ("tidy", tidy::run)];

const WITH_PLUGINS: &[Step] =
    &[("clippy", clippy), ("documentation", documentation), ("deny", deny::run)];

/// Runs every check.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut failed = Vec::new();
    run_all(BEFORE_PLUGINS, workspace, &mut failed);
    let compiled = [("plugins", plugins::build_bundled as fn(&Workspace) -> Result<()>)];
    if run_all(&compiled, workspace, &mut failed) {
        run_all(WITH_PLUGINS, workspace, &mut failed);
    }
    step::announce("check");
    if !failed.is_empty() {
        bail!("check failed: {}", failed.join(", "));
    }
    println!("   all good");
    Ok(())
}

fn run_all(steps: &[Step], workspace: &Workspace, failed: &mut Vec<&'static str>) -> bool {
    let before = failed.len();
    for (name, check) in steps {
        if let Err(error) = check(workspace) {
            println!("   FAILED {name}: {error:#}");
            failed.push(name);
        }
    }
    failed.len() == before
}

fn format(workspace: &Workspace) -> Result<()> {
    step::run("format", step::cargo(workspace.root()).args(["fmt", "--all", "--check"]))
}

fn clippy(workspace: &Workspace) -> Result<()> {
    let mut command = step::cargo(workspace.root());
    command.args(["clippy", "--workspace", "--all-targets", "--locked", "--"]);
    // The limit on a function's lines stands in clippy.toml.
    command.args(["-D", "warnings", "-D", "clippy::too_many_lines"]);
    step::run("clippy", &mut command)
}

fn documentation(workspace: &Workspace) -> Result<()> {
    let mut command = step::cargo(workspace.root());
    command.env("RUSTDOCFLAGS", "-D warnings");
    command.args(["doc", "--workspace", "--no-deps", "--locked"]);
    step::run("documentation", &mut command)
}
