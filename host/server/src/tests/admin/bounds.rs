//! What the OpenAPI document refuses is refused, and what it allows is taken.

use std::ops::RangeInclusive;

use administration::{Administration, PageRequest};
use resources::{ApiKey, Candidate, KeyLimits, Limits, Retries, Timeouts};
use serde_json::{Value, json};

use super::client::{Ask, Client};
use crate::openapi::contract::Contract;

/// A sort of document with one member changed.
struct Case {
    collection: &'static str,
    schema: &'static str,
    document: Value,
    /// Whether it is taken.
    good: bool,
}

fn provider(pointer: &str, value: Value, good: bool) -> Case {
    let document = json!({
        "id": "x", "adapter": "a", "models": ["m"], "timeouts": {}, "retries": {}, "limits": {},
        "credentials": {},
    });
    case(("providers", "NewProvider", document), (pointer, value), good)
}

fn key(pointer: &str, value: Value, good: bool) -> Case {
    case(("apikeys", "NewApiKey", json!({"id": "x", "limits": {}})), (pointer, value), good)
}

fn route(pointer: &str, value: Value, good: bool) -> Case {
    let candidates = json!([{"provider": "main", "model": "m"}]);
    let document = json!({"model": "x", "candidates": candidates, "timeouts": {}, "retries": {}});
    case(("routes", "NewRoute", document), (pointer, value), good)
}

/// Members are made where they are not.
fn case(
    (collection, schema, mut document): (&'static str, &'static str, Value),
    (pointer, value): (&str, Value),
    good: bool,
) -> Case {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    document.pointer_mut(parent).unwrap()[name] = value;
    Case { collection, schema, document, good }
}

/// Both ends of a range, and what is just beyond them.
fn edges(range: &RangeInclusive<u64>) -> Vec<(Value, bool)> {
    let (least, most) = (*range.start(), *range.end());
    let below = least.checked_sub(1).map_or(json!(-1), |below| json!(below));
    vec![
        (below, false),
        (json!(least), true),
        (json!(most), true),
        (json!(most + 1), false),
        (json!(null), true),
        (json!("1"), false),
        (json!(least as f64 + 0.5), false),
    ]
}

fn of_ranges() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, range) in &Limits::RANGES {
        let pointer = format!("/limits/{name}");
        cases.extend(edges(range).into_iter().map(|(value, good)| provider(&pointer, value, good)));
    }
    for (name, range) in &KeyLimits::RANGES {
        let pointer = format!("/limits/{name}");
        cases.extend(edges(range).into_iter().map(|(value, good)| key(&pointer, value, good)));
    }
    for name in ["first_byte_ms", "idle_ms", "total_ms"] {
        let pointer = format!("/timeouts/{name}");
        let edges = edges(&Timeouts::RANGE_MS).into_iter();
        cases.extend(edges.map(|(value, good)| provider(&pointer, value, good)));
    }
    for (name, range) in [
        ("max", Retries::RANGE),
        ("base_ms", Retries::RANGE_MS),
        ("max_wait_ms", Retries::RANGE_MS),
    ] {
        let pointer = format!("/retries/{name}");
        for (value, good) in edges(&range) {
            cases.push(provider(&pointer, value.clone(), good));
            cases.push(route(&pointer, value, good));
        }
    }
    for (name, range) in [("weight", Candidate::WEIGHTS), ("order", Candidate::ORDERS)] {
        let pointer = format!("/candidates/0/{name}");
        cases.extend(edges(&range).into_iter().map(|(value, good)| route(&pointer, value, good)));
    }
    for name in ["first_byte_ms", "total_ms"] {
        let pointer = format!("/timeouts/{name}");
        let edges = edges(&Timeouts::RANGE_MS).into_iter();
        cases.extend(edges.map(|(value, good)| route(&pointer, value, good)));
    }
    cases
}

