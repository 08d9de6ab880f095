//! Replies to callers: every script is written as a stream and as a whole.

use openai_responses::OpenAiResponses;
use patchbay_sdk::canonical::RawJson;
use patchbay_sdk::canonical::chat::ReasoningDetail;
use patchbay_sdk::reply::{FinishReason, ReplyWriter, TokenUsage};
use patchbay_sdk::{Decoded, Encoder, FailureKind, Ingress, testing};
use serde_json::{Value, json};

use crate::event_order::checked;

type Script = fn(&mut ReplyWriter);

const SCRIPTS: [(&str, Script); 13] = [
    ("text", |reply| {
        reply.text("Grüße\n");
        reply.text("👋 \"hi\"");
        reply.usage(TokenUsage {
            prompt_tokens: 9,
            completion_tokens: 7,
            total_tokens: 16,
            cached_tokens: 4,
            reasoning_tokens: 3,
        });
    }),
    ("nothing", |reply| reply.begin()),
    ("one_tool", |reply| reply.call(Some("call_1"), "get_weather", r#"{"city":"Paris"}"#)),
    ("text_and_two_tools_at_once", |reply| {
        reply.text("I will look.");
        let paris = reply.begin_call(Some("call_1"), "get_weather");
        reply.arguments(paris, r#"{"city":"#);
        let rome = reply.begin_call(Some("call_2"), "get_weather");
        reply.arguments(rome, r#"{"city":"#);
        reply.arguments(paris, r#""Paris"}"#);
        reply.arguments(rome, r#""Rome"}"#);
    }),
    ("tool_without_arguments", |reply| reply.call(None, "get_time", "")),
    ("readable_reasoning", |reply| {
        reply.reasoning_text("17 * 20");
        reply.reasoning_text(" + 17 * 3");
        reply.text("391");
    }),
    ("reasoning_with_a_signature_and_a_tool", |reply| {
        let text = ReasoningDetail::of_text(ReasoningDetail::ANTHROPIC, "I need ");
        reply.reasoning(ReasoningDetail { index: Some(0), ..text });
        let text = ReasoningDetail::of_text(ReasoningDetail::ANTHROPIC, "the tool.");
        reply.reasoning(ReasoningDetail { index: Some(0), ..text });
        reply.reasoning(ReasoningDetail {
            kind: ReasoningDetail::TEXT.to_owned(),
            index: Some(0),
            signature: Some("c2ln".to_owned()),
            format: Some(ReasoningDetail::ANTHROPIC.to_owned()),
            ..ReasoningDetail::default()
        });
        let redacted = ReasoningDetail::of_data(ReasoningDetail::ANTHROPIC, "cmVk");
        reply.reasoning(ReasoningDetail { index: Some(1), ..redacted });
        reply.call(Some("call_1"), "get_weather", "{}");
    }),
    ("openais_own_reasoning", |reply| {
        let format = ReasoningDetail::OPENAI_RESPONSES;
        let summary = |index: u32, text: &str| ReasoningDetail {
            id: Some("rs_up_1".into()),
            index: Some(index),
            ..ReasoningDetail::of_summary(format, text)
        };
        let data = |index: u32, id: &str, data: &str| ReasoningDetail {
            id: Some(id.into()),
            index: Some(index),
            ..ReasoningDetail::of_data(format, data)
        };
        reply.reasoning(summary(0, "First "));
        reply.reasoning(summary(0, "this."));
        reply.reasoning(summary(1, "Then that."));
        reply.reasoning(data(2, "rs_up_1", "ZW5j"));
        reply.reasoning(data(3, "rs_up_2", "ZW5jMg=="));
        reply.text("391");
    }),
    ("text_between_reasoning", |reply| {
        reply.reasoning_text("a");
        reply.text("b");
        reply.reasoning_text("c");
        reply.text("d");
    }),
    ("refusal", |reply| {
        reply.text("Well. ");
        reply.refusal("I will ");
        reply.refusal("not.");
    }),
    ("cut_off", |reply| {
        reply.text("Once upon");
        reply.finish_reason(FinishReason::Length);
    }),
    ("filtered", |reply| {
        reply.begin();
        reply.finish_reason(FinishReason::ContentFilter);
    }),
    ("log_probabilities", |reply| {
        reply.text("é");
        let logprobs = r#"{"content":[{"token":"é","logprob":-0.50,"bytes":null,"top_logprobs":
            [{"token":"e","logprob":-2.25,"bytes":[101]}]}],"refusal":null}"#;
        reply.logprobs(RawJson::from_text(logprobs).unwrap());
    }),
];

pub(crate) fn request(streaming: bool) -> Decoded {
    let request = json!({"model": "little-1", "input": "hi", "stream": streaming,
        "instructions": "Be brief.", "temperature": 0.5, "metadata": {"team": "blue"},
        "tools": [{"type": "function", "name": "get_weather", "parameters": {}, "strict": true}],
        "reasoning": {"effort": "low"}, "max_output_tokens": 64});
    testing::decode::<OpenAiResponses>("/v1/responses", &request).unwrap().0
}

fn documents(streaming: bool, script: Script) -> Vec<Value> {
    let call = match streaming {
        true => testing::chat_stream("little-1"),
        false => testing::chat("little-1"),
    };
    let mut writer = ReplyWriter::new(&call, &testing::identity());
    script(&mut writer);
    let mut documents = writer.take();
    documents.extend(writer.end());
    documents.iter().map(|document| serde_json::from_slice(document).unwrap()).collect()
}

fn stream(documents: &[Value]) -> Vec<Value> {
    checked(&testing::encode_reply::<OpenAiResponses>(&request(true), documents).unwrap())
}

fn whole(documents: &[Value]) -> Value {
    let reply = testing::encode_reply::<OpenAiResponses>(&request(false), documents).unwrap();
    serde_json::from_slice(&reply).unwrap()
}

#[test]
fn every_reply_is_a_valid_stream_that_ends_with_the_whole_response() {
    for (name, script) in SCRIPTS {
        let events = stream(&documents(true, script));
        testing::assert_golden(&format!("tests/golden/streams/{name}.json"), &json!(events));
        let response = whole(&documents(false, script));
        testing::assert_golden(&format!("tests/golden/responses/{name}.json"), &response);
        // A whole chat does not say in which order the model thought and spoke.
        if name != "text_between_reasoning" {
            assert_eq!(events.last().unwrap()["response"], response, "{name}");
        }
    }
}

#[test]
fn a_call_of_a_custom_tool_is_an_item_of_its_own() {
    let chunk = |delta: Value, reason: Value| {
        json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
    };
    let call = |call: Value| chunk(json!({"tool_calls": [call]}), Value::Null);
    let custom = json!({"name": "code", "input": ""});
    let events = stream(&[
        call(json!({"index": 0, "id": "call_1", "type": "custom", "custom": custom})),
        call(json!({"index": 0, "custom": {"input": "print("}})),
        call(json!({"index": 0, "custom": {"input": "1)"}})),
        chunk(json!({}), json!("tool_calls")),
    ]);
    let item = json!({"type": "custom_tool_call", "id": "ctc_1_0", "call_id": "call_1",
        "name": "code", "input": "print(1)", "status": "completed"});
    assert_eq!(events.last().unwrap()["response"]["output"], json!([item]));

    let response = whole(&[json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1,
        "model": "m", "choices": [{"index": 0, "finish_reason": "tool_calls", "message":
        {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "custom",
        "custom": {"name": "code", "input": "print(1)"}}]}}]})]);
    assert_eq!(response["output"], json!([item]));
}

