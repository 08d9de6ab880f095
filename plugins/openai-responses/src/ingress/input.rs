//! `instructions` and `input` as messages.
//!
//! What the model said in one turn is several items here, reasoning, messages and calls, and one
//! message of a chat: consecutive items of the model's are joined.

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::chat::{Content, FunctionCall, Message, Part, Role, ToolCall};
use patchbay_sdk::canonical::{JsonKind, Object, Problem, RawJson};

use super::{content, left_over, object_at, set, take, take_required, under};
use crate::reasoning::{self, ReasoningItem};

/// Takes the messages.
pub(super) fn messages(request: &mut Object) -> Result<Vec<Message>, Failure> {
    let mut conversation = Conversation::default();
    if let Some(instructions) = take::<String>(request, "instructions", "")? {
        // Servers know `system` that do not know `developer`, its successor.
        conversation.add(Message::text(Role::System, instructions));
    }
    let input: RawJson = take_required(request, "input", "")?;
    match input.kind() {
        JsonKind::String => {
            let text: String = input.parse().map_err(|problem| under("input", problem))?;
            conversation.add(Message::text(Role::User, text));
        }
        JsonKind::Array => {
            let items: Vec<RawJson> = input.parse().map_err(|problem| under("input", problem))?;
            if items.is_empty() {
                return Err(Failure::invalid_request("input", "input must not be empty"));
            }
            for (index, raw) in items.iter().enumerate() {
                let path = format!("input[{index}]");
                conversation.add_item(object_at(raw, &path)?, &path)?;
            }
        }
        other => {
            let problem = format!("must be a string or an array of items, not {other}");
            return Err(under("input", Problem::whole(problem)));
        }
    }
    Ok(conversation.end())
}

#[derive(Default)]
struct Conversation {
    messages: Vec<Message>,
    /// What the model says in the turn that is being read.
    turn: Option<Message>,
}

impl Conversation {
    fn add(&mut self, message: Message) {
        self.end_turn();
        self.messages.push(message);
    }

    fn end(mut self) -> Vec<Message> {
        self.end_turn();
        self.messages
    }

    fn end_turn(&mut self) {
        let Some(mut turn) = self.turn.take() else { return };
        reasoning::number(turn.reasoning_details.iter_mut().flatten());
        self.messages.push(turn);
    }

    fn turn(&mut self) -> &mut Message {
        self.turn.get_or_insert_with(|| Message { role: Role::Assistant, ..Message::default() })
    }

    fn add_item(&mut self, mut item: Object, path: &str) -> Result<(), Failure> {
        let kind = take::<String>(&mut item, "type", path)?;
        let is_message = item.get_raw("role").is_some();
        match kind.as_deref() {
            Some("message") => self.add_message(item, path),
            None if is_message => self.add_message(item, path),
            Some("function_call") => self.add_call(item, path),
            Some("custom_tool_call") => self.add_custom_call(item, path),
            Some("function_call_output" | "custom_tool_call_output") => self.add_result(item, path),
            Some("reasoning") => self.add_reasoning(item, path),
            Some("item_reference") | None => Err(Failure::invalid_request(
                path,
                format!("{path} refers to a stored item, and nothing is stored: send the item"),
            )),
            Some(other) => Err(unknown_item(other, path)),
        }
    }

    /// A message of any role. Ids and states of items mean nothing here.
    fn add_message(&mut self, mut item: Object, path: &str) -> Result<(), Failure> {
        let role: Role = take_required::<String>(&mut item, "role", path)?.into();
        let raw: RawJson = take_required(&mut item, "content", path)?;
        let content = content::read(&raw, &format!("{path}.content"))?;
        let extra = without_state(item);
        if role != Role::Assistant {
            let content = Some(without_wrapping(content));
            self.add(Message { role, content, extra, ..Message::default() });
            return Ok(());
        }
        let turn = self.turn();
        for (name, value) in extra {
            turn.extra.insert_raw(&name, value);
        }
        let parts = match content {
            Content::Text(text) => vec![Part::of_text(text)],
            Content::Parts(parts) => parts,
        };
        for part in parts {
            match part.refusal {
                Some(refusal) => turn.refusal.get_or_insert_default().push_str(&refusal),
                None => append(&mut turn.content, part),
            }
        }
        Ok(())
    }

