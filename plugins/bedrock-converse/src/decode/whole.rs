//! The reply of Converse, in one piece.

use patchbay_sdk::canonical::RawJson;
use patchbay_sdk::reply::{FinishReason, ReplyWriter};
use patchbay_sdk::{Call, Document, Failure, ReplyIdentity};
use serde::Deserialize;

use super::block::{CallStart, sealed, thought};
use super::usage::About;
use super::{finish_reason, no_answer};
use crate::model::Family;
use crate::settings::DialectSettings;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    output: Output,
    stop_reason: Option<String>,
    additional_model_response_fields: Option<RawJson>,
}

#[derive(Deserialize)]
struct Output {
    message: ReplyMessage,
}

#[derive(Deserialize)]
struct ReplyMessage {
    content: Vec<ReplyBlock>,
}

/// One of them is there; blocks that are not known have none.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReplyBlock {
    text: Option<String>,
    tool_use: Option<RawJson>,
    reasoning_content: Option<ReasoningContent>,
    citations_content: Option<CitationsContent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReasoningContent {
    reasoning_text: Option<ReasoningText>,
    redacted_content: Option<String>,
}

#[derive(Deserialize)]
struct ReasoningText {
    #[serde(default)]
    text: String,
    signature: Option<String>,
}

#[derive(Deserialize)]
struct CitationsContent {
    #[serde(default)]
    content: Vec<CitedText>,
    #[serde(default)]
    citations: Vec<RawJson>,
}

#[derive(Deserialize)]
struct CitedText {
    text: Option<String>,
}

#[derive(Deserialize)]
struct CallInput {
    input: Option<RawJson>,
}

pub(super) fn read(
    call: &Call,
    identity: &ReplyIdentity,
    body: &[u8],
) -> Result<Vec<Document>, Failure> {
    let expected = "an answer of the Converse API";
    let answer: Reply = serde_json::from_slice(body).map_err(|_| no_answer(body, expected))?;
    let about: About = serde_json::from_slice(body).unwrap_or_default();
    let Some(reason) = answer.stop_reason else {
        return Err(Failure::truncated("the provider's reply does not say why the model stopped"));
    };
    let settings: DialectSettings = call.settings()?;
    let format = Family::of(&call.model, settings.model_family).reasoning_format();
    let reply = ReplyWriter::new(call, identity);
    let mut blocks = Blocks { reply, format, citations: Vec::new(), called: false };
    for (index, block) in (0..).zip(answer.output.message.content) {
        blocks.write(index, block)?;
    }
    let Blocks { mut reply, citations, called, .. } = blocks;
    if !citations.is_empty() {
        let list = RawJson::of(&citations).expect("a list of JSON is JSON");
        reply.member("citations", list);
    }
    reply.finish_reason(match finish_reason(&reason)? {
        FinishReason::ToolCalls if !called => FinishReason::Stop,
        reason => reason,
    });
    about.write(&mut reply);
    if let Some(fields) = answer.additional_model_response_fields.filter(|it| !it.is_null()) {
        reply.reply_member("additionalModelResponseFields", fields);
    }
    Ok(reply.end())
}

/// Blocks on their way into the reply.
struct Blocks {
    reply: ReplyWriter,
    /// The `format` of reasoning.
    format: &'static str,
    citations: Vec<RawJson>,
    /// Whether there is something for the caller to call.
    called: bool,
}

impl Blocks {
    fn write(&mut self, index: u32, block: ReplyBlock) -> Result<(), Failure> {
        if let Some(text) = block.text {
            self.reply.text(&text);
        }
        if let Some(cited) = block.citations_content {
            let texts = cited.content.iter().filter_map(|it| it.text.as_deref());
            texts.for_each(|text| self.reply.text(text));
            self.citations.extend(cited.citations);
        }
        if let Some(reasoning) = block.reasoning_content {
            self.reasoning(index, reasoning);
        }
        match block.tool_use {
            Some(raw) => self.call(&raw),
            None => Ok(()),
        }
    }

    fn reasoning(&mut self, index: u32, reasoning: ReasoningContent) {
        if let Some(ReasoningText { text, signature }) = reasoning.reasoning_text {
            let detail = thought(self.format, index, Some(&text), signature.as_deref());
            self.reply.reasoning(detail);
        }
        if let Some(data) = reasoning.redacted_content {
            self.reply.reasoning(sealed(self.format, index, &data));
        }
    }

    fn call(&mut self, raw: &RawJson) -> Result<(), Failure> {
        let unreadable = |_| Failure::upstream("a call in the provider's reply cannot be read");
        let start: CallStart = raw.parse().map_err(unreadable)?;
        if start.is_callers() {
            let CallInput { input } = raw.parse().map_err(unreadable)?;
            let arguments = input.filter(|input| !input.is_null());
            let arguments = arguments.as_ref().map(RawJson::as_str).unwrap_or_default();
            self.reply.call(Some(&start.tool_use_id), &start.name, arguments);
            self.called = true;
        }
        Ok(())
    }
}
