//! One canonical chat reply out of what a provider says piece by piece.

use openai_api::chat::{
    ChatChunk, ChatCompletion, Choice, ChunkChoice, Content, Delta, FinishReason, FunctionCall,
    FunctionDelta, Message, ReasoningDetail, Role, ToolCall, ToolCallDelta,
};
use openai_api::{Canonical as _, Object, RawJson, Usage};

use crate::bindings::egress::ReplyIdentity;
use crate::bindings::types::Call;
use crate::normalizer::Document;

/// Writes one chat reply, whether it streams or not: a decoder says what it reads, and gets
/// chunks from [`take`](Self::take) as it goes, or one document from [`end`](Self::end).
///
/// It keeps the rules that clients rely on: the same id, time and model everywhere; the role in
/// the first delta of a choice; indices of tool calls distinct and stable, their id and name once;
/// arguments always JSON, `{}` where there are none; `finish_reason` once, at the end, and
/// `tool_calls` where a provider says "stop" after calling; content null where there are only
/// calls.
///
/// ```
/// use patchbay_sdk::reply::{FinishReason, ReplyWriter};
/// # let (call, identity) = (patchbay_sdk::testing::chat("m"), patchbay_sdk::testing::identity());
/// let mut reply = ReplyWriter::new(&call, &identity);
/// reply.text("hel");
/// reply.text("lo");
/// reply.finish_reason(FinishReason::Stop);
/// let document = String::from_utf8(reply.end().remove(0)).unwrap();
/// assert!(document.contains(r#""content":"hello""#));
/// ```
#[derive(Clone, Debug)]
pub struct ReplyWriter {
    id: String,
    created: u64,
    model: String,
    /// Base of the ids of tool calls that the provider gave none.
    call_base: String,
    mode: Mode,
    choices: Vec<ChoiceState>,
    current: usize,
    usage: Option<Usage>,
    members: Object,
}

#[derive(Clone, Debug)]
enum Mode {
    /// Chunks not taken yet, and the start that all have in common.
    Stream { ready: Vec<Document>, start: Vec<u8> },
    /// One document at the end.
    Whole,
}

#[derive(Clone, Debug, Default)]
struct ChoiceState {
    index: u32,
    begun: bool,
    message: Message,
    calls: Vec<CallState>,
    reason: Option<FinishReason>,
    logprobs: Option<RawJson>,
}

#[derive(Clone, Debug)]
struct CallState {
    id: String,
    name: String,
    arguments: String,
    any_arguments: bool,
}

impl ReplyWriter {
    /// A reply with the host's identity and the call's model.
    #[must_use]
    pub fn new(call: &Call, identity: &ReplyIdentity) -> Self {
        let mode = match call.streaming {
            true => Mode::Stream { ready: Vec::new(), start: Vec::new() },
            false => Mode::Whole,
        };
        let tail = identity.id.len().saturating_sub(24);
        let call_base = identity.id.get(tail..).unwrap_or_default().to_owned();
        Self {
            id: identity.id.clone(),
            created: identity.created,
            model: call.model.clone(),
            call_base,
            mode,
            choices: Vec::new(),
            current: 0,
            usage: None,
            members: Object::new(),
        }
    }

    /// Takes the provider's own id and model over, where it gives them; to be called before
    /// anything else is written.
    pub fn identify(&mut self, id: Option<&str>, model: Option<&str>) {
        if let Some(id) = id.filter(|id| !id.is_empty()) {
            id.clone_into(&mut self.id);
        }
        if let Some(model) = model.filter(|model| !model.is_empty()) {
            model.clone_into(&mut self.model);
        }
    }

    /// Turns to the choice of an index. The first is 0, and nothing has to be said of it.
    pub fn choice(&mut self, index: u32) {
        let known = self.choices.iter().position(|choice| choice.index == index);
        self.current = known.unwrap_or_else(|| {
            self.choices.push(ChoiceState { index, ..ChoiceState::default() });
            self.choices.len() - 1
        });
    }

    /// Begins the choice: the chunk with the role goes out although there is no content yet.
    pub fn begin(&mut self) {
        let choice = self.state();
        if std::mem::replace(&mut choice.begun, true) {
            return;
        }
        choice.message.role = Role::Assistant;
        self.chunk(Delta {
            role: Some(Role::Assistant),
            content: Some(String::new()),
            ..Delta::default()
        });
    }

