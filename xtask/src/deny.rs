//! Licences, fences and sources of dependencies, by cargo-deny, as `deny.toml` says.
//!
//! Works offline once everything in the lock file has been fetched. Advisories are left out: they
//! need a database from elsewhere, and a commit would fail for what somebody else published.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::step;
use crate::workspace::Workspace;

/// Another version may judge otherwise, so it is named.
const VERSION: &str = "0.20.2";

/// cargo-deny is installed to run for seconds: compiling it fully optimised would take longer
/// than it could ever save.
const QUICK_TO_COMPILE: &[(&str, &str)] = &[
    ("CARGO_PROFILE_RELEASE_LTO", "false"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
];

/// Checks bans, licences and sources; installs the tool first where it is missing.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let program = installed(workspace)?;
    let mut fetch = step::cargo(workspace.root());
    step::run("deny: every dependency is here", fetch.args(["fetch", "--locked"]))?;
    let mut deny = Command::new(program);
    deny.current_dir(workspace.root()).stdin(Stdio::null());
    deny.args(["--workspace", "--all-features", "--offline", "check"]);
    // Who pulls in a duplicate fills screens; `cargo tree -i` tells the same.
    deny.arg("--hide-inclusion-graph");
    step::run("deny", deny.args(["bans", "licenses", "sources"]))
}

fn installed(workspace: &Workspace) -> Result<PathBuf> {
    let tools = workspace.tools_folder();
    let program = tools.join("bin/cargo-deny");
    if is_wanted_version(&program) {
        return Ok(program);
    }
    let mut install = step::cargo(workspace.root());
    install.envs(QUICK_TO_COMPILE.iter().copied()).env_remove("CARGO_TARGET_DIR");
    install.args(["install", "cargo-deny", "--locked", "--force", "--version", VERSION, "--root"]);
    step::run("deny: install cargo-deny (once, some minutes)", install.arg(&tools))
        .context("cargo-deny cannot be installed")?;
    Ok(program)
}

fn is_wanted_version(program: &Path) -> bool {
    program.is_file()
        && step::output_of(Command::new(program).arg("--version"))
            .is_ok_and(|version| version == format!("cargo-deny {VERSION}"))
}
