//! What a chat becomes with each template.

use patchbay_sdk::testing::Replay;
use patchbay_sdk::{Encoded, Ending, Failure, FailureKind, testing};
use serde_json::{Value, json};
use tgi_dialect::Tgi;

use super::with;

fn encode(settings: Value, messages: Value) -> Result<Encoded, Failure> {
    let call = with(settings, testing::chat("m"));
    testing::encode::<Tgi>(&call, json!({ "messages": messages }))
}

fn body(encoded: &Encoded) -> Value {
    serde_json::from_slice(&encoded.body).expect("bodies are JSON")
}

fn prompt(template: &str, messages: Value) -> String {
    let encoded = encode(json!({ "prompt_template": template }), messages).expect("it is valid");
    body(&encoded)["inputs"].as_str().expect("inputs is a text").to_owned()
}

fn conversation() -> Value {
    json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": " Who? "},
    ])
}

#[test]
fn each_template_is_that_of_its_documentation() {
    let cases = [
        (
            "chatml",
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n\
             <|im_start|>assistant\nHello!<|im_end|>\n<|im_start|>user\n Who? <|im_end|>\n\
             <|im_start|>assistant\n",
        ),
        (
            "llama3",
            "<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>\
             <|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>\
             <|start_header_id|>assistant<|end_header_id|>\n\nHello!<|eot_id|>\
             <|start_header_id|>user<|end_header_id|>\n\nWho?<|eot_id|>\
             <|start_header_id|>assistant<|end_header_id|>\n\n",
        ),
        ("mistral", "[INST] Hi[/INST] Hello!</s>[INST] Be brief.\n\n Who? [/INST]"),
        ("mistral-v1", "[INST] Be brief.\n\nHi [/INST] Hello!</s> [INST]  Who?  [/INST]"),
        (
            "zephyr",
            "<|system|>\nBe brief.</s>\n<|user|>\nHi</s>\n<|assistant|>\nHello!</s>\n\
             <|user|>\n Who? </s>\n<|assistant|>\n",
        ),
        (
            "gemma",
            "<start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n\
             <start_of_turn>model\nHello!<end_of_turn>\n\
             <start_of_turn>user\nWho?<end_of_turn>\n<start_of_turn>model\n",
        ),
        ("plain", "Be brief.\n\nHi\n\nHello!\n\n Who? "),
    ];
    for (template, expected) in cases {
        assert_eq!(prompt(template, conversation()), expected, "{template}");
    }
}

#[test]
fn a_lone_question_has_no_instructions() {
    let question = json!([{"role": "user", "content": "Hi"}]);
    assert_eq!(prompt("mistral", question.clone()), "[INST] Hi[/INST]");
    assert_eq!(prompt("plain", question), "Hi");
}

#[test]
fn turns_alternate_where_the_model_knows_nothing_else() {
    let messages = json!([
        {"role": "user", "content": "a"},
        {"role": "developer", "content": "s"},
        {"role": "user", "content": "b"},
    ]);
    assert_eq!(prompt("mistral", messages.clone()), "[INST] s\n\na\n\nb[/INST]");
    let chatml = prompt("chatml", messages);
    assert_eq!(chatml.matches("<|im_start|>user").count(), 2);
    let alone = json!([{"role": "system", "content": "s"}]);
    assert_eq!(
        prompt("gemma", alone),
        "<start_of_turn>user\ns<end_of_turn>\n<start_of_turn>model\n"
    );
}

#[test]
fn images_are_written_where_they_stand_if_the_model_sees_them() {
    let content = json!([
        {"type": "text", "text": "Look: "},
        {"type": "image_url", "image_url": {"url": "https://a.example/x(1).png", "detail": "high"}},
        {"type": "text", "text": " What is it?"},
    ]);
    let messages = json!([{"role": "user", "content": content}]);
    let settings = json!({"prompt_template": "plain", "images": true});
    let encoded = encode(settings, messages.clone()).unwrap();
    let inputs = "Look: ![](https://a.example/x(1%29.png) What is it?";
    assert_eq!(body(&encoded)["inputs"], inputs);
    assert_eq!(encoded.dropped, ["messages[0].content[1].image_url.detail"]);

    let encoded = encode(json!({"prompt_template": "plain"}), messages).unwrap();
    assert_eq!(body(&encoded)["inputs"], "Look:  What is it?");
    assert_eq!(encoded.dropped, ["messages[0].content[1]"]);
}

#[test]
fn a_message_that_cannot_be_answered_is_refused() {
    let image = json!([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]);
    let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": ""}});
    let cases = [
        (json!([]), "messages"),
        (json!([{"role": "user", "content": " "}]), "messages"),
        (json!([{"role": "user", "content": image}]), "messages[0].content[0]"),
        (
            json!([
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": null, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c", "content": "noon"},
            ]),
            "messages[2]",
        ),
    ];
    for (messages, param) in cases {
        let failure = encode(json!({"prompt_template": "zephyr"}), messages.clone()).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::InvalidRequest, "{messages}");
        assert_eq!(failure.param(), Some(param), "{messages}");
    }
}

#[test]
fn calls_and_results_of_earlier_turns_are_named() {
    let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": ""}});
    let messages = json!([
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "noon"},
        {"role": "user", "content": "d"},
    ]);
    let encoded = encode(json!({"prompt_template": "plain"}), messages).unwrap();
    assert_eq!(body(&encoded)["inputs"], "a\n\nb\n\nd");
    assert_eq!(encoded.dropped, ["messages[1].tool_calls", "messages[2]"]);
}

#[test]
fn an_answer_comes_back_as_the_model_wrote_it() {
    let whole = json!({"generated_text": " Grüße\n", "details": null}).to_string();
    let replay = Replay::new(testing::chat("m"));
    let answer = replay.decode::<Tgi>(&[whole.as_bytes()], Ending::Clean).unwrap();
    let answer = &answer[0]["choices"][0]["message"];
    let messages =
        json!([{"role": "user", "content": "a"}, answer, {"role": "user", "content": "b"}]);
    let prompt = prompt("chatml", messages);
    assert!(prompt.contains("<|im_start|>assistant\n Grüße\n<|im_end|>\n"), "{prompt}");
}
