//! JSON documents of operators.

use std::collections::BTreeSet;
use std::fmt;

use http::{HeaderMap, HeaderValue, header};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::refusal::Refusal;

/// Reads a body as one JSON object.
///
/// # Errors
/// If it says that it is something else; if it is no JSON, nested deeper than 128, or no object;
/// if an object in it has a member twice: readers differ on which one counts, so nobody could
/// say what the operator has approved.
pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    if let Some(found) = headers.get(header::CONTENT_TYPE)
        && !is_json(found)
    {
        let text = "the content-type header does not say JSON; send application/json";
        return Err(Refusal::bad_request(text));
    }
    let no_json = |error: serde_json::Error| {
        let text = format!("the request's body cannot be read ({error}); send one JSON object");
        Refusal::bad_request(text)
    };
    let _: Unambiguous = serde_json::from_slice(body).map_err(no_json)?;
    let document: Value = serde_json::from_slice(body).map_err(no_json)?;
    if !document.is_object() {
        let text = "the request's body is no JSON object; send the document as { … }";
        return Err(Refusal::bad_request(text));
    }
    Ok(document)
}

/// `application/json`, or one of its relatives such as `application/merge-patch+json`.
fn is_json(value: &HeaderValue) -> bool {
    let text = value.to_str().unwrap_or_default().to_ascii_lowercase();
    let essence = text.split(';').next().unwrap_or_default().trim();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// A value in which no object has a member twice.
struct Unambiguous;

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Looking)
    }
}

struct Looking;

impl<'de> Visitor<'de> for Looking {
    type Value = Unambiguous;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unambiguous, A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let _: Unambiguous = map.next_value()?;
            if let Some(twice) = seen.replace(name) {
                return Err(A::Error::custom(format_args!("the member {twice:?} is there twice")));
            }
        }
        Ok(Unambiguous)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Unambiguous, A::Error> {
        while list.next_element::<Unambiguous>()?.is_some() {}
        Ok(Unambiguous)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_unit<E: Error>(self) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_read(body: &str) -> bool {
        read(&HeaderMap::new(), body.as_bytes()).is_ok()
    }

    #[test]
    fn a_document_is_one_object_without_a_member_twice() {
        for (body, expected) in [
            ("{}", true),
            (r#" {"a":[1,-1,1.5,true,null,"x",{"b":{}}]} "#, true),
            (r#"{"a":{"x":1},"b":{"x":1}}"#, true),
            (r#"{"a":1,"a":1}"#, false),
            (r#"{"a":[{"b":1,"b":2}]}"#, false),
            ("{\"a\":1,\"\\u0061\":2}", false),
            ("", false),
            ("[]", false),
            ("null", false),
            ("\"{}\"", false),
            ("{} {}", false),
            ("{\"a\":1,}", false),
            ("{'a':1}", false),
            ("{\"a\":NaN}", false),
            ("{\"a\":\"\u{1}\"}", false),
        ] {
            assert_eq!(is_read(body), expected, "{body}");
        }
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(is_read(&nested(100)));
        assert!(!is_read(&nested(200)));
        assert!(!is_read(&nested(500_000)));
    }

    #[test]
    fn what_says_that_it_is_no_json_is_not_read() {
        for (kind, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/merge-patch+json", true),
            ("text/plain", false),
            ("application/xml", false),
            ("application/jsonx", false),
            ("", false),
        ] {
            let headers =
                HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]);
            assert_eq!(read(&headers, b"{}").is_ok(), expected, "{kind}");
        }
    }
}
