//! Files of recorded exchanges: lines of JSON in a directory of the gateway's own.
//!
//! Each run of the gateway begins files of its own, so what a crash left half-written stays the last
//! line of its file. Bounds hold for all files together. Files are removed whole, the oldest
//! first, and each holds at most an eighth of what there may be, so little is lost with one.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use thiserror::Error;

/// Beginning and end of a file's name; between them are moment, process and number.
const PREFIX: &str = "recorded-";
const SUFFIX: &str = ".jsonl";

/// How many files share the bounds.
const SHARES: u64 = 8;

/// What all files together may come to.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) bytes: u64,
    pub(super) exchanges: u64,
    pub(super) age: Duration,
}

/// A directory that cannot be used.
#[derive(Debug, Error)]
pub(super) enum ShelfProblem {
    /// Its recordings are not private.
    #[error("can be read by others (mode {0:o}); take that from them with chmod 700")]
    Open(u32),
    /// The system refuses.
    #[error("cannot be used: {0}; name a directory that the gateway may write to")]
    Unusable(#[from] io::Error),
}

/// The files.
pub(super) struct Shelf {
    directory: PathBuf,
    bounds: Bounds,
    /// Written to no more, the oldest first.
    closed: VecDeque<Segment>,
    open: Option<(Segment, File)>,
    /// Of this run's files, for their names.
    next: u64,
}

/// One file.
struct Segment {
    path: PathBuf,
    began: SystemTime,
    bytes: u64,
    exchanges: u64,
}

impl Shelf {
    /// Makes the directory if it is not there, and counts what is in it.
    ///
    /// # Errors
    /// If others may read it, or the system refuses.
    pub(super) fn open(directory: &Path, bounds: Bounds) -> Result<Self, ShelfProblem> {
        if let Some(parent) = directory.parent() {
            fs::create_dir_all(parent)?;
        }
        match DirBuilder::new().mode(0o700).create(directory) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
        let mode = fs::metadata(directory)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(ShelfProblem::Open(mode));
        }
        let mut closed = Vec::new();
        for path in files_in(directory)? {
            closed.extend(Segment::found(path)?);
        }
        let closed = closed.into();
        Ok(Self { directory: directory.to_owned(), bounds, closed, open: None, next: 0 })
    }

    /// Writes a line, which ends in a line break. `false` if it is larger than all files may be.
    ///
    /// # Errors
    /// If it is not written; the next line goes to another file then.
    pub(super) fn put(&mut self, line: &[u8], now: SystemTime) -> io::Result<bool> {
        let bytes = line.len() as u64;
        if bytes > self.bounds.bytes {
            return Ok(false);
        }
        self.expire(now);
        if self.open.as_ref().is_some_and(|(segment, _)| self.is_full(segment, bytes, now)) {
            self.close();
        }
        while self.exchanges() >= self.bounds.exchanges || self.bytes() + bytes > self.bounds.bytes
        {
            self.close();
            self.remove_oldest()?;
        }
        let (mut segment, mut file) = match self.open.take() {
            Some(open) => open,
            None => self.begin(now)?,
        };
        let written = file.write_all(line);
        segment.bytes += bytes;
        segment.exchanges += 1;
        match written {
            Ok(()) => self.open = Some((segment, file)),
            Err(_) => self.closed.push_back(segment),
        }
        written.map(|()| true)
    }

    /// Removes files that began too long ago.
    pub(super) fn expire(&mut self, now: SystemTime) {
        let age = self.bounds.age;
        let is_old = |segment: &Segment| segment.age(now) >= age;
        if self.open.as_ref().is_some_and(|(segment, _)| is_old(segment)) {
            self.close();
        }
        while self.closed.front().is_some_and(is_old) {
            if let Err(error) = self.remove_oldest() {
                tracing::warn!("an old recording cannot be removed: {error}");
                return;
            }
        }
    }

    fn bytes(&self) -> u64 {
        self.segments().map(|segment| segment.bytes).sum()
    }

    fn exchanges(&self) -> u64 {
        self.segments().map(|segment| segment.exchanges).sum()
    }

    fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.closed.iter().chain(self.open.as_ref().map(|(segment, _)| segment))
    }

    fn is_full(&self, segment: &Segment, more: u64, now: SystemTime) -> bool {
        let Bounds { bytes, exchanges, age } = self.bounds;
        segment.bytes + more > bytes / SHARES
            || segment.exchanges >= exchanges.div_ceil(SHARES)
            || segment.age(now) >= age / 8
    }

    fn close(&mut self) {
        self.closed.extend(self.open.take().map(|(segment, _)| segment));
    }

    /// # Errors
    /// If it stays.
    fn remove_oldest(&mut self) -> io::Result<()> {
        let Some(oldest) = self.closed.front() else { return Ok(()) };
        match fs::remove_file(&oldest.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        self.closed.pop_front();
        Ok(())
    }

    fn begin(&mut self, now: SystemTime) -> io::Result<(Segment, File)> {
        let millis = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let (process, number) = (std::process::id(), self.next);
        self.next += 1;
        let name = format!("{PREFIX}{millis:014}-{process}-{number:06}{SUFFIX}");
        let path = self.directory.join(name);
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path)?;
        // Whatever the mask of the process leaves out or lets in.
        file.set_permissions(Permissions::from_mode(0o600))?;
        Ok((Segment { path, began: now, bytes: 0, exchanges: 0 }, file))
    }
}

impl Segment {
    /// A file of an earlier run; `None` if it is gone.
    fn found(path: PathBuf) -> io::Result<Option<Self>> {
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let bytes = file.metadata()?.len();
        let exchanges = lines_in(file)?;
        let millis = began_ms(&path).unwrap_or_default();
        Ok(Some(Self { path, began: UNIX_EPOCH + Duration::from_millis(millis), bytes, exchanges }))
    }

    /// Nothing, where the clock was set back.
    fn age(&self, now: SystemTime) -> Duration {
        now.duration_since(self.began).unwrap_or_default()
    }
}

/// Files of recordings in a directory, the oldest first.
///
/// # Errors
/// If it cannot be read.
pub(super) fn files_in(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        files.extend(began_ms(&path).is_some().then_some(path));
    }
    files.sort();
    Ok(files)
}

/// When a file was begun, if it is one of ours.
fn began_ms(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    name.split('-').next()?.parse().ok()
}

/// Counts lines without holding any: a file may have one of many megabytes.
fn lines_in(file: File) -> io::Result<u64> {
    let mut reader = BufReader::new(file);
    let (mut lines, mut is_cut) = (0, false);
    loop {
        let read = reader.fill_buf()?;
        let Some(last) = read.last() else { return Ok(lines + u64::from(is_cut)) };
        lines += read.iter().filter(|byte| **byte == b'\n').count() as u64;
        is_cut = *last != b'\n';
        let bytes = read.len();
        reader.consume(bytes);
    }
}

#[cfg(test)]
mod tests;
