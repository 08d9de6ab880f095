//! OpenAI's chat completions: canonical itself, framed by the host.

use openai_api::{ErrorBody, sse};
use patchbay_sdk::{CallerFailure, Decoded, Failure};
use serde_json::{Map, Value, json};

use crate::caller::{Answer, Caller, Event, Question, Turn};
use crate::conversation::{Ending, Item, Lack, Tokens, list, parsed, schema, text, tools};

pub(crate) struct Canonical;

impl Caller for Canonical {
    fn name(&self) -> &'static str {
        "canonical"
    }

    fn lacks(&self) -> &'static [Lack] {
        &[]
    }

    fn request(&self, question: &Question) -> Value {
        let mut request = json!({"model": "little-1", "messages": messages(&question.turns)});
        if question.tools {
            let tool = |(name, parameters)| json!({"type": "function", "function": {"name": name, "parameters": parameters}});
            request["tools"] = tools().into_iter().map(tool).collect();
        }
        if question.schema {
            let format = json!({"name": "answer", "schema": schema(), "strict": true});
            request["response_format"] = json!({"type": "json_schema", "json_schema": format});
        }
        if question.streaming {
            request["stream"] = true.into();
        }
        request
    }

    fn decode(&self, request: &Value) -> Result<(Decoded, Value), Failure> {
        let streaming = request["stream"] == true;
        let body = request.to_string().into_bytes();
        Ok((Decoded::new("chat", text(&request["model"]), streaming, body), request.clone()))
    }

    fn reply(
        &self,
        decoded: &Decoded,
        documents: &[Value],
        failure: Option<CallerFailure>,
    ) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        if !decoded.streaming {
            return Ok(documents.iter().map(Value::to_string).collect::<String>().into_bytes());
        }
        for document in documents {
            sse::write_event(document.to_string().as_bytes(), &mut bytes);
        }
        match failure {
            None => bytes.extend(sse::DONE),
            Some(failure) => sse::write_event(&error(&failure), &mut bytes),
        }
        Ok(bytes)
    }

    fn fail(&self, failure: &CallerFailure) -> Value {
        serde_json::from_slice(&error(failure)).expect("failures are JSON")
    }

    fn read_whole(&self, reply: &Value) -> Answer {
        let choice = &reply["choices"][0];
        Answer {
            items: said(&choice["message"]),
            ending: ending(&choice["finish_reason"]),
            tokens: tokens(&reply["usage"]),
            kept: choice["message"].clone(),
            clean: reply["error"].is_null(),
            error: reply["error"]["message"].as_str().map(str::to_owned),
        }
    }

    fn read_stream(&self, events: &[Event]) -> Answer {
        let mut reply = json!({"choices": [{"message": {}, "finish_reason": null}]});
        let done = events.last().is_some_and(|event| event.data.is_null());
        for Event { data, .. } in events {
            let choice = &mut reply["choices"][0];
            join(&mut choice["message"], &data["choices"][0]["delta"]);
            if let Value::String(_) = data["choices"][0]["finish_reason"] {
                assert!(choice["finish_reason"].is_null(), "two finish reasons");
                choice["finish_reason"] = data["choices"][0]["finish_reason"].clone();
            }
            for name in ["usage", "error"] {
                if data[name].is_object() {
                    reply[name] = data[name].clone();
                }
            }
        }
        // Indices of calls are the stream's, not the message's.
        let message = &mut reply["choices"][0]["message"];
        for call in message["tool_calls"].as_array_mut().into_iter().flatten() {
            call.as_object_mut().expect("calls are objects").remove("index");
        }
        let answer = self.read_whole(&reply);
        Answer { clean: done, ..answer }
    }
}

/// The members of an error.
fn error(failure: &CallerFailure) -> Vec<u8> {
    ErrorBody {
        message: failure.message.as_str().into(),
        kind: failure.error_type.as_str().into(),
        param: None,
        code: None,
    }
    .to_json()
}

/// One message for each turn; what the user says at once is one message.
fn messages(turns: &[Turn]) -> Value {
    let mut messages: Vec<Value> = Vec::new();
    for turn in turns {
        let message = match turn {
            Turn::Answer(answer) => answer.kept.clone(),
            Turn::Item(Item::System(text)) => json!({"role": "system", "content": text}),
            Turn::Item(Item::User(text)) => json!({"role": "user", "content": text}),
            Turn::Item(Item::Said(text)) => json!({"role": "assistant", "content": text}),
            Turn::Item(Item::Result { id, text }) => {
                json!({"role": "tool", "tool_call_id": id, "content": text})
            }
            Turn::Item(Item::Image(base64)) => {
                let last = messages.last_mut().expect("images follow a text");
                let url = format!("data:image/png;base64,{base64}");
                last["content"] = json!([{"type": "text", "text": last["content"]},
                                         {"type": "image_url", "image_url": {"url": url}}]);
                continue;
            }
            Turn::Item(other) => {
                assert!(other.needs().is_none(), "only an answer has {other:?}");
                continue;
            }
        };
        messages.push(message);
    }
    messages.into()
}

/// What an assistant's message says. Its proofs are left out.
fn said(message: &Value) -> Vec<Item> {
    let some = |name: &str| message[name].as_str().filter(|text| !text.is_empty());
    let mut items: Vec<Item> = Vec::new();
    items.extend(some("reasoning_content").map(|text| Item::Thought(text.to_owned())));
    items.extend(some("content").map(Item::said));
    for call in list(&message["tool_calls"]) {
        let function = &call["function"];
        let (id, name) = (text(&call["id"]), text(&function["name"]));
        items.push(Item::Call { id, name, arguments: parsed(&function["arguments"]) });
    }
    items
}

fn ending(reason: &Value) -> Option<Ending> {
    match reason.as_str()? {
        "stop" => Some(Ending::Done),
        "tool_calls" => Some(Ending::Calls),
        "length" => Some(Ending::CutOff),
        _ => None,
    }
}

fn tokens(usage: &Value) -> Option<Tokens> {
    let count = |path: &str| usage.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    usage.is_object().then(|| Tokens {
        input: count("/prompt_tokens"),
        cached: count("/prompt_tokens_details/cached_tokens"),
        output: count("/completion_tokens"),
        reasoning: count("/completion_tokens_details/reasoning_tokens"),
    })
}

/// Joins a delta to a message, as clients do: texts are appended, what has an index is joined with
/// its like, other values replace.
fn join(message: &mut Value, delta: &Value) {
    for (name, value) in delta.as_object().unwrap_or(&Map::new()) {
        match value {
            Value::String(more)
                if ["role", "id", "type", "name", "format"].contains(&name.as_str()) =>
            {
                message[name] = more.clone().into();
            }
            Value::String(more) => message[name] = (text(&message[name]) + more).into(),
            Value::Object(_) => {
                if message[name].is_null() {
                    message[name] = json!({});
                }
                join(&mut message[name], value);
            }
            Value::Array(pieces) => join_pieces(&mut message[name], pieces),
            Value::Null => {}
            other => message[name] = other.clone(),
        }
    }
}

fn join_pieces(list: &mut Value, pieces: &[Value]) {
    if list.is_null() {
        *list = json!([]);
    }
    let list = list.as_array_mut().expect("a list stays one");
    for piece in pieces {
        let known =
            list.iter_mut().find(|it| !piece["index"].is_null() && it["index"] == piece["index"]);
        match known {
            Some(known) => join(known, piece),
            None => list.push(piece.clone()),
        }
    }
}
