//! What a request asks the mock for.

use memchr::memmem;

use crate::vendor::{Shape, Vendor};

/// One of the mock's replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A chat in OpenAI's form.
    Chat,
    /// The same as a stream.
    ChatStream,
    /// An embedding in OpenAI's form.
    Embedding,
    /// A chat in another vendor's form.
    Vendor(Vendor, Shape),
}

impl Asked {
    /// By path, and by body where the path leaves it open; none if it is no request of an API
    /// that the mock speaks.
    pub(super) fn of(path: &str, body: &[u8]) -> Option<Self> {
        match path {
            "/v1/chat/completions" if is_true(body, b"\"stream\"") => Some(Self::ChatStream),
            "/v1/chat/completions" => Some(Self::Chat),
            "/v1/embeddings" => Some(Self::Embedding),
            _ => Self::of_vendor(path, body),
        }
    }

    fn of_vendor(path: &str, body: &[u8]) -> Option<Self> {
        let (vendor, shape) = Vendor::of(path)?;
        memmem::find(body, vendor.own_member().as_bytes())?;
        let shape = shape.unwrap_or_else(|| match is_true(body, b"\"stream\"") {
            true => Shape::Stream,
            false => Shape::Whole,
        });
        Some(Self::Vendor(vendor, shape))
    }
}

/// Whether a member with this quoted name is `true`. Enough for the benchmark's own requests,
/// whose prompts hold no quotes.
pub(super) fn is_true(body: &[u8], quoted_name: &[u8]) -> bool {
    memmem::find_iter(body, quoted_name).any(|at| {
        let mut value = body
            .iter()
            .skip(at + quoted_name.len())
            .skip_while(|byte| byte.is_ascii_whitespace() || **byte == b':');
        b"true".iter().all(|letter| value.next() == Some(letter))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_in_any_spelling() {
        assert!(is_true(br#"{"stream":true}"#, b"\"stream\""));
        assert!(is_true(b"{\"stream\" : \n true}", b"\"stream\""));
        assert!(!is_true(br#"{"stream":false}"#, b"\"stream\""));
        assert!(!is_true(br#"{"stream_options":{}}"#, b"\"stream\""));
        assert!(!is_true(br#"{"stream":tr"#, b"\"stream\""));
    }

    #[test]
    fn body_or_path_tell_whether_a_vendor_streams() {
        let messages = |body| Asked::of("/v1/messages", body);
        let asked = |vendor, shape| Some(Asked::Vendor(vendor, shape));
        assert_eq!(messages(br#"{"system":""}"#), asked(Vendor::Anthropic, Shape::Whole));
        let stream = br#"{"system":"","stream":true}"#;
        assert_eq!(messages(stream), asked(Vendor::Anthropic, Shape::Stream));
        let converse =
            |action: &str| Asked::of(&format!("/model/m/{action}"), br#"{"inferenceConfig":{}}"#);
        assert_eq!(converse("converse"), asked(Vendor::Bedrock, Shape::Whole));
        assert_eq!(converse("converse-stream"), asked(Vendor::Bedrock, Shape::Stream));
    }

    #[test]
    fn a_request_that_was_not_translated_is_not_answered() {
        let chat = crate::case::Case::Unary.request();
        assert_eq!(Asked::of("/v1/messages", &chat), None);
        assert_eq!(Asked::of("/v1/chat/completions", &chat), Some(Asked::Chat));
    }
}
