//! Figures: the gateway beside a bare proxy and a direct call, then single plugin calls; or, with
//! `--languages`, the calls of plugins in each language.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{plugins, step};

/// An example in each language, and the settings that its providers have.
const LANGUAGES: [(&str, &str); 3] = [
    ("first-adapter", r#"{"team":"blue"}"#),
    ("typescript-adapter", r#"{"region":"north"}"#),
    ("python-adapter", r#"{"workspace":"blue"}"#),
];

/// Builds for release and measures; arguments go to `gateway-bench`, but for `--languages`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    plugins::build_bundled(workspace)?;
    if arguments == ["--languages"] {
        return languages(workspace);
    }
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

/// What a call costs in each language, with the commands that authors have.
fn languages(workspace: &Workspace) -> Result<()> {
    let mut build = step::cargo(workspace.root());
    build.args(["build", "--release", "--locked", "-p", "gateway"]);
    step::run("gateway, release", &mut build)?;
    let patchbay = workspace.gateway_binary("release")?;
    for (example, settings) in LANGUAGES {
        let out = workspace.root().join("target/examples/languages").join(example);
        fs::create_dir_all(&out)?;
        let mut build = Command::new(&patchbay);
        build.args(["plugin", "build"]).arg(workspace.root().join("examples").join(example));
        step::run(example, build.arg("--out").arg(&out))?;
        let mut files = fs::read_dir(&out)?
            .map(|file| file.map(|it| it.path()))
            .collect::<Result<Vec<_>, _>>()?;
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|it| it == "wasm")) {
            let mut bench = Command::new(&patchbay);
            bench.args(["plugin", "bench", "--settings", settings]).arg(file);
            step::run(example, &mut bench)?;
        }
    }
    Ok(())
}
