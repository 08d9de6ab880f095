//! The directory of plugins: which files are there, whole, and new.
//!
//! A file counts if it stands at the top level, is not hidden and ends in `.wasm`. It is read
//! when it has not changed for a moment, and taken if it did not change meanwhile: device, inode,
//! size and times are the same before and after. So a half-written file is not there yet.
//!
//! Links are followed, wherever they lead: Kubernetes mounts every file as a link through
//! `..data`, and whoever can write a link here can write a file as well. What is judged are the
//! bytes that were read, and they are what is loaded and kept: nothing is read twice. A link is
//! taken only if it leads to a regular file, and opening it does not wait for a pipe's writer.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::OFlags;

use super::problem::LifeProblem;
use super::trust::MAX_SIGNATURE_BYTES;
use crate::digest::Digest;

/// A whole file and the signature beside it.
#[derive(Clone, Debug)]
pub(super) struct Captured {
    /// Name of the file within the directory.
    pub(super) file: String,
    pub(super) bytes: Vec<u8>,
    pub(super) signature: Option<Vec<u8>>,
    pub(super) digest: Digest,
}

/// What one look found.
#[derive(Debug, Default)]
pub(super) struct Sightings {
    /// New files and files with new content, in the order of their names.
    pub(super) found: Vec<Captured>,
    /// Files that cannot be taken, if that is new.
    pub(super) problems: Vec<(String, LifeProblem)>,
    /// Files that are not there any more.
    pub(super) gone: Vec<String>,
    /// Some files are being written: another look is due soon.
    pub(super) unsettled: bool,
}

/// Looks at the directory and remembers what it saw.
#[derive(Debug)]
pub(super) struct Capture {
    directory: PathBuf,
    settle: Duration,
    most_bytes: usize,
    most_files: usize,
    seen: BTreeMap<String, Seen>,
}

#[derive(Debug)]
struct Seen {
    stamp: Stamp,
    /// Component and signature; `None` if the file could not be taken.
    content: Option<(Digest, Option<Digest>)>,
}

