//! The error envelope.

use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// What went wrong, in OpenAI's shape: `{"error":{"message","type","param","code"}}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorBody<'a> {
    /// For people.
    pub message: Cow<'a, str>,
    /// `invalid_request_error`, …; on the wire `type`.
    pub kind: Cow<'a, str>,
    /// The request member at fault; null if absent.
    pub param: Option<Cow<'a, str>>,
    /// For programs; null if absent.
    pub code: Option<Cow<'a, str>>,
}

impl ErrorBody<'_> {
    /// The envelope as JSON, on one line.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(96 + self.message.len());
        self.write(&mut json);
        json
    }

    /// Appends the envelope as JSON, on one line.
    pub fn write(&self, out: &mut Vec<u8>) {
        let envelope = Envelope { error: self };
        serde_json::to_writer(out, &envelope).expect("texts have a JSON and memory takes it");
    }
}

impl Serialize for ErrorBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("message", &self.message)?;
        map.serialize_entry("type", &self.kind)?;
        map.serialize_entry("param", &self.param)?;
        map.serialize_entry("code", &self.code)?;
        map.end()
    }
}

struct Envelope<'a> {
    error: &'a ErrorBody<'a>,
}

impl Serialize for Envelope<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("error", self.error)?;
        map.end()
    }
}

/// Reads an error, or `None` if the body is none.
///
/// Besides the envelope itself it knows an `error` that is a text, an envelope in a list
/// (Google), the bare object with `"object":"error"` or a `message` (vLLM, Mistral), and
/// `detail` (FastAPI). Codes that are numbers become texts.
#[must_use]
pub fn read_error(body: &[u8]) -> Option<ErrorBody<'static>> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let document = match document.as_array().and_then(|list| list.first()) {
        Some(first) => first,
        None => &document,
    };
    match document.get("error") {
        Some(Value::Object(_)) => document.get("error").map(from_object),
        Some(Value::String(message)) => {
            let message = Cow::Owned(message.clone());
            Some(ErrorBody { message, ..from_object(document) })
        }
        _ if document.get("object").is_some_and(|object| object == "error") => {
            Some(from_object(document))
        }
        _ => ["message", "detail"]
            .iter()
            .any(|name| document.get(name).is_some_and(|value| !value.is_null()))
            .then(|| from_object(document)),
    }
}

fn from_object(error: &Value) -> ErrorBody<'static> {
    let text = |name: &str| error.get(name).and_then(as_text);
    ErrorBody {
        message: text("message").or_else(|| text("detail")).unwrap_or_default(),
        kind: text("type").or_else(|| text("status")).unwrap_or_default(),
        param: text("param"),
        code: text("code"),
    }
}

/// Texts as they are, other values as JSON; null is absent.
fn as_text(value: &Value) -> Option<Cow<'static, str>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(Cow::Owned(text.clone())),
        other => Some(Cow::Owned(other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_has_all_four_members() {
        let mut error = ErrorBody {
            message: "say \"please\"\n".into(),
            kind: "invalid_request_error".into(),
            ..ErrorBody::default()
        };
        let json = r#"{"error":{"message":"say \"please\"\n","type":"invalid_request_error","param":null,"code":null}}"#;
        assert_eq!(String::from_utf8(error.to_json()).unwrap(), json);
        error.param = Some("model".into());
        error.code = Some("model_not_found".into());
        assert_eq!(read_error(&error.to_json()), Some(error));
    }

    #[test]
    fn common_variants_are_read() {
        let cases = [
            (r#"{"error":{"message":"m","type":"t","code":500}}"#, "m", "t", Some("500")),
            (r#"{"error":"m"}"#, "m", "", None),
            (r#"{"error":"m","code":"c"}"#, "m", "", Some("c")),
            (r#"[{"error":{"message":"m","status":"t","code":400}}]"#, "m", "t", Some("400")),
            (r#"{"object":"error","message":"m","type":"t","code":1}"#, "m", "t", Some("1")),
            (r#"{"message":"m","type":"t"}"#, "m", "t", None),
            (r#"{"detail":"m"}"#, "m", "", None),
            (r#"{"detail":[{"msg":"m"}]}"#, r#"[{"msg":"m"}]"#, "", None),
            (r#"{"error":{}}"#, "", "", None),
        ];
        for (json, message, kind, code) in cases {
            let error = read_error(json.as_bytes()).unwrap();
            assert_eq!((&*error.message, &*error.kind), (message, kind), "{json}");
            assert_eq!(error.code.as_deref(), code, "{json}");
        }
    }

    #[test]
    fn what_is_no_error_is_none() {
        let cases = ["", "<html>", "{}", "[]", "1", r#"{"error":null}"#, r#"{"choices":[]}"#];
        for json in cases {
            assert_eq!(read_error(json.as_bytes()), None, "{json}");
        }
    }
}
