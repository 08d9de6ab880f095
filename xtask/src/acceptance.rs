//! The whole gateway against real model servers and official clients: too heavy for every test
//! run, so it is a command. The script installs what it needs and says what it found.

use std::process::Command;

use anyhow::{Result, bail};

use crate::workspace::Workspace;
use crate::{plugins, step};

const SCRIPT: &str = "tests/acceptance/run.sh";

/// Builds the gateway for release and runs the script; arguments go to it.
///
/// The script finds the gateway's program in `PATCHBAY_BINARY`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let script = workspace.root().join(SCRIPT);
    if !script.is_file() {
        bail!("{SCRIPT} is not there");
    }
    plugins::build_bundled(workspace)?;
    let mut build = step::cargo(workspace.root());
    step::run("gateway, release", build.args(["build", "--release", "--locked", "-p", "gateway"]))?;
    let mut acceptance = Command::new("bash");
    acceptance.current_dir(workspace.root()).arg(script).args(arguments);
    acceptance.env("PATCHBAY_BINARY", workspace.gateway_binary("release")?);
    step::run("acceptance", &mut acceptance)
}
