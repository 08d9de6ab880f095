//! What is written together.

use std::collections::BTreeSet;

use serde::de::IgnoredAny;

use crate::limits::{MAX_BATCH_BYTES, MAX_BATCH_CHANGES, MAX_BODY_BYTES, MAX_KEY_BYTES};
use crate::problem::StoreProblem;
use crate::record::{Kind, Revision};

/// Changes that become true at once, if every expectation is met. A key may stand in one change
/// only. An empty batch is a commit too.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// What must be so before.
    pub expectations: Vec<(Kind, String, Expectation)>,
    /// What is written.
    pub puts: Vec<Put>,
    /// What is removed; removing what is not there is no error.
    pub removals: Vec<(Kind, String)>,
}

/// What a record has to be like for the batch to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// There is none.
    Absent,
    /// It was written by this commit.
    Revision(Revision),
}

/// One record to be written.
#[derive(Clone, Debug)]
pub struct Put {
    /// What it is about.
    pub kind: Kind,
    /// Its key; `None` stands for the commit's revision as twenty digits, so that such records
    /// stand in the order of commits. At most one such put a kind and batch.
    pub key: Option<String>,
    /// JSON.
    pub body: Vec<u8>,
}

/// One change with its key known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) kind: Kind,
    pub(crate) key: String,
    /// `None` removes.
    pub(crate) body: Option<Vec<u8>>,
}

impl Expectation {
    /// Whether a record written by `found` is what was expected.
    pub(crate) fn is_met(self, found: Option<Revision>) -> bool {
        match self {
            Self::Absent => found.is_none(),
            Self::Revision(expected) => found == Some(expected),
        }
    }
}

impl Batch {
    /// Refuses what no backend may keep, before anything is written.
    pub(crate) fn check(&self) -> Result<(), StoreProblem> {
        let mut keys = BTreeSet::new();
        let mut bytes = 0;
        for put in &self.puts {
            check_body(put)?;
            bytes += put.body.len();
            if let Some(key) = &put.key {
                check_key(put.kind, key)?;
            }
            once(&mut keys, put.kind, put.key.as_deref())?;
        }
        for (kind, key) in &self.removals {
            check_key(*kind, key)?;
            once(&mut keys, *kind, Some(key))?;
        }
        let Some((kind, _)) = keys.first() else { return Ok(()) };
        if keys.len() > MAX_BATCH_CHANGES || bytes > MAX_BATCH_BYTES {
            return Err(malformed(*kind, "its batch is too large"));
        }
        Ok(())
    }

    /// The changes of the commit of this revision.
    pub(crate) fn changes(self, revision: Revision) -> Vec<Change> {
        let puts = self.puts.into_iter().map(|it| Change {
            kind: it.kind,
            key: it.key.unwrap_or_else(|| format!("{revision:020}")),
            body: Some(it.body),
        });
        let removals =
            self.removals.into_iter().map(|(kind, key)| Change { kind, key, body: None });
        puts.chain(removals).collect()
    }

    /// Bytes of keys and bodies.
    pub(crate) fn size(&self) -> usize {
        let puts =
            self.puts.iter().map(|it| it.body.len() + it.key.as_ref().map_or(20, String::len));
        puts.chain(self.removals.iter().map(|(_, key)| key.len())).sum()
    }
}

/// Why this cannot be a key, if so.
pub(crate) fn fault_of_key(key: &str) -> Option<&'static str> {
    match key.len() {
        0 => Some("its key is empty"),
        length if length > MAX_KEY_BYTES => Some("its key is longer than 512 bytes"),
        _ if key.contains('\0') => Some("its key holds NUL"),
        _ => None,
    }
}

fn check_key(kind: Kind, key: &str) -> Result<(), StoreProblem> {
    fault_of_key(key).map_or(Ok(()), |it| Err(malformed(kind, it)))
}

fn check_body(put: &Put) -> Result<(), StoreProblem> {
    if put.body.len() > MAX_BODY_BYTES {
        return Err(malformed(put.kind, "its body is longer than 1 MiB"));
    }
    if serde_json::from_slice::<IgnoredAny>(&put.body).is_err() {
        return Err(malformed(put.kind, "its body is not JSON"));
    }
    Ok(())
}

fn once<'a>(
    keys: &mut BTreeSet<(Kind, Option<&'a str>)>,
    kind: Kind,
    key: Option<&'a str>,
) -> Result<(), StoreProblem> {
    let text = key.map_or(
        "its batch has two records with the commit's own key",
        |_| "its batch changes one key twice",
    );
    if keys.insert((kind, key)) { Ok(()) } else { Err(malformed(kind, text)) }
}

fn malformed(kind: Kind, reason: &str) -> StoreProblem {
    StoreProblem::Malformed { kind, reason: reason.to_owned() }
}
