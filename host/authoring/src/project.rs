//! An author's project, whatever its language: recognised by its files, built and tested by its
//! own toolchain, which installs first what the project needs.

mod python;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::rust_build::{Profile, RustBuild, packages_of};
use crate::{Built, Progress, command};

/// What a project is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `Cargo.toml`
    Rust,
    /// `package.json`
    TypeScript,
    /// `pyproject.toml`
    Python,
}

/// A folder with a plugin's sources.
#[derive(Clone, Debug)]
pub struct Project {
    folder: PathBuf,
    language: Language,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rust, Self::TypeScript, Self::Python];

    /// Its name in commands and folders.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::TypeScript => "typescript",
            Self::Python => "python",
        }
    }

    /// The file that every project of the language has.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::TypeScript => "package.json",
            Self::Python => "pyproject.toml",
        }
    }
}

impl Project {
    /// Recognises the project in a folder.
    ///
    /// # Errors
    /// When the folder is not there or holds no project.
    pub fn open(folder: &Path) -> Result<Self> {
        let found = folder
            .canonicalize()
            .with_context(|| format!("there is no folder {}", folder.display()))?;
        let language = Language::ALL.into_iter().find(|it| found.join(it.mark()).is_file());
        let Some(language) = language else {
            let marks = Language::ALL.map(Language::mark).join(", ");
            bail!(
                "{} holds no plugin project (none of {marks}); name the project's folder, or make \
                 one with `patchbay plugin new NAME`",
                folder.display()
            );
        };
        Ok(Self { folder: found, language })
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it is written in.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// Builds its components into `out`; where the language puts them if that is not said: a
    /// Rust project beside its `Cargo.toml`, the others into `dist`.
    ///
    /// # Errors
    /// When the toolchain is missing (with the command that brings it) or the build fails.
    pub fn build(&self, out: Option<&Path>, progress: &dyn Progress) -> Result<Vec<Built>> {
        match self.language {
            Language::Rust => self.build_rust(out, progress),
            Language::TypeScript => {
                self.require_node_modules(progress)?;
                let mut npm = self.tool("npm", NPM)?;
                self.build_foreign(npm.args(["run", "build"]), out, progress)
            }
            Language::Python => {
                let mut python = self.python(progress)?;
                python.args(["-m", "patchbay_sdk", "build", "."]);
                self.build_foreign(&mut python, out, progress)
            }
        }
    }

    /// Runs its own tests, natively.
    ///
    /// # Errors
    /// When the toolchain is missing or a test fails.
    pub fn test(&self, progress: &dyn Progress) -> Result<()> {
        let title = "the project's own tests";
        match self.language {
            Language::Rust => {
                let mut cargo = command::cargo(&self.folder);
                command::run(title, cargo.args(["test", "--workspace"]), progress)
            }
            Language::TypeScript => {
                self.require_node_modules(progress)?;
                command::run(title, self.tool("npm", NPM)?.arg("test"), progress)
            }
            Language::Python => {
                let mut python = self.python(progress)?;
                command::run(title, python.args(["-m", "pytest", "-q"]), progress)
            }
        }
    }

    fn build_rust(&self, out: Option<&Path>, progress: &dyn Progress) -> Result<Vec<Built>> {
        self.tool("cargo", RUSTUP)?;
        let manifest = self.folder.join("Cargo.toml");
        let metadata = packages_of(&manifest)?;
        let guests = metadata.target_directory.into_std_path_buf().join("guests");
        let build = RustBuild {
            folder: &self.folder,
            packages: &[],
            profile: Profile::of(&manifest)?,
            guests: &guests,
            out: out.unwrap_or(&self.folder),
        };
        build.run(progress)
    }

    /// Runs a build whose components are all of `dist`, and puts them where they are wanted.
    fn build_foreign(
        &self,
        build: &mut Command,
        out: Option<&Path>,
        progress: &dyn Progress,
    ) -> Result<Vec<Built>> {
        let begun = SystemTime::now();
        command::run("make components", build, progress)?;
        let made = components_in(&self.folder.join("dist"))?;
        if made.is_empty() {
            bail!(
                "the build left no component in {}; see what it said above",
                self.folder.join("dist").display()
            );
        }
        let place = |path: PathBuf| {
            let written = fs::metadata(&path).and_then(|it| it.modified());
            let changed = written.is_ok_and(|at| at >= begun);
            match (out, path.file_name()) {
                (Some(out), Some(name)) => {
                    let wanted = out.join(name);
                    let changed = crate::file::write_if_changed(&wanted, &fs::read(&path)?)?;
                    Built::read(wanted, changed)
                }
                _ => Built::read(path, changed),
            }
        };
        made.into_iter().map(place).collect()
    }

    fn require_node_modules(&self, progress: &dyn Progress) -> Result<()> {
        // npm writes this file last: packages that are half there are installed again.
        if self.folder.join("node_modules/.package-lock.json").is_file() {
            return Ok(());
        }
        let word = if self.folder.join("package-lock.json").is_file() { "ci" } else { "install" };
        let mut npm = self.tool("npm", NPM)?;
        command::run("the project's packages", npm.arg(word), progress)
    }

    fn python(&self, progress: &dyn Progress) -> Result<Command> {
        self.tool("python3", PYTHON)?;
        Ok(self.command(&python::interpreter(&self.folder, progress)?))
    }

    /// A program of the toolchain, to be run in the project.
    fn tool(&self, program: &str, missing: &str) -> Result<Command> {
        let there = Command::new(program)
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if there.is_err() {
            bail!("{program} is missing; {missing}");
        }
        Ok(self.command(Path::new(program)))
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).stdin(Stdio::null());
        command
    }
}