    /// Appends text.
    pub fn text(&mut self, text: &str) {
        self.begin();
        if self.is_stream() {
            if !text.is_empty() {
                self.chunk(Delta { content: Some(text.to_owned()), ..Delta::default() });
            }
            return;
        }
        match &mut self.state().message.content {
            Some(Content::Text(whole)) => whole.push_str(text),
            content => *content = Some(Content::Text(text.to_owned())),
        }
    }

    /// Appends to the reason why the model declines.
    pub fn refusal(&mut self, text: &str) {
        self.begin();
        if self.is_stream() {
            self.chunk(Delta { refusal: Some(text.to_owned()), ..Delta::default() });
        } else {
            self.state().message.refusal.get_or_insert_default().push_str(text);
        }
    }

    /// Appends reasoning of a provider that does not want it back: `reasoning_content` alone.
    pub fn reasoning_text(&mut self, text: &str) {
        self.begin();
        if self.is_stream() {
            self.chunk(Delta { reasoning_content: Some(text.to_owned()), ..Delta::default() });
        } else {
            self.state().message.reasoning_content.get_or_insert_default().push_str(text);
        }
    }

    /// Appends reasoning that can be given back: `reasoning_details`, and what is readable of it
    /// as `reasoning_content`. In a stream each fragment has the index of its piece.
    pub fn reasoning(&mut self, detail: ReasoningDetail) {
        self.begin();
        let readable = detail.text.as_ref().or(detail.summary.as_ref());
        let readable = readable.filter(|text| !text.is_empty()).cloned();
        if self.is_stream() {
            self.chunk(Delta {
                reasoning_content: readable,
                reasoning_details: Some(vec![detail]),
                ..Delta::default()
            });
            return;
        }
        let message = &mut self.state().message;
        if let Some(text) = readable {
            message.reasoning_content.get_or_insert_default().push_str(&text);
        }
        join_detail(message.reasoning_details.get_or_insert_default(), detail);
    }

    /// Begins a tool call and returns its index within the choice. Without an id of the
    /// provider's it gets one that no other reply has.
    pub fn begin_call(&mut self, id: Option<&str>, name: &str) -> u32 {
        self.begin();
        let choice = self.state();
        let (at, choice_index) = (choice.calls.len(), choice.index);
        let id = match id.filter(|id| !id.is_empty()) {
            Some(id) => id.to_owned(),
            None if choice_index == 0 => format!("call_{}_{at}", self.call_base),
            None => format!("call_{}_{choice_index}_{at}", self.call_base),
        };
        let call = CallState {
            id: id.clone(),
            name: name.to_owned(),
            arguments: String::new(),
            any_arguments: false,
        };
        self.state().calls.push(call);
        let index = u32::try_from(at).unwrap_or(u32::MAX);
        if self.is_stream() {
            let function = FunctionDelta {
                name: Some(name.to_owned()),
                arguments: Some(String::new()),
                ..FunctionDelta::default()
            };
            self.call_chunk(ToolCallDelta {
                index,
                id: Some(id),
                kind: Some("function".to_owned()),
                function: Some(function),
                ..ToolCallDelta::default()
            });
        }
        index
    }

    /// Appends a piece of a call's arguments, which join to a JSON text.
    pub fn arguments(&mut self, call: u32, fragment: &str) {
        let is_stream = self.is_stream();
        let Some(state) = self.state().calls.get_mut(call as usize) else { return };
        if fragment.is_empty() {
            return;
        }
        state.any_arguments = true;
        if is_stream {
            let function =
                FunctionDelta { arguments: Some(fragment.to_owned()), ..FunctionDelta::default() };
            self.call_chunk(ToolCallDelta {
                index: call,
                function: Some(function),
                ..ToolCallDelta::default()
            });
        } else {
            state.arguments.push_str(fragment);
        }
    }

    /// A whole tool call; `arguments` is JSON text.
    pub fn call(&mut self, id: Option<&str>, name: &str, arguments: &str) {
        let call = self.begin_call(id, name);
        self.arguments(call, arguments);
    }

