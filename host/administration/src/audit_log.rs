//! What operators did: written with each change, paged, exported and, after a time, removed.
//!
//! An entry is committed in the batch of the change it tells of, so there is no change without an
//! entry and no entry without a change. Its key is the revision of that commit as twenty digits:
//! entries stand in the order in which they became true. Nobody changes an entry; only
//! [`retire`] removes those whose time is over.
//!
//! What is done to plugins is not in the store. So its entry is written before it is done, and
//! completed with what came of it in the place where it stands, or taken away if it was refused:
//! nothing is done without an entry, and one without an end tells of an action that broke off.
//!
//! Entries hold documents as `GET` shows them, which have fingerprints where secrets were.

mod entry;
mod query;
mod reading;

pub(crate) use entry::Change;
pub use entry::{AuditAction, AuditEntry};
pub use query::{AuditFilter, AuditQuery};
pub(crate) use reading::retire;
pub use reading::{AuditChunk, AuditPage};

#[cfg(test)]
mod tests;
