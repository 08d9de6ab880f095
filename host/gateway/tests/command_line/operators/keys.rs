use serde_json::json;

use super::{Reply, operate};

#[test]
fn a_new_key_is_alone_on_standard_output() {
    let made = json!({ "id": "laptop", "key": "pb-secret", "hint": "pb-secr" });
    let arguments = [
        "key",
        "create",
        "--id",
        "laptop",
        "--name",
        "Laptop",
        "--owner",
        "ann",
        "--tag",
        "a",
        "--tag",
        "b",
        "--expires",
        "2027-01-01",
        "--model",
        "m-*",
        "--endpoint",
        "/v1/*",
        "--requests-per-minute",
        "1",
        "--tokens-per-minute",
        "2",
        "--max-concurrent-requests",
        "3",
    ];
    let done = operate(&arguments, "", [Reply::json(201, &made)]);
    assert_eq!(done.output, ["pb-secret"]);
    assert_eq!(done.errors, ["API key \"laptop\" was made; keep it, it is shown this once:"]);
    assert_eq!(done.code, Some(0));
    done.assert_asked(&["POST /admin/apikeys"]);
    assert_eq!(done.asked[0].header("content-type"), Some("application/json"));
    let expected = json!({
        "id": "laptop", "name": "Laptop", "owner": "ann", "tags": ["a", "b"],
        "expires_at": "2027-01-01T00:00:00Z", "models": ["m-*"], "endpoints": ["/v1/*"],
        "limits": {
            "requests_per_minute": 1, "tokens_per_minute": 2, "max_concurrent_requests": 3,
        },
    });
    assert_eq!(done.asked[0].body, expected);
    let done = operate(&["key", "create", "--json"], "", [Reply::json(201, &made)]);
    assert_eq!(done.json(), made);
    assert_eq!(done.asked[0].body, json!({}));
}

#[test]
fn a_list_is_read_page_by_page() {
    let key = |id, state, set_aside| {
        let status = if set_aside { "set-aside" } else { "active" };
        json!({
            "id": id, "name": "Of Ann", "owner": "ann", "state": state, "hint": "pb-AbCd",
            "models": ["*"], "origin": "store", "status": { "state": status, "problems": [] },
        })
    };
    let pages = || {
        let first =
            json!({ "object": "list", "data": [key("a", "active", false)], "next_cursor": "c=1" });
        let data = [key("b", "revoked", false), key("c", "active", true)];
        let second = json!({ "object": "list", "data": data, "next_cursor": null });
        [Reply::json(200, &first), Reply::json(200, &second)]
    };
    let done = operate(&["key", "list"], "", pages());
    assert_eq!(
        done.good(),
        [
            "ID  NAME    OWNER  STATE      STARTS   EXPIRES  LAST USED  MODELS  ORIGIN",
            "a   Of Ann  ann    active     pb-AbCd        -          -  *       store",
            "b   Of Ann  ann    revoked    pb-AbCd        -          -  *       store",
            "c   Of Ann  ann    set-aside  pb-AbCd        -          -  *       store",
        ]
    );
    done.assert_asked(&[
        "GET /admin/apikeys?limit=200",
        "GET /admin/apikeys?limit=200&cursor=c%3D1",
    ]);
    let done = operate(&["key", "list", "--json"], "", pages());
    assert_eq!(done.json()["data"].as_array().unwrap().len(), 3);
    let done = operate(&["key", "list", "--json", "--limit", "2"], "", pages());
    assert_eq!(done.json()["data"].as_array().unwrap().len(), 2);
    done.assert_asked(&["GET /admin/apikeys?limit=2", "GET /admin/apikeys?limit=1&cursor=c%3D1"]);
}

#[test]
fn an_empty_list_is_said_to_be_empty() {
    let page = || [Reply::json(200, &json!({ "object": "list", "data": [], "next_cursor": null }))];
    let done = operate(&["key", "list"], "", page());
    assert_eq!(done.errors, ["there is no API key"]);
    assert_eq!((done.output.len(), done.code), (0, Some(0)));
    let done = operate(&["key", "list", "--json"], "", page());
    assert_eq!(done.json()["data"], json!([]));
}

#[test]
fn a_change_is_made_against_what_is_there() {
    let view = json!({ "id": "laptop", "owner": "ben" });
    let seen = Reply::json(200, &view).with_header("etag", "\"7\"");
    let arguments =
        ["key", "update", "laptop", "--owner", "ben", "--state", "disabled", "--clear", "expires"];
    let done = operate(&arguments, "", [seen, Reply::json(200, &view)]);
    assert_eq!(done.good(), ["API key \"laptop\" was changed"]);
    done.assert_asked(&["GET /admin/apikeys/laptop", "PATCH /admin/apikeys/laptop"]);
    assert_eq!(done.asked[1].header("if-match"), Some("\"7\""));
    let expected = json!({ "owner": "ben", "state": "disabled", "expires_at": null });
    assert_eq!(done.asked[1].body, expected);
}

#[test]
fn a_pinned_change_is_made_against_what_was_seen_before() {
    for (pin, header) in [("7", "\"7\""), ("\"7\"", "\"7\""), ("*", "*")] {
        let arguments = ["key", "delete", "laptop", "--if-match", pin];
        let done = operate(&arguments, "", [Reply::bytes(204, "text/plain", "")]);
        assert_eq!(done.good(), ["API key \"laptop\" was removed"]);
        done.assert_asked(&["DELETE /admin/apikeys/laptop"]);
        assert_eq!(done.asked[0].header("if-match"), Some(header));
    }
}

#[test]
fn a_key_is_revoked_in_one_step() {
    let view = json!({ "id": "laptop", "state": "revoked" });
    let done = operate(&["key", "revoke", "laptop"], "", [Reply::json(200, &view)]);
    assert_eq!(done.good(), ["API key \"laptop\" was revoked"]);
    done.assert_asked(&["POST /admin/apikeys/laptop/revoke"]);
}

#[test]
fn a_change_of_nothing_is_wrong_usage_and_nothing_is_asked() {
    for arguments in [
        &["key", "update", "laptop"][..],
        &["key", "update", "laptop", "--name", "n", "--clear", "name"],
    ] {
        let done = operate(arguments, "", []);
        assert_eq!((done.code, done.asked.len()), (Some(2), 0), "{:?}", done.errors);
    }
}
