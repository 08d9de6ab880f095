//! Method, path and headers.

use gemini_dialect::Gemini;
use patchbay_sdk::{Call, ExchangePlan, FailureKind, Normalizer, testing};

fn plan(operation: &str, model: &str, settings: &str) -> ExchangePlan {
    let mut call = Call { operation: operation.into(), ..testing::chat(model) };
    call.settings = settings.into();
    Gemini::plan(&call).expect("a known operation")
}

fn path(operation: &str, model: &str, settings: &str) -> String {
    plan(operation, model, settings).head.path_and_query
}

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../../plugin.json"));
}

#[test]
fn each_operation_has_its_method() {
    let stream = Gemini::plan(&testing::chat_stream("gemini-2.5-flash")).unwrap();
    assert!(stream.encode_body && !stream.verbatim);
    assert_eq!(
        stream.head.path_and_query,
        "/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    );
    assert_eq!(stream.head.headers[1].value, "text/event-stream");
    assert_eq!(path("chat", "models/m", "{}"), "/models/m:generateContent");
    assert_eq!(path("chat", "tunedModels/t", "{}"), "/tunedModels/t:generateContent");
    assert_eq!(path("count-tokens", "m", "{}"), "/models/m:countTokens");
    assert_eq!(path("chat", "m/../x?y", "{}"), "/models/m%2F..%2Fx%3Fy:generateContent");
}

#[test]
fn vectors_are_made_by_the_method_of_service_and_model() {
    let vertex = r#"{"project": "p", "location": "l"}"#;
    let express = r#"{"credential": "api_key"}"#;
    let predict = r#"{"project": "p", "embeddings_api": "predict"}"#;
    let cases = [
        ("gemini-embedding-001", "{}", "batchEmbedContents", "100"),
        ("text-embedding-005", vertex, "predict", "250"),
        ("text-embedding-005", express, "predict", "250"),
        ("gemini-embedding-001", vertex, "embedContent", "1"),
        ("gemini-embedding-001", predict, "predict", "1"),
        ("text-embedding-005", r#"{"api": "vertex"}"#, "predict", "250"),
        ("m", r#"{"project": "p", "api": "gemini"}"#, "batchEmbedContents", "100"),
    ];
    for (model, settings, method, most) in cases {
        let plan = plan("embeddings", model, settings);
        assert_eq!(plan.head.path_and_query, format!("/models/{model}:{method}"), "{settings}");
        assert_eq!(plan.extra, [("max-inputs".to_owned(), most.to_owned())], "{settings}");
    }
}

#[test]
fn an_operation_it_does_not_know_is_not_found() {
    let call = Call { operation: "images".into(), ..testing::chat("m") };
    assert_eq!(Gemini::plan(&call).unwrap_err().kind(), FailureKind::NotFound);
}

#[test]
fn a_setting_that_does_not_fit_is_named() {
    let cases = [
        (r#"{"thinking": "much"}"#, "settings.thinking"),
        (r#"{"safety_settings": {}}"#, "settings.safety_settings"),
        (r#"{"generation_config": []}"#, "settings.generation_config"),
        (r#"{"embeddings_api": "x"}"#, "settings.embeddings_api"),
    ];
    for (settings, member) in cases {
        let mut call = testing::chat("m");
        call.settings = settings.into();
        let failure = Gemini::plan(&call).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured);
        assert_eq!(failure.param(), Some(member));
    }
}
