//! The content of a key file.

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize};

use crate::master_key::ring::{MAX_KEYS, MasterKey, Ring};
use crate::master_key::text;

const VERSION: u8 = 1;
/// Room for one key with its name and date.
const KEY_ROOM_BYTES: usize = 512;

/// Texts are borrowed, so that parsing leaves no copy of a key behind.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    v: u8,
    current: &'a str,
    #[serde(borrow)]
    keys: Vec<Entry<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry<'a> {
    id: &'a str,
    key: &'a str,
    created_at: Option<&'a str>,
}

/// The keys of a file, or what is wrong with it. Never quotes it: what serde says could.
pub(super) fn parse(bytes: &[u8]) -> Result<Ring, String> {
    let document: Document<'_> = serde_json::from_slice(bytes).map_err(|problem| {
        let (line, column) = (problem.line(), problem.column());
        format!("it is not the JSON of a key file at line {line}, column {column}")
    })?;
    if document.v != VERSION {
        return Err(format!("it has form {}, which is not known here", document.v));
    }
    let mut keys = document.keys.iter().map(parse_entry);
    let mut ring = Ring::of(keys.next().ok_or("it has no keys")??);
    for key in keys {
        let key = key?;
        if ring.find(key.id()).is_some() {
            return Err(format!("key {} is in it twice", key.id()));
        }
        ring = ring.with_older(key).map_err(|_| format!("it has over {MAX_KEYS} keys"))?;
    }
    let current = ring.find(document.current).cloned().ok_or("its current key is missing")?;
    ring.with_current(current).map_err(|problem| problem.to_string())
}

/// The content for these keys.
pub(super) fn write(ring: &Ring) -> io::Result<Zeroizing<Vec<u8>>> {
    let texts: Vec<_> = ring
        .keys()
        .map(|key| Zeroizing::new(URL_SAFE_NO_PAD.encode(key.key().expose_secret())))
        .collect();
    let keys: Vec<_> = ring
        .keys()
        .zip(&texts)
        .map(|(key, text)| Entry { id: key.id(), key: text, created_at: key.created_at() })
        .collect();
    let mut bytes = Zeroizing::new(Vec::with_capacity((keys.len() + 1) * KEY_ROOM_BYTES));
    let document = Document { v: VERSION, current: ring.current().id(), keys };
    serde_json::to_writer_pretty(&mut *bytes, &document)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn parse_entry(entry: &Entry<'_>) -> Result<Arc<MasterKey>, String> {
    let key = text::from_base64(entry.key)
        .map_err(|reason| format!("key {:?} cannot be read: {reason}", entry.id))?;
    let key = MasterKey::new(key, entry.created_at.map(str::to_owned));
    if key.id() != entry.id {
        return Err(format!("the key of id {:?} is another one", entry.id));
    }
    Ok(key)
}
