use serde_json::json;

use super::{Reply, in_directory, operate, operate_in};

#[test]
fn a_provider_is_read_from_a_file_or_from_standard_input() {
    let toml = "id = \"main\"\nmodels = [\"m\"]\ncredentials = { api_key = \"sk-1\" }\n";
    let expected = json!({ "id": "main", "models": ["m"], "credentials": { "api_key": "sk-1" } });
    let directory = in_directory(&[("p.toml", toml), ("p.json", &expected.to_string())]);
    let made = json!({ "id": "main" });
    for (file, input) in [("p.toml", ""), ("p.json", ""), ("-", toml)] {
        let arguments = ["provider", "create", "--file", file];
        let replies = [Reply::json(201, &made)];
        let done = operate_in(directory.path(), (&arguments, input), replies);
        assert_eq!(done.good(), ["provider \"main\" was added"]);
        done.assert_asked(&["POST /admin/providers"]);
        assert_eq!(done.asked[0].body, expected, "{file}");
    }
}

#[test]
fn a_new_providers_secret_can_stay_out_of_its_document() {
    let directory = in_directory(&[("p.toml", "id = \"main\"\n")]);
    let arguments = ["provider", "create", "--file", "p.toml", "--slot", "api_key"];
    let replies = [Reply::json(201, &json!({ "id": "main" }))];
    let done = operate_in(directory.path(), (&arguments, "sk-1\n"), replies);
    done.good();
    let expected = json!({ "id": "main", "credentials": { "api_key": "sk-1" } });
    assert_eq!(done.asked[0].body, expected);
    let both = ["provider", "create", "--file", "-", "--slot", "api_key"];
    assert_eq!(operate(&both, "sk-1\n", []).code, Some(2));
}

#[test]
fn a_document_that_was_shown_replaces_what_was_shown_and_nothing_else() {
    let shown = json!({ "id": "main", "etag": 7, "models": ["m"] });
    let arguments = ["provider", "replace", "main", "--file", "-"];
    let done = operate(&arguments, &shown.to_string(), [Reply::json(200, &shown)]);
    assert_eq!(done.good(), ["provider \"main\" was replaced"]);
    done.assert_asked(&["PUT /admin/providers/main"]);
    assert_eq!(done.asked[0].header("if-match"), Some("\"7\""));
    assert_eq!(done.asked[0].body, shown);
    let written = json!({ "id": "main", "models": ["m"] });
    let seen = Reply::json(200, &shown).with_header("etag", "\"8\"");
    let replies = [seen, Reply::json(200, &shown)];
    let done = operate(&arguments, &written.to_string(), replies);
    done.assert_asked(&["GET /admin/providers/main", "PUT /admin/providers/main"]);
    assert_eq!(done.asked[1].header("if-match"), Some("\"8\""));
}

#[test]
fn a_patch_is_sent_as_it_was_written() {
    let patch = json!({ "base_url": null, "timeouts": { "total_ms": 5 } });
    let arguments = ["provider", "patch", "main", "--file", "-", "--if-match", "7", "--json"];
    let view = json!({ "id": "main" });
    let done = operate(&arguments, &patch.to_string(), [Reply::json(200, &view)]);
    assert_eq!(done.json(), view);
    assert_eq!(done.asked[0].body, patch);
}

#[test]
fn a_test_shows_each_step_and_fails_where_the_provider_is_not_good() {
    let report = |good, verdict, message: Option<&str>| {
        json!({
            "good": good,
            "reach": { "verdict": "good", "took_ms": 1.25, "message": null },
            "tls": { "verdict": "not-applicable", "took_ms": null, "message": null },
            "credential": { "verdict": verdict, "took_ms": 20.0, "message": message },
            "models": { "verdict": "good", "took_ms": 3.0, "message": null },
            "model_ids": ["m1", "m2"], "latency_ms": 19.0,
        })
    };
    let good = report(true, "good", None);
    let done = operate(&["provider", "test", "main"], "", [Reply::json(200, &good)]);
    assert_eq!(
        done.good(),
        [
            "STEP        VERDICT         TOOK     MESSAGE",
            "reach       good            1.2 ms         -",
            "tls         not-applicable  -              -",
            "credential  good            20.0 ms        -",
            "models      good            3.0 ms         -",
            "2 models, like m1, m2",
        ]
    );
    done.assert_asked(&["POST /admin/providers/main/test"]);
    let bad = report(false, "failed", Some("the key was refused"));
    for arguments in [&["provider", "test", "main"][..], &["provider", "test", "main", "--json"]] {
        let done = operate(arguments, "", [Reply::json(200, &bad)]);
        assert!(done.output.iter().any(|it| it.contains("the key was refused")));
        assert_eq!(
            done.errors,
            ["patchbay: provider \"main\" is not good; mend the step that failed"]
        );
        assert_eq!(done.code, Some(1));
    }
}

#[test]
fn a_rotation_takes_the_secret_from_standard_input_and_shows_it_nowhere() {
    let view = json!({
        "id": "main", "previous_credentials": { "until": "2027-01-01T00:00:00Z" },
    });
    let arguments =
        ["provider", "rotate", "main", "--slot", "api_key", "--grace", "10m", "--no-verify"];
    let done = operate(&arguments, "sk-new\n", [Reply::json(200, &view)]);
    assert_eq!(
        done.good(),
        [
            "provider \"main\" has a new api_key; the previous one is kept until 2027-01-01T00:00:00Z"
        ]
    );
    done.assert_asked(&["POST /admin/providers/main/rotate-credentials"]);
    let expected =
        json!({ "credentials": { "api_key": "sk-new" }, "grace_seconds": 600, "verify": false });
    assert_eq!(done.asked[0].body, expected);
    let done = operate(&arguments, "\n", []);
    assert!(done.bad()[0].starts_with("patchbay: there is no secret for api_key; "));
}

#[test]
fn a_rotation_is_taken_back_by_one_request() {
    let arguments = ["provider", "rollback", "main", "--if-match", "7"];
    let done = operate(&arguments, "", [Reply::json(200, &json!({ "id": "main" }))]);
    assert_eq!(done.good(), ["provider \"main\" has its previous credentials again"]);
    done.assert_asked(&["POST /admin/providers/main/rollback-credentials"]);
    assert_eq!(done.asked[0].header("if-match"), Some("\"7\""));
}
