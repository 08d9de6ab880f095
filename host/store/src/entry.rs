//! A record with its kind as it stands on disk.

use crate::record::Revision;

/// What backups and migrations work on. The kind is a text, because another format may have had
/// other kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: String,
    pub(crate) key: String,
    pub(crate) revision: Revision,
    pub(crate) body: Vec<u8>,
}
