//! Amazon Bedrock's Converse, with a model of Anthropic's.

use bedrock_converse::BedrockConverse;
use patchbay_sdk::canonical::chat::ReasoningDetail;
use patchbay_sdk::testing::aws_events;
use serde_json::Value;

use crate::conversation::{Item, Lack, list, parsed, text};
use crate::provider::{Dialect, Provider};

pub(crate) struct Bedrock;

impl Provider for Bedrock {
    fn name(&self) -> &'static str {
        "bedrock-converse"
    }

    fn lacks(&self) -> &'static [Lack] {
        &[Lack::ReasoningUsage]
    }

    fn dialect(&self) -> Dialect {
        Dialect::of::<BedrockConverse>()
    }

    fn model(&self) -> &'static str {
        "anthropic.claude-opus-4-6-v1"
    }

    fn proofs(&self) -> Option<&'static str> {
        Some(ReasoningDetail::ANTHROPIC)
    }

    fn items(&self, body: &Value) -> Vec<Item> {
        let system = list(&body["system"]).map(|block| Item::System(text(&block["text"])));
        let messages = list(&body["messages"]).flat_map(|message| {
            let is_user = message["role"] == "user";
            list(&message["content"]).flat_map(move |it| block(it, is_user))
        });
        system.chain(messages).collect()
    }

    fn tools(&self, body: &Value) -> Vec<(String, Value)> {
        let tools = list(&body["toolConfig"]["tools"]).map(|tool| &tool["toolSpec"]);
        tools.map(|tool| (text(&tool["name"]), tool["inputSchema"]["json"].clone())).collect()
    }

    fn schema(&self, body: &Value) -> Option<Value> {
        let schema = body.pointer("/outputConfig/textFormat/structure/jsonSchema/schema")?;
        Some(parsed(schema))
    }

    fn stream(&self, events: &Value) -> Vec<u8> {
        aws_events(events)
    }
}

fn block(block: &Value, is_user: bool) -> Vec<Item> {
    let (call, result) = (&block["toolUse"], &block["toolResult"]);
    let thought = &block["reasoningContent"]["reasoningText"];
    if let Some(text) = block["text"].as_str().map(str::to_owned) {
        vec![if is_user { Item::User(text) } else { Item::Said(text) }]
    } else if call.is_object() {
        let (id, name) = (text(&call["toolUseId"]), text(&call["name"]));
        vec![Item::Call { id, name, arguments: call["input"].clone() }]
    } else if result.is_object() {
        let said = list(&result["content"]).map(|part| text(&part["text"])).collect();
        vec![Item::Result { id: text(&result["toolUseId"]), text: said }]
    } else if thought.is_object() {
        vec![Item::Thought(text(&thought["text"])), Item::Proof(text(&thought["signature"]))]
    } else {
        vec![Item::Image(text(&block["image"]["source"]["bytes"]))]
    }
}