#[expect(clippy::too_many_lines, reason = "one row a line of a table")]
fn of_providers() -> Vec<Case> {
    let long = |number: usize| json!("a".repeat(number));
    let most = Administration::MAX_SECRET_BYTES;
    vec![
        provider("/id", json!(null), false),
        provider("/id", json!(1), false),
        provider("/id", json!(""), false),
        provider("/id", json!("A"), false),
        provider("/id", json!("-a"), false),
        provider("/id", json!("a/b"), false),
        provider("/id", json!("é"), false),
        provider("/id", json!("0_a-b"), true),
        provider("/id", long(64), true),
        provider("/id", long(65), false),
        provider("/adapter", json!(null), false),
        provider("/adapter", json!("a_b"), false),
        provider("/adapter", long(64), true),
        provider("/preset", json!(null), true),
        provider("/preset", json!("a_b"), false),
        provider("/dialect", json!("d"), true),
        provider("/dialect", json!(["d"]), false),
        provider("/dialects", json!(["d", "e"]), true),
        provider("/dialects", json!(["d", "d"]), false),
        provider("/dialects", json!([]), false),
        provider("/dialects", json!(null), true),
        provider("/models", json!(null), false),
        provider("/models", json!("discover"), true),
        provider("/models", json!("discovered"), false),
        provider("/models", json!([]), false),
        provider("/models", json!(["m", "m"]), false),
        provider("/models", json!(["a b"]), false),
        provider("/models", json!([long(256)]), true),
        provider("/models", json!([long(257)]), false),
        provider("/models", json!([1]), false),
        provider("/models", json!({}), false),
        provider("/base_url", json!(null), true),
        provider("/base_url", json!("https://api.example.com/v1"), true),
        provider("/base_url", json!("HTTP://127.0.0.1:8080"), true),
        provider("/base_url", json!("ftp://a/"), false),
        provider("/base_url", json!("https://"), false),
        provider("/base_url", json!("https://me:pw@a/"), false),
        provider("/base_url", json!("https://a/?x=1"), false),
        provider("/base_url", json!("https://a/#x"), false),
        provider("/base_url", json!("a"), false),
        provider("/settings", json!({"any": [1, {"x": null}]}), true),
        provider("/settings", json!([]), false),
        provider("/network", json!("anywhere"), true),
        provider("/network", json!(null), true),
        provider("/network", json!("nowhere"), false),
        provider("/timeouts", json!(null), true),
        provider("/timeouts", json!(1), false),
        provider("/timeouts/unknown", json!(1), false),
        provider("/timeouts/connect_ms", json!(1), true),
        provider("/retries", json!([]), false),
        provider("/retries/unknown", json!(1), false),
        provider("/limits/unknown", json!(1), false),
        provider("/unknown", json!(1), false),
        provider("/origin", json!(["whatever"]), true),
        provider("/status", json!(1), true),
        provider("/previous_credentials", json!(1), true),
        provider("/hint", json!("pb-"), false),
        provider("/credentials", json!(null), true),
        provider("/credentials", json!("secret"), false),
        provider("/credentials/a", json!("secret"), true),
        provider("/credentials/a", json!(null), true),
        provider("/credentials/a", json!(""), false),
        provider("/credentials/a", json!(1), false),
        provider("/credentials/a", json!("two\nlines"), false),
        provider("/credentials/a", json!(" {\n\t\"json\": 1\r\n}"), true),
        provider("/credentials/a", json!("{\u{0}"), false),
        provider("/credentials/a", json!("x\u{85}"), false),
        provider("/credentials/a", json!("${env:HOME}"), false),
        provider("/credentials/a", json!("x${file:/etc/passwd}"), false),
        provider("/credentials/a", json!("$env"), true),
        provider("/credentials/a", json!({"fingerprint": "00"}), false),
        provider("/credentials/A", json!("secret"), false),
        provider("/credentials/a", long(most), true),
        provider("/credentials/a", long(most + 1), false),
    ]
}

fn of_keys() -> Vec<Case> {
    let long = |number: usize| json!("é".repeat(number));
    let path = |number: usize| json!([format!("/{}", "a".repeat(number - 1))]);
    let tags = |number: usize| json!(vec!["t"; number]);
    vec![
        key("/id", json!(null), true),
        key("/id", json!("a b"), false),
        key("/name", json!(null), true),
        key("/name", json!(""), false),
        key("/name", long(ApiKey::MAX_WORDS_CHARS), true),
        key("/name", long(ApiKey::MAX_WORDS_CHARS + 1), false),
        key("/owner", json!("two\nlines"), false),
        key("/owner", json!("x\u{9f}"), false),
        key("/tags", tags(ApiKey::MAX_TAGS), true),
        key("/tags", tags(ApiKey::MAX_TAGS + 1), false),
        key("/tags", json!([long(ApiKey::MAX_TAG_CHARS)]), true),
        key("/tags", json!([long(ApiKey::MAX_TAG_CHARS + 1)]), false),
        key("/tags", json!("t"), false),
        key("/expires_at", json!("2100-01-31T00:00:00Z"), true),
        key("/expires_at", json!("2100-01-31T00:00:00.5+01:00"), true),
        key("/expires_at", json!("2100-01-31"), false),
        key("/expires_at", json!("2100-02-30T00:00:00Z"), false),
        key("/expires_at", json!(4_102_444_800_u64), false),
        key("/models", json!([]), true),
        key("/models", json!(["gpt-*", "gpt-*"]), true),
        key("/models", json!(["a b"]), false),
        key("/endpoints", json!(["*", "/v1/*"]), true),
        key("/endpoints", json!(["v1"]), false),
        key("/endpoints", json!(["**"]), false),
        key("/endpoints", json!([""]), false),
        key("/endpoints", path(ApiKey::MAX_ENDPOINT_CHARS), true),
        key("/endpoints", path(ApiKey::MAX_ENDPOINT_CHARS + 1), false),
        key("/state", json!("disabled"), true),
        key("/state", json!(null), true),
        key("/state", json!("revoked"), false),
        key("/limits", json!(null), true),
        key("/limits/unknown", json!(1), false),
        key("/key", json!("pb-mine"), false),
        key("/digest", json!("sha256:00"), false),
        key("/hint", json!(1), true),
        key("/last_used_at", json!(1), true),
        key("/unknown", json!(1), false),
    ]
}

