use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use administration::PluginUpload;
use exchange::FailureKind;
use openai_api::envelope::{Kind, RequestEnvelope};
use serde_json::{Value, json};

use super::contract::Contract;
use super::{caller, openapi};
use crate::admin;
use crate::endpoint::Endpoint;

#[test]
fn the_file_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../md-docs/openapi.yaml");
    let written = fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == openapi().to_yaml(),
        "md-docs/openapi.yaml differs from the code; run `patchbay openapi > md-docs/openapi.yaml`"
    );
}

#[test]
fn the_yaml_says_what_the_json_says() {
    let yaml: Value = yaml_serde::from_str(&openapi().to_yaml()).unwrap();
    assert_eq!(&yaml, Contract::read().document());
}

/// Endpoints of callers and of no API. A new one is either described or named here.
fn labels_of_callers() -> Vec<&'static str> {
    use Endpoint as E;
    let all = [E::Chat, E::Embeddings, E::Models, E::Model, E::Health, E::Ready, E::OpenApi];
    for endpoint in all {
        match endpoint {
            E::Chat | E::Embeddings | E::Models | E::Model => {}
            E::Health | E::Ready | E::OpenApi => {}
            E::InDialect | E::Admin(_) | E::WrongMethod | E::Unknown => {
                panic!("{} is no endpoint", endpoint.label())
            }
        }
    }
    all.map(Endpoint::label).to_vec()
}

#[test]
fn every_endpoint_is_described_and_nothing_else() {
    let contract = Contract::read();
    let described: BTreeSet<_> = contract.labels().into_iter().collect();
    let table = admin::table();
    let there = table.iter().map(|route| route.label).chain(labels_of_callers());
    let there: BTreeSet<_> = there.chain(caller::OF_PLUGINS).map(str::to_owned).collect();
    assert_eq!(described, there);
}

