//! OpenAI's responses.

use openai_responses::OpenAiResponses;
use patchbay_sdk::testing::decode;
use patchbay_sdk::{CallerFailure, Decoded, Failure};
use serde_json::{Value, json};

use crate::caller::{Answer, Caller, Event, Question, Turn, fail_with, reply_with};
use crate::conversation::{Ending, Item, Lack, Tokens, list, parsed, schema, text, tools};

pub(crate) struct Responses;

impl Caller for Responses {
    fn name(&self) -> &'static str {
        "openai-responses"
    }

    fn lacks(&self) -> &'static [Lack] {
        &[]
    }

    fn request(&self, question: &Question) -> Value {
        let mut request = json!({"model": "little-1", "input": input(&question.turns)});
        if question.tools {
            let tool = |(name, schema)| json!({"type": "function", "name": name, "parameters": schema, "strict": false});
            request["tools"] = tools().into_iter().map(tool).collect();
        }
        if question.schema {
            request["text"]["format"] = json!({"type": "json_schema", "name": "answer", "schema": schema(), "strict": true});
        }
        if question.streaming {
            request["stream"] = true.into();
        }
        request
    }

    fn decode(&self, request: &Value) -> Result<(Decoded, Value), Failure> {
        decode::<OpenAiResponses>("/v1/responses", request)
    }

    fn reply(
        &self,
        decoded: &Decoded,
        documents: &[Value],
        failure: Option<CallerFailure>,
    ) -> Result<Vec<u8>, Failure> {
        reply_with::<OpenAiResponses>(decoded, documents, failure)
    }

    fn fail(&self, failure: &CallerFailure) -> Value {
        fail_with::<OpenAiResponses>(failure)
    }

    fn read_whole(&self, reply: &Value) -> Answer {
        let items: Vec<Item> = list(&reply["output"]).flat_map(said).collect();
        let called = items.iter().any(|item| matches!(item, Item::Call { .. }));
        Answer {
            ending: match reply["status"].as_str() {
                Some("completed") if called => Some(Ending::Calls),
                Some("completed") => Some(Ending::Done),
                Some("incomplete") => cut_off(&reply["incomplete_details"]),
                _ => None,
            },
            items,
            tokens: tokens(&reply["usage"]),
            kept: reply["output"].clone(),
            clean: reply["error"].is_null(),
            error: reply["error"]["message"].as_str().map(str::to_owned),
        }
    }

    /// The last event has the whole response; the deltas before it must join to the same text.
    fn read_stream(&self, events: &[Event]) -> Answer {
        let mut told = String::new();
        for (number, Event { name, data }) in events.iter().enumerate() {
            assert_eq!(name.as_deref(), data["type"].as_str(), "an event's name");
            assert_eq!(data["sequence_number"], number, "events are numbered");
            if data["type"] == "response.output_text.delta" {
                told.push_str(data["delta"].as_str().unwrap_or_default());
            }
        }
        let last = events.last().map(|event| event.data.clone()).unwrap_or_default();
        let answer = self.read_whole(&last["response"]);
        let said: String = answer.items.iter().filter_map(said_text).collect();
        match last["type"].as_str() {
            Some("response.completed" | "response.incomplete") => assert_eq!(told, said),
            Some("response.failed") => {
                return Answer { items: told_items(&told), ..answer };
            }
            other => assert_eq!(other, Some("response.failed"), "how a stream ends"),
        }
        answer
    }
}

fn told_items(told: &str) -> Vec<Item> {
    Some(Item::said(told)).filter(|_| !told.is_empty()).into_iter().collect()
}

fn said_text(item: &Item) -> Option<&str> {
    match item {
        Item::Said(text) => Some(text),
        _ => None,
    }
}

fn input(turns: &[Turn]) -> Value {
    let mut input: Vec<Value> = Vec::new();
    for turn in turns {
        let message = |role: &str, text: &str| json!({"role": role, "content": text});
        match turn {
            Turn::Answer(answer) => input.extend(list(&answer.kept).cloned()),
            Turn::Item(Item::System(text)) => input.push(message("developer", text)),
            Turn::Item(Item::User(text)) => input.push(message("user", text)),
            Turn::Item(Item::Said(text)) => input.push(message("assistant", text)),
            Turn::Item(Item::Result { id, text }) => {
                input.push(json!({"type": "function_call_output", "call_id": id, "output": text}));
            }
            Turn::Item(Item::Image(base64)) => {
                let last = input.last_mut().expect("images follow a text");
                let url = format!("data:image/png;base64,{base64}");
                last["content"] = json!([{"type": "input_text", "text": last["content"]},
                                         {"type": "input_image", "image_url": url}]);
            }
            Turn::Item(other) => assert!(other.needs().is_none(), "only an answer has {other:?}"),
        }
    }
    input.into()
}

fn said(item: &Value) -> Vec<Item> {
    let joined = |parts: &Value| list(parts).map(|part| text(&part["text"])).collect::<String>();
    match item["type"].as_str().unwrap_or_default() {
        "message" => vec![Item::Said(joined(&item["content"]))],
        "reasoning" => {
            let readable = joined(&item["content"]) + &joined(&item["summary"]);
            Some(Item::Thought(readable))
                .filter(|it| *it != Item::Thought(String::new()))
                .into_iter()
                .collect()
        }
        "function_call" => vec![Item::Call {
            id: text(&item["call_id"]),
            name: text(&item["name"]),
            arguments: parsed(&item["arguments"]),
        }],
        _ => Vec::new(),
    }
}

fn cut_off(details: &Value) -> Option<Ending> {
    (details["reason"] == "max_output_tokens").then_some(Ending::CutOff)
}

fn tokens(usage: &Value) -> Option<Tokens> {
    let count = |path: &str| usage.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    usage.is_object().then(|| Tokens {
        input: count("/input_tokens"),
        cached: count("/input_tokens_details/cached_tokens"),
        output: count("/output_tokens"),
        reasoning: count("/output_tokens_details/reasoning_tokens"),
    })
}
