use serde_json::json;

use super::*;

fn read(member: &str, value: Value) -> Result<ApiKey, Vec<String>> {
    let mut document = json!({"id": "k"});
    document[member] = value;
    ApiKey::from_document(&document, KeySource::Digest(String::new()))
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[test]
fn a_key_without_particulars_may_do_everything() {
    let key = read("id", json!("k")).unwrap();
    assert_eq!((key.name, key.owner, key.expires_at), (None, None, None));
    assert_eq!(key.tags, [""; 0]);
    assert_eq!((key.models, key.endpoints), (vec!["*".to_owned()], vec!["*".to_owned()]));
    assert_eq!(key.limits, KeyLimits::default());
    assert_eq!(key.state, KeyState::Active);
}

#[test]
fn particulars_are_read_up_to_their_limits() {
    let long = "é".repeat(200);
    assert_eq!(read("name", json!(long)).unwrap().name, Some(long.clone()));
    assert_eq!(read("owner", json!(long)).unwrap().owner, Some(long));
    let tags = vec!["t".repeat(64); 32];
    assert_eq!(read("tags", json!(tags)).unwrap().tags, tags);
    for (text, seconds) in [
        ("1970-01-01T00:01:00Z", 60),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:01.5Z", 1),
    ] {
        let expires_at = read("expires_at", json!(text)).unwrap().expires_at.unwrap();
        assert_eq!(expires_at.unix_timestamp(), seconds, "{text}");
    }
    let endpoints = json!(["/v1/chat/*", "*", "/"]);
    assert_eq!(read("endpoints", endpoints).unwrap().endpoints, ["/v1/chat/*", "*", "/"]);
    let limits = json!({"requests_per_minute": 10_000_000, "tokens_per_minute": 1,
        "max_concurrent_requests": null});
    let expected = KeyLimits {
        requests_per_minute: Some(10_000_000),
        tokens_per_minute: Some(1),
        max_concurrent_requests: None,
    };
    assert_eq!(read("limits", limits).unwrap().limits, expected);
}

#[test]
fn each_bad_particular_is_named_with_a_fix() {
    const WORDS: &str = "is empty, too long or holds a control character; use 1 to 200 characters";
    const MOMENT: &str = "expires_at: is no point in time; write it like \"2030-01-31T00:00:00Z\"";
    const PATTERN: &str = "endpoints[0]: is no pattern of a path; start it with \"/\", as in \"/v1/chat/*\", and use at most 256 printable ASCII characters without spaces";
    for (member, value, expected) in [
        ("name", json!(1), "name: must be a text in quotes, but is a number; write a text in quotes".to_owned()),
        ("name", json!(""), format!("name: {WORDS}")),
        ("name", json!("é".repeat(201)), format!("name: {WORDS}")),
        ("name", json!("a\nb"), format!("name: {WORDS}")),
        ("owner", json!([]), "owner: must be a text in quotes, but is a list; write a text in quotes".to_owned()),
        ("owner", json!("x\u{7f}"), format!("owner: {WORDS}")),
        ("owner", json!("x".repeat(201)), format!("owner: {WORDS}")),
        ("tags", json!("a"), "tags: must be a list, but is a text; write a list".to_owned()),
        ("tags", json!(["a", 1]), "tags[1]: must be a text in quotes, but is a number; write a text in quotes".to_owned()),
        ("tags", json!(["t".repeat(65)]), "tags[0]: is empty, too long or holds a control character; use 1 to 64 characters".to_owned()),
        ("tags", json!(vec!["t"; 33]), "tags: has 33 tags; use at most 32".to_owned()),
        ("expires_at", json!(1_900_000_000), "expires_at: must be a text in quotes, but is a number; write a text in quotes".to_owned()),
        ("expires_at", json!("tomorrow"), MOMENT.to_owned()),
        ("expires_at", json!("2030-01-31"), MOMENT.to_owned()),
        ("expires_at", json!("2030-01-31T00:00:00"), MOMENT.to_owned()),
        ("expires_at", json!("2030-02-31T00:00:00Z"), MOMENT.to_owned()),
        ("models", json!("*"), "models: must be a list, but is a text; write a list".to_owned()),
        ("models", json!([1]), "models[0]: must be a text in quotes, but is a number; write a text in quotes".to_owned()),
        ("endpoints", json!("*"), "endpoints: must be a list, but is a text; write a list".to_owned()),
        ("endpoints", json!([1]), "endpoints[0]: must be a text in quotes, but is a number; write a text in quotes".to_owned()),
        ("endpoints", json!(["v1/chat"]), PATTERN.to_owned()),
        ("endpoints", json!([""]), PATTERN.to_owned()),
        ("endpoints", json!(["/a b"]), PATTERN.to_owned()),
        ("endpoints", json!([format!("/{}", "a".repeat(256))]), PATTERN.to_owned()),
        ("limits", json!(5), "limits: must be a table, but is a number; write a table".to_owned()),
        ("limits", json!({"requests_per_minute": 0}), "limits.requests_per_minute: 0 is out of range; use a number from 1 to 10000000".to_owned()),
        ("limits", json!({"requests_per_minute": 10_000_001}), "limits.requests_per_minute: 10000001 is out of range; use a number from 1 to 10000000".to_owned()),
        ("limits", json!({"tokens_per_minute": -1}), "limits.tokens_per_minute: -1 is out of range; use a number from 1 to 10000000000".to_owned()),
        ("limits", json!({"tokens_per_minute": "9"}), "limits.tokens_per_minute: must be a whole number, but is a text; write a whole number".to_owned()),
        ("limits", json!({"max_concurrent_requests": 1.5}), "limits.max_concurrent_requests: must be a whole number, but is a number; write a whole number".to_owned()),
        ("limits", json!({"max_concurrent_requests": 1_000_001}), "limits.max_concurrent_requests: 1000001 is out of range; use a number from 1 to 1000000".to_owned()),
        ("limits", json!({"request_per_minute": 1}), "limits.request_per_minute: unknown member \"request_per_minute\"; did you mean \"requests_per_minute\"?".to_owned()),
        ("state", json!(true), "state: must be a text in quotes, but is true or false; write a text in quotes".to_owned()),
    ] {
        assert_eq!(read(member, value).err(), Some(vec![expected]));
    }
}
