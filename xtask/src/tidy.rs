//! The house rules that neither rustfmt nor clippy knows, each finding with its fix.
//!
//! Owns which rules there are; each rule is a module with a pure function over what it looks at.

mod document;
mod finding;
mod layers;
mod libraries;
mod names;
mod sources;
mod top_level;

use anyhow::{Result, bail};

use crate::step;
use crate::workspace::Workspace;

use self::finding::Finding;

/// Runs every rule and lists every finding.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    step::announce("tidy");
    let findings = findings(workspace)?;
    for finding in &findings {
        println!("   {finding}");
    }
    if !findings.is_empty() {
        bail!("tidy: {} findings", findings.len());
    }
    println!("   nothing to tidy");
    Ok(())
}

fn findings(workspace: &Workspace) -> Result<Vec<Finding>> {
    let graph = workspace.dependency_graph()?;
    let packages = layers::packages(&graph, workspace.root());
    let sources = sources::read(workspace.root())?;
    let mut findings = top_level::check(workspace.root())?;
    findings.extend(layers::check(&packages));
    findings.extend(libraries::check(&graph));
    findings.extend(document::check(workspace.root(), &packages));
    findings.extend(names::check(&sources));
    findings.extend(sources.iter().flat_map(sources::check));
    Ok(findings)
}
