//! What can be an API key at all.

/// Longest key in bytes; a header's value has to hold it.
pub(crate) const MAX_KEY_BYTES: usize = 4096;

/// Why a text cannot be sent as a bearer token (RFC 6750 section 2.1, read generously).
pub(crate) fn unusable(key: &str) -> Option<&'static str> {
    if key.is_empty() {
        Some("the key is empty")
    } else if key.len() > MAX_KEY_BYTES {
        Some("the key is over 4096 bytes")
    } else if !key.bytes().all(|b| b.is_ascii_graphic()) {
        Some("the key holds a space, a control or a character that is not ASCII")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_what_an_authorization_header_can_hold() {
        let longest = "k".repeat(MAX_KEY_BYTES);
        let too_long = "k".repeat(MAX_KEY_BYTES + 1);
        assert!(unusable("pb-1234").is_none());
        assert!(unusable(&longest).is_none());
        for key in ["", "a b", "a\nb", "é", too_long.as_str()] {
            assert!(unusable(key).is_some(), "{key:?}");
        }
    }
}
