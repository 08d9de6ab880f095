//! Keys and values as they stand in the database.
//!
//! A record's key is the kind's name, NUL, the record's key: so a kind's records stand together,
//! in the order of keys. A value is a format byte, the revision, a checksum, the body. The checksum
//! covers the key too, so that a value in a wrong place is noticed.

use sha2::{Digest, Sha256};

use crate::record::{Kind, Revision};

/// Holds the number of the store's format as decimal text, in every format ever: what a later
/// version wrote must at least be recognised.
pub(super) const FORMAT_KEY: &[u8] = b"\0format";

/// Holds a value without body that has the revision of the latest commit.
pub(super) const REVISION_KEY: &[u8] = b"\0revision";

/// First byte of a value.
const VALUE_FORMAT: u8 = 1;

const REVISION_BYTES: usize = 8;
const CHECKSUM_BYTES: usize = 16;

/// The first key that can belong to a record: kinds have names, the store's own keys have none.
pub(super) const FIRST_RECORD: &[u8] = b"\x01";

/// Key of a record.
pub(super) fn key(kind: &str, key: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(kind.len() + 1 + key.len());
    bytes.extend_from_slice(kind.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(key.as_bytes());
    bytes
}

/// Below every key of the kind.
pub(super) fn start_of(kind: Kind) -> Vec<u8> {
    key(kind.name(), "")
}

/// Above every key of the kind.
pub(super) fn end_of(kind: Kind) -> Vec<u8> {
    let mut bytes = kind.name().as_bytes().to_vec();
    bytes.push(1);
    bytes
}

/// Kind and key of a record's key; both as far as they can be read.
pub(super) fn names_of(bytes: &[u8]) -> (String, String) {
    let nul = bytes.iter().position(|it| *it == 0).unwrap_or(bytes.len());
    let (kind, key) = bytes.split_at(nul);
    let key = key.strip_prefix(b"\0").unwrap_or(key);
    (String::from_utf8_lossy(kind).into_owned(), String::from_utf8_lossy(key).into_owned())
}

/// A value to be written under `key`.
pub(super) fn value(key: &[u8], revision: Revision, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + REVISION_BYTES + CHECKSUM_BYTES + body.len());
    bytes.push(VALUE_FORMAT);
    bytes.extend_from_slice(&revision.to_be_bytes());
    bytes.extend_from_slice(&checksum(key, revision, body));
    bytes.extend_from_slice(body);
    bytes
}

/// Revision and body of a value that was found under `key`.
pub(super) fn parse<'a>(key: &[u8], value: &'a [u8]) -> Result<(Revision, &'a [u8]), &'static str> {
    let (format, rest) = value.split_first().ok_or("it is empty")?;
    if *format != VALUE_FORMAT {
        return Err("its format byte is not known");
    }
    let (revision, rest) = rest.split_first_chunk::<REVISION_BYTES>().ok_or("it is too short")?;
    let (sum, body) = rest.split_first_chunk::<CHECKSUM_BYTES>().ok_or("it is too short")?;
    let revision = Revision::from_be_bytes(*revision);
    if *sum != checksum(key, revision, body) {
        return Err("its checksum does not fit");
    }
    Ok((revision, body))
}

fn checksum(key: &[u8], revision: Revision, body: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hash = Sha256::new();
    hash.update((key.len() as u64).to_be_bytes());
    hash.update(key);
    hash.update(revision.to_be_bytes());
    hash.update(body);
    let whole: [u8; 32] = hash.finalize().into();
    let mut part = [0; CHECKSUM_BYTES];
    part.copy_from_slice(&whole[..CHECKSUM_BYTES]);
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_reads_back_under_its_own_key_only() {
        let written = value(b"route\0smart", 7, b"{}");
        assert_eq!(parse(b"route\0smart", &written), Ok((7, b"{}".as_slice())));
        assert!(parse(b"route\0other", &written).is_err());
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let written = value(b"route\0smart", 7, b"{}");
        for bit in 0..written.len() * 8 {
            let mut flipped = written.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(parse(b"route\0smart", &flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_cut_value_is_noticed() {
        let written = value(b"route\0smart", 7, b"{}");
        for length in 0..written.len() {
            assert!(parse(b"route\0smart", &written[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn the_stores_own_keys_stand_before_every_record() {
        for kind in Kind::ALL {
            let start = start_of(kind);
            assert!(start.as_slice() > FIRST_RECORD);
            assert!(start < end_of(kind));
            let longest = key(kind.name(), &"\u{10ffff}".repeat(128));
            assert!(longest < end_of(kind));
        }
        assert!(FORMAT_KEY < FIRST_RECORD && REVISION_KEY < FIRST_RECORD);
    }
}
