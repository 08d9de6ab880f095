//! Google's generateContent.

use gemini_dialect::Gemini;
use patchbay_sdk::canonical::chat::ReasoningDetail;
use serde_json::Value;

use crate::conversation::{Item, Lack, list, text};
use crate::provider::{Dialect, Provider, data_events};

/// What the dialect puts where another model's call has no signature: no proof of anybody's.
const NO_PROOF: &str = "skip_thought_signature_validator";

pub(crate) struct Google;

impl Provider for Google {
    fn name(&self) -> &'static str {
        "gemini"
    }

    fn lacks(&self) -> &'static [Lack] {
        // The signature stands for the thoughts, which are summaries for people.
        &[Lack::ThoughtsBack]
    }

    fn dialect(&self) -> Dialect {
        Dialect::of::<Gemini>()
    }

    fn model(&self) -> &'static str {
        "gemini-3-flash-preview"
    }

    fn proofs(&self) -> Option<&'static str> {
        Some(ReasoningDetail::GEMINI)
    }

    fn items(&self, body: &Value) -> Vec<Item> {
        let system = list(&body["systemInstruction"]["parts"]);
        let system = system.map(|part| Item::System(text(&part["text"])));
        let contents = list(&body["contents"]).flat_map(|content| {
            let is_user = content["role"] == "user";
            list(&content["parts"]).flat_map(move |it| part(it, is_user))
        });
        system.chain(contents).collect()
    }

    fn tools(&self, body: &Value) -> Vec<(String, Value)> {
        let tools = list(&body["tools"]).flat_map(|tool| list(&tool["functionDeclarations"]));
        tools.map(|tool| (text(&tool["name"]), tool["parametersJsonSchema"].clone())).collect()
    }

    fn schema(&self, body: &Value) -> Option<Value> {
        body.pointer("/generationConfig/responseJsonSchema").cloned()
    }

    fn stream(&self, events: &Value) -> Vec<u8> {
        data_events(events)
    }
}

fn part(part: &Value, is_user: bool) -> Vec<Item> {
    let (call, result) = (&part["functionCall"], &part["functionResponse"]);
    let proof = part["thoughtSignature"].as_str().filter(|proof| *proof != NO_PROOF);
    let mut items: Vec<Item> = proof.map(|it| Item::Proof(it.to_owned())).into_iter().collect();
    if let Some(text) = part["text"].as_str().map(str::to_owned) {
        items.push(if is_user { Item::User(text) } else { Item::Said(text) });
    } else if call.is_object() {
        let (id, name) = (text(&call["id"]), text(&call["name"]));
        items.push(Item::Call { id, name, arguments: call["args"].clone() });
    } else if result.is_object() {
        let said = text(&result["response"]["output"]);
        items.push(Item::Result { id: text(&result["id"]), text: said });
    } else {
        items.push(Item::Image(text(&part["inlineData"]["data"])));
    }
    items
}