/// Every object in the document, with its path.
fn objects<'a>(value: &'a Value, path: &str, found: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(members) => {
            found.push((path.to_owned(), value));
            for (name, member) in members {
                objects(member, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                objects(element, &format!("{path}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_referred_to() {
    let contract = Contract::read();
    let mut found = Vec::new();
    objects(contract.document(), "#", &mut found);
    let mut targets = BTreeSet::new();
    for (_, object) in &found {
        if let Some(target) = object.get("$ref").and_then(Value::as_str) {
            assert!(contract.followed(object).is_object(), "{target}");
            targets.insert(target.to_owned());
        }
    }
    for section in ["parameters", "headers", "responses", "schemas"] {
        for name in contract.document()["components"][section].as_object().unwrap().keys() {
            let target = format!("#/components/{section}/{name}");
            assert!(targets.contains(&target), "nothing refers to {target}");
        }
    }
}

#[test]
fn every_example_is_what_its_schema_says() {
    let contract = Contract::read();
    let mut found = Vec::new();
    objects(contract.document(), "#", &mut found);
    let mut count = 0;
    for (path, object) in found {
        if path.ends_with("/properties") {
            continue;
        }
        let has_schema = object.get("schema");
        let schema = has_schema.unwrap_or(object);
        let several =
            object.get("examples").and_then(Value::as_object).filter(|_| has_schema.is_some());
        let several = several.into_iter().flat_map(|it| it.values()).map(|it| &it["value"]);
        for example in object.get("example").into_iter().chain(several) {
            let problems = contract.problems(schema, example);
            assert!(problems.is_empty(), "{path}: {problems:#?}");
            count += 1;
        }
    }
    assert!(count > 100, "only {count} examples");
}

/// Generators of clients want to know what is in a list.
#[test]
fn every_list_says_what_is_in_it() {
    let contract = Contract::read();
    let mut found = Vec::new();
    objects(contract.document(), "#", &mut found);
    for (path, object) in found {
        let kinds = object.get("type").map(ToString::to_string).unwrap_or_default();
        let is_list = kinds.contains("\"array\"") && !path.ends_with("/example");
        assert!(!is_list || object.get("items").is_some(), "{path}");
    }
}

#[test]
fn every_json_body_has_an_example_and_every_operation_a_name_of_its_own() {
    let contract = Contract::read();
    let mut names = BTreeSet::new();
    for label in contract.labels() {
        let operation = contract.operation(&label);
        assert!(names.insert(operation["operationId"].as_str().unwrap()), "{label}");
        let security = operation["security"].as_array().unwrap();
        assert_eq!(label.contains("/admin/"), security == &[json!({ "operatorToken": [] })]);
        let bodies = operation.get("requestBody").into_iter();
        let replies = operation["responses"].as_object().unwrap().values();
        for described in bodies.chain(replies) {
            let described = contract.followed(described);
            let Some(content) = described.get("content") else { continue };
            for (kind, content) in content.as_object().unwrap() {
                let has_one = content.get("example").or(content.get("examples")).is_some();
                let is_binary =
                    ["application/octet-stream", "application/wasm"].contains(&kind.as_str());
                assert!(has_one || is_binary, "{label} {kind}");
            }
        }
    }
}

#[test]
fn what_an_endpoint_takes_is_what_the_table_says() {
    use admin::Input;
    let contract = Contract::read();
    for route in admin::table() {
        let operation = contract.operation(route.label);
        let mut queries = BTreeSet::new();
        let mut paths = Vec::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let parameter = contract.followed(parameter);
            let name = parameter["name"].as_str().unwrap();
            match parameter["in"].as_str().unwrap() {
                "query" => drop(queries.insert(name)),
                "path" => paths.push(format!("{{{name}}}")),
                _ => {}
            }
        }
        let in_path: Vec<_> = route.label.split('/').filter(|it| it.starts_with('{')).collect();
        assert_eq!(paths, in_path, "{}", route.label);
        let has_body = operation.get("requestBody").is_some();
        let takes_body = matches!(route.input, Input::Document | Input::Component);
        assert_eq!(has_body, takes_body, "{}", route.label);
        match route.input {
            Input::Nothing | Input::Document => assert!(queries.is_empty(), "{}", route.label),
            Input::Component => {
                assert_eq!(queries, PluginUpload::PARAMETERS.into_iter().collect());
            }
            Input::Page => assert_eq!(queries, BTreeSet::from(["limit", "cursor"])),
            Input::Filters => assert!(!queries.is_empty(), "{}", route.label),
        }
        let is_for_all = operation["responses"].get("403").is_none();
        assert_eq!(is_for_all, route.label.starts_with("GET "), "{}", route.label);
    }
}

#[test]
fn every_failure_that_is_answered_is_described() {
    let contract = Contract::read();
    let responses = contract.document()["components"]["responses"].as_object().unwrap();
    let mut labels = BTreeMap::<&str, u16>::new();
    for response in responses.values() {
        for content in response["content"].as_object().unwrap().values() {
            for label in content["examples"].as_object().unwrap().keys() {
                *labels.entry(label).or_default() += 1;
            }
        }
    }
    for kind in FailureKind::ALL.into_iter().filter(|kind| *kind != FailureKind::Cancelled) {
        assert!(labels.contains_key(kind.rule().label), "{kind:?}");
    }
}

#[test]
fn what_the_schema_of_a_callers_request_refuses_the_gateway_refuses() {
    let contract = Contract::read();
    let messages = json!([{ "role": "user", "content": "x" }]);
    let chat = |name: &str, value: Value| {
        let mut request = json!({ "model": "m", "messages": messages });
        request[name] = value;
        (Kind::Chat, "ChatRequest", request)
    };
    let embeddings = |name: &str, value: Value| {
        let mut request = json!({ "model": "m", "input": "x" });
        request[name] = value;
        (Kind::Embeddings, "EmbeddingsRequest", request)
    };
    for ((kind, schema, request), expected) in [
        (chat("x", json!({ "any": 1 })), true),
        (chat("model", json!("")), false),
        (chat("model", json!(null)), false),
        (chat("model", json!("a".repeat(256))), true),
        (chat("model", json!("a".repeat(257))), false),
        (chat("model", json!("a\u{7}")), false),
        (chat("messages", json!([])), false),
        (chat("messages", json!("x")), false),
        (chat("messages", json!(null)), false),
        (chat("stream", json!(null)), true),
        (chat("stream", json!("true")), false),
        (chat("stream_options", json!({ "include_usage": null })), true),
        (chat("stream_options", json!({ "include_usage": 1 })), false),
        (chat("stream_options", json!([])), false),
        (chat("temperature", json!(0)), true),
        (chat("temperature", json!("0")), false),
        (chat("max_tokens", json!(-1)), true),
        (chat("max_tokens", json!(1.5)), false),
        (chat("n", json!(0)), false),
        (chat("n", json!(1)), true),
        (chat("stop", json!(["a"])), true),
        (chat("stop", json!(1)), false),
        (chat("tools", json!({})), false),
        (chat("tool_choice", json!([])), false),
        (chat("logit_bias", json!([])), true),
        (chat("logit_bias", json!(1)), false),
        (chat("user", json!(1)), false),
        (chat("metadata", json!("x")), false),
        (chat("function_call", json!(true)), false),
        (embeddings("input", json!("")), false),
        (embeddings("input", json!([])), false),
        (embeddings("input", json!([1, 2])), true),
        (embeddings("input", json!(1)), false),
        (embeddings("input", json!(null)), false),
        (embeddings("dimensions", json!(0)), false),
        (embeddings("dimensions", json!(null)), true),
        (embeddings("encoding_format", json!(1)), false),
    ] {
        let problems = contract.problems(&contract.schema(schema), &request);
        assert_eq!(problems.is_empty(), expected, "{request}: {problems:?}");
        let body = request.to_string();
        assert_eq!(RequestEnvelope::read(kind, body.as_bytes()).is_ok(), expected, "{request}");
    }
}
