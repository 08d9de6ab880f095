//! Notices that a file has changed.
//!
//! Polled, because what is watched may be a mounted or symbolically linked file whose directory
//! sends no events. A look costs one `stat`; the content is only read if that differs.

use std::fs::{self, Metadata};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

/// What is not configuration is not read to its end.
const MAX_READ_BYTES: u64 = 16 * 1024 * 1024;

/// A file, and what it was at the last look.
pub(crate) struct WatchedFile {
    path: PathBuf,
    stamp: Option<Stamp>,
    content: Option<[u8; 32]>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
}

impl WatchedFile {
    /// The file as it is now.
    pub(crate) fn new(path: &Path) -> Self {
        let mut file = Self { path: path.to_owned(), stamp: None, content: None };
        file.has_changed();
        file
    }

    /// Whether there is another content than at the last look. A file that is gone or cannot be
    /// read has not changed: it may be on its way to be replaced.
    pub(crate) fn has_changed(&mut self) -> bool {
        let Some(stamp) = fs::metadata(&self.path).ok().map(Stamp::of) else {
            return false;
        };
        if self.stamp == Some(stamp) {
            return false;
        }
        let Some(content) = digest(&self.path) else {
            return false;
        };
        self.stamp = Some(stamp);
        self.content.replace(content) != Some(content)
    }
}

impl Stamp {
    fn of(metadata: Metadata) -> Self {
        Self { modified: metadata.modified().ok(), bytes: metadata.len() }
    }
}

fn digest(path: &Path) -> Option<[u8; 32]> {
    let mut content = Vec::new();
    let file = fs::File::open(path).ok()?;
    file.take(MAX_READ_BYTES).read_to_end(&mut content).ok()?;
    Some(Sha256::digest(&content).into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Writes with a time of its own, so that the test needs no clock.
    fn write(path: &Path, content: &str, second: u64) {
        fs::write(path, content).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + second);
        fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }

    #[test]
    fn a_new_content_is_noticed_once_and_a_new_time_alone_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.toml");
        write(&path, "1", 1);
        let mut file = WatchedFile::new(&path);
        assert!(!file.has_changed());
        write(&path, "2", 2);
        assert!(file.has_changed());
        assert!(!file.has_changed());
        write(&path, "2", 3);
        assert!(!file.has_changed());
        fs::remove_file(&path).unwrap();
        assert!(!file.has_changed());
        write(&path, "3", 4);
        assert!(file.has_changed());
    }

    #[test]
    fn another_target_of_a_link_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let (first, second) = (directory.path().join("1"), directory.path().join("2"));
        write(&first, "1", 1);
        write(&second, "22", 1);
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(&first, &link).unwrap();
        let mut file = WatchedFile::new(&link);
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(&second, &link).unwrap();
        assert!(file.has_changed());
    }
}
