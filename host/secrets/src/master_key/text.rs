//! Master keys as texts.

use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, ExposeSecretMut as _, SecretString};

use super::MasterKeyProblem;
use super::ring::MasterKey;
use crate::vault::Key256;

const HEX_DIGITS: usize = 64;
const PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, PADDING);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, PADDING);

/// The key in the text of a variable.
pub(super) fn parse(
    text: &SecretString,
    variable: &'static str,
) -> Result<Arc<MasterKey>, MasterKeyProblem> {
    let key = bytes(text.expose_secret().trim());
    let key = key.map_err(|reason| MasterKeyProblem::Text { variable, reason })?;
    Ok(MasterKey::new(key, None))
}

/// A key in base64 or base64url, as a key file has it.
pub(super) fn from_base64(text: &str) -> Result<Key256, &'static str> {
    // 44 characters at most, which stand for 33 bytes at most.
    let mut buffer = Zeroizing::new([0; 36]);
    let engine = if text.contains(['-', '_']) { BASE64_URL } else { BASE64 };
    let length = match engine.decode_slice(text, &mut *buffer) {
        Ok(length) => length,
        Err(base64::DecodeSliceError::OutputSliceTooSmall) => return Err("it is too long"),
        Err(base64::DecodeSliceError::DecodeError(_)) => {
            return Err("it has other characters or is cut off");
        }
    };
    let mut key = Key256::default();
    match buffer.get(..length) {
        Some(bytes) if bytes.len() == key.expose_secret().len() => {
            key.expose_secret_mut().copy_from_slice(bytes);
            Ok(key)
        }
        Some(bytes) if bytes.len() < key.expose_secret().len() => Err("it is too short"),
        _ => Err("it is too long"),
    }
}

fn bytes(text: &str) -> Result<Key256, &'static str> {
    let key = match text.len() {
        0 => return Err("it is empty"),
        HEX_DIGITS => from_hex(text)?,
        _ => from_base64(text)?,
    };
    let bytes = key.expose_secret();
    if bytes.iter().all(|byte| Some(byte) == bytes.first()) {
        return Err("all its bytes are the same");
    }
    Ok(key)
}

fn from_hex(text: &str) -> Result<Key256, &'static str> {
    const NO_HEX: &str = "it has 64 characters that are not all hexadecimal digits";
    let mut key = Key256::default();
    let digits = text.as_bytes().chunks_exact(2);
    for (byte, pair) in key.expose_secret_mut().iter_mut().zip(digits) {
        for digit in pair {
            let value = char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
            *byte = *byte << 4 | value.ok_or(NO_HEX)?;
        }
    }
    Ok(key)
}
