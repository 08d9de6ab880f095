//! Does `wit/` still serve every plugin that was built against the released contract?
//!
//! The released copy lies in `tests/released-contract`, outside `wit/`, where no binding sees it.
//! Within one compatible version (`0.1.x`, later `1.x`) a world may import more but must not
//! export or reshape anything; a new incompatible version says by its number that it breaks.

use std::path::Path;

use anyhow::{Context, Result, bail};
use wit_parser::{PackageId, Resolve, WorldId};

use crate::step;
use crate::workspace::Workspace;

const RELEASED: &str = "tests/released-contract";

/// What the comparison found.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// So many worlds still fit.
    Compatible(usize),
    /// The version number says that it breaks.
    Declared { released: String, now: String },
}

/// Parses the contract and compares it with the released copy, if there is one.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    step::announce("contract");
    let now = workspace.root().join("wit");
    let released = workspace.root().join(RELEASED);
    if !holds_wit(&released) {
        parse(&now)?;
        println!("   wit/ parses; no released contract yet ({RELEASED} holds no .wit file)");
        return Ok(());
    }
    match compare(&released, &now)? {
        Verdict::Compatible(worlds) => println!("   {worlds} released worlds still fit"),
        Verdict::Declared { released, now } => {
            println!("   {now} says by its number that it breaks {released}");
        }
    }
    Ok(())
}

fn holds_wit(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| {
        entries.any(|entry| {
            entry.is_ok_and(|entry| entry.path().extension().is_some_and(|kind| kind == "wit"))
        })
    })
}

fn parse(folder: &Path) -> Result<(Resolve, PackageId)> {
    let mut resolve = Resolve::default();
    let (package, _) =
        resolve.push_dir(folder).with_context(|| format!("{} does not parse", folder.display()))?;
    Ok((resolve, package))
}

fn compare(released: &Path, now: &Path) -> Result<Verdict> {
    let (mut resolve, new_package) = parse(now)?;
    let (mut old, old_package) = parse(released)?;
    let (old_version, new_version) = (version(&old, old_package)?, version(&resolve, new_package)?);
    if line_of(&old_version) != line_of(&new_version) {
        return Ok(Verdict::Declared { released: old_version, now: new_version });
    }
    let old_worlds = worlds(&old, old_package);
    let new_worlds = worlds(&resolve, new_package);
    // Both copies go into one resolve; under the same name they would be taken for one package.
    rename(&mut old, old_package);
    let moved = resolve.merge(old).context("cannot lay the contracts side by side")?;
    for (name, world) in &old_worlds {
        let Some((_, successor)) = new_worlds.iter().find(|(new, _)| new == name) else {
            bail!("wit/: world {name} is gone, and plugins of {old_version} export it");
        };
        let predecessor = moved.map_world(*world, Default::default())?;
        check_world(&resolve, predecessor, *successor)
            .with_context(|| format!("wit/: world {name} breaks plugins of {old_version}: undo, add a new world, or raise the incompatible part of the version"))?;
    }
    Ok(Verdict::Compatible(old_worlds.len()))
}

fn check_world(resolve: &Resolve, released: WorldId, now: WorldId) -> Result<()> {
    let mut pair = resolve.clone();
    let name =
        pair.packages[pair.worlds[now].package.context("a world has a package")?].name.clone();
    let old = pair.worlds[released].package.context("a world has a package")?;
    pair.packages[old].name = name;
    wit_component::semver_check(pair, released, now)
}

fn version(resolve: &Resolve, package: PackageId) -> Result<String> {
    let name = &resolve.packages[package].name;
    let version = name.version.as_ref().with_context(|| format!("{name} has no version"))?;
    Ok(version.to_string())
}

/// The part of a version within which nothing may break: `0.1` of `0.1.7`, `2` of `2.3.0`.
fn line_of(version: &str) -> Vec<&str> {
    let numbers: Vec<&str> = version.split(['.', '-', '+']).collect();
    let significant = numbers.iter().position(|number| *number != "0").unwrap_or(numbers.len());
    numbers.into_iter().take(significant + 1).collect()
}

fn worlds(resolve: &Resolve, package: PackageId) -> Vec<(String, WorldId)> {
    let package = &resolve.packages[package];
    package.worlds.iter().map(|(name, world)| (name.clone(), *world)).collect()
}

fn rename(resolve: &mut Resolve, package: PackageId) {
    let old = resolve.packages[package].name.clone();
    let mut name = old.clone();
    name.name.push_str("-released");
    resolve.packages[package].name = name.clone();
    resolve.package_names.shift_remove(&old);
    resolve.package_names.insert(name, package);
}

#[cfg(test)]
mod tests;
