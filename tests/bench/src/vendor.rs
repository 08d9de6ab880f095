//! The vendors' APIs that the mock speaks beside OpenAI's: their paths and their replies.
//!
//! Every vendor says the same text in the same number of pieces, each in an event of its own, so
//! that the figures of two dialects can be compared. Shapes follow the vendors' documents, which
//! the dialects' plugins name; sizes are those of real replies, ids and counts of tokens included.

mod anthropic;
mod aws_event;
mod bedrock;
mod cohere;
mod gemini;
mod ollama;

use bytes::Bytes;

/// Whose API it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Vendor {
    /// Messages.
    Anthropic,
    /// Converse and ConverseStream.
    Bedrock,
    /// Chat, version 2.
    Cohere,
    /// generateContent and streamGenerateContent.
    Gemini,
    /// The native chat.
    Ollama,
}

/// How a reply comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// In one piece.
    Whole,
    /// Event by event.
    Stream,
}

/// What a vendor answers.
pub(crate) struct VendorReplies {
    /// A whole reply, as JSON.
    pub(crate) whole: Bytes,
    /// The events of a stream.
    pub(crate) stream: Vec<Bytes>,
    /// Content type of the stream.
    pub(crate) stream_type: &'static str,
}

impl Vendor {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Anthropic, Self::Bedrock, Self::Cohere, Self::Gemini, Self::Ollama];

    /// Whose path it is, and the shape that it asks for where the path says so.
    pub(crate) fn of(path: &str) -> Option<(Self, Option<Shape>)> {
        match path {
            "/v1/messages" => return Some((Self::Anthropic, None)),
            "/v2/chat" => return Some((Self::Cohere, None)),
            "/api/chat" => return Some((Self::Ollama, None)),
            _ => {}
        }
        let (vendor, rest) = match path.strip_prefix("/v1beta/models/") {
            Some(rest) => (Self::Gemini, rest),
            None => (Self::Bedrock, path.strip_prefix("/model/")?),
        };
        let shape = match (vendor, rest.rsplit([':', '/']).next()?) {
            (Self::Gemini, "generateContent") | (Self::Bedrock, "converse") => Shape::Whole,
            (Self::Gemini, "streamGenerateContent") | (Self::Bedrock, "converse-stream") => {
                Shape::Stream
            }
            _ => return None,
        };
        Some((vendor, Some(shape)))
    }

    /// A member, quoted, that requests in the vendor's form have and those in OpenAI's have not, as
    /// far as there is one: a request that was not translated is not answered.
    pub(crate) const fn own_member(self) -> &'static str {
        match self {
            Self::Anthropic => r#""system":"#,
            Self::Bedrock => r#""inferenceConfig":"#,
            // Its requests are OpenAI's in all that the benchmark sends.
            Self::Cohere => r#""messages":"#,
            Self::Gemini => r#""systemInstruction":"#,
            Self::Ollama => r#""num_predict":"#,
        }
    }

    /// What it answers.
    pub(crate) fn replies(self) -> VendorReplies {
        match self {
            Self::Anthropic => anthropic::replies(),
            Self::Bedrock => bedrock::replies(),
            Self::Cohere => cohere::replies(),
            Self::Gemini => gemini::replies(),
            Self::Ollama => ollama::replies(),
        }
    }
}

/// A server-sent event with a name.
fn named_event(name: &str, json: &str) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {json}\n\n"))
}

#[cfg(test)]
mod tests {
    use memchr::memmem;

    use super::*;
    use crate::replies::{UNARY_TEXT, words};

    #[test]
    fn a_path_tells_the_vendor_and_where_it_can_the_shape() {
        let (bedrock, gemini) = (Vendor::Bedrock, Vendor::Gemini);
        let cases = [
            ("/v1/messages", Some((Vendor::Anthropic, None))),
            ("/v2/chat", Some((Vendor::Cohere, None))),
            ("/api/chat", Some((Vendor::Ollama, None))),
            ("/v1beta/models/m:generateContent", Some((gemini, Some(Shape::Whole)))),
            ("/v1beta/models/m:streamGenerateContent", Some((gemini, Some(Shape::Stream)))),
            ("/v1beta/models/m:converse", None),
            ("/model/us.m-v1%3A0/converse", Some((bedrock, Some(Shape::Whole)))),
            ("/model/us.m-v1%3A0/converse-stream", Some((bedrock, Some(Shape::Stream)))),
            ("/model/m/invoke", None),
            ("/v1/chat/completions", None),
        ];
        for (path, expected) in cases {
            assert_eq!(Vendor::of(path), expected, "{path}");
        }
    }

    #[test]
    fn all_vendors_say_the_same_text_in_the_same_pieces() {
        for vendor in Vendor::ALL {
            let replies = vendor.replies();
            let quoted = format!("\"{UNARY_TEXT}\"");
            assert!(memmem::find(&replies.whole, quoted.as_bytes()).is_some(), "{vendor:?}");
            let mut events = replies.stream.iter();
            for word in words() {
                let quoted = format!("\"{word}\"");
                let has = |event: &Bytes| memmem::find(event, quoted.as_bytes()).is_some();
                assert!(events.any(has), "{vendor:?} says {word} in an event of its own");
            }
        }
    }

    #[test]
    fn all_that_is_text_is_json() {
        let read = |json: &[u8]| serde_json::from_slice::<serde_json::Value>(json).unwrap();
        for vendor in Vendor::ALL {
            let replies = vendor.replies();
            read(&replies.whole);
            for event in &replies.stream {
                let text = String::from_utf8_lossy(event);
                match (vendor, text.split_once("data: ")) {
                    (Vendor::Bedrock, _) => continue,
                    (Vendor::Ollama, _) => read(event),
                    (_, data) => read(data.unwrap().1.as_bytes()),
                };
            }
        }
    }
}