#[test]
fn a_response_has_every_member_that_the_client_types_require_and_repeats_the_request() {
    let response = whole(&documents(false, SCRIPTS[0].1));
    let members = [
        ("object", json!("response")),
        ("status", json!("completed")),
        ("error", Value::Null),
        ("incomplete_details", Value::Null),
        ("instructions", json!("Be brief.")),
        ("metadata", json!({"team": "blue"})),
        ("parallel_tool_calls", json!(true)),
        ("temperature", json!(0.5)),
        ("top_p", Value::Null),
        ("tool_choice", json!("auto")),
        ("reasoning", json!({"effort": "low"})),
        ("max_output_tokens", json!(64)),
        ("text", json!({"format": {"type": "text"}})),
        ("truncation", json!("disabled")),
        ("previous_response_id", Value::Null),
        ("background", json!(false)),
        ("store", json!(false)),
    ];
    for (name, value) in members {
        assert_eq!(response.get(name), Some(&value), "{name}");
    }
    assert_eq!(response["tools"][0]["name"], "get_weather");
    let usage = json!({"input_tokens": 9, "output_tokens": 7, "total_tokens": 16,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 3}});
    assert_eq!(response["usage"], usage);
}

#[test]
fn what_other_chat_servers_send_is_understood() {
    let head = json!({"id": "gen-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "service_tier": "flex"});
    let chunk = |choices: Value| {
        let mut chunk = head.clone();
        chunk["choices"] = choices;
        chunk
    };
    let events = stream(&[
        chunk(json!([{"index": 0, "delta": {"role": "assistant", "content": null,
            "reasoning": "hm", "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}}])),
        chunk(
            json!([{"delta": {"reasoning": "m"}, "new": 1}, {"index": 1, "delta": {"content": "x"}}]),
        ),
        chunk(json!([{"index": 0, "delta": {"content": [{"type": "text", "text": "a"}]},
            "finish_reason": "eos"}])),
        chunk(json!([])),
    ]);
    let response = &events.last().unwrap()["response"];
    assert_eq!(response["id"], "resp_gen-1");
    assert_eq!(response["service_tier"], "flex");
    assert_eq!(response["output"][0]["summary"][0]["text"], "hmm");
    assert_eq!(response["output"][1]["content"][0]["text"], "a");
    assert_eq!(response["output"].as_array().unwrap().len(), 2);
}

#[test]
fn the_head_says_whether_it_streams() {
    type Writer = <OpenAiResponses as Ingress>::Encoder;
    for (streaming, kind) in [(true, "text/event-stream"), (false, "application/json")] {
        let head = Writer::new(Vec::new(), streaming).head();
        assert_eq!((head.status, head.header("content-type")), (200, Some(kind)));
    }
}

#[test]
fn no_document_or_a_wrong_one_is_a_failure() {
    for streaming in [true, false] {
        for documents in [vec![], vec![json!({"id": "x"})]] {
            let failure = testing::encode_reply::<OpenAiResponses>(&request(streaming), &documents)
                .unwrap_err();
            assert_eq!(failure.kind(), FailureKind::UpstreamError);
        }
    }
}