    /// The id of a call that was begun.
    #[must_use]
    pub fn call_id(&self, call: u32) -> Option<&str> {
        let choice = self.choices.get(self.current)?;
        choice.calls.get(call as usize).map(|call| call.id.as_str())
    }

    /// Writes a member that canonical has no place for: into the delta, or into the message.
    pub fn member(&mut self, name: &str, value: RawJson) {
        self.begin();
        if self.is_stream() {
            let mut delta = Delta::default();
            delta.extra.insert_raw(name, value);
            self.chunk(delta);
        } else {
            self.state().message.extra.insert_raw(name, value);
        }
    }

    /// Writes a member of the reply itself: into every later chunk's place, the last one, or the
    /// document.
    pub fn reply_member(&mut self, name: &str, value: RawJson) {
        self.members.insert_raw(name, value);
    }

    /// Log probabilities, in canonical form. In a stream those of what is new.
    pub fn logprobs(&mut self, logprobs: RawJson) {
        self.begin();
        if self.is_stream() {
            let index = self.state().index;
            self.write(&ChunkChoice { index, logprobs: Some(logprobs), ..ChunkChoice::default() });
        } else {
            self.state().logprobs = Some(logprobs);
        }
    }

    /// Why the choice ended. Written by [`end`](Self::end).
    pub fn finish_reason(&mut self, reason: FinishReason) {
        self.state().reason = Some(reason);
    }

    /// What the provider counted. Written by [`end`](Self::end); a later count replaces it.
    pub fn usage(&mut self, usage: impl Into<Usage>) {
        self.usage = Some(usage.into());
    }

    /// Whether anything was written.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        self.choices.iter().any(|choice| choice.begun)
    }

    /// Whether a finish reason was given for the current choice.
    #[must_use]
    pub fn has_finish_reason(&self) -> bool {
        self.choices.get(self.current).is_some_and(|choice| choice.reason.is_some())
    }

    /// The chunks since the last time; nothing unless the call streams.
    pub fn take(&mut self) -> Vec<Document> {
        match &mut self.mode {
            Mode::Stream { ready, .. } => std::mem::take(ready),
            Mode::Whole => Vec::new(),
        }
    }

    /// Ends the reply: in a stream the last chunks, with finish reasons and usage; else the one
    /// document. A choice without a reason ends with `stop`, or `tool_calls`.
    #[must_use]
    pub fn end(mut self) -> Vec<Document> {
        if self.choices.is_empty() {
            self.choice(0);
        }
        if self.is_stream() {
            self.end_stream();
            self.take()
        } else {
            vec![self.whole()]
        }
    }

    fn end_stream(&mut self) {
        for at in 0..self.choices.len() {
            self.current = at;
            self.begin();
            let empty: Vec<u32> = (0..)
                .zip(&self.state().calls)
                .filter(|(_, call)| !call.any_arguments)
                .map(|(index, _)| index)
                .collect();
            for call in empty {
                self.arguments(call, "{}");
            }
            let choice = self.state();
            let (index, finish_reason) = (choice.index, Some(choice.final_reason()));
            self.write(&ChunkChoice { index, finish_reason, ..ChunkChoice::default() });
        }
        if self.usage.is_some() || !self.members.is_empty() {
            let last = ChatChunk {
                usage: self.usage.take(),
                extra: std::mem::take(&mut self.members),
                ..ChatChunk::new(&self.id, self.created, &self.model)
            };
            self.push(last.to_json());
        }
    }

    fn whole(&mut self) -> Document {
        let mut choices = std::mem::take(&mut self.choices);
        choices.sort_by_key(|choice| choice.index);
        ChatCompletion {
            choices: choices.into_iter().map(ChoiceState::whole).collect(),
            usage: self.usage.take(),
            extra: std::mem::take(&mut self.members),
            ..ChatCompletion::new(&self.id, self.created, &self.model)
        }
        .to_json()
    }

    fn is_stream(&self) -> bool {
        matches!(self.mode, Mode::Stream { .. })
    }

    fn state(&mut self) -> &mut ChoiceState {
        if self.choices.is_empty() {
            self.choice(0);
        }
        let at = self.current.min(self.choices.len() - 1);
        &mut self.choices[at]
    }

    fn call_chunk(&mut self, call: ToolCallDelta) {
        self.chunk(Delta { tool_calls: Some(vec![call]), ..Delta::default() });
    }

    fn chunk(&mut self, delta: Delta) {
        let index = self.state().index;
        self.write(&ChunkChoice { index, delta, ..ChunkChoice::default() });
    }

    /// Writes a chunk with one choice. All start alike, so the start is written once.
    fn write(&mut self, choice: &ChunkChoice) {
        let Mode::Stream { ready, start } = &mut self.mode else { return };
        if start.is_empty() {
            let empty = ChatChunk::new(&self.id, self.created, &self.model).to_json();
            let end = b"]}";
            start.extend_from_slice(empty.strip_suffix(end).unwrap_or(&empty));
        }
        let choice = choice.to_json();
        let mut document = Vec::with_capacity(start.len() + choice.len() + 2);
        document.extend_from_slice(start);
        document.extend_from_slice(&choice);
        document.extend_from_slice(b"]}");
        ready.push(document);
    }

    fn push(&mut self, document: Document) {
        if let Mode::Stream { ready, .. } = &mut self.mode {
            ready.push(document);
        }
    }
}

