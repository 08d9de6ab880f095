//! Builds plugins into components, as `authoring` does it for every author.
//!
//! Bundled plugins are the packages under `plugins/`; their components go to `target/plugins`,
//! where the gateway's build script finds them. A plugin crate with a workspace of its own is
//! built the same way and its component put where its author wants it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use authoring::{Profile, RustBuild};
use cargo_metadata::Metadata;

use crate::step::Steps;
use crate::workspace::Workspace;

/// Builds every package under `plugins/` into `target/plugins/NAME.wasm`.
pub(crate) fn build_bundled(workspace: &Workspace) -> Result<()> {
    let names = bundled_names(&workspace.packages()?, workspace.root());
    if names.is_empty() {
        bail!("plugins/ holds no package of the workspace");
    }
    let out = workspace.plugins_folder();
    let build = RustBuild {
        folder: workspace.root(),
        packages: &names,
        profile: Profile::Own,
        guests: &workspace.guests_folder(),
        out: &out,
    };
    build.run(&Steps)?;
    remove_strangers(&out, &names)
}

/// Builds a plugin crate outside the workspace.
pub(crate) fn build_foreign(
    workspace: &Workspace,
    manifest: &Path,
    out: Option<&Path>,
) -> Result<()> {
    let folder = if manifest.is_dir() { Some(manifest) } else { manifest.parent() };
    let folder = folder.context("a manifest has a folder")?;
    let folder =
        folder.canonicalize().with_context(|| format!("there is no {}", folder.display()))?;
    let build = RustBuild {
        folder: &folder,
        packages: &[],
        profile: Profile::of(&folder.join("Cargo.toml"))?,
        guests: &workspace.guests_folder(),
        out: out.unwrap_or(&folder),
    };
    build.run(&Steps).map(drop)
}

/// Packages of the workspace whose folder is directly under `plugins/`.
fn bundled_names(metadata: &Metadata, root: &Path) -> Vec<String> {
    let plugins = root.join("plugins");
    let mut names: Vec<String> = metadata
        .workspace_packages()
        .into_iter()
        .filter(|package| {
            package.manifest_path.ancestors().nth(2).is_some_and(|folder| folder == plugins)
        })
        .map(|package| package.name.to_string())
        .collect();
    names.sort();
    names
}

/// A plugin that was renamed or removed must not be embedded any longer.
fn remove_strangers(out: &Path, names: &[String]) -> Result<()> {
    let Ok(entries) = fs::read_dir(out) else {
        return Ok(());
    };
    for entry in entries {
        let path = entry?.path();
        let known = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .is_some_and(|stem| names.iter().any(|name| name == stem));
        if !known && path.extension().is_some_and(|extension| extension == "wasm") {
            println!("   removed {}: no such plugin any longer", path.display());
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_of_a_plugin_that_is_gone_is_removed() {
        let out = tempfile::tempdir().unwrap();
        for file in ["kept.wasm", "gone.wasm", "notes.txt"] {
            fs::write(out.path().join(file), b"").unwrap();
        }
        remove_strangers(out.path(), &["kept".to_owned()]).unwrap();
        let mut left: Vec<_> =
            fs::read_dir(out.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["kept.wasm", "notes.txt"]);
    }
}