const RUSTUP: &str = "get Rust from https://rustup.rs, and then run: rustup target add \
                      wasm32-unknown-unknown";
const NPM: &str = "run: apt-get install -y nodejs npm (or get Node.js from https://nodejs.org)";
const PYTHON: &str = "run: apt-get install -y python3 python3-venv (or get it from \
                      https://www.python.org)";

/// The components of a folder, by name.
fn components_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot list {}", folder.display()));
        }
    };
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|it| it.path())).collect();
    let mut paths = paths?;
    paths.retain(|path| path.extension().is_some_and(|it| it == "wasm"));
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_recognised_by_the_file_that_its_language_wants() {
        for language in Language::ALL {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(language.mark()), "").unwrap();
            assert_eq!(Project::open(folder.path()).unwrap().language(), language);
        }
    }

    #[test]
    fn a_folder_that_holds_no_project_is_told_how_to_get_one() {
        let folder = tempfile::tempdir().unwrap();
        let said = Project::open(folder.path()).unwrap_err().to_string();
        assert!(said.contains("Cargo.toml, package.json, pyproject.toml"), "{said}");
        assert!(said.contains("patchbay plugin new NAME"), "{said}");
        let said = Project::open(&folder.path().join("none")).unwrap_err().to_string();
        assert!(said.starts_with("there is no folder "), "{said}");
    }

    #[test]
    fn a_tool_that_is_missing_is_named_with_the_command_that_brings_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("package.json"), "").unwrap();
        let project = Project::open(folder.path()).unwrap();
        let said = project.tool("no-such-tool", NPM).unwrap_err().to_string();
        assert!(said.starts_with("no-such-tool is missing; run: apt-get install"), "{said}");
    }

    #[test]
    fn components_are_listed_by_name_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.wasm", "a.wasm", "a.js"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let names: Vec<_> = components_in(folder.path()).unwrap();
        assert_eq!(names, ["a.wasm", "b.wasm"].map(|name| folder.path().join(name)));
        assert!(components_in(&folder.path().join("dist")).unwrap().is_empty());
    }
}
