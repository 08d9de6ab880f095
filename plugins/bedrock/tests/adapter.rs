//! The adapter `bedrock`, natively.

use bedrock::Bedrock;
use patchbay_sdk::testing;
use patchbay_sdk::{Call, Exchange, Failure, FailureKind, HttpAdapter, RequestHead, Settings};
use serde_json::{Value, json};

const PATH: &str = "/model/amazon.nova-2-lite-v1%3A0/converse";

fn prepare(settings: Value) -> Result<Exchange, Failure> {
    let call = Call { settings: settings.to_string(), ..testing::chat("m") };
    Bedrock::prepare(&call, RequestHead::post(PATH).with_header("accept", "application/json"))
}

fn extra(exchange: &Exchange) -> Vec<(&str, &str)> {
    exchange.extra.iter().map(|(name, json)| (name.as_str(), json.as_str())).collect()
}

const SIGNED: [(&str, &str); 2] = [("aws-region", "\"eu-west-1\""), ("aws-service", "\"bedrock\"")];

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn an_access_key_signs_for_the_region_and_the_head_goes_out_as_it_is() {
    for settings in [
        json!({"region": "eu-west-1"}),
        json!({"region": "eu-west-1", "credential": "aws", "reasoning": "auto"}),
    ] {
        let exchange = prepare(settings).unwrap();
        assert_eq!(exchange.head.path_and_query, PATH);
        assert_eq!(exchange.head.headers.len(), 1);
        assert_eq!(exchange.credential.as_deref(), Some("aws"));
        assert_eq!(extra(&exchange), SIGNED);
    }
}

#[test]
fn an_api_key_is_sent_and_nothing_is_signed() {
    let exchange = prepare(json!({"region": "eu-west-1", "credential": "api_key"})).unwrap();
    assert_eq!(exchange.credential.as_deref(), Some("api_key"));
    assert_eq!(extra(&exchange), []);
}

#[test]
fn the_probe_is_a_get_of_the_runtime_with_the_same_credential() {
    let probe = Bedrock::probe(Settings::new(r#"{"region": "eu-west-1"}"#)).unwrap();
    assert_eq!(probe.head.method, "GET");
    assert_eq!(probe.head.path_and_query, "/async-invoke?maxResults=1");
    assert_eq!(probe.credential.as_deref(), Some("aws"));
    assert_eq!(extra(&probe), SIGNED);
}

#[test]
fn the_runtime_has_no_list_of_models() {
    assert_eq!(Bedrock::list_models(Settings::new(r#"{"region": "eu-west-1"}"#)).unwrap(), None);
}

#[test]
fn regions_of_every_partition_are_taken() {
    for region in ["us-east-1", "us-gov-west-1", "ap-southeast-2", "eusc-de-east-1"] {
        assert!(prepare(json!({"region": region})).is_ok(), "{region}");
    }
}

#[test]
fn a_setting_that_makes_the_call_impossible_is_named() {
    let cases = [
        (json!({}), "settings"),
        (json!({"region": ""}), "settings.region"),
        (json!({"region": "eu-west"}), "settings.region"),
        (json!({"region": "west-1"}), "settings.region"),
        (json!({"region": "eu-west-1/x"}), "settings.region"),
        (json!({"region": "EU-WEST-1"}), "settings.region"),
        (json!({"region": 1}), "settings.region"),
        (json!({"region": "eu-west-1", "credential": "key"}), "settings.credential"),
    ];
    for (settings, member) in cases {
        let failure = prepare(settings.clone()).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{settings}");
        assert_eq!(failure.param(), Some(member), "{settings}");
        let text = settings.to_string();
        assert_eq!(Bedrock::probe(Settings::new(&text)).unwrap_err(), failure);
        if member == "settings.region" || member == "settings" {
            assert_eq!(Bedrock::list_models(Settings::new(&text)).unwrap_err(), failure);
        }
    }
}
