//! The adapter `openai-compatible`, natively.

use openai_compatible::OpenAiCompatible;
use patchbay_sdk::{Call, Exchange, Failure, FailureKind, HttpAdapter, RequestHead, Settings};
use patchbay_sdk::{ResponseHead, testing};
use serde_json::{Value, json};

fn prepare(settings: Value) -> Result<Exchange, Failure> {
    let call = Call { settings: settings.to_string(), ..testing::chat("m") };
    let head = RequestHead::post("/chat/completions").with_header("accept", "application/json");
    OpenAiCompatible::prepare(&call, head)
}

/// The manifest's presets.
fn presets() -> Vec<(String, Value)> {
    let manifest: Value = serde_json::from_str(include_str!("../plugin.json")).expect("it is JSON");
    let presets = manifest["adapter"]["presets"].as_object().expect("there are presets");
    presets.iter().map(|(name, preset)| (name.clone(), preset.clone())).collect()
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
fn without_settings_the_head_goes_out_as_it_is() {
    let exchange = prepare(json!({})).unwrap();
    assert_eq!(exchange.head.path_and_query, "/chat/completions");
    assert_eq!(headers(&exchange), [("accept", "application/json")]);
    assert_eq!(exchange.credential.as_deref(), Some("api_key"));
}

#[test]
fn settings_add_headers_and_a_version() {
    let settings = json!({
        "organization": "org-1", "project": "proj-1",
        "headers": {"X-Team": "blue", "x-region": "north 1"},
        "api_version": "2024-10-21",
    });
    let exchange = prepare(settings.clone()).unwrap();
    assert_eq!(exchange.head.path_and_query, "/chat/completions?api-version=2024-10-21");
    let added = [
        ("openai-organization", "org-1"),
        ("openai-project", "proj-1"),
        ("X-Team", "blue"),
        ("x-region", "north 1"),
    ];
    assert_eq!(headers(&exchange)[1..], added);

    let text = settings.to_string();
    let probe = OpenAiCompatible::probe(Settings::new(&text)).unwrap();
    assert_eq!(probe.head.method, "GET");
    assert_eq!(probe.head.path_and_query, "/models?api-version=2024-10-21");
    assert_eq!(headers(&probe)[1..], added);
    let listing = OpenAiCompatible::list_models(Settings::new(&text)).unwrap();
    assert_eq!(listing, Some(probe));
}

#[test]
fn a_prefix_stands_before_the_dialects_path_and_not_before_the_list() {
    let settings = json!({"path_prefix": "/inference", "models_path": "/catalog/models"});
    let exchange = prepare(settings.clone()).unwrap();
    assert_eq!(exchange.head.path_and_query, "/inference/chat/completions");
    let text = settings.to_string();
    let listing = OpenAiCompatible::list_models(Settings::new(&text)).unwrap().unwrap();
    assert_eq!(listing.head.path_and_query, "/catalog/models");
}

#[test]
fn a_provider_without_a_model_list_has_none_and_no_probe() {
    let settings = Settings::new(r#"{"models_path": ""}"#);
    assert_eq!(OpenAiCompatible::list_models(settings).unwrap(), None);
    let failure = OpenAiCompatible::probe(settings).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::NotFound);
}

#[test]
fn a_path_that_could_lead_elsewhere_is_named() {
    let paths = ["inference", "//evil.example", "/a/../b", "/a//b", "/a?b", "/a%2e", "/a b", "/a/"];
    for path in paths {
        let failure = prepare(json!({"path_prefix": path})).unwrap_err();
        assert_eq!(failure.param(), Some("settings.path_prefix"), "{path}");
        let settings = json!({"models_path": path}).to_string();
        let failure = OpenAiCompatible::list_models(Settings::new(&settings)).unwrap_err();
        assert_eq!(failure.param(), Some("settings.models_path"), "{path}");
    }
}

#[test]
fn settings_of_the_dialect_are_not_its_affair() {
    assert!(prepare(json!({"system_role": "developer"})).is_ok());
}

#[test]
fn a_setting_that_cannot_be_sent_is_named() {
    let cases = [
        (json!({"headers": {"Authorization": "Bearer x"}}), "settings.headers.Authorization"),
        (json!({"headers": {"a b": "x"}}), "settings.headers.a b"),
        (json!({"headers": {"": "x"}}), "settings.headers."),
        (json!({"headers": {"x": "a\r\nb: c"}}), "settings.headers.x"),
        (json!({"headers": {"x": 1}}), "settings.headers.x"),
        (json!({"organization": "ö"}), "settings.organization"),
        (json!({"api_version": "1&key=2"}), "settings.api_version"),
        (json!({"api_version": ""}), "settings.api_version"),
    ];
    for (settings, member) in cases {
        let failure = prepare(settings.clone()).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{settings}");
        assert_eq!(failure.param(), Some(member), "{settings}");
    }
}

#[test]
fn model_lists_of_common_servers_are_read() {
    let cases = [
        json!({"object": "list", "data": [
            {"id": "small", "object": "model", "created": 1, "owned_by": "vllm", "max_model_len": 8}
        ]}),
        json!({"object": "list", "models": [{"name": "file.gguf", "model": "file.gguf"}],
            "data": [{"id": "small", "object": "model", "meta": {"n_ctx_train": 8}}]}),
        json!({"object": "list", "data": [
            {"id": "small", "capabilities": {"completion_chat": true}, "aliases": ["s"]}
        ]}),
        json!([{"id": "small"}]),
    ];
    for list in cases {
        let body = list.to_string();
        let ids = OpenAiCompatible::read_models(&ResponseHead::new(200), body.as_bytes());
        assert_eq!(ids.unwrap(), ["small"], "{body}");
    }
}

#[test]
fn every_preset_can_be_prepared_and_has_a_list_or_says_that_it_has_none() {
    for (name, preset) in presets() {
        let settings = preset.get("settings").cloned().unwrap_or(json!({}));
        assert!(prepare(settings.clone()).is_ok(), "{name}");
        let listing = OpenAiCompatible::list_models(Settings::new(&settings.to_string())).unwrap();
        assert_eq!(listing.is_none(), settings["models_path"] == "", "{name}");
    }
}

#[test]
fn the_quirks_of_presets_are_settings_of_adapter_or_dialect() {
    let manifests = [include_str!("../../openai-chat/plugin.json"), include_str!("../plugin.json")];
    let manifests = manifests.map(|json| serde_json::from_str::<Value>(json).unwrap());
    for (name, preset) in presets() {
        for setting in preset["settings"].as_object().into_iter().flat_map(|map| map.keys()) {
            let is_known =
                |manifest: &Value| manifest["settings"]["properties"].get(setting).is_some();
            assert!(manifests.iter().any(is_known), "{name}: {setting}");
        }
    }
}

#[test]
fn every_preset_is_explained() {
    let document = include_str!("../../../md-docs/providers.md");
    for (name, preset) in presets() {
        let row = document.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("{name} has no row in providers.md"));
        if let Some(url) = preset["base_url"].as_str() {
            assert!(row.contains(&format!("`{url}`")), "{name}: {row}");
        }
    }
}
