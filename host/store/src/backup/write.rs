//! Writing a backup.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::{BackupSummary, Footer, Header, Line, checksum};
use crate::entry::Entry;
use crate::problem::StoreProblem;
use crate::record::Revision;
use crate::siblings::{parent, sync_directory};

/// Written beside its final name and renamed at the end, so that there is a whole backup or none.
pub(crate) struct Writer {
    to: PathBuf,
    file: BufWriter<NamedTempFile>,
    hash: Sha256,
    revision: Revision,
    records: u64,
    bytes: u64,
}

impl Writer {
    pub(crate) fn start(to: &Path, header: Header) -> Result<Self, StoreProblem> {
        if to.symlink_metadata().is_ok() {
            return Err(problem(io::Error::new(
                io::ErrorKind::AlreadyExists,
                format!("{to:?} exists"),
            )));
        }
        let file =
            tempfile::Builder::new().prefix(".backup-").tempfile_in(parent(to)).map_err(problem)?;
        let mut writer = Self {
            to: to.to_owned(),
            file: BufWriter::new(file),
            hash: Sha256::new(),
            revision: header.revision,
            records: 0,
            bytes: 0,
        };
        writer.line(&header)?;
        Ok(writer)
    }

    /// Adds a record; they come in ascending order of kind and key.
    pub(crate) fn add(&mut self, entry: &Entry) -> Result<(), StoreProblem> {
        self.records += 1;
        self.line(&Line::of(entry))
    }

    pub(crate) fn finish(mut self) -> Result<BackupSummary, StoreProblem> {
        let checksum = checksum(std::mem::take(&mut self.hash));
        let records = self.records;
        self.line(&Footer { records, checksum: checksum.clone() })?;
        let file = self.file.into_inner().map_err(|it| problem(it.into_error()))?;
        file.as_file().sync_all().map_err(problem)?;
        file.persist_noclobber(&self.to).map_err(|it| problem(it.error))?;
        sync_directory(parent(&self.to)).map_err(problem)?;
        Ok(BackupSummary {
            records,
            damaged: 0,
            revision: self.revision,
            bytes: self.bytes,
            checksum,
        })
    }

    fn line(&mut self, content: &impl Serialize) -> Result<(), StoreProblem> {
        let mut line = serde_json::to_vec(content).map_err(|it| problem(it.into()))?;
        line.push(b'\n');
        self.hash.update(&line);
        self.bytes += line.len() as u64;
        self.file.write_all(&line).map_err(problem)
    }
}

fn problem(source: io::Error) -> StoreProblem {
    StoreProblem::Io { action: "write the backup", source }
}
