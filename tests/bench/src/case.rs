//! The cases: what is asked and what must come back, byte by byte.

use bytes::Bytes;
use clap::ValueEnum;

use crate::replies;

/// The model name of all requests and replies.
pub(crate) const MODEL: &str = "bench-model";

/// A member that asks the mock to wait after the first event of a stream, so that nothing but
/// that event is under way while its latency is measured.
pub(crate) const PAUSE_AFTER_FIRST: &str = r#""user":"pause-after-first""#;

/// What the model is told, in every chat.
pub(crate) const SYSTEM: &str = "Answer in one sentence.";

/// What the model is asked, in every small chat.
pub(crate) const PROMPT: &str = "Which panel lets any source be plugged into any destination?";

/// The member behind the others that asks for a stream, in every caller's API.
pub(crate) const STREAM: &str = r#","stream":true"#;

/// Bytes of the prompt in [`Case::LongPrompt`].
const LONG_PROMPT_BYTES: usize = 50 * 1024;

/// One kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Case {
    /// A small chat, answered in one piece.
    Unary,
    /// A small chat, answered as a stream of 100 chunks.
    Stream,
    /// An embedding reply of 1536 floats.
    Embedding,
    /// A chat with a prompt of 50 KB, answered in one piece.
    LongPrompt,
}

impl Case {
    /// Every case, in the order of the report.
    pub(crate) const ALL: [Self; 4] =
        [Self::Unary, Self::Stream, Self::Embedding, Self::LongPrompt];

    /// Heading in the report.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Unary => "unary chat",
            Self::Stream => "stream of 100 chunks",
            Self::Embedding => "embedding reply of 1536 floats",
            Self::LongPrompt => "unary chat with a 50 KB prompt",
        }
    }

    /// Path of the endpoint.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Unary | Self::Stream | Self::LongPrompt => "/v1/chat/completions",
            Self::Embedding => "/v1/embeddings",
        }
    }

    /// Body of the request.
    pub(crate) fn request(self) -> Bytes {
        let text = match self {
            Self::Unary => chat(MODEL, PROMPT, ""),
            Self::Stream => chat(MODEL, PROMPT, STREAM),
            Self::Embedding => format!(r#"{{"model":"{MODEL}","input":"{PROMPT}"}}"#),
            Self::LongPrompt => {
                let sentences = LONG_PROMPT_BYTES.div_ceil(PROMPT.len() + 1);
                chat(MODEL, &format!("{PROMPT} ").repeat(sentences), "")
            }
        };
        Bytes::from(text)
    }

    /// Body of the request that measures the latency of the first event; for streams only.
    pub(crate) fn first_event_request(self) -> Option<Bytes> {
        let members = format!("{STREAM},{PAUSE_AFTER_FIRST}");
        (self == Self::Stream).then(|| chat(MODEL, "Which?", &members).into())
    }

    /// Body of the reply, as every target has to deliver it.
    pub(crate) fn reply(self) -> Bytes {
        match self {
            Self::Unary | Self::LongPrompt => replies::unary(),
            Self::Stream => replies::stream(false).concat().into(),
            Self::Embedding => replies::embedding(),
        }
    }
}

/// A chat in OpenAI's form; `more` goes behind the last member.
pub(crate) fn chat(model: &str, prompt: &str, more: &str) -> String {
    format!(
        r#"{{"model":"{model}","messages":[{{"role":"system","content":"{SYSTEM}"}},{{"role":"user","content":"{prompt}"}}],"temperature":0.2,"max_tokens":256{more}}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_prompt_has_fifty_kilobytes() {
        let bytes = Case::LongPrompt.request().len();
        assert!((50 * 1024..52 * 1024).contains(&bytes), "{bytes}");
    }

    #[test]
    fn a_stream_reply_has_a_hundred_chunks_and_one_end() {
        let reply = Case::Stream.reply();
        let text = std::str::from_utf8(&reply).unwrap();
        assert_eq!(text.matches("data: {").count(), 100);
        assert_eq!(text.matches("data: [DONE]\n\n").count(), 1);
        assert!(text.ends_with("data: [DONE]\n\n"));
    }
}
