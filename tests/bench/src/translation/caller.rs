//! The APIs that callers speak: the same question in each, and where its answer stands.

use std::sync::Arc;

use crate::case::{PROMPT, STREAM, SYSTEM, chat};
use crate::expected::Pieces;
use crate::replies::{UNARY_TEXT, words};
use crate::vendor::Shape;

/// What a caller speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// OpenAI's chat completions.
    Chat,
    /// Anthropic's messages.
    Messages,
    /// OpenAI's responses.
    Responses,
}

impl Caller {
    /// Path of the endpoint.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Messages => "/v1/messages",
            Self::Responses => "/v1/responses",
        }
    }

    /// Body of the request.
    pub(super) fn request(self, model: &str, shape: Shape) -> String {
        let more = match shape {
            Shape::Whole => "",
            Shape::Stream => STREAM,
        };
        match self {
            Self::Chat => chat(model, PROMPT, more),
            Self::Messages => format!(
                r#"{{"model":"{model}","max_tokens":256,"system":"{SYSTEM}","messages":[{{"role":"user","content":"{PROMPT}"}}],"temperature":0.2{more}}}"#
            ),
            Self::Responses => format!(
                r#"{{"model":"{model}","instructions":"{SYSTEM}","input":"{PROMPT}","temperature":0.2,"max_output_tokens":256{more}}}"#
            ),
        }
    }

    /// The reply, however its ids and times are.
    pub(super) fn pieces(self, shape: Shape) -> Pieces {
        let (before, end) = match (self, shape) {
            (Self::Chat, Shape::Whole) => (r#""content":""#, r#""finish_reason":"stop""#),
            (Self::Chat, Shape::Stream) => (r#""content":""#, "data: [DONE]\n\n"),
            (Self::Messages, Shape::Whole) => (r#""text":""#, r#""stop_reason":"end_turn""#),
            (Self::Messages, Shape::Stream) => (r#""text":""#, r#""type":"message_stop""#),
            (Self::Responses, Shape::Whole) => (r#""text":""#, r#""output_tokens":11"#),
            (Self::Responses, Shape::Stream) => (r#""delta":""#, r#""type":"response.completed""#),
        };
        let texts: Arc<[String]> = match shape {
            Shape::Whole => [UNARY_TEXT.to_owned()].into(),
            Shape::Stream => words().collect(),
        };
        Pieces { before, texts, end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_is_json_and_says_whether_it_streams() {
        for caller in [Caller::Chat, Caller::Messages, Caller::Responses] {
            let streams = |shape| {
                let text = caller.request("m", shape);
                let request: serde_json::Value = serde_json::from_str(&text).unwrap();
                assert_eq!(request["model"], "m");
                request["stream"].as_bool()
            };
            assert_eq!(streams(Shape::Whole), None);
            assert_eq!(streams(Shape::Stream), Some(true));
        }
    }

    #[test]
    fn the_mocks_own_replies_fit_callers_who_speak_its_api() {
        use crate::replies;
        use crate::vendor::Vendor;

        let chat = |shape| Caller::Chat.pieces(shape);
        chat(Shape::Whole).check(&replies::unary()).unwrap();
        chat(Shape::Stream).check(&replies::stream(true).concat()).unwrap();
        let anthropic = Vendor::Anthropic.replies();
        Caller::Messages.pieces(Shape::Whole).check(&anthropic.whole).unwrap();
        Caller::Messages.pieces(Shape::Stream).check(&anthropic.stream.concat()).unwrap();
    }
}
