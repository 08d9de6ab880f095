//! Where a sealed secret belongs.

/// The place of a sealed secret. It is authenticated, not stored with the secret: who opens must
/// know it, so sealed secrets cannot be swapped between places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealContext {
    provider: String,
    slot: String,
    serial: u64,
}

/// What the authenticated bytes are for; a wrapped data key is never taken for a sealed secret.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Secret,
    DataKey,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Secret => b"patchbay/sealed-secret/v1",
            Self::DataKey => b"patchbay/data-key/v1",
        }
    }
}

impl SealContext {
    /// The credential slot of a provider. The serial tells the secrets apart that follow one
    /// another there, so that an old one cannot be put back in the place of a new one.
    #[must_use]
    pub fn new(provider: impl Into<String>, slot: impl Into<String>, serial: u64) -> Self {
        Self { provider: provider.into(), slot: slot.into(), serial }
    }

    /// Label, provider and slot, each after its length as 8 bytes big-endian, then the serial as
    /// 8 bytes: no two places have the same bytes.
    pub(crate) fn authenticated(&self, purpose: Purpose) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in [purpose.label(), self.provider.as_bytes(), self.slot.as_bytes()] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(&self.serial.to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_place_and_purpose_has_bytes_of_its_own() {
        let places = [
            ("ab", "c", 1),
            ("a", "bc", 1),
            ("abc", "", 1),
            ("", "abc", 1),
            ("ab", "c", 2),
            ("ab", "c\0\0\0\0\0\0\0\u{1}", 0),
        ];
        let encoded: HashSet<_> = places
            .iter()
            .map(|(provider, slot, serial)| SealContext::new(*provider, *slot, *serial))
            .flat_map(|place| [Purpose::Secret, Purpose::DataKey].map(|p| place.authenticated(p)))
            .collect();
        assert_eq!(encoded.len(), places.len() * 2);
    }

    #[test]
    fn the_encoding_is_the_one_that_stored_secrets_have() {
        let bytes = SealContext::new("p", "key", 258).authenticated(Purpose::DataKey);
        let expected = b"\0\0\0\0\0\0\0\x14patchbay/data-key/v1\
            \0\0\0\0\0\0\0\x01p\
            \0\0\0\0\0\0\0\x03key\
            \0\0\0\0\0\0\x01\x02";
        assert_eq!(bytes, expected);
    }
}
