//! The dialect `tgi`, natively.

use patchbay_sdk::{Call, FailureKind, Normalizer, testing};
use serde_json::{Value, json};
use tgi_dialect::Tgi;

#[path = "dialect/errors.rs"]
mod errors;
#[path = "dialect/prompts.rs"]
mod prompts;
#[path = "dialect/replies.rs"]
mod replies;
#[path = "dialect/requests.rs"]
mod requests;

/// The call with settings.
fn with(settings: Value, call: Call) -> Call {
    Call { settings: settings.to_string(), ..call }
}

/// The call with a template that many models have.
fn chatml(call: Call) -> Call {
    with(json!({"prompt_template": "chatml"}), call)
}

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn whole_and_streamed_replies_have_paths_of_their_own() {
    let cases = [
        (testing::chat("m"), "/generate", "application/json"),
        (testing::chat_stream("m"), "/generate_stream", "text/event-stream"),
    ];
    for (call, path, accept) in cases {
        let plan = Tgi::plan(&chatml(call)).unwrap();
        assert!(plan.encode_body && !plan.verbatim, "{path}");
        assert_eq!((plan.head.method.as_str(), plan.head.path_and_query.as_str()), ("POST", path));
        let accepts: Vec<_> =
            plan.head.headers.iter().filter(|header| header.name == "accept").collect();
        assert_eq!(accepts[0].value, accept);
    }
    let failure = Tgi::plan(&chatml(testing::embeddings("m"))).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::NotFound);
}

#[test]
fn a_setting_that_does_not_fit_is_named() {
    let template = |members: Value| {
        let mut settings = json!({"prompt_template": "plain", "of_the_adapter": 1});
        settings["parameters"] = members;
        settings
    };
    let cases = [
        (json!({}), "settings"),
        (json!({"prompt_template": "alpaca"}), "settings.prompt_template"),
        (json!({"prompt_template": "plain", "images": 1}), "settings.images"),
        (template(json!([])), "settings.parameters"),
        (template(json!({"stop": "END"})), "settings.parameters.stop"),
        (template(json!({"details": false})), "settings.parameters.details"),
        (template(json!({"best_of": 2})), "settings.parameters.best_of"),
    ];
    for (settings, member) in cases {
        let failure = Tgi::plan(&with(settings.clone(), testing::chat("m"))).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{settings}");
        assert_eq!(failure.param(), Some(member), "{settings}");
    }
    assert!(Tgi::plan(&with(template(json!({"stop": ["END"]})), testing::chat("m"))).is_ok());
}
