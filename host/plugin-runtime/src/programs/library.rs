//! Programs that are compiled: each digest once, as long as it is among the ones used last.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use sandbox::ProgramDigest;
use sha2::{Digest as _, Sha256};
use wasmtime::InstancePre;
use wasmtime_wasi::p2::bindings::CommandPre;

use super::problem::StartProblem;
use super::state::ProgramState;

/// Programs kept; the one used longest ago goes first.
const MAX_PROGRAMS: usize = 32;

/// A program that can be run.
pub(super) enum Program {
    /// A core module of WASI 0.1.
    Module(InstancePre<ProgramState>),
    /// A component, `wasi:cli/command` 0.2.
    Component(CommandPre<ProgramState>),
}

/// A program, or why its bytes are none. That is kept too: it is as dear to find out.
pub(super) type Compiled = Result<Arc<Program>, Arc<str>>;

/// The programs used last, the last one last.
#[derive(Default)]
pub(super) struct Library {
    entries: Mutex<Vec<Entry>>,
}

#[derive(Clone)]
struct Entry {
    file: FileIdentity,
    digest: ProgramDigest,
    program: Arc<OnceLock<Compiled>>,
}

/// What changes when a file does.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct FileIdentity {
    path: PathBuf,
    facts: FileFacts,
}

/// Device, inode, size, and the times of contents and inode, with nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileFacts([i128; 7]);

impl FileFacts {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self([
            metadata.dev().into(),
            metadata.ino().into(),
            metadata.size().into(),
            metadata.mtime().into(),
            metadata.mtime_nsec().into(),
            metadata.ctime().into(),
            metadata.ctime_nsec().into(),
        ])
    }
}

impl FileIdentity {
    /// # Errors
    /// If there is no such file.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no ordinary file"));
        }
        Ok(Self { path: path.to_owned(), facts: FileFacts::of(&metadata) })
    }
}

impl Library {
    /// A program that is compiled already.
    pub(super) fn find(&self, file: &FileIdentity) -> Option<(ProgramDigest, Compiled)> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let index = entries.iter().position(|entry| entry.file == *file)?;
        let compiled = entries.get(index)?.program.get()?.clone();
        let entry = entries.remove(index);
        let digest = entry.digest;
        entries.push(entry);
        Some((digest, compiled))
    }

    /// Reads a program and compiles it, or waits for another thread that does. Blocks.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn load(
        &self,
        file: FileIdentity,
        max_bytes: usize,
        compile: impl FnOnce(&[u8]) -> Compiled,
    ) -> Result<(ProgramDigest, Compiled), StartProblem> {
        let path = file.path.clone();
        let bytes = read(&path, max_bytes).map_err(|error| StartProblem::File(path, error))?;
        let digest = ProgramDigest::new(Sha256::digest(&bytes).into());
        let program = self.entry(file, digest);
        let compiled = program.get_or_init(|| compile(&bytes)).clone();
        Ok((digest, compiled))
    }

    fn entry(&self, file: FileIdentity, digest: ProgramDigest) -> Arc<OnceLock<Compiled>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let same = entries.iter().find(|entry| entry.digest == digest);
        let program = same.map(|entry| Arc::clone(&entry.program)).unwrap_or_default();
        entries.retain(|entry| entry.file.path != file.path);
        if entries.len() >= MAX_PROGRAMS {
            entries.remove(0);
        }
        entries.push(Entry { file, digest, program: Arc::clone(&program) });
        program
    }
}

fn read(path: &Path, max_bytes: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = (max_bytes as u64).saturating_add(1);
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    if bytes.len() > max_bytes {
        let problem = format!("it has more than {max_bytes} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
    }
    Ok(bytes)
}