    fn add_call(&mut self, mut item: Object, path: &str) -> Result<(), Failure> {
        let id: String = take_required(&mut item, "call_id", path)?;
        let function = FunctionCall {
            name: take_required(&mut item, "name", path)?,
            arguments: take(&mut item, "arguments", path)?.unwrap_or_default(),
            ..FunctionCall::default()
        };
        self.push_call(ToolCall {
            id: Some(id),
            kind: Some("function".to_owned()),
            function: Some(function),
            extra: without_state(item),
        });
        Ok(())
    }

    fn add_custom_call(&mut self, mut item: Object, path: &str) -> Result<(), Failure> {
        let id: String = take_required(&mut item, "call_id", path)?;
        let mut custom = Object::new();
        for name in ["name", "input"] {
            set(&mut custom, name, &take_required::<String>(&mut item, name, path)?);
        }
        let mut extra = without_state(item);
        set(&mut extra, "custom", &custom);
        let kind = Some("custom".to_owned());
        self.push_call(ToolCall { id: Some(id), kind, function: None, extra });
        Ok(())
    }

    fn push_call(&mut self, call: ToolCall) {
        self.turn().tool_calls.get_or_insert_default().push(call);
    }

    fn add_result(&mut self, mut item: Object, path: &str) -> Result<(), Failure> {
        let id: String = take_required(&mut item, "call_id", path)?;
        let raw: RawJson = take_required(&mut item, "output", path)?;
        let content = content::read(&raw, &format!("{path}.output"))?;
        self.add(Message {
            role: Role::Tool,
            content: Some(without_wrapping(content)),
            tool_call_id: Some(id),
            extra: without_state(item),
            ..Message::default()
        });
        Ok(())
    }

    fn add_reasoning(&mut self, mut item: Object, path: &str) -> Result<(), Failure> {
        let item = ReasoningItem {
            id: take(&mut item, "id", path)?,
            summary: take(&mut item, "summary", path)?,
            content: take(&mut item, "content", path)?,
            encrypted_content: take(&mut item, "encrypted_content", path)?,
        };
        let readable = item.readable();
        let details = item.details();
        let turn = self.turn();
        if let Some(text) = readable {
            let whole = turn.reasoning_content.get_or_insert_default();
            if !whole.is_empty() {
                whole.push_str("\n\n");
            }
            whole.push_str(&text);
        }
        if !details.is_empty() {
            turn.reasoning_details.get_or_insert_default().extend(details);
        }
        Ok(())
    }
}

/// The members that are neither read nor a matter of the server that wrote the item.
fn without_state(mut item: Object) -> Object {
    for name in ["id", "status"] {
        item.remove(name);
    }
    left_over(item)
}

/// One plain part as the text that it is: every server reads that.
fn without_wrapping(content: Content) -> Content {
    match content {
        Content::Parts(parts) => match <[Part; 1]>::try_from(parts) {
            Ok([Part { text: Some(text), extra, .. }]) if extra.is_empty() => Content::Text(text),
            Ok([part]) => Content::Parts(vec![part]),
            Err(parts) => Content::Parts(parts),
        },
        text @ Content::Text(_) => text,
    }
}

/// Appends a part; a single plain one stays a text.
fn append(content: &mut Option<Content>, part: Part) {
    *content = Some(match content.take() {
        None => without_wrapping(Content::Parts(vec![part])),
        Some(Content::Text(text)) => Content::Parts(vec![Part::of_text(text), part]),
        Some(Content::Parts(mut parts)) => {
            parts.push(part);
            Content::Parts(parts)
        }
    });
}

fn unknown_item(kind: &str, path: &str) -> Failure {
    let kind: String = kind.chars().take(64).collect();
    let message = format!(
        "items of the type {kind:?} belong to tools or functions of OpenAI's servers that are not \
         offered here: send messages, function and custom tool calls, their outputs and reasoning"
    );
    Failure::invalid_request(&format!("{path}.type"), message)
}
