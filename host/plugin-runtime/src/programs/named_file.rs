//! Files that the operator names, copied for one run.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

use super::library::FileFacts;

/// A file as it was when it was opened.
#[derive(Debug)]
pub(super) struct NamedFile {
    file: File,
    facts: FileFacts,
    bytes: u64,
}

impl NamedFile {
    /// # Errors
    /// The system's, and for what is no ordinary file: a device or a pipe is not even opened.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        check(&fs::metadata(path)?)?;
        let no_wait = OFlags::NONBLOCK.bits().cast_signed();
        let file = File::options().read(true).custom_flags(no_wait).open(path)?;
        // Another one may be there by now.
        let metadata = file.metadata()?;
        check(&metadata)?;
        Ok(Self { facts: FileFacts::of(&metadata), bytes: metadata.len(), file })
    }

    /// Its size.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Makes a file that nobody may write to. File systems that can share the blocks do.
    ///
    /// # Errors
    /// The system's, and if the file has changed since it was opened: half of an old one and half
    /// of a new one is no file that anybody named.
    pub(super) fn copy_to(self, path: &Path) -> io::Result<()> {
        let mut copy = File::options().write(true).create_new(true).mode(0o400).open(path)?;
        let copied = io::copy(&mut (&self.file).take(self.bytes.saturating_add(1)), &mut copy)?;
        let now = FileFacts::of(&self.file.metadata()?);
        if copied == self.bytes && now == self.facts {
            return Ok(());
        }
        Err(io::Error::other("it changed while it was copied"))
    }
}

fn check(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is neither a directory nor a file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changes_before_it_is_copied_is_refused() {
        type Change = fn(&Path) -> io::Result<()>;
        let changes: [(&str, Change); 3] = [
            ("longer", |path| fs::write(path, "old and more")),
            ("shorter", |path| fs::write(path, "o")),
            ("as long", |path| {
                fs::write(path, "new")?;
                File::options().write(true).open(path)?.set_modified(std::time::UNIX_EPOCH)
            }),
        ];
        let folder = tempfile::tempdir().unwrap();
        let (path, copy) = (folder.path().join("f"), folder.path().join("copy"));
        for (what, change) in changes {
            fs::write(&path, "old").unwrap();
            let file = NamedFile::open(&path).unwrap();
            change(&path).unwrap();
            let problem = file.copy_to(&copy).unwrap_err();
            assert!(problem.to_string().contains("changed"), "{what}: {problem}");
            fs::remove_file(&copy).unwrap();
        }
        NamedFile::open(&path).unwrap().copy_to(&copy).unwrap();
        assert_eq!(fs::read(&copy).unwrap(), b"new");
    }

    #[test]
    fn what_is_no_ordinary_file_is_not_opened_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        for path in [pipe.as_path(), Path::new("/dev/zero"), folder.path()] {
            let problem = NamedFile::open(path).unwrap_err();
            assert!(problem.to_string().contains("neither"), "{problem}");
        }
        // Its size is not what can be read of it.
        let kernels = NamedFile::open(Path::new("/proc/self/environ")).unwrap();
        assert!(kernels.copy_to(&folder.path().join("copy")).is_err());
    }
}
