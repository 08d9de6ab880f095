//! What the decoder writes is, in the next turn, what the model said.

use gemini_dialect::Gemini;
use patchbay_sdk::Ending;
use patchbay_sdk::testing::{self, Replay, fixture};
use serde_json::{Value, json};

/// The content of the whole reply in a file, after its turn has gone through canonical.
fn again(file: &str, results: Value) -> Value {
    let body = fixture(&format!("tests/replies/{file}"));
    let replay = Replay::new(testing::chat("gemini-3-flash-preview"));
    let documents = replay.decode::<Gemini>(&[&body], Ending::Clean).expect("a good fixture");
    let mut messages = vec![json!({"role": "user", "content": "?"})];
    messages.push(documents[0]["choices"][0]["message"].clone());
    messages.extend(results.as_array().expect("a good fixture").iter().cloned());
    let call = testing::chat("gemini-3-flash-preview");
    let encoded =
        testing::encode::<Gemini>(&call, json!({"messages": messages})).expect("a good fixture");
    assert!(encoded.dropped.is_empty(), "{file}: {:?}", encoded.dropped);
    let body: Value = serde_json::from_slice(&encoded.body).expect("a good fixture");
    body["contents"].clone()
}

fn parts(file: &str) -> Vec<Value> {
    let reply: Value =
        serde_json::from_slice(&fixture(&format!("tests/replies/{file}"))).expect("a good fixture");
    reply["candidates"][0]["content"]["parts"].as_array().expect("a good fixture").clone()
}

#[test]
fn a_call_keeps_its_id_its_digits_and_its_signature() {
    let result = json!([{"role": "tool", "tool_call_id": "fc-1", "content": "{\"degrees\":18}"}]);
    let contents = again("one_tool.json", result);
    assert_eq!(contents[1], json!({"role": "model", "parts": parts("one_tool.json")}));
    let response = json!({"id": "fc-1", "name": "get_weather", "response": {"degrees": 18}});
    assert_eq!(contents[2]["parts"], json!([{"functionResponse": response}]));
}

#[test]
fn of_calls_made_at_once_the_one_that_had_the_signature_has_it_again() {
    let contents = again("two_tools.json", json!([]));
    let mut sent = contents[1]["parts"].as_array().unwrap().clone();
    // The provider gave no ids: those that were made up are sent, and the same in the results.
    for part in &mut sent {
        if let Some(call) = part.get_mut("functionCall").and_then(Value::as_object_mut) {
            assert!(call.remove("id").is_some());
        }
    }
    assert_eq!(sent, parts("two_tools.json"));
}

#[test]
fn a_signature_goes_back_onto_the_text() {
    let contents = again("reasoning.json", json!([]));
    let answer = parts("reasoning.json").pop().unwrap();
    assert_eq!(contents[1]["parts"], json!([answer]), "thoughts themselves do not go back");
}

#[test]
fn images_and_parts_without_a_canonical_place_go_back_as_they_came() {
    let contents = again("image.json", json!([]));
    let sent = contents[1]["parts"].as_array().unwrap();
    let came = parts("image.json");
    assert_eq!(sent.len(), came.len());
    assert!(came.iter().all(|part| sent.contains(part)), "{sent:#?}");
}

#[test]
fn what_is_said_about_the_making_of_an_answer_does_not_go_back() {
    let request = json!({"messages": [
        {"role": "assistant", "content": "2", "groundingMetadata": {}, "citationMetadata": {},
         "other": 1},
    ]});
    let encoded = testing::encode::<Gemini>(&testing::chat("m"), request).unwrap();
    let sent: Value = serde_json::from_slice(&encoded.body).unwrap();
    assert_eq!(sent["contents"][0], json!({"role": "model", "parts": [{"text": "2"}]}));
    assert_eq!(encoded.dropped, ["messages[0].other"]);
}

#[test]
fn streamed_pieces_join_to_the_same_turn() {
    let body = fixture("tests/replies/reasoning.sse");
    let replay = Replay::new(testing::chat_stream("gemini-3-flash-preview"));
    let documents = replay.decode::<Gemini>(&[&body], Ending::Clean).unwrap();
    let (mut text, mut details) = (String::new(), Vec::new());
    for document in &documents {
        let delta = &document["choices"][0]["delta"];
        text.push_str(delta["content"].as_str().unwrap_or_default());
        details.extend(delta["reasoning_details"].as_array().into_iter().flatten().cloned());
    }
    let request = json!({"messages": [
        {"role": "assistant", "content": text, "reasoning_details": details},
    ]});
    let call = testing::chat("gemini-3-flash-preview");
    let encoded = testing::encode::<Gemini>(&call, request).unwrap();
    let sent: Value = serde_json::from_slice(&encoded.body).unwrap();
    let expected = json!([{"text": "391", "thoughtSignature": "c2lnLXRleHQ="}]);
    assert_eq!(sent["contents"][0]["parts"], expected);
}
