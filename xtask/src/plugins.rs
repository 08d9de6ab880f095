//! Builds plugins: compile to core modules in one cargo call, make a component of each.
//!
//! Bundled plugins are the packages under `plugins/`; their components go to `target/plugins`,
//! where the gateway's build script finds them. A plugin crate with a workspace of its own is
//! built the same way and its component put where its author wants it. A file is written only if
//! its content changed, so nothing that embeds it is rebuilt without need.

mod component;

use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use cargo_metadata::{Artifact, CrateType, Message, Metadata};

use crate::digest::{sha256, write_if_changed};
use crate::guest::{Compiler, TARGET};
use crate::step;
use crate::workspace::{self, Workspace};

/// The workspace's `[profile.guest]`, for crates that do not have one.
const GUEST_PROFILE: &[&str] = &[
    "profile.guest.inherits='release'",
    "profile.guest.opt-level=3",
    "profile.guest.lto=true",
    "profile.guest.codegen-units=1",
    "profile.guest.panic='abort'",
    "profile.guest.debug=false",
    "profile.guest.strip='debuginfo'",
];

/// A core module that cargo has built.
#[derive(Debug)]
struct Module {
    /// The package's name, which is the plugin's file name.
    name: String,
    path: PathBuf,
}

/// Builds every package under `plugins/` into `target/plugins/NAME.wasm`.
pub(crate) fn build_bundled(workspace: &Workspace) -> Result<()> {
    let metadata = workspace.packages()?;
    let names = bundled_names(&metadata, workspace.root());
    if names.is_empty() {
        bail!("plugins/ holds no package of the workspace");
    }
    let compiler = Compiler::find(workspace)?;
    let mut command = compiler.cargo_build(workspace.root());
    for name in &names {
        command.args(["-p", name]);
    }
    let modules = compile(command, &metadata, workspace)?;
    for name in &names {
        if !modules.iter().any(|module| module.name == *name) {
            bail!(
                "plugins/: {name} builds no WebAssembly module: add `crate-type = [\"cdylib\", \"rlib\"]` to its [lib]"
            );
        }
    }
    let out = workspace.plugins_folder();
    remove_strangers(&out, &names)?;
    make_components(&modules, &out, &workspace.guests_folder().join("stamps"))
}

