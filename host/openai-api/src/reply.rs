//! Reading along in whole replies: token counts, and whether it is an answer at all.
//!
//! The hot path: one pass over the outermost members that leaps over their values, so that
//! thousands of numbers in an embedding cost a search for a bracket. A reply that is relayed is
//! not validated inside; what is no JSON object, or is cut off, is noticed.

use std::error::Error;
use std::fmt;

use crate::envelope::Kind;
use crate::scan::{self, ScanProblem};
use crate::usage::TokenUsage;

/// What the gateway wants to know of a whole reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyFacts {
    /// Token counts, if the provider said.
    pub usage: Option<TokenUsage>,
    /// Whether it is an error in the clothes of a success; [`read_error`](crate::read_error)
    /// reads it.
    pub is_error: bool,
}

/// Why some bytes are not a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAReply {
    /// There are none.
    Empty,
    /// They begin like HTML or XML.
    Markup,
    /// They are JSON so far, but end too early.
    Truncated,
    /// They are not a JSON object; the offset of the first byte that does not fit.
    NotAnObject(usize),
    /// An object without the member that holds the answer.
    NoAnswer(&'static str),
}

impl fmt::Display for NotAReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the body is empty"),
            Self::Markup => f.write_str("the body is HTML or XML, not JSON"),
            Self::Truncated => f.write_str("the JSON breaks off"),
            Self::NotAnObject(at) => {
                write!(f, "the body is not a JSON object: byte {at} does not fit")
            }
            Self::NoAnswer(member) => write!(f, "the JSON has no `{member}`"),
        }
    }
}

impl Error for NotAReply {}

impl ReplyFacts {
    /// Reads along in a whole reply.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(kind: Kind, body: &[u8]) -> Result<Self, NotAReply> {
        let answer = match kind {
            Kind::Chat => "choices",
            Kind::Embeddings => "data",
        };
        let mut facts = Self { usage: None, is_error: false };
        let mut is_answer = false;
        for member in scan::members(body) {
            let member = member.map_err(|problem| not_a_reply(body, problem))?;
            match &*member.name {
                b"usage" => facts.usage = TokenUsage::read(member.value),
                b"error" => facts.is_error = is_set(member.value),
                b"object" => facts.is_error |= member.value == br#""error""#,
                name if name == answer.as_bytes() => is_answer = is_set(member.value),
                _ => {}
            }
        }
        match is_answer || facts.is_error {
            true => Ok(facts),
            false => Err(NotAReply::NoAnswer(answer)),
        }
    }
}

/// Whether an `error` or a `usage` is there: some servers send null, or false, in every reply.
pub(crate) fn is_set(value: &[u8]) -> bool {
    !matches!(value, b"null" | b"false")
}

fn not_a_reply(body: &[u8], problem: ScanProblem) -> NotAReply {
    match body.trim_ascii_start().first() {
        None => return NotAReply::Empty,
        Some(b'<') => return NotAReply::Markup,
        Some(_) => {}
    }
    match problem {
        ScanProblem::Truncated => NotAReply::Truncated,
        ScanProblem::Malformed(at) => NotAReply::NotAnObject(at),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::scan::tests::any_json;

    fn chat(body: &str) -> Result<ReplyFacts, NotAReply> {
        ReplyFacts::read(Kind::Chat, body.as_bytes())
    }

    #[test]
    fn usage_is_that_of_the_outermost_object() {
        let body = r#"{"choices":[{"message":{"content":"\"usage\":{\"total_tokens\":9}"},"usage":{"total_tokens":8}}],
            "x":{"usage":{"total_tokens":7}},"us\u0061ge":{"prompt_tokens":1,"completion_tokens":2}}"#;
        let usage = chat(body).unwrap().usage.unwrap();
        assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (1, 2, 3));
        assert_eq!(chat(r#"{"choices":[],"usage":null}"#).unwrap().usage, None);
    }

    #[test]
    fn an_error_in_a_success_is_noticed() {
        for body in [
            r#"{"error":{"message":"m"}}"#,
            r#"{"error":"m","choices":[]}"#,
            r#"{"object":"error","message":"m"}"#,
        ] {
            assert!(chat(body).unwrap().is_error, "{body}");
        }
        for body in [
            r#"{"choices":[{"error":1}]}"#,
            r#"{"choices":[],"error":null}"#,
            r#"{"object":"chat.completion","choices":[]}"#,
        ] {
            assert!(!chat(body).unwrap().is_error, "{body}");
        }
    }

    #[test]
    fn what_is_no_reply_has_a_reason() {
        let cases = [
            ("", NotAReply::Empty),
            (" \r\n", NotAReply::Empty),
            ("\n<!doctype html>", NotAReply::Markup),
            ("upstream failed", NotAReply::NotAnObject(0)),
            ("[]", NotAReply::NotAnObject(0)),
            (r#"{"choices":[]}}"#, NotAReply::NotAnObject(14)),
            (r#"{"choices":[{"message"#, NotAReply::Truncated),
            (r#"{"choices":[]"#, NotAReply::Truncated),
            ("{}", NotAReply::NoAnswer("choices")),
            (r#"{"data":[]}"#, NotAReply::NoAnswer("choices")),
            (r#"{"choices":null}"#, NotAReply::NoAnswer("choices")),
        ];
        for (body, reason) in cases {
            assert_eq!(chat(body), Err(reason), "{body}");
            assert!(!reason.to_string().is_empty());
        }
    }

    #[test]
    fn an_embedding_reply_is_read_alike() {
        let body = br#"{"object":"list","data":[{"embedding":[0.1,-2e-5]}],"usage":{"prompt_tokens":3,"total_tokens":3}}"#;
        let facts = ReplyFacts::read(Kind::Embeddings, body).unwrap();
        assert_eq!(facts.usage.unwrap().prompt_tokens, 3);
        assert_eq!(facts.usage.unwrap().completion_tokens, 0);
    }

    proptest! {
        #[test]
        fn usage_is_found_among_any_members(before in any_json(), after in any_json(), n in any::<u32>()) {
            let body = json!({ "a": before, "choices": [after.clone()], "usage": { "prompt_tokens": n }, "z": after });
            let facts = ReplyFacts::read(Kind::Chat, &serde_json::to_vec_pretty(&body).unwrap()).unwrap();
            prop_assert_eq!(facts.usage.unwrap().prompt_tokens, u64::from(n));
            prop_assert!(!facts.is_error);
        }
    }
}
