//! What a canonical request becomes, beside its prompt.

use patchbay_sdk::{Encoded, Normalizer, testing};
use serde_json::{Value, json};
use tgi_dialect::Tgi;

use super::{chatml, with};

fn encode(settings: Value, members: Value) -> Encoded {
    let mut request = json!({"messages": [{"role": "user", "content": "hi"}]});
    if let (Value::Object(request), Value::Object(members)) = (&mut request, members) {
        request.extend(members);
    }
    let call = match settings.is_null() {
        true => chatml(testing::chat("m")),
        false => with(settings, testing::chat("m")),
    };
    testing::encode::<Tgi>(&call, request).expect("it is valid")
}

fn parameters(encoded: &Encoded) -> Value {
    let body: Value = serde_json::from_slice(&encoded.body).expect("bodies are JSON");
    body["parameters"].clone()
}

#[test]
fn every_case_is_encoded_as_the_documentation_says() {
    for case in testing::chat_cases() {
        let encoded = testing::encode::<Tgi>(&chatml(testing::chat("m")), case.request.clone());
        let path = format!("tests/golden/requests/{}.json", case.name);
        let value = testing::encoded_value(encoded);
        testing::assert_golden(&path, &value);
        // Streaming is a path, not a member.
        let streamed = testing::encode::<Tgi>(&chatml(testing::chat_stream("m")), case.request);
        assert_eq!(testing::encoded_value(streamed), value, "{}", case.name);
    }
}

#[test]
fn a_temperature_of_0_takes_the_likeliest_token() {
    let sampled = [json!({}), json!({"temperature": 0.5}), json!({"top_k": 4, "top_p": 0.5})];
    for members in sampled {
        assert_eq!(parameters(&encode(json!(null), members.clone()))["do_sample"], true);
    }
    let members = json!({"temperature": 0, "top_p": 0.5, "top_k": 4, "typical_p": 0.5});
    let encoded = encode(json!(null), members);
    let expected = json!({"do_sample": false, "details": true, "return_full_text": false,
        "stop": ["<|im_end|>"]});
    assert_eq!(parameters(&encoded), expected);
    assert!(encoded.dropped.is_empty(), "{:?}", encoded.dropped);
}

#[test]
fn values_that_mean_nothing_are_left_out_and_impossible_ones_named() {
    let cases = [
        (json!({"top_p": 1}), "top_p", None, false),
        (json!({"top_p": 1.0}), "top_p", None, false),
        (json!({"top_p": 0}), "top_p", None, true),
        (json!({"top_p": 0.99}), "top_p", Some(json!(0.99)), false),
        (json!({"top_k": 0}), "top_k", None, false),
        (json!({"top_k": -1}), "top_k", None, false),
        (json!({"top_k": "many"}), "top_k", None, true),
        (json!({"seed": -1}), "seed", None, true),
        (json!({"seed": 0}), "seed", Some(json!(0)), false),
        (json!({"presence_penalty": 0}), "presence_penalty", None, false),
        (json!({"presence_penalty": 0.5}), "presence_penalty", None, true),
    ];
    for (members, name, value, is_dropped) in cases {
        let encoded = encode(json!(null), members.clone());
        assert_eq!(parameters(&encoded).get(name), value.as_ref(), "{members}");
        assert_eq!(encoded.dropped.contains(&name.to_owned()), is_dropped, "{members}");
    }
}

#[test]
fn the_callers_parameters_win_over_the_operators() {
    let settings = json!({"prompt_template": "plain", "parameters": {
        "max_new_tokens": 100, "top_p": 0.5, "top_k": 5, "repetition_penalty": 1.1,
        "do_sample": false, "stop": ["A"]}});
    let kept = parameters(&encode(settings.clone(), json!({})));
    assert_eq!((&kept["max_new_tokens"], &kept["do_sample"]), (&json!(100), &json!(false)));
    assert_eq!(kept["stop"], json!(["A"]));
    let members = json!({"max_tokens": 7, "top_p": 1, "top_k": 0, "repetition_penalty": 1.3,
        "do_sample": true, "stop": "B", "adapter_id": "lora-1", "truncate": 10});
    let encoded = encode(settings, members);
    let expected = json!({"max_new_tokens": 7, "repetition_penalty": 1.3, "do_sample": true,
        "stop": ["B"], "adapter_id": "lora-1", "truncate": 10, "details": true,
        "return_full_text": false});
    assert_eq!(parameters(&encoded), expected);
    assert!(encoded.dropped.is_empty(), "{:?}", encoded.dropped);
}

#[test]
fn numbers_keep_their_digits() {
    let canonical = br#"{"model":"m","messages":[{"role":"user","content":"hi"}],
        "seed":9007199254740993,"temperature":1.0,"top_k":40.0,"typical_p":0.90}"#;
    let encoded = Tgi::encode(&chatml(testing::chat("m")), canonical).unwrap();
    let text = String::from_utf8(encoded.body).unwrap();
    for digits in
        [r#""seed":9007199254740993"#, r#""temperature":1.0"#, r#""top_k":40.0"#, r#":0.90"#]
    {
        assert!(text.contains(digits), "{text}");
    }
}

#[test]
fn the_templates_stop_text_gives_way_to_the_callers() {
    let stop =
        |stop: Value| parameters(&encode(json!(null), json!({ "stop": stop })))["stop"].clone();
    assert_eq!(stop(json!(["a", "b", "c"])), json!(["a", "b", "c", "<|im_end|>"]));
    assert_eq!(stop(json!(["a", "b", "c", "d"])), json!(["a", "b", "c", "d"]));
    assert_eq!(stop(json!(["<|im_end|>", ""])), json!(["<|im_end|>"]));
}

#[test]
fn a_schema_is_a_grammar_and_so_is_the_callers_own() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let format = json!({"type": "json_schema", "json_schema": {"name": "s", "schema": schema}});
    let encoded = encode(json!(null), json!({ "response_format": format }));
    assert_eq!(parameters(&encoded)["grammar"], json!({"type": "json", "value": schema}));
    assert!(encoded.dropped.is_empty(), "{:?}", encoded.dropped);
    let own = json!({"type": "regex", "value": "a+"});
    let encoded = encode(json!(null), json!({ "grammar": own }));
    assert_eq!(parameters(&encoded)["grammar"], own);
    let encoded = encode(json!(null), json!({"response_format": {"type": "json_schema"}}));
    assert_eq!(encoded.dropped, ["response_format"]);
}

#[test]
fn what_the_api_has_no_place_for_is_named() {
    let members = json!({
        "n": 2, "logit_bias": {"1": 1}, "service_tier": "flex", "reasoning_effort": "low",
        "tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "required",
        "best_of": 2, "user": "u", "metadata": {"a": "b"}, "top_logprobs": 0,
    });
    let mut dropped = encode(json!(null), members).dropped;
    dropped.sort();
    let expected =
        ["best_of", "logit_bias", "n", "reasoning_effort", "service_tier", "tool_choice", "tools"];
    assert_eq!(dropped, expected);
}

#[test]
fn alternatives_are_asked_for_with_the_log_probabilities() {
    let encoded = encode(json!(null), json!({"logprobs": true, "top_logprobs": 2}));
    assert_eq!(parameters(&encoded)["top_n_tokens"], 2);
    assert!(encoded.extra.contains(&("logprobs".to_owned(), "true".to_owned())));
    for members in [json!({"logprobs": true}), json!({"logprobs": false, "top_logprobs": 2})] {
        assert_eq!(parameters(&encode(json!(null), members)).get("top_n_tokens"), None);
    }
}
