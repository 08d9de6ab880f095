//! `patchbay key …`

use std::io::Read;

use anyhow::{Context as _, bail};
use pipeline::KeyDigest;

use crate::key_text::{MAX_KEY_BYTES, unusable};
use crate::terminal;

/// Prints the digest of the key that `input` holds.
pub(crate) fn digest(input: impl Read) -> anyhow::Result<()> {
    terminal::say(&read_digest(input)?.to_string());
    Ok(())
}

fn read_digest(input: impl Read) -> anyhow::Result<KeyDigest> {
    let mut text = String::new();
    let limit = MAX_KEY_BYTES as u64 + 2;
    let read = input.take(limit).read_to_string(&mut text);
    read.context("standard input cannot be read; write the key to it as text")?;
    let key = text.trim_end_matches(['\r', '\n']);
    if let Some(reason) = unusable(key) {
        bail!("{reason}; use it like: printf %s \"$KEY\" | patchbay key digest");
    }
    Ok(KeyDigest::of(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_has_no_digest() {
        let too_long = "k".repeat(MAX_KEY_BYTES + 1);
        for key in ["", "\n", "a b", "a\nb\n", "é", too_long.as_str()] {
            assert!(read_digest(key.as_bytes()).is_err(), "{key:?}");
        }
        assert_eq!(read_digest("k\r\n".as_bytes()).unwrap(), KeyDigest::of("k"));
    }
}
