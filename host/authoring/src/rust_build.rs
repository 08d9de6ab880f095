//! Rust plugins: compile to core modules in one cargo call, make a component of each.
//!
//! A file is written only if its content changed, so nothing that embeds it is rebuilt without
//! need.

use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use cargo_metadata::{Artifact, CrateType, Message, Metadata, MetadataCommand};

use crate::Progress;
use crate::command::{self, expect_success};
use crate::compiler::{Compiler, TARGET};
use crate::component;
use crate::file::{sha256, write_if_changed};

/// The gateway's own `[profile.guest]`, for crates that do not have one.
const GUEST_PROFILE: &[&str] = &[
    "profile.guest.inherits='release'",
    "profile.guest.opt-level=3",
    "profile.guest.lto=true",
    "profile.guest.codegen-units=1",
    "profile.guest.panic='abort'",
    "profile.guest.debug=false",
    "profile.guest.strip='debuginfo'",
];

/// Whether a workspace says itself how guests are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// It has a `[profile.guest]`.
    Own,
    /// It is given the gateway's.
    Given,
}

impl Profile {
    /// What a crate outside the gateway's workspace has: its own, if its `Cargo.toml` says one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn of(manifest: &Path) -> Result<Self> {
        let text = fs::read_to_string(manifest)
            .with_context(|| format!("cannot read {}", manifest.display()))?;
        let own = text.lines().any(|line| line.trim() == "[profile.guest]");
        Ok(if own { Self::Own } else { Self::Given })
    }
}

/// Plugin crates to be built.
#[derive(Clone, Copy, Debug)]
pub struct RustBuild<'a> {
    /// Holds the `Cargo.toml` of a package or a workspace.
    pub folder: &'a Path,
    /// The packages; all of the workspace if none is named.
    pub packages: &'a [String],
    /// How they are compiled.
    pub profile: Profile,
    /// Where cargo works: one folder, so that a standard library built from source is built once.
    pub guests: &'a Path,
    /// Where `PACKAGE.wasm` goes.
    pub out: &'a Path,
}

/// A component that was built.
#[derive(Clone, Debug)]
pub struct Built {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in lower-case hexadecimal.
    pub sha256: String,
    /// Whether this build wrote it; its content is the same as before otherwise.
    pub changed: bool,
}

/// A core module that cargo has built.
#[derive(Debug)]
struct Module {
    /// The package's name, which is the plugin's file name.
    name: String,
    path: PathBuf,
}

impl RustBuild<'_> {
    /// Compiles and makes the components, in the order of their names.
    ///
    /// # Errors
    /// When no compiler is there (with the commands that would help), a crate does not compile,
    /// or a module is no plugin.
    pub fn run(&self, progress: &dyn Progress) -> Result<Vec<Built>> {
        let manifest = self.folder.join("Cargo.toml");
        let metadata = packages_of(&manifest)?;
        let compiler = Compiler::find(self.guests, progress)?;
        let mut command = compiler.cargo_build(self.folder);
        command.arg("--manifest-path").arg(&manifest);
        for name in self.packages {
            command.args(["-p", name]);
        }
        if self.profile == Profile::Given {
            for line in GUEST_PROFILE {
                command.args(["--config", line]);
            }
        }
        let modules = self.compile(command, &metadata, progress)?;
        self.check_modules(&modules)?;
        self.make_components(&modules, progress)
    }

    /// Runs the build and collects the modules of the workspace's own packages.
    fn compile(
        &self,
        mut command: Command,
        metadata: &Metadata,
        progress: &dyn Progress,
    ) -> Result<Vec<Module>> {
        let title = "compile to WebAssembly";
        command
            .args(["--lib", "--profile", "guest", "--message-format", "json-render-diagnostics"])
            .arg("--target-dir")
            .arg(self.guests)
            .stdout(Stdio::piped());
        progress.begin(title);
        progress.note(&command::shown(&command));
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
        expect_success(title, child.wait()?)?;
        modules.sort_by(|one: &Module, other| one.name.cmp(&other.name));
        Ok(modules)
    }

    fn check_modules(&self, modules: &[Module]) -> Result<()> {
        let advice = "add `crate-type = [\"cdylib\", \"rlib\"]` to its [lib]";
        if modules.is_empty() {
            bail!("{} builds no WebAssembly module; {advice}", self.folder.display());
        }
        for name in self.packages {
            if !modules.iter().any(|module| module.name == *name) {
                bail!("the package {name} builds no WebAssembly module; {advice}");
            }
        }
        Ok(())
    }

    fn make_components(&self, modules: &[Module], progress: &dyn Progress) -> Result<Vec<Built>> {
        progress.begin("make components");
        let place = sha256(self.folder.as_os_str().as_encoded_bytes());
        let stamps = self.guests.join("stamps").join(place);
        let mut all = Vec::new();
        for module in modules {
            let path = self.out.join(format!("{}.wasm", module.name));
            let changed = make_component(module, &path, &stamps.join(&module.name))?;
            let built = Built::read(path, changed)?;
            let note = if changed { "written" } else { "unchanged" };
            let (path, bytes) = (built.path.display(), built.bytes);
            progress.note(&format!("{:<24} {bytes:>9} bytes  {note}  {path}", module.name));
            all.push(built);
        }
        progress.note(&format!("target {TARGET}, {} in all", modules.len()));
        Ok(all)
    }
}

impl Built {
    /// Looks at a component's file.
    pub(crate) fn read(path: PathBuf, changed: bool) -> Result<Self> {
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self { bytes: bytes.len() as u64, sha256: sha256(&bytes), path, changed })
    }
}

/// The packages of the workspace around a manifest, without their dependencies.
pub(crate) fn packages_of(manifest: &Path) -> Result<Metadata> {
    MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .exec()
        .with_context(|| format!("cargo cannot read {}", manifest.display()))
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
    fn a_stamp_changes_with_the_module_and_with_the_component() {
        let folder = tempfile::tempdir().unwrap();
        let component = folder.path().join("a.wasm");
        let before = stamp_of(b"core", &component);
        assert_ne!(before, stamp_of(b"other", &component));
        fs::write(&component, b"component").unwrap();
        assert_ne!(before, stamp_of(b"core", &component));
    }

    #[test]
    fn a_crate_may_say_itself_how_it_is_compiled() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("Cargo.toml");
        for (text, profile) in [
            ("[package]\n", Profile::Given),
            ("[profile.guest]\ninherits = \"release\"\n", Profile::Own),
        ] {
            fs::write(&manifest, text).unwrap();
            assert_eq!(Profile::of(&manifest).unwrap(), profile);
        }
        assert!(Profile::of(&folder.path().join("none")).is_err());
    }

    #[test]
    fn the_guest_profile_for_other_crates_is_the_workspaces_own() {
        let manifest = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"));
        let manifest = manifest.unwrap();
        let section = manifest.split("[profile.guest]").nth(1).unwrap();
        for line in GUEST_PROFILE {
            let (key, value) = line.trim_start_matches("profile.guest.").split_once('=').unwrap();
            let wanted = format!("{key} = {}", value.replace('\'', "\""));
            assert!(section.contains(&wanted), "{wanted}");
        }
    }
}
