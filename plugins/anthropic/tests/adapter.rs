//! The adapter `anthropic`, natively.

use anthropic::Anthropic;
use patchbay_sdk::{
    Call, Exchange, Failure, FailureKind, HttpAdapter, RequestHead, ResponseHead, Settings, testing,
};
use serde_json::{Value, json};

fn prepare(settings: Value, head: RequestHead) -> Result<Exchange, Failure> {
    let call = Call { settings: settings.to_string(), ..testing::chat("m") };
    Anthropic::prepare(&call, head)
}

fn messages() -> RequestHead {
    RequestHead::post("/v1/messages").with_header("anthropic-version", "2023-06-01")
}

fn headers(exchange: &Exchange) -> Vec<(&str, &str)> {
    let headers = exchange.head.headers.iter();
    headers.map(|header| (header.name.as_str(), header.value.as_str())).collect()
}

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn without_settings_the_head_goes_out_as_it_is_with_the_key() {
    let exchange = prepare(json!({}), messages()).unwrap();
    assert_eq!(exchange.head, messages());
    assert_eq!(exchange.credential.as_deref(), Some("api_key"));
}

#[test]
fn a_head_of_another_dialect_gets_the_version() {
    let head = RequestHead::post("/v1/chat/completions");
    let exchange = prepare(json!({"anthropic_version": "2026-10-21"}), head).unwrap();
    assert_eq!(headers(&exchange), [("anthropic-version", "2026-10-21")]);
}

#[test]
fn a_setting_chooses_the_bearer_token() {
    let exchange = prepare(json!({"auth": "auth_token"}), messages()).unwrap();
    assert_eq!(exchange.credential.as_deref(), Some("auth_token"));
}

#[test]
fn betas_of_operator_and_request_are_one_header_and_each_is_there_once() {
    let head = messages().with_header("Anthropic-Beta", "b, c").with_header("anthropic-beta", "d");
    let exchange = prepare(json!({"anthropic_beta": ["a", "b"]}), head).unwrap();
    assert_eq!(headers(&exchange)[1..], [("anthropic-beta", "a,b,c,d")]);
}

#[test]
fn the_probe_lists_the_models() {
    let settings = json!({"anthropic_beta": ["a"], "auth": "auth_token"}).to_string();
    let probe = Anthropic::probe(Settings::new(&settings)).unwrap();
    assert_eq!(probe.head.method, "GET");
    assert_eq!(probe.head.path_and_query, "/v1/models?limit=1000");
    let expected = [
        ("accept", "application/json"),
        ("anthropic-version", "2023-06-01"),
        ("anthropic-beta", "a"),
    ];
    assert_eq!(headers(&probe), expected);
    assert_eq!(probe.credential.as_deref(), Some("auth_token"));
    assert_eq!(Anthropic::list_models(Settings::new(&settings)).unwrap(), Some(probe));
}

#[test]
fn the_model_list_is_read() {
    let list = json!({
        "data": [
            {"id": "claude-a", "type": "model", "display_name": "A", "created_at": "2025-01-01T00:00:00Z"},
            {"id": "claude-b", "type": "model", "display_name": "B", "created_at": "2025-01-01T00:00:00Z"},
        ],
        "first_id": "claude-a", "has_more": false, "last_id": "claude-b",
    });
    let ids = Anthropic::read_models(&ResponseHead::new(200), list.to_string().as_bytes());
    assert_eq!(ids.unwrap(), ["claude-a", "claude-b"]);
}

#[test]
fn settings_of_the_dialect_are_not_its_affair() {
    assert!(prepare(json!({"max_tokens_default": 5, "thinking": "budget"}), messages()).is_ok());
}

#[test]
fn a_setting_that_cannot_be_sent_is_named() {
    let cases = [
        (json!({"anthropic_version": "a\r\nb: c"}), "settings.anthropic_version"),
        (json!({"anthropic_version": ""}), "settings.anthropic_version"),
        (json!({"anthropic_beta": ["a", "b,c"]}), "settings.anthropic_beta[1]"),
        (json!({"anthropic_beta": "a"}), "settings.anthropic_beta"),
        (json!({"auth": "basic"}), "settings.auth"),
    ];
    for (settings, member) in cases {
        let failure = prepare(settings.clone(), messages()).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{settings}");
        assert_eq!(failure.param(), Some(member), "{settings}");
    }
}
