//! What a program may keep in its directory, counted before it writes.
//!
//! Counted is by how much files grow, and something for each entry. What is removed or cut off
//! again is not given back: a file can be open without a name, and then it still takes room. So
//! the count is never below what the directory takes (but for the file system's own blocks), and
//! above it for a program that writes and removes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What an entry costs: its inode and its name.
const ENTRY_BYTES: u64 = 1024;

/// The room of one run.
#[derive(Clone, Debug)]
pub(super) struct Quota {
    left: Arc<AtomicU64>,
    max_file_bytes: u64,
}

/// Why something is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    FileTooLarge,
    NoSpace,
}

impl Quota {
    pub(super) fn new(scratch_bytes: u64, max_file_bytes: u64) -> Self {
        Self { left: Arc::new(AtomicU64::new(scratch_bytes)), max_file_bytes }
    }

    /// Takes the room for a file that grows.
    ///
    /// # Errors
    /// If there is not so much.
    pub(super) fn grow(&self, from: u64, to: u64) -> Result<(), Refusal> {
        if to > self.max_file_bytes {
            return Err(Refusal::FileTooLarge);
        }
        self.take(to.saturating_sub(from))
    }

    /// Takes the room for one more entry of a directory.
    ///
    /// # Errors
    /// If there is not so much.
    pub(super) fn add_entry(&self) -> Result<(), Refusal> {
        self.take(ENTRY_BYTES)
    }

    /// Takes the room for a file that the host puts there, whatever size the program's may have.
    ///
    /// # Errors
    /// If there is not so much.
    pub(super) fn keep(&self, bytes: u64) -> Result<(), Refusal> {
        self.take(bytes.saturating_add(ENTRY_BYTES))
    }

    fn take(&self, bytes: u64) -> Result<(), Refusal> {
        let less = |left: u64| left.checked_sub(bytes);
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        taken.map(drop).map_err(|_| Refusal::NoSpace)
    }
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        let errno = match refusal {
            Refusal::FileTooLarge => rustix::io::Errno::FBIG,
            Refusal::NoSpace => rustix::io::Errno::NOSPC,
        };
        errno.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_grow_until_the_room_is_used_up_and_overwriting_is_free() {
        let quota = Quota::new(3000, 2500);
        assert_eq!(quota.grow(0, 2501), Err(Refusal::FileTooLarge));
        assert_eq!(quota.grow(0, 1500), Ok(()));
        assert_eq!(quota.grow(1500, 700), Ok(()), "what is there is overwritten");
        assert_eq!(quota.add_entry(), Ok(()));
        assert_eq!(quota.grow(0, 477), Err(Refusal::NoSpace));
        assert_eq!(quota.grow(0, 476), Ok(()));
        assert_eq!(quota.add_entry(), Err(Refusal::NoSpace));
    }
}