/// Builds a plugin crate outside the workspace.
pub(crate) fn build_foreign(
    workspace: &Workspace,
    manifest: &Path,
    out: Option<&Path>,
) -> Result<()> {
    let manifest = manifest_of(manifest)?;
    let folder = manifest.parent().context("a manifest has a folder")?.to_path_buf();
    let metadata = workspace::packages_of(&manifest)?;
    let compiler = Compiler::find(workspace)?;
    let mut command = compiler.cargo_build(&folder);
    command.arg("--manifest-path").arg(&manifest);
    for line in GUEST_PROFILE {
        command.args(["--config", line]);
    }
    let modules = compile(command, &metadata, workspace)?;
    if modules.is_empty() {
        bail!(
            "{} builds no WebAssembly module: add `crate-type = [\"cdylib\"]` to its [lib]",
            manifest.display()
        );
    }
    let out = out.map_or(folder, Path::to_path_buf);
    let stamps = workspace.guests_folder().join("stamps").join(sha256_of_path(&manifest));
    make_components(&modules, &out, &stamps)
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

fn manifest_of(path: &Path) -> Result<PathBuf> {
    let path = if path.is_dir() { path.join("Cargo.toml") } else { path.to_path_buf() };
    path.canonicalize().with_context(|| format!("there is no {}", path.display()))
}

fn sha256_of_path(path: &Path) -> String {
    sha256(path.as_os_str().as_encoded_bytes())
}

/// Runs the build and collects the modules of the workspace's own packages.
fn compile(
    mut command: Command,
    metadata: &Metadata,
    workspace: &Workspace,
) -> Result<Vec<Module>> {
    let title = "plugins: compile";
    command
        .args(["--lib", "--profile", "guest", "--message-format", "json-render-diagnostics"])
        .arg("--target-dir")
        .arg(workspace.guests_folder())
        .stdout(Stdio::piped());
    step::announce(title);
    println!("   {}", step::shown(&command));
    let mut child = command.spawn().context("cannot start cargo")?;
    let messages = child.stdout.take().context("cargo's output is not readable")?;
    let mut modules = Vec::new();
    for message in Message::parse_stream(BufReader::new(messages)) {
        if let Message::CompilerArtifact(artifact) =
            message.context("cannot read cargo's output")?
        {
            modules.extend(module_in(&artifact, metadata));
        }
    }
    step::expect_success(title, child.wait()?)?;
    modules.sort_by(|one: &Module, other| one.name.cmp(&other.name));
    Ok(modules)
}

fn module_in(artifact: &Artifact, metadata: &Metadata) -> Option<Module> {
    let package = metadata
        .workspace_packages()
        .into_iter()
        .find(|package| package.id == artifact.package_id)?;
    if !artifact.target.crate_types.contains(&CrateType::CDyLib) {
        return None;
    }
    let path = artifact.filenames.iter().find(|file| file.extension() == Some("wasm"))?;
    Some(Module { name: package.name.to_string(), path: path.clone().into_std_path_buf() })
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

fn make_components(modules: &[Module], out: &Path, stamps: &Path) -> Result<()> {
    step::announce("plugins: components");
    for module in modules {
        let path = out.join(format!("{}.wasm", module.name));
        let changed = make_component(module, &path, &stamps.join(&module.name))?;
        let bytes = fs::metadata(&path)?.len();
        let note = if changed { "written" } else { "unchanged" };
        println!("   {:<24} {:>9} bytes  {note}  {}", module.name, bytes, path.display());
    }
    println!("   target {TARGET}, {} in all", modules.len());
    Ok(())
}

/// Makes one component; says whether its file changed.
fn make_component(module: &Module, path: &Path, stamp: &Path) -> Result<bool> {
    let core =
        fs::read(&module.path).with_context(|| format!("cannot read {}", module.path.display()))?;
    if fs::read_to_string(stamp).is_ok_and(|kept| kept == stamp_of(&core, path)) {
        return Ok(false);
    }
    let component =
        component::from_module(&core).with_context(|| format!("plugin {}", module.name))?;
    let changed = write_if_changed(path, &component)?;
    write_if_changed(stamp, stamp_of(&core, path).as_bytes())?;
    Ok(changed)
}

/// What was made of what: a change of either side, or of the file since, makes another stamp.
fn stamp_of(core: &[u8], component: &Path) -> String {
    let made = fs::read(component).map_or_else(|_| "nothing".to_owned(), |bytes| sha256(&bytes));
    format!("core {}\ncomponent {made}\nencoder {}\n", sha256(core), component::ENCODER)
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

    #[test]
    fn a_stamp_changes_with_the_module_and_with_the_component() {
        let folder = tempfile::tempdir().unwrap();
        let component = folder.path().join("a.wasm");
        let before = stamp_of(b"core", &component);
        assert_ne!(before, stamp_of(b"other", &component));
        fs::write(&component, b"component").unwrap();
        assert_ne!(before, stamp_of(b"core", &component));
    }

    #[test]
    fn the_guest_profile_for_other_crates_is_the_workspaces_own() {
        let manifest = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
        let manifest = manifest.unwrap();
        let section = manifest.split("[profile.guest]").nth(1).unwrap();
        for line in GUEST_PROFILE {
            let (key, value) = line.trim_start_matches("profile.guest.").split_once('=').unwrap();
            let wanted = format!("{key} = {}", value.replace('\'', "\""));
            assert!(section.contains(&wanted), "{wanted}");
        }
    }
}
