//! Vectors in the form that the caller asked for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use exchange::Failure;
use openai_api::embeddings::EmbeddingsReply;
use openai_api::{Canonical as _, JsonKind, Object, RawJson};

use super::facts::rubbish;

/// Whether an embeddings request asks for base64.
pub(super) fn wants_base64(request: &[u8]) -> bool {
    let format = Object::from_json(request).ok();
    let format = format.and_then(|request| request.get::<String>("encoding_format").ok()?);
    format.as_deref() == Some("base64")
}

/// The document with its arrays of numbers as base64 of little-endian 32-bit floats (OpenAI's API
/// reference, "Create embeddings", `encoding_format`).
///
/// # Errors
/// `PluginFault` if it is no embeddings document.
pub(super) fn to_base64(document: &[u8]) -> Result<Bytes, Failure> {
    let wrong = |problem: openai_api::Problem| rubbish(problem.to_string());
    let mut reply = EmbeddingsReply::from_json(document).map_err(wrong)?;
    for vector in &mut reply.data {
        if vector.embedding.kind() == JsonKind::Array {
            let floats = vector.floats().map_err(wrong)?;
            let bytes: Vec<u8> = floats.iter().flat_map(|float| float.to_le_bytes()).collect();
            vector.embedding = RawJson::of(&STANDARD.encode(bytes)).map_err(wrong)?;
        }
    }
    Ok(reply.to_json().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_become_little_endian_floats() {
        let document = br#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1.0,-2.5]}],"model":"m"}"#;
        let written = String::from_utf8(to_base64(document).unwrap().to_vec()).unwrap();
        assert!(written.contains(r#""embedding":"AACAPwAAIMA=""#), "{written}");
        assert!(to_base64(b"{}").is_err());
    }

    #[test]
    fn only_a_request_for_base64_wants_it() {
        assert!(wants_base64(br#"{"encoding_format":"base64"}"#));
        for request in
            [&br#"{"encoding_format":"float"}"#[..], b"{}", b"", br#"{"encoding_format":1}"#]
        {
            assert!(!wants_base64(request));
        }
    }
}
