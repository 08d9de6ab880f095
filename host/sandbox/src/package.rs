//! Whether a program is what a Debian package installed.
//!
//! Read from dpkg's own records, without running it: `status` has the installed version,
//! `info/NAME.list` the files that a package owns, `info/NAME.md5sums` their MD5 digests. Such a
//! digest shows that a file was changed or belongs to another version; whoever may write the file
//! may write the records, too, so it is no defence against an intruder on the host.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use md5::{Digest as _, Md5};
use thiserror::Error;

/// Where dpkg keeps its records.
const RECORDS: &str = "/var/lib/dpkg";

/// A package that has to own a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageDemand {
    /// Its name, without an architecture.
    pub name: String,
    /// The version that it has to have; any if absent.
    pub version: Option<String>,
}

/// Why a program is not the package's.
#[derive(Debug, Error)]
pub enum PackageProblem {
    /// Records or the program could not be read.
    #[error("{} cannot be read: {error}; programs of packages need dpkg's records", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// It is not there.
    #[error("the package {0} is not installed; install it")]
    NotInstalled(String),
    /// It has another version.
    #[error(
        "the package {name} is installed in version {found} and not in {expected}; install that version, or change it in sandbox.package"
    )]
    Version {
        /// The package.
        name: String,
        /// What it has to be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The program is not one of its files.
    #[error("the package {name} does not own {}; name the package that does, as `dpkg -S` prints it", .program.display())]
    NotOwned {
        /// The package.
        name: String,
        /// The program.
        program: PathBuf,
    },
    /// The program is not as it was installed.
    #[error("{} is not as the package {name} installed it; install the package again", .program.display())]
    Changed {
        /// The package.
        name: String,
        /// The program.
        program: PathBuf,
    },
}

impl PackageDemand {
    /// Compares a program with the records of this system. Reads files: blocks.
    ///
    /// # Errors
    /// Why it is not the package's, and what to do.
    pub fn verify(&self, program: &Path) -> Result<(), PackageProblem> {
        self.verify_by(Path::new(RECORDS), program)
    }

    fn verify_by(&self, records: &Path, program: &Path) -> Result<(), PackageProblem> {
        let installed = self.installed(&records.join("status"))?;
        if let Some(expected) = self.version.as_ref().filter(|it| **it != installed.version) {
            return Err(PackageProblem::Version {
                name: self.name.clone(),
                expected: expected.clone(),
                found: installed.version,
            });
        }
        let info = records.join("info");
        let list = self.record(&info, &installed.architecture, "list");
        let program = program.canonicalize().map_err(|error| unreadable(program, error))?;
        let not_owned =
            || PackageProblem::NotOwned { name: self.name.clone(), program: program.clone() };
        let list = read(&list)?;
        let owned = owned_path(&list, &program).ok_or_else(not_owned)?;
        let sums = read(&self.record(&info, &installed.architecture, "md5sums"))?;
        if recorded_digest(&sums, owned) == Some(&*digest(&program)?) {
            return Ok(());
        }
        Err(PackageProblem::Changed { name: self.name.clone(), program })
    }

    /// Packages that can be installed for several architectures have theirs in the name.
    fn record(&self, info: &Path, architecture: &str, kind: &str) -> PathBuf {
        let plain = info.join(format!("{}.{kind}", self.name));
        match plain.exists() {
            true => plain,
            false => info.join(format!("{}:{architecture}.{kind}", self.name)),
        }
    }

    fn installed(&self, status: &Path) -> Result<Installed, PackageProblem> {
        let file = File::open(status).map_err(|error| unreadable(status, error))?;
        let mut paragraph = Paragraph::default();
        for line in BufReader::new(file).split(b'\n') {
            let line = line.map_err(|error| unreadable(status, error))?;
            let line = String::from_utf8_lossy(&line);
            if line.is_empty() {
                if let Some(found) = std::mem::take(&mut paragraph).installed(&self.name) {
                    return Ok(found);
                }
            } else {
                paragraph.read(&line);
            }
        }
        let last = paragraph.installed(&self.name);
        last.ok_or_else(|| PackageProblem::NotInstalled(self.name.clone()))
    }
}

/// An installed package.
struct Installed {
    version: String,
    architecture: String,
}

/// What is of interest in a paragraph of `status`.
#[derive(Default)]
struct Paragraph {
    package: String,
    version: String,
    architecture: String,
    is_installed: bool,
}

impl Paragraph {
    fn read(&mut self, line: &str) {
        match line.split_once(": ") {
            Some(("Package", name)) => self.package = name.to_owned(),
            Some(("Version", version)) => self.version = version.to_owned(),
            Some(("Architecture", architecture)) => self.architecture = architecture.to_owned(),
            // Wanted, faults, state: dpkg-query(1), `db:Status-*`.
            Some(("Status", status)) => self.is_installed = status.ends_with(" ok installed"),
            _ => {}
        }
    }

    fn installed(self, name: &str) -> Option<Installed> {
        let Self { package, version, architecture, is_installed } = self;
        (package == name && is_installed).then_some(Installed { version, architecture })
    }
}

/// The path under which the list has a program. `/bin` may be a link to `/usr/bin`, so that a
/// file has several paths; the list has one of them.
fn owned_path<'a>(list: &'a str, program: &Path) -> Option<&'a str> {
    let name = program.file_name()?.to_str()?;
    let named = |line: &&str| line.rsplit_once('/').is_some_and(|(_, last)| last == name);
    list.lines()
        .filter(named)
        .find(|line| Path::new(line).canonicalize().is_ok_and(|it| it == program))
}

/// Lines are a digest, two blanks and a path without the first slash.
fn recorded_digest<'a>(sums: &'a str, path: &str) -> Option<&'a str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let mut pairs = sums.lines().filter_map(|line| line.split_once("  "));
    pairs.find(|(_, listed)| *listed == path).map(|(digest, _)| digest)
}

fn digest(program: &Path) -> Result<String, PackageProblem> {
    let digest = || -> io::Result<String> {
        let mut file = File::open(program)?;
        let (mut state, mut buffer) = (Md5::new(), vec![0; 64 * 1024]);
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                count => state.update(buffer.get(..count).unwrap_or_default()),
            }
        }
        Ok(state.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    };
    digest().map_err(|error| unreadable(program, error))
}

fn read(path: &Path) -> Result<String, PackageProblem> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn unreadable(path: &Path, error: io::Error) -> PackageProblem {
    PackageProblem::Unreadable { path: path.to_owned(), error }
}

#[cfg(test)]
mod tests;
