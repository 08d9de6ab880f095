use std::time::Duration;

use serde_json::{Value, json};

use crate::{ApiKey, KeySource, KeyState, MEMBERS_OF_VIEWS, Problem, Provider, Route};

fn key(document: &Value) -> Result<ApiKey, Vec<Problem>> {
    ApiKey::from_document(document, KeySource::Digest("sha256:".to_owned()))
}

fn texts<T>(read: Result<T, Vec<Problem>>) -> Vec<String> {
    read.err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

fn provider_document() -> Value {
    json!({"id": "p", "adapter": "a", "models": ["m"]})
}

fn route_document() -> Value {
    json!({"model": "r", "candidates": [{"provider": "nobody", "model": "m"}]})
}

#[test]
fn what_is_no_table_is_one_problem_of_the_whole_document() {
    for document in [json!(null), json!([]), json!("x"), json!(1), json!(true)] {
        let expected = ["a document must be a table; write a JSON object"];
        assert_eq!(texts(Provider::from_document(&document)), expected);
        assert_eq!(texts(key(&document)), expected);
        assert_eq!(texts(Route::from_document(&document)), expected);
    }
}

#[test]
fn members_of_a_view_are_ignored_whatever_they_hold() {
    let with = |mut document: Value, names: &[&str]| {
        for name in names {
            document[*name] = json!([{"anything": 1}]);
        }
        document
    };
    let all = |own: &[&'static str]| [&MEMBERS_OF_VIEWS[..], own].concat();
    let provider = with(provider_document(), &all(&Provider::MEMBERS_OF_VIEW));
    assert_eq!(texts(Provider::from_document(&provider)), [""; 0]);
    assert_eq!(texts(key(&with(json!({"id": "k"}), &all(&ApiKey::MEMBERS_OF_VIEW)))), [""; 0]);
    assert_eq!(texts(Route::from_document(&with(route_document(), &MEMBERS_OF_VIEWS))), [""; 0]);
}

#[test]
fn members_of_another_view_and_of_inner_tables_are_unknown() {
    let problems = texts(Route::from_document(&json!({
        "model": "r", "hint": "x",
        "candidates": [{"provider": "p", "model": "m", "etag": "1"}]
    })));
    assert_eq!(
        problems,
        [
            "candidates[0].etag: unknown member \"etag\"; use one of: provider, model, weight, order",
            "hint: unknown member \"hint\"; use one of: model, candidates, fallback_on, timeouts, retries",
        ]
    );
    assert_eq!(
        texts(Provider::from_document(&json!({
            "id": "p", "adapter": "a", "models": ["m"], "base_url": "x", "last_used_at": null
        })))
        .len(),
        2
    );
}

#[test]
fn paths_start_at_the_members_of_the_document() {
    let paths = |read: Vec<String>| -> Vec<String> {
        read.iter().filter_map(|text| text.split(": ").next().map(str::to_owned)).collect()
    };
    let provider = json!({"id": "P", "adapter": "a", "models": ["m"], "base_url": "x",
        "timeouts": {"idle_ms": 0}});
    let expected = ["id", "base_url", "timeouts.idle_ms"];
    assert_eq!(paths(texts(Provider::from_document(&provider))), expected);
    let route = json!({"candidates": [{"provider": "p", "model": " "}]});
    assert_eq!(paths(texts(Route::from_document(&route))), ["model", "candidates[0].model"]);
    assert_eq!(paths(texts(key(&json!({"limits": {"x": 1}})))), ["id", "limits.x"]);
}

#[test]
fn a_key_alone_has_a_state_and_no_way_to_be_recognised() {
    for (state, expected) in [
        (json!("active"), KeyState::Active),
        (json!("disabled"), KeyState::Disabled),
        (json!("revoked"), KeyState::Revoked),
        (json!(null), KeyState::Active),
    ] {
        assert_eq!(key(&json!({"id": "k", "state": state})).unwrap().state, expected);
    }
    let problems = texts(key(&json!({
        "id": "k", "state": "gone", "key": "pb-secret", "digest": "pb-secret"
    })));
    assert_eq!(problems.len(), 3);
    assert!(problems[0].starts_with("state: unknown value \"gone\"; use one of: active"));
    assert!(problems[1].starts_with("digest: unknown member"), "{problems:?}");
    assert!(problems[2].starts_with("key: unknown member"), "{problems:?}");
    assert!(problems.iter().all(|text| !text.contains("pb-secret")));
}

#[test]
fn a_route_alone_may_name_any_provider() {
    let mut document = route_document();
    document["timeouts"] = json!({"total_ms": 2000, "first_byte_ms": 500});
    document["retries"] = json!({"max": 0});
    let route = Route::from_document(&document).unwrap();
    assert_eq!(route.timeouts.total, Some(Duration::from_secs(2)));
    assert_eq!(route.timeouts.first_byte, Some(Duration::from_millis(500)));
    assert_eq!(route.retries.unwrap().max, 0);
    let silent = Route::from_document(&route_document()).unwrap();
    assert_eq!((silent.timeouts, silent.retries), Default::default());
}

#[test]
fn each_bad_deadline_or_retry_of_a_route_is_named_with_a_fix() {
    for (member, value, expected) in [
        ("timeouts", json!(1), "timeouts: must be a table, but is a number; write a table"),
        (
            "timeouts",
            json!({"total_ms": 0}),
            "timeouts.total_ms: 0 is out of range; use a number from 1 to 3600000",
        ),
        (
            "timeouts",
            json!({"first_byte_ms": 3_600_001}),
            "timeouts.first_byte_ms: 3600001 is out of range; use a number from 1 to 3600000",
        ),
        (
            "timeouts",
            json!({"total_ms": "1s"}),
            "timeouts.total_ms: must be a whole number, but is a text; write a whole number",
        ),
        (
            "timeouts",
            json!({"total_ms": 5, "first_byte_ms": 6}),
            "timeouts.first_byte_ms: is longer than total_ms (5 ms); make first_byte_ms shorter or total_ms longer",
        ),
        (
            "timeouts",
            json!({"idle_ms": 5}),
            "timeouts.idle_ms: unknown member \"idle_ms\"; use one of: total_ms, first_byte_ms",
        ),
        ("retries", json!([]), "retries: must be a table, but is a list; write a table"),
        (
            "retries",
            json!({"max": 11}),
            "retries.max: 11 is out of range; use a number from 0 to 10",
        ),
        (
            "retries",
            json!({"base_ms": -1}),
            "retries.base_ms: -1 is out of range; use a number from 0 to 3600000",
        ),
        (
            "retries",
            json!({"max_wait_ms": 3_600_001}),
            "retries.max_wait_ms: 3600001 is out of range; use a number from 0 to 3600000",
        ),
    ] {
        let mut document = route_document();
        document[member] = value;
        assert_eq!(texts(Route::from_document(&document)), [expected]);
    }
}
