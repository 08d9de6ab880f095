//! What the store keeps of a resource: the shape on disk, apart from what operators are shown.
//!
//! A record never holds a plaintext: credentials are sealed, of an API key there is the digest.
//! Its member `version` names the shape; [`read`] brings older shapes to the latest one. A record
//! that is none, or of a version that is not known here, is damage: it stays where it is.

use std::collections::BTreeMap;

use secrets::Sealed;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::Revision;
use time::OffsetDateTime;

use crate::moment;

/// The shape that is written.
const VERSION: u32 = 1;

/// The body of a record; `P` is what a sort of resources has besides.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body<P> {
    version: u32,
    /// The entity tag, where the record was written last by the gateway itself: it must not make
    /// stale what an operator has read. Otherwise the record's revision is the entity tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) etag: Option<Revision>,
    /// When the resource was made.
    #[serde(with = "moment::rfc3339")]
    pub(crate) created_at: OffsetDateTime,
    /// When an operator changed it last.
    #[serde(with = "moment::rfc3339")]
    pub(crate) updated_at: OffsetDateTime,
    /// The operator's document, without credentials.
    pub(crate) document: Map<String, Value>,
    /// What it has besides.
    pub(crate) particulars: P,
}

/// The secrets of a provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SealedCredentials {
    /// Number of the latest secret that was sealed for this provider; the next one has a higher
    /// one, so no two secrets of a slot have the same place.
    pub(crate) serial: u64,
    /// Those that are valid, by slot.
    pub(crate) slots: BTreeMap<String, SealedSecret>,
    /// Those that a rotation replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) previous: Option<PreviousCredentials>,
}

/// One secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SealedSecret {
    /// The secret.
    pub(crate) sealed: Sealed,
    /// What operators are shown.
    pub(crate) fingerprint: String,
    /// When it was handed over.
    #[serde(with = "moment::rfc3339")]
    pub(crate) set_at: OffsetDateTime,
    /// Part of the place that it was sealed for.
    pub(crate) serial: u64,
}

/// Secrets that can be put back for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviousCredentials {
    /// For how long.
    #[serde(with = "moment::rfc3339")]
    pub(crate) until: OffsetDateTime,
    /// What the slots held that were rotated; `None` for a slot that held nothing.
    pub(crate) slots: BTreeMap<String, Option<SealedSecret>>,
}

/// What is known of an API key besides its document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyParticulars {
    /// `sha256:` and 64 hexadecimal digits.
    pub(crate) digest: String,
    /// The first characters of the key.
    pub(crate) hint: String,
}

/// A route has nothing besides its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoParticulars {}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl<P> Body<P> {
    /// A body of the latest shape.
    pub(crate) fn new(
        (created_at, updated_at): (OffsetDateTime, OffsetDateTime),
        document: Map<String, Value>,
        particulars: P,
    ) -> Self {
        Self { version: VERSION, etag: None, created_at, updated_at, document, particulars }
    }
}

impl<P: Serialize> Body<P> {
    /// As it is stored, with an entity tag where the gateway itself writes it.
    pub(crate) fn write(mut self, etag: Option<Revision>) -> Vec<u8> {
        self.etag = etag;
        serde_json::to_vec(&self).expect("a record has text keys only")
    }
}

/// Reads a body, whatever version wrote it.
///
/// # Errors
/// What is wrong with it, without quoting it.
pub(crate) fn read<P: DeserializeOwned>(body: &[u8]) -> Result<Body<P>, String> {
    let found: Versioned = serde_json::from_slice(body).map_err(|error| not_a_record(&error))?;
    match found.version {
        VERSION => serde_json::from_slice(body).map_err(|error| not_a_record(&error)),
        0 => Err("its version is 0, which was never written".to_owned()),
        later => Err(format!(
            "its shape has version {later}, this Patchbay knows up to {VERSION}; use a newer one"
        )),
    }
}

/// Says where, and not what: `serde_json` quotes values.
fn not_a_record(error: &serde_json::Error) -> String {
    format!("it is no record of this sort (line {}, column {})", error.line(), error.column())
}
