//! The adapter `vertex`, natively.

use patchbay_sdk::{Call, Exchange, Failure, FailureKind, HttpAdapter, RequestHead, Settings};
use patchbay_sdk::{ResponseHead, testing};
use serde_json::{Value, json};
use vertex::Vertex;

fn prepare(settings: Value, path: &str) -> Result<Exchange, Failure> {
    let call = Call { settings: settings.to_string(), ..testing::chat("m") };
    Vertex::prepare(&call, RequestHead::post(path).with_header("accept", "application/json"))
}

fn project() -> Value {
    json!({"project": "my-project", "location": "us-central1"})
}

fn probe(settings: &Value) -> Result<Exchange, Failure> {
    Vertex::probe(Settings::new(&settings.to_string()))
}

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn a_model_is_found_under_project_location_and_publisher() {
    let parent = "/v1/projects/my-project/locations/us-central1";
    let cases = [
        (
            "/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
            "/publishers/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        ),
        (
            "/publishers/meta/models/llama:generateContent",
            "/publishers/meta/models/llama:generateContent",
        ),
        ("/endpoints/123:generateContent", "/endpoints/123:generateContent"),
    ];
    for (path, rest) in cases {
        let exchange = prepare(project(), path).unwrap();
        assert_eq!(exchange.head.path_and_query, format!("{parent}{rest}"));
        assert_eq!(exchange.head.headers.len(), 1);
        assert_eq!(exchange.credential.as_deref(), Some("service_account"));
    }
}

#[test]
fn settings_choose_publisher_and_version() {
    let settings = json!({
        "project": "example.com:p", "location": "global", "publisher": "meta",
        "api_version": "v1beta1", "embeddings_api": "predict",
    });
    let exchange = prepare(settings, "/models/m:countTokens").unwrap();
    assert_eq!(
        exchange.head.path_and_query,
        "/v1beta1/projects/example.com:p/locations/global/publishers/meta/models/m:countTokens"
    );
}

#[test]
fn an_api_key_without_project_is_express_mode() {
    let exchange = prepare(json!({"credential": "api_key"}), "/models/m:generateContent").unwrap();
    assert_eq!(exchange.head.path_and_query, "/v1/publishers/google/models/m:generateContent");
    assert_eq!(exchange.credential.as_deref(), Some("api_key"));

    let mut settings = project();
    settings["credential"] = "api_key".into();
    let exchange = prepare(settings, "/models/m:generateContent").unwrap();
    assert!(exchange.head.path_and_query.starts_with("/v1/projects/my-project/locations/"));
    assert_eq!(exchange.credential.as_deref(), Some("api_key"));
}

#[test]
fn a_path_that_vertex_does_not_have_is_not_found() {
    for path in ["/tunedModels/t:generateContent", "/", "//models/m", "/v1/x"] {
        let failure = prepare(project(), path).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::NotFound, "{path}");
    }
    let failure = prepare(json!({"credential": "api_key"}), "/endpoints/1:predict").unwrap_err();
    assert_eq!(failure.kind(), FailureKind::NotFound);
}

#[test]
fn a_setting_that_is_missing_or_no_name_is_named() {
    let cases = [
        (json!({}), "settings.project"),
        (json!({"project": "p"}), "settings.location"),
        (json!({"project": "p/../q", "location": "l"}), "settings.project"),
        (json!({"project": "..", "location": "l"}), "settings.project"),
        (json!({"project": "", "location": "l"}), "settings.project"),
        (json!({"project": "p", "location": "us central1"}), "settings.location"),
        (json!({"project": "p", "location": "l?x=1"}), "settings.location"),
        (json!({"project": "p", "location": "l", "publisher": "a/b"}), "settings.publisher"),
        (json!({"credential": "password"}), "settings.credential"),
        (json!({"credential": "api_key", "api_version": "v2"}), "settings.api_version"),
    ];
    for (settings, member) in cases {
        let failure = prepare(settings.clone(), "/models/m:generateContent").unwrap_err();
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{settings}");
        assert_eq!(failure.param(), Some(member), "{settings}");
        assert_eq!(probe(&settings).unwrap_err().param(), Some(member), "{settings}");
    }
}

#[test]
fn models_are_listed_where_the_api_has_a_list() {
    let settings = project();
    let exchange = probe(&settings).unwrap();
    assert_eq!(exchange.head.path_and_query, "/v1beta1/publishers/google/models?pageSize=1");
    assert_eq!(exchange.credential.as_deref(), Some("service_account"));
    let list = Vertex::list_models(Settings::new(&settings.to_string())).unwrap().unwrap();
    assert_eq!(list.head.path_and_query, "/v1beta1/publishers/google/models?pageSize=1000");

    let express = r#"{"credential": "api_key"}"#;
    assert_eq!(Vertex::list_models(Settings::new(express)).unwrap(), None);
    let exchange = Vertex::probe(Settings::new(express)).unwrap();
    assert_eq!(exchange.credential.as_deref(), Some("api_key"));
}

#[test]
fn listed_names_are_those_that_a_call_takes() {
    let body = br#"{"publisherModels": [
        {"name": "publishers/google/models/gemini-2.5-flash", "versionId": "default"},
        {"name": "publishers/meta/models/llama"},
        {"name": "publishers/google/models/gemini-2.5-flash", "versionId": "001"}
    ]}"#;
    let ids = Vertex::read_models(&ResponseHead::new(200), body).unwrap();
    assert_eq!(ids, ["gemini-2.5-flash", "publishers/meta/models/llama"]);

    let cases: [(u16, &[u8], FailureKind); 3] = [
        (200, b"{}", FailureKind::UpstreamError),
        (401, br#"{"error": {"code": 401, "message": "m"}}"#, FailureKind::UpstreamAuth),
        (200, br#"{"error": {"code": 429, "message": "m"}}"#, FailureKind::UpstreamRateLimited),
    ];
    for (status, body, kind) in cases {
        let failure = Vertex::read_models(&ResponseHead::new(status), body).unwrap_err();
        assert_eq!(failure.kind(), kind, "{failure}");
    }
}
