use serde_json::json;

use super::{Reply, in_directory, operate, operate_in};

#[test]
fn a_route_is_made_of_candidates_or_of_a_document() {
    let expected = json!({ "model": "smart", "candidates": [
        { "provider": "main", "model": "gpt-4o", "weight": 3 },
        { "provider": "other", "model": "m" },
    ]});
    let directory = in_directory(&[("r.json", &expected.to_string())]);
    for arguments in [
        &["route", "create", "smart", "--candidate", "main/gpt-4o:3", "--candidate", "other/m"][..],
        &["route", "create", "--file", "r.json"],
        &["route", "create", "smart", "--file", "r.json"],
    ] {
        let replies = [Reply::json(201, &expected)];
        let done = operate_in(directory.path(), (arguments, ""), replies);
        assert_eq!(done.good(), ["route \"smart\" was added"]);
        done.assert_asked(&["POST /admin/routes"]);
        assert_eq!(done.asked[0].body, expected);
    }
    let arguments = ["route", "create", "fast", "--file", "r.json"];
    let done = operate_in(directory.path(), (&arguments, ""), []);
    assert_eq!((done.code, done.asked.len()), (Some(2), 0));
}

#[test]
fn a_model_with_a_slash_is_one_segment_of_the_address() {
    let view = json!({ "model": "org/smart", "candidates": [] });
    let seen = || Reply::json(200, &view).with_header("etag", "\"7\"");
    let target = "/admin/routes/org%2Fsmart";
    let done = operate(&["route", "show", "org/smart", "--json"], "", [seen()]);
    assert_eq!(done.json(), view);
    done.assert_asked(&[&format!("GET {target}")]);
    let arguments = ["route", "replace", "org/smart", "--candidate", "main/m"];
    let done = operate(&arguments, "", [seen(), seen()]);
    done.assert_asked(&[&format!("GET {target}"), &format!("PUT {target}")]);
    let arguments = ["route", "patch", "org/smart", "--file", "-"];
    let done = operate(&arguments, "fallback_on = []\n", [seen(), seen()]);
    done.assert_asked(&[&format!("GET {target}"), &format!("PATCH {target}")]);
    assert_eq!(done.asked[1].body, json!({ "fallback_on": [] }));
    let gone = Reply::bytes(204, "text/plain", "");
    let done = operate(&["route", "delete", "org/smart", "--json"], "", [seen(), gone]);
    assert_eq!(done.json(), json!({ "model": "org/smart", "removed": true }));
    done.assert_asked(&[&format!("GET {target}"), &format!("DELETE {target}")]);
}

#[test]
fn a_list_and_a_route_are_shown_for_people() {
    let route = json!({
        "model": "smart", "origin": "store", "status": { "state": "active", "problems": [] },
        "candidates": [{ "provider": "main", "model": "m", "weight": 3, "order": 0 }],
    });
    let page = json!({ "object": "list", "data": [route], "next_cursor": null });
    let done = operate(&["route", "list"], "", [Reply::json(200, &page)]);
    assert_eq!(
        done.good(),
        ["MODEL  CANDIDATES  STATE   ORIGIN", "smart  main/m:3    active  store"]
    );
    let done = operate(&["route", "show", "smart"], "", [Reply::json(200, &route)]);
    let mut shown = done.good().to_vec();
    shown.sort();
    assert_eq!(
        shown,
        [
            "candidates[0].model     m",
            "candidates[0].order     0",
            "candidates[0].provider  main",
            "candidates[0].weight    3",
            "model                   smart",
            "origin                  store",
            "status.problems         -",
            "status.state            active",
        ]
    );
}
