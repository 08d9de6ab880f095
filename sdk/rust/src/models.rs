//! Model lists of OpenAI-like servers.

use serde_json::Value;

use crate::bindings::types::{RequestHead, ResponseHead};
use crate::explain;
use crate::failure::Failure;

/// `GET /models`.
#[must_use]
pub fn list_head() -> RequestHead {
    RequestHead::get("/models").with_header("accept", "application/json")
}

/// The ids in a model list, each once, in order.
///
/// Reads OpenAI's `{"data":[{"id"}]}` (llama.cpp, Mistral and vLLM add members to it), a plain
/// list of objects or texts, and `{"models":[{"id" | "model" | "name"}]}`.
///
/// ```
/// use patchbay_sdk::{ResponseHead, models};
///
/// let ids = models::read_ids(&ResponseHead::new(200), br#"{"data":[{"id":"a"},{"id":"b"}]}"#)?;
/// assert_eq!(ids, ["a", "b"]);
/// # Ok::<(), patchbay_sdk::Failure>(())
/// ```
///
/// # Errors
/// What the provider says instead of a list, or `upstream-error`.
pub fn read_ids(head: &ResponseHead, body: &[u8]) -> Result<Vec<String>, Failure> {
    if !(200..300).contains(&head.status) {
        return Err(explain::reply(head, body));
    }
    if let Some(failure) = explain::error_instead_of_answer(body) {
        return Err(failure);
    }
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let list = ["data", "models"]
        .into_iter()
        .find_map(|member| value.get(member)?.as_array())
        .or_else(|| value.as_array())
        .ok_or_else(|| Failure::upstream("the provider's model list is not a list of models"))?;
    let mut ids = Vec::with_capacity(list.len());
    for id in list.iter().filter_map(id) {
        if !id.is_empty() && !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    Ok(ids)
}

fn id(entry: &Value) -> Option<&str> {
    entry.as_str().or_else(|| {
        ["id", "model", "name"].into_iter().find_map(|member| entry.get(member)?.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::FailureKind;

    fn ids(status: u16, body: &str) -> Result<Vec<String>, Failure> {
        read_ids(&ResponseHead::new(status), body.as_bytes())
    }

    #[test]
    fn the_known_shapes_are_read() {
        for body in [
            r#"{"object":"list","data":[{"id":"a","object":"model"},{"id":"b/c"},{"id":"a"}]}"#,
            r#"[{"id":"a"},{"id":"b/c"}]"#,
            r#"["a","b/c"]"#,
            r#"{"models":[{"name":"a","model":"a"},{"name":"b/c"}]}"#,
            r#"{"models":[{"name":"other"}],"data":[{"id":"a","meta":{"n":1}},{"id":"b/c"}]}"#,
        ] {
            assert_eq!(ids(200, body).unwrap(), ["a", "b/c"], "{body}");
        }
        assert!(ids(200, r#"{"data":[]}"#).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_list_is_the_providers_failure() {
        for body in ["", "<html>", "{}", r#"{"data":1}"#, r#"{"error":"down"}"#] {
            let failure = ids(200, body).unwrap_err();
            assert_eq!(failure.kind(), FailureKind::UpstreamError, "{body}");
        }
        let failure = ids(401, "{}").unwrap_err();
        assert_eq!(failure.kind(), FailureKind::UpstreamAuth);
    }
}
