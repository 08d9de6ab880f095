//! Backups: text files, one JSON document a line.
//!
//! The first line is a header: `format` of the records, `patchbay` that wrote it, `made_at` in
//! seconds since 1970, `revision` of the latest commit. Then come the records in ascending order
//! of kind and key: `kind`, `key`, `revision`, `body` in base64. The last line has the number of
//! `records` and a `checksum` over every byte before that line, so that a file that was cut off or
//! changed is not taken for a backup.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use read::read;
pub(crate) use write::Writer;

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::entry::Entry;
use crate::migrations::FORMATS;
use crate::problem::StoreProblem;
use crate::record::Revision;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupSummary {
    /// Number of records.
    pub records: u64,
    /// Records of the store that are damaged and therefore not in it; known when it is written.
    pub damaged: u64,
    /// Revision of the latest commit in it.
    pub revision: Revision,
    /// Bytes of the file.
    pub bytes: u64,
    /// `sha256:…` over everything before the last line.
    pub checksum: String,
}

/// Reads a backup whole and checks it. Blocks on the disk.
///
/// # Errors
/// [`StoreProblem::BadBackup`] that says what is wrong.
pub fn verify(path: &Path) -> Result<BackupSummary, StoreProblem> {
    read(path).map(|it| it.summary)
}

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) format: u32,
    pub(crate) patchbay: String,
    pub(crate) made_at: u64,
    pub(crate) revision: Revision,
}

/// A line between the first and the last.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    kind: String,
    key: String,
    revision: Revision,
    body: String,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
struct Footer {
    records: u64,
    checksum: String,
}

impl Header {
    /// Of a backup of today's format that is made now.
    pub(crate) fn today(revision: Revision) -> Self {
        Self::of_format(FORMATS.latest, revision)
    }

    /// Of a backup that is made now.
    pub(crate) fn of_format(format: u32, revision: Revision) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            format,
            patchbay: env!("CARGO_PKG_VERSION").to_owned(),
            made_at: since.as_secs(),
            revision,
        }
    }
}

impl Line {
    fn of(entry: &Entry) -> Self {
        Self {
            kind: entry.kind.clone(),
            key: entry.key.clone(),
            revision: entry.revision,
            body: STANDARD.encode(&entry.body),
        }
    }

    fn entry(self) -> Result<Entry, String> {
        let body = STANDARD.decode(&self.body).map_err(|it| format!("its body: {it}"))?;
        Ok(Entry { kind: self.kind, key: self.key, revision: self.revision, body })
    }
}

fn checksum(hash: Sha256) -> String {
    use std::fmt::Write as _;

    let mut text = "sha256:".to_owned();
    for byte in hash.finalize() {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
