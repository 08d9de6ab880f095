use std::time::Duration;

use serde_json::json;

use super::*;
use crate::{KeySource, Models, Network};

fn good() -> Value {
    json!({
        "providers": [
            {
                "id": "main", "adapter": "openai-compatible", "dialect": "openai-chat",
                "base_url": "https://api.example.com/v1/",
                "credentials": {"api_key": "${env:KEY}"},
                "models": ["m-large", "m-small"],
                "settings": {"organization": "acme"},
                "timeouts": {"connect_ms": 100, "total_ms": 2000},
                "network": "anywhere",
                "limits": {"max_processes": 3}
            },
            {"id": "echo", "adapter": "spawn-cli", "models": ["echo"]},
            {"id": "local", "adapter": "openai-compatible", "models": "discover"}
        ],
        "api_keys": [
            {"id": "laptop", "key": "${env:PATCHBAY_KEY}"},
            {"id": "ci", "digest": format!("sha256:{}", "0a".repeat(32)), "models": ["m-*"]}
        ],
        "routes": [{"model": "smart", "fallback_on": ["context-too-long"], "candidates": [
            {"provider": "main", "model": "m-large", "weight": 3, "order": 1},
            {"provider": "local", "model": "whatever"}
        ]}]
    })
}

/// Problems of the good document after `change`, as an operator reads them.
fn problems_after(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut value = good();
    change(&mut value);
    let problems = Document::read(&value).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

fn problems_with(pointer: &str, member: &str, new: Value) -> Vec<String> {
    problems_after(|value| {
        let table = value.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        table.insert(member.to_owned(), new);
    })
}

#[test]
fn a_good_document_is_read_with_its_defaults() {
    let document = Document::read(&good()).unwrap();
    let main = &document.providers[0];
    assert_eq!(main.base_url.as_ref().unwrap().as_url().as_str(), "https://api.example.com/v1");
    assert_eq!(main.timeouts.connect, Duration::from_millis(100));
    assert_eq!(main.timeouts.idle, Duration::from_secs(60));
    assert_eq!(main.network, Network::Anywhere);
    assert_eq!(main.limits.max_processes, 3);
    assert_eq!(main.limits.max_open_files, 256);
    assert_eq!(document.providers[1].network, Network::Default);
    assert_eq!(document.providers[2].models, Models::Discover);
    assert_eq!(document.api_keys[0].models, ["*"]);
    assert!(matches!(document.api_keys[1].source, KeySource::Digest(_)));
    let candidates = &document.routes[0].candidates;
    assert_eq!((candidates[0].weight, candidates[0].order), (3, 1));
    assert_eq!((candidates[1].weight, candidates[1].order), (1, 0));
    let fallback_on = document.routes[0].fallback_on;
    assert!(fallback_on.context_too_long && !fallback_on.content_filtered);
}

#[test]
fn an_empty_document_is_good() {
    assert!(Document::read(&json!({})).is_ok());
    assert!(Document::read(&json!([])).is_err());
}

#[test]
#[expect(clippy::too_many_lines, reason = "one row a line of a table")]
fn each_bad_provider_member_is_named_with_a_fix() {
    for (member, value, expected) in [
        (
            "id",
            json!("Main"),
            "providers[1].id: provider id is not well-formed; use 1 to 64 of a-z 0-9 - _, starting with a letter or digit",
        ),
        (
            "id",
            json!("main"),
            "providers[1].id: \"main\" is taken by providers[0]; choose another, or remove one of the two",
        ),
        ("id", json!(null), "providers[1].id: is missing; add an id"),
        (
            "adapter",
            json!("a/b"),
            "providers[1].adapter: plugin name is not well-formed; use 1 to 64 of a-z 0-9 -, starting with a letter or digit",
        ),
        (
            "base_url",
            json!("ftp://a"),
            "providers[1].base_url: has a scheme other than http and https; write it like \"https://api.example.com/v1\"",
        ),
        (
            "credentials",
            json!({"api_key": ""}),
            "providers[1].credentials.api_key: is empty; write a reference like \"${env:NAME}\", or leave it out",
        ),
        (
            "credentials",
            json!({"Api Key": "x"}),
            "providers[1].credentials.\"Api Key\": credential slot is not well-formed; use 1 to 64 of a-z 0-9 - _, starting with a letter or digit",
        ),
        (
            "models",
            json!([]),
            "providers[1].models: is empty; list the models, as in models = [\"name\"], or write \"discover\"",
        ),
        (
            "models",
            json!("all"),
            "providers[1].models: must be a list or \"discover\"; list the models, as in models = [\"name\"], or write \"discover\"",
        ),
        ("models", json!(["a", "a"]), "providers[1].models: names \"a\" twice; name it once"),
        (
            "models",
            json!(["a b"]),
            "providers[1].models[0]: model name is not well-formed; use 1 to 256 printable ASCII characters without spaces",
        ),
        (
            "settings",
            json!([]),
            "providers[1].settings: must be a table; write settings = { name = \"value\" }",
        ),
        (
            "settings",
            json!({"a": ["${env:X}"]}),
            "providers[1].settings: holds a reference, but plugins see settings; put secrets into credentials, and other values into settings as they are",
        ),
        (
            "timeouts",
            json!({"idle_ms": 0}),
            "providers[1].timeouts.idle_ms: 0 is out of range; use a number from 1 to 3600000",
        ),
        (
            "timeouts",
            json!({"idel_ms": 5}),
            "providers[1].timeouts.idel_ms: unknown member \"idel_ms\"; did you mean \"idle_ms\"?",
        ),
        (
            "timeouts",
            json!({"connect_ms": 9, "total_ms": 8}),
            "providers[1].timeouts.connect_ms: is longer than total_ms (8 ms); make connect_ms shorter or total_ms longer",
        ),
        (
            "network",
            json!("anywere"),
            "providers[1].network: unknown value \"anywere\"; did you mean \"anywhere\"?",
        ),
        (
            "record",
            json!("yes"),
            "providers[1].record: must be true or false, but is a text; write true or false",
        ),
        (
            "limits",
            json!({"max_open_files": 1}),
            "providers[1].limits.max_open_files: 1 is out of range; use a number from 8 to 65536",
        ),
        (
            "base_urls",
            json!(1),
            "providers[1].base_urls: unknown member \"base_urls\"; did you mean \"base_url\"?",
        ),
    ] {
        assert_eq!(problems_with("/providers/1", member, value), [expected]);
    }
}

#[test]
fn each_bad_key_is_named_with_a_fix() {
    for (pointer, member, value, expected) in [
        (
            "/api_keys/0",
            "digest",
            json!(format!("sha256:{}", "0".repeat(64))),
            "api_keys[0]: has both key and digest; keep one of them",
        ),
        (
            "/api_keys/0",
            "key",
            json!(null),
            "api_keys[0]: has neither key nor digest; add key = \"${env:NAME}\" or digest = \"sha256:…\"",
        ),
        (
            "/api_keys/1",
            "digest",
            json!("sha256:12"),
            "api_keys[1].digest: must be \"sha256:\" and 64 hexadecimal digits; run `patchbay key digest` to make one",
        ),
        (
            "/api_keys/1",
            "id",
            json!("laptop"),
            "api_keys[1].id: \"laptop\" is taken by api_keys[0]; choose another, or remove one of the two",
        ),
        (
            "/api_keys/1",
            "models",
            json!(["a b"]),
            "api_keys[1].models[0]: model name is not well-formed; use 1 to 256 printable ASCII characters without spaces",
        ),
        (
            "/api_keys/1",
            "limits",
            json!({"tokens_per_minute": 0}),
            "api_keys[1].limits.tokens_per_minute: 0 is out of range; use a number from 1 to 10000000000",
        ),
        (
            "/api_keys/1",
            "state",
            json!("disabled"),
            "api_keys[1].state: unknown member \"state\"; use one of: key, digest, id, name, owner, tags, expires_at, models, endpoints, limits",
        ),
        (
            "/api_keys/1",
            "etag",
            json!("1"),
            "api_keys[1].etag: unknown member \"etag\"; did you mean \"tags\"?",
        ),
    ] {
        assert_eq!(problems_with(pointer, member, value), [expected]);
    }
}

#[test]
fn each_bad_route_is_named_with_a_fix() {
    let candidate = "/routes/0/candidates/0";
    for (pointer, member, value, expected) in [
        (
            candidate,
            "provider",
            json!("mian"),
            "routes[0].candidates[0].provider: unknown provider \"mian\"; did you mean \"main\"?",
        ),
        (
            candidate,
            "model",
            json!("m-larg"),
            "routes[0].candidates[0].model: provider \"main\" does not list model \"m-larg\"; did you mean \"m-large\"?",
        ),
        (
            candidate,
            "weight",
            json!(0),
            "routes[0].candidates[0].weight: 0 is out of range; use a number from 1 to 1000",
        ),
        (
            candidate,
            "order",
            json!(-1),
            "routes[0].candidates[0].order: -1 is out of range; use a number from 0 to 1000",
        ),
        (
            "/routes/0",
            "candidates",
            json!([]),
            "routes[0].candidates: is empty; add one: { provider = \"…\", model = \"…\" }",
        ),
        (
            "/routes/0",
            "model",
            json!("main/x"),
            "routes[0].model: \"main/x\" names a model of provider \"main\"; choose a name that does not start with a provider's id and a slash",
        ),
        (
            "/routes/0",
            "model",
            json!("a b"),
            "routes[0].model: model name is not well-formed; use 1 to 256 printable ASCII characters without spaces",
        ),
    ] {
        assert_eq!(problems_with(pointer, member, value), [expected]);
    }
}

#[test]
fn a_route_name_is_used_once() {
    let problems = problems_after(|value| {
        let routes = value["routes"].as_array_mut().unwrap();
        routes.push(routes[0].clone());
    });
    assert_eq!(
        problems,
        [
            "routes[1].model: \"smart\" is taken by routes[0]; choose another, or remove one of the two"
        ]
    );
}

#[test]
fn problems_of_different_resources_are_found_at_once_and_none_follows_from_another() {
    let problems = problems_after(|value| {
        value["providers"][0]["base_url"] = json!("nowhere");
        value["providers"][1]["id"] = json!("E!");
        value["api_keys"][0]["key"] = json!(7);
        value["routes"][0]["candidates"][1]["provider"] = json!("nobody");
    });
    let paths: Vec<_> = problems.iter().filter_map(|text| text.split(": ").next()).collect();
    assert_eq!(
        paths,
        [
            "providers[0].base_url",
            "providers[1].id",
            "api_keys[0].key",
            "routes[0].candidates[1].provider"
        ]
    );
}

#[test]
fn no_secret_is_shown_by_debug_or_in_a_message() {
    let mut value = good();
    value["providers"][0]["credentials"]["api_key"] = json!("sk-very-secret");
    value["api_keys"][0]["key"] = json!("pb-very-secret");
    let document = Document::read(&value).unwrap();
    assert!(!format!("{document:?}").contains("very-secret"));
    value["providers"][0]["credentials"]["api_key"] = json!(["sk-very-secret"]);
    value["api_keys"][0]["digest"] = json!("very-secret");
    let problems = Document::read(&value).unwrap_err();
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(!format!("{problems:?}").contains("very-secret"));
}