impl ChoiceState {
    fn final_reason(&self) -> FinishReason {
        match &self.reason {
            None | Some(FinishReason::Stop) if !self.calls.is_empty() => FinishReason::ToolCalls,
            None => FinishReason::Stop,
            Some(reason) => reason.clone(),
        }
    }

    fn whole(mut self) -> Choice {
        let finish_reason = Some(self.final_reason());
        let mut message = std::mem::take(&mut self.message);
        message.role = Role::Assistant;
        if message.content.is_none() && self.calls.is_empty() && message.refusal.is_none() {
            message.content = Some(Content::Text(String::new()));
        }
        if !self.calls.is_empty() {
            message.tool_calls = Some(self.calls.into_iter().map(CallState::whole).collect());
        }
        Choice {
            index: self.index,
            message,
            finish_reason,
            logprobs: self.logprobs,
            ..Choice::default()
        }
    }
}

impl CallState {
    fn whole(self) -> ToolCall {
        let arguments = if self.any_arguments { self.arguments } else { "{}".to_owned() };
        let function = FunctionCall { name: self.name, arguments, ..FunctionCall::default() };
        ToolCall {
            id: Some(self.id),
            kind: Some("function".to_owned()),
            function: Some(function),
            ..ToolCall::default()
        }
    }
}

/// Appends a fragment to the piece of its index, or begins a new piece. Fragments of one piece
/// have the same kind and index; opaque data is never joined.
pub fn join_detail(details: &mut Vec<ReasoningDetail>, fragment: ReasoningDetail) {
    let is_same = |last: &&mut ReasoningDetail| {
        last.kind == fragment.kind
            && last.index.is_some()
            && last.index == fragment.index
            && fragment.kind != ReasoningDetail::ENCRYPTED
    };
    let Some(last) = details.last_mut().filter(is_same) else {
        details.push(fragment);
        return;
    };
    append(&mut last.text, fragment.text);
    append(&mut last.summary, fragment.summary);
    append(&mut last.signature, fragment.signature);
    last.id = last.id.take().or(fragment.id);
}

