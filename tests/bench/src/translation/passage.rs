//! The ways through the gateway that are measured: who asks in which API, and who answers.

use bytes::Bytes;

use super::caller::Caller;
use super::provider::Provider;
use crate::expected::Expected;
use crate::replies;
use crate::vendor::{Shape, Vendor};

/// One way through the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Passage {
    /// A chat for a provider that speaks OpenAI's API: bytes pass untouched.
    Verbatim,
    /// A chat for a provider of this dialect, and so on.
    Anthropic,
    Bedrock,
    /// The same with AWS's signature.
    BedrockSigned,
    Cohere,
    Gemini,
    Ollama,
    /// Anthropic's API for a provider that speaks OpenAI's.
    MessagesCaller,
    /// Anthropic's API for a provider that speaks it too: bytes pass untouched.
    MessagesUntouched,
    /// The responses API for a provider that speaks chat completions.
    ResponsesCaller,
}

impl Passage {
    /// All of them, in the order of the report; the one that the others are compared with first.
    pub(super) const ALL: [Self; 10] = [
        Self::Verbatim,
        Self::Anthropic,
        Self::Bedrock,
        Self::BedrockSigned,
        Self::Cohere,
        Self::Gemini,
        Self::Ollama,
        Self::MessagesCaller,
        Self::MessagesUntouched,
        Self::ResponsesCaller,
    ];

    /// Name in the report.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Verbatim => "openai-chat, verbatim",
            Self::Anthropic => "anthropic-messages",
            Self::Bedrock => "bedrock-converse, api_key",
            Self::BedrockSigned => "bedrock-converse, aws-sigv4",
            Self::Cohere => "cohere-chat",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama-chat",
            Self::MessagesCaller => "/v1/messages > openai-chat",
            Self::MessagesUntouched => "/v1/messages, untouched",
            Self::ResponsesCaller => "/v1/responses > openai-chat",
        }
    }

    const fn ends(self) -> (Caller, Provider) {
        match self {
            Self::Verbatim => (Caller::Chat, Provider::OpenAi),
            Self::Anthropic => (Caller::Chat, Provider::Anthropic),
            Self::Bedrock => (Caller::Chat, Provider::BedrockKey),
            Self::BedrockSigned => (Caller::Chat, Provider::BedrockSigned),
            Self::Cohere => (Caller::Chat, Provider::Cohere),
            Self::Gemini => (Caller::Chat, Provider::Gemini),
            Self::Ollama => (Caller::Chat, Provider::Ollama),
            Self::MessagesCaller => (Caller::Messages, Provider::OpenAi),
            Self::MessagesUntouched => (Caller::Messages, Provider::Anthropic),
            Self::ResponsesCaller => (Caller::Responses, Provider::OpenAi),
        }
    }

    /// Path of the endpoint.
    pub(crate) const fn path(self) -> &'static str {
        self.ends().0.path()
    }

    /// Body of the request.
    pub(crate) fn request(self, shape: Shape) -> String {
        let (caller, provider) = self.ends();
        caller.request(provider.model(), shape)
    }

    /// What has to come back.
    pub(crate) fn expected(self, shape: Shape) -> Expected {
        match (self, shape) {
            (Self::Verbatim, Shape::Whole) => Expected::Bytes(replies::unary()),
            (Self::Verbatim, Shape::Stream) => {
                Expected::Bytes(Bytes::from(replies::stream(false).concat()))
            }
            (Self::MessagesUntouched, Shape::Whole) => {
                Expected::Bytes(Vendor::Anthropic.replies().whole)
            }
            (Self::MessagesUntouched, Shape::Stream) => {
                Expected::Bytes(Bytes::from(Vendor::Anthropic.replies().stream.concat()))
            }
            (translated, shape) => Expected::Text(translated.ends().0.pieces(shape)),
        }
    }
}
