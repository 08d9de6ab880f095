//! Telling secrets apart without showing them.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};

/// Bytes of the digest that are shown: enough that two secrets of an operator never look alike.
const SHOWN_BYTES: usize = 6;

/// `sha256:` and the first 12 hexadecimal digits of the secret's SHA-256.
///
/// Not keyed, on purpose: an operator can compute it for the secret in hand (`printf %s "$KEY" |
/// sha256sum`), it is the same for stored secrets and for those from the configuration file, and no
/// rotation of a master key changes it. The price: who sees it can try guesses. An API key of 128
/// random bits or more is not found that way, a password that people chose may be, so fingerprints
/// are shown to operators only and never to callers.
#[must_use]
pub fn fingerprint(secret: &SecretString) -> String {
    let digest = Sha256::digest(secret.expose_secret().as_bytes());
    format!("sha256:{}", crate::hex(digest.iter().take(SHOWN_BYTES)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_beginning_of_the_sha256() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(fingerprint(&SecretString::from("abc")), "sha256:ba7816bf8f01");
        assert_eq!(fingerprint(&SecretString::from("")), "sha256:e3b0c44298fc");
    }
}
