//! What the decoder writes goes back in the next turn.

use cohere_chat::CohereChat;
use patchbay_sdk::testing::{self, Replay};
use serde_json::{Value, json};

/// The provider's whole reply, decoded, sent back as history.
fn turned(message: &Value) -> (Value, Value) {
    let reply = json!({"id": "r", "finish_reason": "COMPLETE", "message": message});
    let replay = Replay::new(testing::chat("m"));
    let documents = replay.at_every_slicing::<CohereChat>(reply.to_string().as_bytes());
    let documents = documents.expect("the reply is whole");
    let answer = documents[0]["choices"][0]["message"].clone();
    let request = json!({"messages": [{"role": "user", "content": "x"}, answer]});
    let encoded = testing::encode::<CohereChat>(&testing::chat("m"), request);
    let encoded = encoded.expect("it has a Cohere form");
    let body: Value = serde_json::from_slice(&encoded.body).expect("bodies are JSON");
    (body["messages"][1].clone(), json!(encoded.dropped))
}

fn call() -> Value {
    json!({"id": "get_weather_1", "type": "function",
        "function": {"name": "get_weather", "arguments": "{\"city\":\"Rome\"}"}})
}

#[test]
fn thinking_and_the_text_after_it_go_back_as_they_came() {
    let message = json!({"role": "assistant", "content": [
        {"type": "thinking", "thinking": "17 * 20 + 17 * 3"}, {"type": "text", "text": "391"},
    ]});
    assert_eq!(turned(&message), (message, json!([])));
}

#[test]
fn a_plan_goes_back_as_a_plan() {
    let message = json!({"role": "assistant", "tool_plan": "I will look.", "tool_calls": [call()]});
    assert_eq!(turned(&message), (message, json!([])));
}

#[test]
fn thinking_before_a_plan_stays_apart_from_it() {
    let message = json!({"role": "assistant", "tool_plan": "I will look.", "tool_calls": [call()],
        "content": [{"type": "thinking", "thinking": "Rome, then."}]});
    assert_eq!(turned(&message), (message, json!([])));
}

#[test]
fn citations_go_back() {
    let citation = json!({"start": 0, "end": 3, "text": "Hi!", "sources": [{"type": "tool"}]});
    let message = json!({"role": "assistant", "content": [{"type": "text", "text": "Hi!"}],
        "citations": [citation]});
    let (turn, dropped) = turned(&message);
    assert_eq!(turn["citations"], message["citations"]);
    assert_eq!(turn["content"], "Hi!", "one text is a text");
    assert_eq!(dropped, json!([]));
}

#[test]
fn reasoning_of_others_is_a_plan_before_calls_and_named_elsewhere() {
    let foreign = |calls: Value| {
        json!({"messages": [{"role": "assistant", "content": "x", "reasoning_content": "hm",
        "tool_calls": calls, "reasoning_details": [
            {"type": "reasoning.encrypted", "data": "x", "format": "google-gemini-v1"},
        ]}]})
    };
    let encode = |request| {
        let encoded = testing::encode::<CohereChat>(&testing::chat("m"), request).unwrap();
        let body: Value = serde_json::from_slice(&encoded.body).unwrap();
        (body["messages"][0].clone(), encoded.dropped)
    };
    let (turn, dropped) = encode(foreign(json!([call()])));
    assert_eq!(turn["tool_plan"], "hm");
    assert_eq!(dropped, ["messages[0].reasoning_details[0]"]);
    let (turn, dropped) = encode(foreign(json!([])));
    assert_eq!(turn, json!({"role": "assistant", "content": "x"}));
    let named = ["messages[0].reasoning_details[0]", "messages[0].reasoning_content"];
    assert_eq!(dropped, named);
}
