//! OpenAI's legacy completions: one text in, one text out.

use openai_completions::OpenAiCompletions;
use patchbay_sdk::testing::decode;
use patchbay_sdk::{CallerFailure, Decoded, Failure};
use serde_json::{Value, json};

use crate::caller::{Answer, Caller, Event, Question, Turn, fail_with, reply_with};
use crate::conversation::{Ending, Item, Lack, Tokens, text};

pub(crate) struct Completions;

impl Caller for Completions {
    fn name(&self) -> &'static str {
        "openai-completions"
    }

    fn lacks(&self) -> &'static [Lack] {
        &[Lack::Turns, Lack::Images, Lack::Calls, Lack::Thoughts, Lack::Proofs, Lack::Schema]
    }

    fn request(&self, question: &Question) -> Value {
        let prompt = question.turns.iter().find_map(|turn| match turn {
            Turn::Item(Item::User(text)) => Some(text.as_str()),
            _ => None,
        });
        let mut request = json!({"model": "little-1", "prompt": prompt, "max_tokens": 1024});
        if question.streaming {
            request["stream"] = true.into();
            request["stream_options"] = json!({"include_usage": true});
        }
        request
    }

    fn decode(&self, request: &Value) -> Result<(Decoded, Value), Failure> {
        decode::<OpenAiCompletions>("/v1/completions", request)
    }

    fn reply(
        &self,
        decoded: &Decoded,
        documents: &[Value],
        failure: Option<CallerFailure>,
    ) -> Result<Vec<u8>, Failure> {
        reply_with::<OpenAiCompletions>(decoded, documents, failure)
    }

    fn fail(&self, failure: &CallerFailure) -> Value {
        fail_with::<OpenAiCompletions>(failure)
    }

    fn read_whole(&self, reply: &Value) -> Answer {
        let choice = &reply["choices"][0];
        let said = text(&choice["text"]);
        Answer {
            items: Some(said).filter(|text| !text.is_empty()).map(Item::Said).into_iter().collect(),
            ending: match choice["finish_reason"].as_str() {
                Some("stop") => Some(Ending::Done),
                Some("length") => Some(Ending::CutOff),
                _ => None,
            },
            tokens: tokens(&reply["usage"]),
            kept: Value::Null,
            clean: reply["error"].is_null(),
            error: reply["error"]["message"].as_str().map(str::to_owned),
        }
    }

    fn read_stream(&self, events: &[Event]) -> Answer {
        let mut reply = json!({"choices": [{"text": "", "finish_reason": null}]});
        let done = events.last().is_some_and(|event| event.data.is_null());
        for Event { data, .. } in events {
            let (choice, new) = (&mut reply["choices"][0], &data["choices"][0]);
            choice["text"] = (text(&choice["text"]) + &text(&new["text"])).into();
            if new["finish_reason"].is_string() {
                choice["finish_reason"] = new["finish_reason"].clone();
            }
            for name in ["usage", "error"] {
                if data[name].is_object() {
                    reply[name] = data[name].clone();
                }
            }
        }
        let answer = self.read_whole(&reply);
        Answer { clean: done, ..answer }
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