fn of_routes() -> Vec<Case> {
    let long = |number: usize| json!("m".repeat(number));
    vec![
        route("/model", json!(null), false),
        route("/model", json!("org/model:7b"), true),
        route("/model", json!("a b"), false),
        route("/model", json!(""), false),
        route("/model", long(256), true),
        route("/model", long(257), false),
        route("/candidates", json!(null), false),
        route("/candidates", json!([]), false),
        route("/candidates", json!([1]), false),
        route("/candidates/0/provider", json!(null), false),
        route("/candidates/0/provider", json!("A"), false),
        route("/candidates/0/model", json!(null), false),
        route("/candidates/0/unknown", json!(1), false),
        route("/fallback_on", json!([]), true),
        route("/fallback_on", json!(["content-filtered", "content-filtered"]), true),
        route("/fallback_on", json!(["unavailable"]), false),
        route("/fallback_on", json!("content-filtered"), false),
        route("/timeouts/connect_ms", json!(1), false),
        route("/timeouts/unknown", json!(1), false),
        route("/etag", json!(7), true),
        route("/hint", json!("pb-"), false),
        route("/unknown", json!(1), false),
    ]
}

#[tokio::test]
async fn the_schema_of_a_document_allows_what_its_reader_takes() {
    let (mut client, contract) = (Client::start().await, Contract::read());
    let cases = [of_providers(), of_keys(), of_routes(), of_ranges()];
    for Case { collection, schema, document, good } in cases.into_iter().flatten() {
        let problems = contract.problems(&contract.schema(schema), &document);
        assert_eq!(problems.is_empty(), good, "{document}: {problems:?}");
        let made = Ask::new(&format!("POST /admin/{collection}")).document(&document);
        let made = client.send(made).await;
        let expected = if good { 201 } else { 400 };
        assert_eq!(made.status, expected, "{document}: {}", made.text());
        if let Some(path) = made.header("location") {
            let remove = Ask::new(&format!("DELETE {path}")).with("if-match", "*");
            assert_eq!(client.send(remove).await.status, 204);
        }
    }
    client.stop().await;
}

#[tokio::test]
async fn the_schema_of_a_change_allows_what_its_reader_takes() {
    let (mut client, contract) = (Client::start().await, Contract::read());
    let base = json!({"id": "main", "adapter": "a", "models": ["m"], "credentials": {"a": "s"}});
    let made = client.good(Ask::new("POST /admin/providers").document(&base)).await.json();
    let kept = json!({"a": made["credentials"]["a"]});
    let rotate = "POST /admin/providers/main/rotate-credentials";
    let (put, patch) = ("PUT /admin/providers/main", "PATCH /admin/providers/main");
    let most = Administration::MAX_GRACE_SECONDS;
    let new = json!({"a": "s"});
    for (label, schema, document, good) in [
        (put, "ProviderDocument", made.clone(), true),
        (put, "ProviderDocument", json!({"adapter": "a", "models": ["m"], "id": null}), true),
        (put, "ProviderDocument", base.clone(), true),
        (
            put,
            "ProviderDocument",
            json!({"adapter": "a", "models": ["m"], "credentials": kept}),
            true,
        ),
        (put, "ProviderDocument", json!({"adapter": "a"}), false),
        (
            put,
            "ProviderDocument",
            json!({"adapter": "a", "models": ["m"], "dialect": "d", "dialects": ["d"]}),
            false,
        ),
        (patch, "ProviderPatch", json!({}), true),
        (patch, "ProviderPatch", json!({"credentials": {"a": null}, "limits": null}), true),
        (patch, "ProviderPatch", json!({"adapter": null}), false),
        (patch, "ProviderPatch", json!({"models": []}), false),
        (patch, "ProviderPatch", json!({"unknown": 1}), false),
        (rotate, "Rotation", json!({"credentials": new}), true),
        (rotate, "Rotation", json!({"credentials": new, "grace_seconds": most}), true),
        (rotate, "Rotation", json!({"credentials": new, "grace_seconds": most + 1}), false),
        (rotate, "Rotation", json!({"credentials": new, "grace_seconds": -1}), false),
        (
            rotate,
            "Rotation",
            json!({"credentials": new, "grace_seconds": null, "verify": null}),
            true,
        ),
        (rotate, "Rotation", json!({"credentials": new, "verify": "no"}), false),
        (rotate, "Rotation", json!({"credentials": {}}), false),
        (rotate, "Rotation", json!({"credentials": {"a": null}}), false),
        (rotate, "Rotation", json!({"credentials": {"a": ""}}), false),
        (rotate, "Rotation", json!({"credentials": {"A": "s"}}), false),
        (rotate, "Rotation", json!({}), false),
        (rotate, "Rotation", json!({"credentials": new, "unknown": 1}), false),
    ] {
        let problems = contract.problems(&contract.schema(schema), &document);
        assert_eq!(problems.is_empty(), good, "{label} {document}: {problems:?}");
        let reply = client.send(Ask::new(label).with("if-match", "*").document(&document)).await;
        let expected = if good { 200 } else { 400 };
        assert_eq!(reply.status, expected, "{label} {document}: {}", reply.text());
    }
    client.stop().await;
}

