//! Methods, paths and headers.

use bedrock_converse::BedrockConverse;
use patchbay_sdk::testing::{self, chat, chat_stream};
use patchbay_sdk::{Call, FailureKind, Normalizer};
use serde_json::json;

use crate::{counting, with_settings};

#[test]
fn each_operation_has_its_path_and_is_rewritten() {
    let json = "application/json";
    let events = "application/vnd.amazon.eventstream";
    let nova = "us.amazon.nova-2-lite-v1:0";
    let path = "/model/us.amazon.nova-2-lite-v1%3A0";
    let profile = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.a.b";
    let cases: [(Call, String, &str); 5] = [
        (chat(nova), format!("{path}/converse"), json),
        (chat_stream(nova), format!("{path}/converse-stream"), events),
        // CountTokens knows foundation models, not inference profiles.
        (counting(chat(nova)), "/model/amazon.nova-2-lite-v1%3A0/count-tokens".into(), json),
        (
            testing::embeddings("amazon.titan-embed-text-v2:0"),
            "/model/amazon.titan-embed-text-v2%3A0/invoke".into(),
            json,
        ),
        (
            chat(profile),
            "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Ainference-profile%2Feu.a.b/converse"
                .into(),
            json,
        ),
    ];
    for (call, path, accept) in cases {
        let plan = BedrockConverse::plan(&call).unwrap();
        assert!(plan.encode_body && !plan.verbatim, "{path}");
        assert_eq!(plan.head.method, "POST");
        assert_eq!(plan.head.path_and_query, path);
        let headers: Vec<_> =
            plan.head.headers.iter().map(|it| (it.name.as_str(), it.value.as_str())).collect();
        assert_eq!(headers, [("content-type", json), ("accept", accept)]);
    }
}

#[test]
fn the_plan_says_how_many_texts_a_model_embeds_at_once() {
    let of = |model: &str, settings| {
        let call = with_settings(testing::embeddings(model), settings);
        BedrockConverse::plan(&call).map(|plan| plan.extra)
    };
    let most = |count: &str| vec![("max-inputs".to_owned(), count.to_owned())];
    assert_eq!(of("amazon.titan-embed-text-v1", json!({})), Ok(most("1")));
    assert_eq!(of("us.cohere.embed-v4:0", json!({})), Ok(most("96")));
    let opaque = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc";
    assert_eq!(of(opaque, json!({"embeddings_model": "cohere-v3"})), Ok(most("96")));
    let failure = of(opaque, json!({})).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::NotFound);
    assert!(failure.message().contains("settings.embeddings_model"), "{failure}");
}

#[test]
fn an_operation_it_does_not_know_is_not_found() {
    let call = Call { operation: "images".into(), ..chat("m") };
    assert_eq!(BedrockConverse::plan(&call).unwrap_err().kind(), FailureKind::NotFound);
}

#[test]
fn a_setting_that_does_not_fit_is_named_and_the_adapters_are_not_its_affair() {
    let cases = [
        (json!({"reasoning": "much"}), "settings.reasoning"),
        (json!({"guardrail": {"identifier": "g"}}), "settings.guardrail"),
        (json!({"guardrail": {"identifier": "g", "version": "1", "x": 1}}), "settings.guardrail.x"),
        (json!({"cache_points": "no"}), "settings.cache_points"),
        (json!({"service_tier": "auto"}), "settings.service_tier"),
    ];
    for (settings, member) in cases {
        let call = with_settings(chat("m"), settings.clone());
        let failure = BedrockConverse::plan(&call).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{settings}");
        assert_eq!(failure.param(), Some(member), "{settings}");
    }
    let settings = json!({"region": "eu-west-1", "credential": "aws"});
    assert!(BedrockConverse::plan(&with_settings(chat("m"), settings)).is_ok());
}
