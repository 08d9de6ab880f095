//! Canonical replies, for dialects that have to write them: [`ReplyWriter`] for chats of any kind,
//! [`ChatReply`] for text alone, [`embeddings()`] and [`token_count`].

mod embeddings;
mod writer;

use openai_api::Canonical as _;
use openai_api::chat::{
    ChatChunk, ChatCompletion, Choice, ChunkChoice, Content, Delta, Message, Role,
};

use crate::bindings::egress::ReplyIdentity;
use crate::bindings::types::Call;
use crate::normalizer::Document;

pub use embeddings::{embeddings, token_count};
pub use openai_api::TokenUsage;
pub use openai_api::chat::FinishReason;
pub use writer::{ReplyWriter, join_detail};

/// Writes the documents of one chat reply with one choice, all with the same id, time and model.
///
/// A stream is [`role`](Self::role), any number of [`text`](Self::text),
/// [`finish`](Self::finish) and, where the provider counted, [`usage`](Self::usage). Any other
/// reply is one [`complete`](Self::complete).
#[derive(Clone, Debug)]
pub struct ChatReply {
    identity: ReplyIdentity,
    model: String,
}

impl ChatReply {
    /// A reply with the host's identity and the call's model.
    #[must_use]
    pub fn new(call: Call, identity: ReplyIdentity) -> Self {
        Self { identity, model: call.model }
    }

    /// The first chunk of a stream.
    #[must_use]
    pub fn role(&self) -> Document {
        let delta =
            Delta { role: Some(Role::Assistant), content: Some(String::new()), ..Delta::default() };
        self.chunk(delta, None)
    }

    /// A chunk with text.
    #[must_use]
    pub fn text(&self, content: impl Into<String>) -> Document {
        let delta = Delta { content: Some(content.into()), ..Delta::default() };
        self.chunk(delta, None)
    }

    /// The chunk that ends the choice.
    #[must_use]
    pub fn finish(&self, reason: FinishReason) -> Document {
        self.chunk(Delta::default(), Some(reason))
    }

    /// The last chunk of a stream, where the provider counted.
    #[must_use]
    pub fn usage(&self, tokens: TokenUsage) -> Document {
        ChatChunk { usage: Some(tokens.into()), ..self.new_chunk() }.to_json()
    }

    /// A whole reply.
    #[must_use]
    pub fn complete(
        &self,
        text: impl Into<String>,
        reason: FinishReason,
        tokens: Option<TokenUsage>,
    ) -> Document {
        let message = Message {
            role: Role::Assistant,
            content: Some(Content::Text(text.into())),
            ..Message::default()
        };
        let choice = Choice { message, finish_reason: Some(reason), ..Choice::default() };
        let ReplyIdentity { id, created, .. } = &self.identity;
        ChatCompletion {
            choices: vec![choice],
            usage: tokens.map(Into::into),
            ..ChatCompletion::new(id, *created, &self.model)
        }
        .to_json()
    }

    fn chunk(&self, delta: Delta, finish_reason: Option<FinishReason>) -> Document {
        let choice = ChunkChoice { delta, finish_reason, ..ChunkChoice::default() };
        ChatChunk { choices: vec![choice], ..self.new_chunk() }.to_json()
    }

    fn new_chunk(&self) -> ChatChunk {
        let ReplyIdentity { id, created, .. } = &self.identity;
        ChatChunk::new(id, *created, &self.model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn reply() -> ChatReply {
        ChatReply::new(testing::chat("m\"1"), testing::identity())
    }

    fn tokens() -> TokenUsage {
        TokenUsage {
            prompt_tokens: 1,
            completion_tokens: 2,
            total_tokens: 3,
            ..TokenUsage::default()
        }
    }

    fn written(document: Document) -> String {
        String::from_utf8(document).unwrap()
    }

    #[test]
    fn chunks_share_id_time_and_model() {
        let start = r#"{"id":"chatcmpl-test","object":"chat.completion.chunk","created":1700000000,"model":"m\"1","#;
        let reply = reply();
        for (document, rest) in [
            (
                reply.role(),
                r#""choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
            ),
            (
                reply.text("é\n"),
                r#""choices":[{"index":0,"delta":{"content":"é\n"},"finish_reason":null}]}"#,
            ),
            (
                reply.finish(FinishReason::ToolCalls),
                r#""choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
            ),
            (
                reply.usage(tokens()),
                r#""choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#,
            ),
        ] {
            assert_eq!(written(document), format!("{start}{rest}"));
        }
    }

    #[test]
    fn a_whole_reply_has_every_member_that_clients_read() {
        let document = reply().complete("hi", FinishReason::Stop, None);
        assert_eq!(
            written(document),
            concat!(
                r#"{"id":"chatcmpl-test","object":"chat.completion","created":1700000000,"#,
                r#""model":"m\"1","choices":[{"index":0,"message":{"role":"assistant","#,
                r#""content":"hi"},"finish_reason":"stop","logprobs":null}]}"#,
            )
        );
    }
}
