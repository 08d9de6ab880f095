//! The adapter `azure-openai`, natively.

use azure_openai::AzureOpenAi;
use patchbay_sdk::{
    Call, Exchange, Failure, FailureKind, HttpAdapter, RequestHead, ResponseHead, Settings,
    explain, testing,
};
use serde_json::{Value, json};

fn prepare(settings: &Value, model: &str, path: &str) -> Result<Exchange, Failure> {
    let call = Call { settings: settings.to_string(), ..testing::chat(model) };
    AzureOpenAi::prepare(&call, RequestHead::post(path))
}

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn each_version_has_its_paths() {
    let chat = "/chat/completions";
    let old = json!({"api_version": "2024-10-21"});
    let cases = [
        (json!({}), chat, "/openai/v1/chat/completions"),
        (json!({"api_version": "v1"}), "/embeddings", "/openai/v1/embeddings"),
        (json!({"api_version": "v1"}), "/responses", "/openai/v1/responses"),
        (
            json!({"api_version": "preview"}),
            chat,
            "/openai/v1/chat/completions?api-version=preview",
        ),
        (old.clone(), chat, "/openai/deployments/gpt/chat/completions?api-version=2024-10-21"),
        (old.clone(), "/embeddings", "/openai/deployments/gpt/embeddings?api-version=2024-10-21"),
        (
            json!({"api_version": "2025-04-01-preview"}),
            "/responses",
            "/openai/responses?api-version=2025-04-01-preview",
        ),
        (
            old,
            "/chat/completions?x=1",
            "/openai/deployments/gpt/chat/completions?x=1&api-version=2024-10-21",
        ),
    ];
    for (settings, path, expected) in cases {
        let exchange = prepare(&settings, "gpt", path).unwrap();
        assert_eq!(exchange.head.path_and_query, expected, "{settings}");
        assert_eq!(exchange.credential.as_deref(), Some("api_key"));
    }
}

#[test]
fn a_deployment_is_one_segment_of_the_path() {
    let settings = json!({"api_version": "2024-10-21",
        "deployments": {"gpt": "blue team/../gpt?x=1"}});
    let exchange = prepare(&settings, "gpt", "/chat/completions").unwrap();
    let expected = "/openai/deployments/blue%20team%2F..%2Fgpt%3Fx%3D1/chat/completions\
                    ?api-version=2024-10-21";
    assert_eq!(exchange.head.path_and_query, expected);
    let exchange = prepare(&settings, "..", "/embeddings").unwrap();
    let expected = "/openai/deployments/%2E%2E/embeddings?api-version=2024-10-21";
    assert_eq!(exchange.head.path_and_query, expected);
}

#[test]
fn the_v1_api_has_no_map_of_deployments() {
    let settings = json!({"deployments": {"gpt": "blue", "same": "same"}});
    let failure = prepare(&settings, "gpt", "/chat/completions").unwrap_err();
    assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured);
    assert_eq!(failure.param(), Some("settings.deployments.gpt"));
    for model in ["same", "other"] {
        assert!(prepare(&settings, model, "/chat/completions").is_ok(), "{model}");
    }
}

#[test]
fn the_operator_chooses_the_credential() {
    for slot in ["api_key", "entra"] {
        let settings = json!({"credential": slot, "unsupported_members": []});
        let exchange = prepare(&settings, "gpt", "/chat/completions").unwrap();
        assert_eq!(exchange.credential.as_deref(), Some(slot));
        let text = settings.to_string();
        let probe = AzureOpenAi::probe(Settings::new(&text)).unwrap();
        assert_eq!(probe.credential.as_deref(), Some(slot));
    }
}

#[test]
fn the_model_list_is_the_probe() {
    let cases = [
        ("{}", "/openai/v1/models"),
        (r#"{"api_version": "2024-10-21"}"#, "/openai/models?api-version=2024-10-21"),
    ];
    for (settings, path) in cases {
        let probe = AzureOpenAi::probe(Settings::new(settings)).unwrap();
        assert_eq!(probe.head.method, "GET");
        assert_eq!(probe.head.path_and_query, path);
        let listing = AzureOpenAi::list_models(Settings::new(settings)).unwrap();
        assert_eq!(listing, Some(probe));
    }
    let body = br#"{"data":[{"id":"gpt-4o","status":"succeeded","object":"model"}]}"#;
    assert_eq!(AzureOpenAi::read_models(&ResponseHead::new(200), body).unwrap(), ["gpt-4o"]);
}

#[test]
fn a_setting_that_cannot_be_sent_is_named() {
    let cases = [
        (json!({"api_version": ""}), "settings.api_version"),
        (json!({"api_version": "2024&x=1"}), "settings.api_version"),
        (json!({"api_version": 2024}), "settings.api_version"),
        (json!({"credential": "key"}), "settings.credential"),
        (json!({"deployments": {"a": 1}}), "settings.deployments.a"),
    ];
    for (settings, member) in cases {
        let failure = prepare(&settings, "gpt", "/chat/completions").unwrap_err();
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{settings}");
        assert_eq!(failure.param(), Some(member), "{settings}");
    }
}

#[test]
fn azures_errors_have_their_kinds() {
    use FailureKind as K;
    let filtered = json!({"error": {
        "message": "The response was filtered", "type": null, "param": "prompt",
        "code": "content_filter", "status": 400, "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {"hate": {"filtered": true, "severity": "high"}},
        },
    }});
    let cases = [
        (400, filtered, K::ContentFiltered),
        (404, json!({"error": {"code": "DeploymentNotFound", "message": "none"}}), K::NotFound),
        (401, json!({"error": {"code": "401", "message": "Access denied"}}), K::UpstreamAuth),
        (429, json!({"error": {"code": "429", "message": "slow"}}), K::UpstreamRateLimited),
    ];
    for (status, body, kind) in cases {
        let head = ResponseHead::new(status).with_header("retry-after-ms", "1500");
        let failure = explain::reply(&head, body.to_string().as_bytes());
        assert_eq!(failure.kind(), kind, "{body}");
        assert_eq!(failure.retry_after_ms(), Some(1500));
    }
}
