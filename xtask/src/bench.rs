//! Figures: the gateway beside a bare proxy and a direct call, then single plugin calls.

use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{plugins, step};

/// Builds for release and measures; arguments go to `gateway-bench`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    plugins::build_bundled(workspace)?;
    let mut build = step::cargo(workspace.root());
    build.args(["build", "--release", "--locked", "-p", "gateway", "-p", "gateway-bench"]);
    step::run("gateway and benchmark, release", &mut build)?;
    let gateway = workspace.gateway_binary("release")?;
    let folder = gateway.parent().context("a program has a folder")?;
    let mut bench = Command::new(folder.join("gateway-bench"));
    step::run("gateway", bench.current_dir(workspace.root()).args(arguments))?;
    let mut calls = step::cargo(workspace.root());
    step::run("plugin calls", calls.args(["bench", "--locked", "-p", "plugin-runtime"]))
}