fn append(whole: &mut Option<String>, fragment: Option<String>) {
    if let Some(fragment) = fragment {
        whole.get_or_insert_default().push_str(&fragment);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing;

    fn writer(streaming: bool) -> ReplyWriter {
        let call = if streaming { testing::chat_stream("m") } else { testing::chat("m") };
        ReplyWriter::new(&call, &testing::identity())
    }

    fn values(documents: Vec<Document>) -> Vec<Value> {
        documents.iter().map(|document| serde_json::from_slice(document).unwrap()).collect()
    }

    fn thought(text: &str, signature: Option<&str>) -> ReasoningDetail {
        ReasoningDetail {
            index: Some(0),
            signature: signature.map(Into::into),
            ..ReasoningDetail::of_text(ReasoningDetail::ANTHROPIC, text)
        }
    }

    fn say_everything(reply: &mut ReplyWriter) {
        reply.reasoning(thought("hm", None));
        reply.reasoning(thought("", Some("sig")));
        reply.text("a");
        reply.text("b");
        let first = reply.begin_call(Some("c1"), "f");
        let second = reply.begin_call(None, "g");
        reply.arguments(first, "{\"x\":");
        reply.arguments(first, "1}");
        assert_eq!(second, 1);
        reply.finish_reason(FinishReason::Stop);
        reply.usage(crate::reply::TokenUsage {
            prompt_tokens: 1,
            completion_tokens: 2,
            total_tokens: 3,
            ..Default::default()
        });
    }

    #[test]
    fn a_whole_reply_has_everything_once() {
        let mut reply = writer(false);
        say_everything(&mut reply);
        assert!(reply.take().is_empty());
        let document = values(reply.end()).remove(0);
        let message = &document["choices"][0]["message"];
        assert_eq!(message["content"], "ab");
        assert_eq!(message["reasoning_content"], "hm");
        let detail = json!([{"type": "reasoning.text", "text": "hm", "signature": "sig",
            "format": "anthropic-claude-v1", "index": 0}]);
        assert_eq!(message["reasoning_details"], detail);
        assert_eq!(message["tool_calls"][0]["function"]["arguments"], "{\"x\":1}");
        assert_eq!(message["tool_calls"][1]["function"]["arguments"], "{}");
        assert_eq!(message["tool_calls"][1]["id"], "call_chatcmpl-test_1");
        assert_eq!(document["choices"][0]["finish_reason"], "tool_calls");
        assert_eq!(document["usage"]["total_tokens"], 3);
    }

    #[test]
    fn a_stream_joins_to_the_whole_reply() {
        let mut reply = writer(true);
        say_everything(&mut reply);
        let mut chunks = values(reply.take());
        chunks.extend(values(reply.end()));
        assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
        let roles = chunks.iter().filter(|chunk| chunk.pointer("/choices/0/delta/role").is_some());
        assert_eq!(roles.count(), 1);
        let join = |path: &str| {
            chunks.iter().filter_map(|chunk| chunk.pointer(path)?.as_str()).collect::<String>()
        };
        assert_eq!(join("/choices/0/delta/content"), "ab");
        assert_eq!(join("/choices/0/delta/reasoning_content"), "hm");
        let calls: Vec<_> = chunks
            .iter()
            .filter_map(|chunk| chunk.pointer("/choices/0/delta/tool_calls/0"))
            .collect();
        let of = |index: u64| {
            calls
                .iter()
                .filter(|call| call["index"] == index)
                .filter_map(|call| call["function"]["arguments"].as_str())
                .collect::<String>()
        };
        assert_eq!((of(0).as_str(), of(1).as_str()), ("{\"x\":1}", "{}"));
        let reasons: Vec<_> = chunks
            .iter()
            .filter_map(|chunk| chunk.pointer("/choices/0/finish_reason")?.as_str())
            .collect();
        assert_eq!(reasons, ["tool_calls"]);
        let last = chunks.last().unwrap();
        assert_eq!(last["choices"], json!([]));
        assert_eq!(last["usage"]["total_tokens"], 3);
    }

    #[test]
    fn only_calls_leave_the_content_null_and_nothing_leaves_it_empty() {
        let mut reply = writer(false);
        reply.call(None, "f", "");
        let document = values(reply.end()).remove(0);
        assert_eq!(document["choices"][0]["message"]["content"], Value::Null);
        let document = values(writer(false).end()).remove(0);
        assert_eq!(document["choices"][0]["message"]["content"], "");
        assert_eq!(document["choices"][0]["finish_reason"], "stop");
    }

    #[test]
    fn choices_keep_their_indices() {
        let mut reply = writer(true);
        reply.choice(1);
        reply.text("b");
        reply.choice(0);
        reply.text("a");
        let chunks = values(reply.end());
        let texts: Vec<_> = chunks
            .iter()
            .filter_map(|chunk| {
                let text = chunk.pointer("/choices/0/delta/content")?.as_str()?;
                Some((chunk["choices"][0]["index"].as_u64()?, text.to_owned()))
            })
            .filter(|(_, text)| !text.is_empty())
            .collect();
        assert_eq!(texts, [(1, "b".to_owned()), (0, "a".to_owned())]);
        assert_eq!(chunks.len(), 6, "two roles, two texts, two ends");
    }
}
