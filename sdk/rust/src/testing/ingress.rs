//! Client APIs: a request in, a reply out.

use serde_json::Value;

use crate::bindings::ingress::Decoded;
use crate::bindings::types::RequestHead;
use crate::failure::Failure;
use crate::ingress::{CallerFailure, Encoder, Ingress};
use crate::normalizer::Document;

/// Reads a caller's request, as the host has it read: `decode::<A>("/v1/messages", &body)`.
/// The canonical body is checked to be JSON with the model that the dialect named.
///
/// # Errors
/// The dialect's own.
///
/// # Panics
/// If the canonical body is not what the contract says.
pub fn decode<I: Ingress>(path: &str, body: &Value) -> Result<(Decoded, Value), Failure> {
    let head = RequestHead::post(path).with_header("content-type", "application/json");
    let decoded = I::decode(&head, body.to_string().as_bytes())?;
    let canonical: Value = serde_json::from_slice(&decoded.canonical).unwrap_or_default();
    assert!(canonical.is_object(), "the canonical body is no JSON object");
    assert_eq!(canonical["model"], decoded.model.as_str(), "the model of the canonical body");
    let streams = canonical["stream"] == true;
    assert_eq!(streams, decoded.streaming, "the canonical body's `stream`");
    Ok((decoded, canonical))
}

/// Writes a good reply of canonical documents, one call each and then all in one call, which
/// has to give the same bytes.
///
/// # Errors
/// The dialect's own.
///
/// # Panics
/// If the grouping of the documents shows.
pub fn encode_reply<I: Ingress>(
    decoded: &Decoded,
    documents: &[Value],
) -> Result<Vec<u8>, Failure> {
    let documents: Vec<Document> =
        documents.iter().map(|document| document.to_string().into_bytes()).collect();
    let singly: Vec<Vec<Document>> = documents.iter().cloned().map(|it| vec![it]).collect();
    let one_by_one = write::<I>(decoded, singly, None)?;
    let at_once = write::<I>(decoded, vec![documents], None)?;
    assert!(one_by_one == at_once, "the grouping of the documents shows in the reply");
    Ok(at_once)
}

/// Writes a reply that fails after some documents.
///
/// # Errors
/// The dialect's own.
pub fn fail_reply<I: Ingress>(
    decoded: &Decoded,
    documents: &[Value],
    failure: CallerFailure,
) -> Result<Vec<u8>, Failure> {
    let documents = documents.iter().map(|document| document.to_string().into_bytes()).collect();
    write::<I>(decoded, vec![documents], Some(failure))
}

fn write<I: Ingress>(
    decoded: &Decoded,
    groups: Vec<Vec<Document>>,
    failure: Option<CallerFailure>,
) -> Result<Vec<u8>, Failure> {
    let mut encoder = I::Encoder::new(decoded.extra.clone(), decoded.streaming);
    let mut bytes = Vec::new();
    for documents in groups {
        bytes.extend(encoder.push(documents)?);
    }
    bytes.extend(encoder.finish(failure)?);
    Ok(bytes)
}