#[tokio::test]
async fn a_query_is_taken_where_its_schema_allows_it() {
    let (mut client, contract) = (Client::start().await, Contract::read());
    let most = PageRequest::MAX_LIMIT;
    let long = "A".repeat(PageRequest::MAX_CURSOR_CHARS + 1);
    let (list, audit, usage) = ("GET /admin/providers", "GET /admin/audit", "GET /admin/usage");
    for (label, parameter, value, good) in [
        (list, "limit", "1", true),
        (list, "limit", "0", false),
        (list, "limit", &most.to_string(), true),
        (list, "limit", &(most + 1).to_string(), false),
        (list, "cursor", "bWFpbg", true),
        (list, "cursor", "", false),
        (list, "cursor", "a b", false),
        (list, "cursor", &long, false),
        (audit, "action", "provider.create", true),
        (audit, "action", "provider.rename", false),
        (audit, "noun", "api-key", true),
        (audit, "noun", "apikey", false),
        (audit, "actor", "", true),
        (audit, "since", "2026-01-31T09:30:00Z", true),
        (audit, "since", "2026-01-31", false),
        (audit, "until", "now", false),
        (usage, "group_by", "", true),
        (usage, "group_by", "hour,day,api_key", true),
        (usage, "group_by", "week", false),
        (usage, "group_by", "hour,", false),
        (usage, "from", "yesterday", false),
    ] {
        let parameters = contract.operation(label)["parameters"].as_array().unwrap().iter();
        let mut parameters = parameters.map(|it| contract.followed(it));
        let schema = &parameters.find(|it| it["name"] == parameter).unwrap()["schema"];
        let typed = match schema["type"] == "integer" {
            true => json!(value.parse::<u64>().unwrap()),
            false => json!(value),
        };
        let problems = contract.problems(schema, &typed);
        assert_eq!(problems.is_empty(), good, "{parameter} {value}: {problems:?}");
        let value = value.replace(' ', "%20");
        let reply = client.send(Ask::new(&format!("{label}?{parameter}={value}"))).await;
        assert_eq!(reply.status == 200, good, "{parameter} {value}: {}", reply.text());
    }
    client.stop().await;
}

/// What the document shows as an example of what an operator sends.
#[tokio::test]
async fn every_example_of_a_request_is_taken() {
    let (mut client, contract) = (Client::start().await, Contract::read());
    let example = |label: &str| {
        let body = &contract.operation(label)["requestBody"]["content"]["application/json"];
        let examples = body["examples"].as_object().unwrap();
        examples.values().next().unwrap()["value"].clone()
    };
    for (collection, id, parameter) in
        [("providers", "main", "id"), ("apikeys", "laptop", "id"), ("routes", "smart", "model")]
    {
        let create = format!("POST /admin/{collection}");
        client.good(Ask::new(&create).document(&example(&create))).await;
        for method in ["PUT", "PATCH"] {
            let document = example(&format!("{method} /admin/{collection}/{{{parameter}}}"));
            let ask = Ask::new(&format!("{method} /admin/{collection}/{id}"));
            client.good(ask.with("if-match", "*").document(&document)).await;
        }
    }
    let rotation = example("POST /admin/providers/{id}/rotate-credentials");
    let rotate = Ask::new("POST /admin/providers/main/rotate-credentials");
    client.good(rotate.document(&rotation)).await;
    client.stop().await;
}
