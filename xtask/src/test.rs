//! Builds what the tests start, then runs every test there is: the workspace's, and those of the
//! examples, which are workspaces of their own as a plugin author's would be.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{plugins, step};

/// Plugins, the gateway's program, and `cargo test`; arguments go to the last.
///
/// A failing test does not stop the others: the closing lines count all of them. With arguments
/// somebody is looking for certain tests, and the examples are left out.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    plugins::build_bundled(workspace)?;
    let mut gateway = step::cargo(workspace.root());
    step::run("the gateway", gateway.args(["build", "--locked", "-p", "gateway"]))?;
    let mut tests = step::cargo(workspace.root());
    tests.args(["test", "--workspace", "--locked", "--no-fail-fast"]).args(arguments);
    let tested = step::run("tests", &mut tests);
    if arguments.is_empty() {
        for manifest in examples(workspace)? {
            test_example(workspace, &manifest)?;
        }
    }
    tested
}

/// The Cargo.toml of every example.
fn examples(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let folder = workspace.root().join("examples");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut manifests = Vec::new();
    for entry in entries {
        let manifest = entry?.path().join("Cargo.toml");
        if manifest.is_file() {
            manifests.push(manifest);
        }
    }
    manifests.sort();
    Ok(manifests)
}

/// An example is built as the guide says and passes its own tests.
fn test_example(workspace: &Workspace, manifest: &Path) -> Result<()> {
    let target = workspace.root().join("target/examples");
    plugins::build_foreign(workspace, manifest, Some(&target.join("components")))?;
    let mut tests = step::cargo(workspace.root());
    tests.arg("test").arg("--manifest-path").arg(manifest).arg("--target-dir").arg(&target);
    step::run("tests of an example", &mut tests)
}
