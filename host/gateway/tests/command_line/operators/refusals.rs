use std::net::TcpListener;

use serde_json::json;

use super::{Done, Reply, TOKEN, command, in_directory, lines, operate, run};

#[test]
fn every_problem_of_a_document_is_a_line() {
    let refusal = json!({ "error": {
        "message": "2 problems in the request; see error.problems",
        "type": "invalid_request_error", "param": null, "code": null,
        "problems": [
            { "path": "adapter", "message": "no adapter \"x\" is loaded", "fix": "use \"y\"" },
            { "path": "settings.region", "message": "is missing", "fix": "add it" },
        ],
    }});
    let arguments = ["provider", "create", "--file", "-"];
    let done = operate(&arguments, "id = \"main\"\n", [Reply::json(400, &refusal)]);
    assert_eq!(
        done.bad(),
        [
            "adapter: no adapter \"x\" is loaded; use \"y\"",
            "settings.region: is missing; add it",
            "patchbay: 2 problems in the request; mend what is listed above",
        ]
    );
}

#[test]
fn a_lost_race_is_an_error_and_nothing_is_tried_again() {
    let view = json!({ "id": "laptop" });
    let seen = Reply::json(200, &view).with_header("etag", "\"7\"");
    let message = "API key \"laptop\" was changed meanwhile: it is at \"8\" now; read it again";
    let stale = Reply::json(412, &json!({ "error": { "message": message } }));
    let done = operate(&["key", "delete", "laptop"], "", [seen, stale]);
    assert_eq!(done.bad(), [format!("patchbay: {message}")]);
    assert_eq!(done.asked.len(), 2);
}

#[test]
fn who_answers_otherwise_than_a_gateway_is_named() {
    for (reply, expected) in [
        (Reply::bytes(404, "text/html", "<html>"), "answered 404 Not Found, and not as a gateway"),
        (Reply::bytes(200, "text/html", "<html>"), "is no gateway's admin API; check PATCHBAY_URL"),
        (Reply::json(200, &json!({})), "the answer is no list"),
        (
            Reply::bytes(301, "text/plain", "").with_header("location", "http://192.0.2.1/"),
            "answered 301 Moved Permanently",
        ),
    ] {
        let done = operate(&["key", "list"], "", [reply]);
        assert!(done.bad()[0].contains(expected), "{:?}", done.errors);
        assert_eq!((done.errors.len(), done.asked.len()), (1, 1));
    }
}

#[test]
fn a_connection_that_breaks_is_an_error_that_does_not_promise_too_much() {
    let done = operate(&["key", "revoke", "laptop"], "", []);
    assert!(done.bad()[0].contains("see whether it did what you asked"), "{:?}", done.errors);
}

/// Runs a command with this environment.
fn with_environment(variables: &[(&str, &str)]) -> Done {
    let directory = in_directory(&[]);
    let mut command = command(directory.path(), &["status"]);
    let output = run(command.envs(variables.iter().copied()), "");
    let (errors, code) = (lines(&output.stderr), output.status.code());
    Done { asked: Vec::new(), output: lines(&output.stdout), errors, code }
}

#[test]
fn a_gateway_that_does_not_run_is_an_error_that_says_what_to_do() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let done = with_environment(&[("PATCHBAY_URL", &url), ("PATCHBAY_ADMIN_TOKEN", TOKEN)]);
    let expected = format!(
        "patchbay: no gateway can be reached at {url} (Connection refused (os error 111)); start \
         it with `patchbay serve`, or set PATCHBAY_URL to where it is"
    );
    assert_eq!(done.bad(), [expected]);
}

#[test]
fn a_token_that_is_missing_or_none_is_an_error_that_does_not_show_it() {
    for (token, expected) in [
        ("", "patchbay: PATCHBAY_ADMIN_TOKEN is not set; set it to what `patchbay token"),
        ("two words", "patchbay: PATCHBAY_ADMIN_TOKEN holds no token; set it to"),
    ] {
        let done = with_environment(&[("PATCHBAY_ADMIN_TOKEN", token)]);
        assert!(done.bad()[0].starts_with(expected), "{:?}", done.errors);
        assert!(!done.errors[0].contains("two words"));
    }
}

#[test]
fn a_bad_address_is_wrong_usage() {
    let done =
        with_environment(&[("PATCHBAY_URL", "localhost:8080"), ("PATCHBAY_ADMIN_TOKEN", TOKEN)]);
    assert_eq!(done.code, Some(2), "{:?}", done.errors);
}