/// What tells two states of a file and its signature apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    component: Option<FileStamp>,
    signature: Option<FileStamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileStamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileStamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Capture {
    pub(super) fn new(
        directory: &Path,
        settle: Duration,
        (most_files, most_bytes): (usize, usize),
    ) -> Self {
        let directory = directory.to_owned();
        Self { directory, settle, most_bytes, most_files, seen: BTreeMap::new() }
    }

    /// Whether a file of that name is there now.
    pub(super) fn has(&self, file: &str) -> bool {
        self.directory.join(file).is_file()
    }

    /// The file that held this component at the last look.
    pub(super) fn file_with(&self, digest: &Digest) -> Option<String> {
        let mut seen = self.seen.iter();
        let holds = |seen: &Seen| seen.content.as_ref().is_some_and(|(it, _)| it == digest);
        seen.find(|(_, seen)| holds(seen)).map(|(name, _)| name.clone())
    }

    /// What a file holds now; `None` if it is not there, or cannot be taken.
    pub(super) fn content_of(&self, name: &str) -> Option<Captured> {
        self.take(name, self.stamp(name)).ok()
    }

    /// Lets the next look find a file anew.
    pub(super) fn forget(&mut self, file: &str) {
        self.seen.remove(file);
    }

    /// Looks once. Takes the settling time if something has changed.
    ///
    /// # Errors
    /// If the directory cannot be read; one that is not there is empty.
    pub(super) fn look(&mut self) -> io::Result<Sightings> {
        let mut files = plugin_files(&self.directory)?;
        // A link to nothing is a file that is not there.
        files.retain(|name| self.directory.join(name).exists());
        let mut sightings = Sightings::default();
        for surplus in files.split_off(files.len().min(self.most_files)) {
            let problem = LifeProblem::TooManyFiles { most: self.most_files };
            self.report((surplus, Stamp::ABSENT), problem, &mut sightings);
        }
        let gone: Vec<_> = self.seen.keys().filter(|name| !files.contains(name)).cloned().collect();
        for name in gone {
            let stays = sightings.problems.iter().any(|(reported, _)| *reported == name);
            if !stays {
                self.seen.remove(&name);
                sightings.gone.push(name);
            }
        }
        self.look_at(self.changed(files), &mut sightings);
        Ok(sightings)
    }

    /// Files whose state is another than at the last look, with that state.
    fn changed(&self, files: Vec<String>) -> Vec<(String, Stamp)> {
        let stamped = files.into_iter().map(|name| {
            let stamp = self.stamp(&name);
            (name, stamp)
        });
        stamped
            .filter(|(name, stamp)| self.seen.get(name).is_none_or(|seen| seen.stamp != *stamp))
            .collect()
    }

    fn look_at(&mut self, changed: Vec<(String, Stamp)>, sightings: &mut Sightings) {
        if changed.is_empty() {
            return;
        }
        // All of them settle at the same time.
        thread::sleep(self.settle);
        for (name, stamp) in changed {
            match self.take(&name, stamp) {
                Ok(captured) => self.note(captured, stamp, sightings),
                Err(LifeProblem::Unsettled) => sightings.unsettled = true,
                Err(problem) => self.report((name, stamp), problem, sightings),
            }
        }
    }

    fn note(&mut self, captured: Captured, stamp: Stamp, sightings: &mut Sightings) {
        let signed = captured.signature.as_deref().map(Digest::of);
        let content = Some((captured.digest.clone(), signed));
        let before = self.seen.insert(captured.file.clone(), Seen { stamp, content });
        let after = self.seen.get(&captured.file).and_then(|seen| seen.content.as_ref());
        // The same content again, in another file or with another time, is nothing new.
        if before.as_ref().and_then(|seen| seen.content.as_ref()) != after {
            sightings.found.push(captured);
        }
    }

    fn report(
        &mut self,
        (name, stamp): (String, Stamp),
        problem: LifeProblem,
        sightings: &mut Sightings,
    ) {
        let before = self.seen.insert(name.clone(), Seen { stamp, content: None });
        if before.is_none_or(|seen| seen.stamp != stamp) {
            sightings.problems.push((name, problem));
        }
    }

    /// Reads a file that has not changed since it was stamped.
    fn take(&self, name: &str, stamp: Stamp) -> Result<Captured, LifeProblem> {
        if self.stamp(name) != stamp {
            return Err(LifeProblem::Unsettled);
        }
        let most = self.most_bytes;
        let bytes = read_whole(&self.directory.join(name), most)?.ok_or(LifeProblem::Unsettled)?;
        let signature = read_whole(&self.signature_path(name), MAX_SIGNATURE_BYTES);
        let signature = match signature {
            Ok(signature) => signature,
            // Too large or no file: no signature of minisign.
            Err(_) => Some(Vec::new()),
        };
        if self.stamp(name) != stamp {
            return Err(LifeProblem::Unsettled);
        }
        let digest = Digest::of(&bytes);
        Ok(Captured { file: name.to_owned(), bytes, signature, digest })
    }

    fn stamp(&self, name: &str) -> Stamp {
        let stamp = |path: &Path| fs::metadata(path).ok().map(|it| FileStamp::of(&it));
        Stamp {
            component: stamp(&self.directory.join(name)),
            signature: stamp(&self.signature_path(name)),
        }
    }

    fn signature_path(&self, name: &str) -> PathBuf {
        self.directory.join(signature_file(name))
    }
}

impl Stamp {
    const ABSENT: Self = Self { component: None, signature: None };
}

/// Name of the file that holds a file's signature.
pub(super) fn signature_file(name: &str) -> String {
    format!("{name}.minisig")
}

/// The bytes of a file, if it did not change while it was read; `None` if it did, or is gone.
fn read_whole(path: &Path, most: usize) -> Result<Option<Vec<u8>>, LifeProblem> {
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY).bits());
    let opened = OpenOptions::new().read(true).custom_flags(flags.unwrap_or_default()).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(LifeProblem::Unreadable(error)),
    };
    let before = file.metadata().map_err(LifeProblem::Unreadable)?;
    if !before.is_file() {
        return Err(LifeProblem::NotAFile);
    }
    let bytes = read_bounded(&file, most)?;
    let after = file.metadata().map_err(LifeProblem::Unreadable)?;
    let same = FileStamp::of(&before) == FileStamp::of(&after);
    Ok((same && bytes.len() as u64 == after.size()).then_some(bytes))
}

fn read_bounded(file: &File, most: usize) -> Result<Vec<u8>, LifeProblem> {
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(LifeProblem::Unreadable)?;
    if bytes.len() > most {
        return Err(LifeProblem::TooLarge { most });
    }
    Ok(bytes)
}

fn plugin_files(directory: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        // A name that is no text cannot be shown to an operator, and no tool makes one.
        if let Ok(name) = entry?.file_name().into_string()
            && is_plugin_name(&name)
        {
            files.push(name);
        }
    }
    files.sort();
    Ok(files)
}

fn is_plugin_name(name: &str) -> bool {
    !name.starts_with('.') && Path::new(name).extension() == Some(OsStr::new("wasm"))
}
