//! What a program sees of the file system: directories, under the names that it knows.
//!
//! WASI gives directories and no files, and the host's implementation shows all of a directory or
//! nothing. So a file that the operator names is copied into a private directory of the run, and
//! the program sees that one, with nothing else in it, where the file's own directory would be. A
//! link in its place would lead out of the directory, and a hard link cannot leave its file system.

use std::io;
use std::path::{Component, Path, PathBuf};

use exchange::ProgramSandbox;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use super::named_file::NamedFile;
use super::problem::StartProblem;
use super::quota::Quota;
use super::scratch::Scratch;

const TEMPORARY: &str = "/tmp";
/// Where a credential is, if it is a file.
pub(super) const CREDENTIALS: &str = "/run/credentials";

/// All that one run sees, and where it begins.
pub(super) struct View {
    shown: Vec<Shown>,
    directory: Shown,
}

/// A directory.
struct Shown {
    /// The program's name for it.
    name: PathBuf,
    host: PathBuf,
    permissions: FsPerms,
    owner: Owner,
}

/// Whose directory it is, and so whose fault it is if it cannot be opened.
#[derive(Clone, Copy)]
enum Owner {
    Run,
    Operator,
}

impl View {
    /// The private `/tmp`, and what the operator names. Copies take their room from `quota`.
    ///
    /// # Errors
    /// `Policy` for what cannot be given, `Scratch` for a private directory that cannot be made.
    pub(super) fn of(
        sandbox: &ProgramSandbox,
        scratch: &Scratch,
        quota: &Quota,
    ) -> Result<Self, StartProblem> {
        let temporary = scratch.temporary();
        let mut shown = vec![Shown::own(Path::new(TEMPORARY), temporary, FsPerms::ReadWrite)];
        let named = sandbox.read_only.iter().map(PathBuf::as_path);
        let (directories, mut files): (Vec<_>, Vec<_>) = named.partition(|path| path.is_dir());
        for path in &directories {
            check_name(path, path)?;
            shown.push(Shown::named(path));
        }
        // What is in a named directory is there already.
        files.retain(|path| {
            !path.exists() || !directories.iter().any(|directory| path.starts_with(directory))
        });
        files.sort_unstable();
        files.dedup();
        if !files.is_empty() {
            let copies = tokio::task::block_in_place(|| copy_files(&files, scratch, quota))?;
            let copies = copies.into_iter();
            shown.extend(copies.map(|(name, host)| Shown::own(name, host, FsPerms::ReadOnly)));
        }
        let directory = sandbox.directory.as_deref().unwrap_or(Path::new(TEMPORARY));
        let directory = working_directory(&shown, directory)?;
        Ok(Self { shown, directory })
    }

    /// Directories that are open as long as the program runs.
    pub(super) fn count(&self) -> usize {
        self.shown.len()
    }

    /// Opens everything for the program. WASI 0.1 knows the working directory by the name `.`
    /// alone.
    ///
    /// # Errors
    /// `Policy` for what the operator names, `Scratch` for what is the run's own.
    pub(super) fn open(&self, wasi: &mut WasiCtxBuilder) -> Result<(), StartProblem> {
        for shown in &self.shown {
            shown.open(wasi, &shown.name)?;
        }
        self.directory.open(wasi, Path::new("."))?;
        wasi.initial_cwd(self.directory.name.to_string_lossy());
        Ok(())
    }
}

impl Shown {
    fn own(name: &Path, host: PathBuf, permissions: FsPerms) -> Self {
        Self { name: name.to_owned(), host, permissions, owner: Owner::Run }
    }

    fn named(path: &Path) -> Self {
        let (name, host) = (path.to_owned(), path.to_owned());
        Self { name, host, permissions: FsPerms::ReadOnly, owner: Owner::Operator }
    }

    fn open(&self, wasi: &mut WasiCtxBuilder, name: &Path) -> Result<(), StartProblem> {
        let opened = show(wasi, &self.host, name, self.permissions);
        opened.map_err(|error| match self.owner {
            Owner::Run => StartProblem::Scratch(error),
            Owner::Operator => refused(&self.name, error),
        })
    }
}

/// Shows one directory.
///
/// # Errors
/// The system's, and for a name that is no text.
pub(super) fn show(
    wasi: &mut WasiCtxBuilder,
    host: &Path,
    name: &Path,
    permissions: FsPerms,
) -> io::Result<()> {
    let name = name.to_str().ok_or_else(|| io::Error::other("its name is not UTF-8"))?;
    wasi.preopened_dir(host, name, permissions).map_err(io::Error::other)?;
    Ok(())
}

/// Copies files, those of one directory into one. Returns the directories' names, and where they
/// are.
fn copy_files<'a>(
    files: &[&'a Path],
    scratch: &Scratch,
    quota: &Quota,
) -> Result<Vec<(&'a Path, PathBuf)>, StartProblem> {
    let mut copies: Vec<(&Path, PathBuf)> = Vec::new();
    for path in files {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(refused(path, "it is no file"));
        };
        check_name(path, parent)?;
        // They are sorted, but "a/b/c" is between "a/b" and "a/d".
        let known = copies.iter().position(|(known, _)| *known == parent);
        let index = match known {
            Some(index) => index,
            None => {
                quota.add_entry().map_err(|_| refused(path, NO_ROOM))?;
                let made = scratch.make_directory(copies.len()).map_err(StartProblem::Scratch)?;
                copies.push((parent, made));
                copies.len() - 1
            }
        };
        let file = NamedFile::open(path).map_err(|error| refused(path, error))?;
        quota.keep(file.bytes()).map_err(|_| refused(path, NO_ROOM))?;
        let copied = file.copy_to(&copies[index].1.join(name));
        copied.map_err(|error| refused(path, error))?;
    }
    Ok(copies)
}

const NO_ROOM: &str = "with it, the copies of named files are larger than max_scratch_bytes; name \
                       its directory instead, which is not copied, or raise the limit";

/// Nothing that is named may hide what is the run's own.
fn check_name(path: &Path, directory: &Path) -> Result<(), StartProblem> {
    let is_own = [TEMPORARY, CREDENTIALS].iter().any(|own| directory == Path::new(own));
    if is_own {
        return Err(refused(path, format!("{directory:?} is the program's own")));
    }
    if !path.is_absolute() || climbs(path) {
        return Err(refused(path, "it is no absolute path without \"..\""));
    }
    Ok(())
}

fn climbs(path: &Path) -> bool {
    path.components().any(|part| part == Component::ParentDir)
}

/// The directory, in the innermost of those that are shown.
fn working_directory(shown: &[Shown], directory: &Path) -> Result<Shown, StartProblem> {
    let around = shown.iter().filter(|shown| directory.starts_with(&shown.name));
    let innermost = around.max_by_key(|shown| shown.name.components().count());
    let Some(Shown { name, host, permissions, owner }) = innermost.filter(|_| !climbs(directory))
    else {
        let problem = format!("the working directory {directory:?} is not /tmp or a named one");
        return Err(StartProblem::Policy(problem));
    };
    let rest = directory.strip_prefix(name).unwrap_or(Path::new(""));
    let (host, owner) = match rest.as_os_str().is_empty() {
        true => (host.clone(), *owner),
        false => (host.join(rest), Owner::Operator),
    };
    Ok(Shown { name: directory.to_owned(), host, permissions: *permissions, owner })
}

fn refused(path: &Path, reason: impl std::fmt::Display) -> StartProblem {
    StartProblem::Policy(format!("{path:?} cannot be given to a WebAssembly program: {reason}"))
}
