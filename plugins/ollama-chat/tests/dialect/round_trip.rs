//! What the decoder writes is understood by the encoder in the next turn.

use ollama_chat::OllamaChat;
use patchbay_sdk::testing::{self, Replay};
use serde_json::{Value, json};

#[test]
fn an_answer_comes_back_as_ollama_said_it() {
    let body = testing::fixture("tests/replies/whole_tools_and_thinking.json");
    let said: Value = serde_json::from_slice(&body).unwrap();
    let documents = Replay::new(testing::chat("m")).at_every_slicing::<OllamaChat>(&body).unwrap();
    let answer = &documents[0]["choices"][0]["message"];
    let result = json!({"role": "tool", "tool_call_id": answer["tool_calls"][1]["id"],
        "content": "21 degrees"});
    let request = json!({"messages": [{"role": "user", "content": "hi"}, answer, result]});
    let encoded = testing::encode::<OllamaChat>(&testing::chat("m"), request).unwrap();
    let sent: Value = serde_json::from_slice(&encoded.body).unwrap();
    assert!(encoded.dropped.is_empty(), "{:?}", encoded.dropped);
    let sent = &sent["messages"];
    assert_eq!(sent[1]["thinking"], said["message"]["thinking"]);
    let (calls, called) = (&sent[1]["tool_calls"], &said["message"]["tool_calls"]);
    for at in [0, 1] {
        assert_eq!(calls[at]["function"], called[at]["function"], "{at}");
    }
    assert_eq!(calls[0]["id"], called[0]["id"]);
    let id = &answer["tool_calls"][1]["id"];
    assert_eq!((&calls[1]["id"], &sent[2]["tool_call_id"]), (id, id));
    assert_eq!(sent[2]["tool_name"], called[1]["function"]["name"]);
}
