//! What a request may not bring.

use exchange::{FailureKind, Outcome};
use serde_json::json;

use super::super::client::{Reply, TestClient};
use super::super::fake::Fake;
use super::client::{Ask, Client, ask, every_endpoint, filled};
use super::desk::furnish;
use crate::admin::{Input, table};

/// Labels of the endpoints that take something.
fn endpoints_with(input: Input) -> Vec<&'static str> {
    table().iter().filter(|route| route.input == input).map(|route| route.label).collect()
}

fn message(reply: &Reply) -> String {
    reply.error("message").as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_unknown_query_parameter_is_named() {
    let mut client = Client::start().await;
    for label in every_endpoint() {
        for query in ["?verbose=1", "?Limit=1", "?=1", "?%FF=1", "?limit[]=1"] {
            let reply = client.send(ask(&format!("{label}{query}"))).await;
            assert_eq!(reply.status, 400, "{label}{query}");
            assert!(message(&reply).contains("there is no query parameter"), "{}", reply.text());
        }
    }
    client.stop().await;
}

#[tokio::test]
async fn a_page_that_cannot_be_asked_for_is_refused() {
    let mut client = Client::start().await;
    for label in endpoints_with(Input::Page) {
        for query in [
            "limit=0",
            "limit=201",
            "limit=-1",
            "limit=",
            "limit=ten",
            "limit=99999999999999999999",
            "limit=1&limit=2",
            "cursor=%00",
            "cursor=",
            "cursor=!!!",
            "cursor=..%2F..",
            &format!("cursor={}", "A".repeat(5000)),
        ] {
            let reply = client.send(ask(&format!("{label}?{query}"))).await;
            assert_eq!(reply.status, 400, "{label} {query}");
            let name = query.split('=').next().unwrap();
            assert!(message(&reply).contains(name), "{}", reply.text());
        }
        assert_eq!(client.send(ask(&format!("{label}?limit=200"))).await.status, 200);
        assert_eq!(client.send(ask(&format!("{label}?&"))).await.status, 200);
    }
    client.stop().await;
}

#[tokio::test]
async fn a_filter_that_cannot_be_is_refused() {
    let mut client = Client::start().await;
    for path in [
        "/admin/audit?limit=0",
        "/admin/audit?cursor=x",
        "/admin/audit?action=provider.explode",
        "/admin/audit?noun=planet",
        "/admin/audit?since=yesterday",
        "/admin/audit?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
        "/admin/audit?actor=a&actor=b",
        "/admin/audit/export?limit=1",
        "/admin/audit/export?until=1",
        "/admin/usage?from=1",
        "/admin/usage?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
        "/admin/usage?group_by=colour",
    ] {
        assert_eq!(client.send(Ask::new(&format!("GET {path}"))).await.status, 400, "{path}");
    }
    client.stop().await;
}

#[tokio::test]
async fn a_body_that_is_no_document_is_refused() {
    let mut client = Client::start().await;
    let nested = format!("{{\"a\":{}{}}}", "[".repeat(1000), "]".repeat(1000));
    for label in endpoints_with(Input::Document) {
        for body in [
            "",
            " ",
            "[]",
            "[{}]",
            "null",
            "true",
            "7",
            "\"text\"",
            "{",
            "{}{}",
            "{\"a\":1,}",
            "{\"id\":\"a\",\"id\":\"b\"}",
            "<html>",
            "a=b",
            nested.as_str(),
        ] {
            let ask = ask(label).with("if-match", "*").body(body.to_owned());
            let reply = client.send(ask).await;
            assert_eq!(reply.status, 400, "{label} {body}");
            assert!(message(&reply).contains("the request's body"), "{label}: {}", reply.text());
        }
        let reply =
            client.send(ask(label).with("if-match", "*").body(b"{\"a\":\"\xff\"}".as_slice()));
        assert_eq!(reply.await.status, 400, "{label}");
    }
    client.stop().await;
}

#[tokio::test]
async fn a_body_that_says_it_is_something_else_is_refused() {
    let mut client = Client::start().await;
    for label in endpoints_with(Input::Document) {
        for (name, value) in [
            ("content-type", "text/plain"),
            ("content-type", "application/xml"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("content-encoding", "gzip"),
        ] {
            let reply = client.send(ask(label).with(name, value).body("{}")).await;
            assert_eq!(reply.status, 400, "{label} {value}");
            assert!(message(&reply).contains(name), "{}", reply.text());
        }
    }
    client.stop().await;
}

#[tokio::test]
async fn a_document_has_a_mebibyte_at_most() {
    let (edge, _desk) = furnish(Fake::echo()).await;
    let mut client = TestClient::of(edge);
    let document = |length: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8));
    for label in endpoints_with(Input::Document) {
        let reply = client.send(ask(label).body(document(1024 * 1024 + 1)).into_request()).await;
        assert_eq!(reply.status, 413, "{label}");
        assert_eq!(reply.error("code"), "payload_too_large");
        let reply = client.send(ask(label).body(document(1024 * 1024)).into_request()).await;
        assert_ne!(reply.status, 413, "{label}");
    }
}

#[tokio::test]
async fn an_endpoint_without_a_document_takes_no_body() {
    let mut client = Client::start().await;
    for input in [Input::Nothing, Input::Page, Input::Filters] {
        for label in endpoints_with(input) {
            let reply = client.send(ask(label).body("{\"force\":true}")).await;
            assert_eq!(reply.status, 400, "{label}");
            assert!(message(&reply).contains("takes no body"), "{}", reply.text());
        }
    }
    for body in ["", "{}", " {} "] {
        let reply = client.send(Ask::new("GET /admin/status").body(body)).await;
        assert_eq!(reply.status, 200, "{body:?}");
    }
    client.stop().await;
}

#[tokio::test]
async fn wrong_members_are_named_one_by_one() {
    let mut client = Client::start().await;
    let document = json!({"id": "A/B", "adapter": 7, "models": "m", "colour": "red"});
    let reply = client.send(Ask::new("POST /admin/providers").document(&document)).await;
    assert_eq!(reply.status, 400);
    let error = reply.json()["error"].clone();
    let problems = error["problems"].as_array().unwrap();
    let mut paths: Vec<_> = problems.iter().map(|it| it["path"].as_str().unwrap()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["adapter", "colour", "id", "models"]);
    assert_eq!(error["param"], problems[0]["path"]);
    client.stop().await;
}

#[tokio::test]
async fn an_id_that_is_none_is_not_found() {
    let mut client = Client::start().await;
    let long = "a".repeat(5000);
    let ids = [
        "..",
        ".",
        "%2e%2e",
        "%2E%2E%2F%2E%2E",
        "%00",
        "a%00b",
        "a%2Fb",
        "%2F",
        "A",
        "a%20b",
        "%F0%9F%8E%89",
        "a%0D%0Ax:y",
        "%25",
        "-",
        &long,
    ];
    for label in every_endpoint() {
        if !label.contains('{') {
            continue;
        }
        for id in ids {
            let asked = filled(label, id);
            let ask = Ask::new(&asked).with("if-match", "*");
            let document = json!({"credentials": {"api_key": "a-new-secret"}});
            let takes_body = endpoints_with(Input::Document).contains(&label);
            let ask = if takes_body { ask.document(&document) } else { ask };
            let reply = client.send(ask).await;
            assert_eq!(reply.status, 404, "{label}: {}", reply.text());
            assert_eq!(reply.error("code"), "resource_not_found", "{label}");
        }
        let reply = client.send(Ask::new(&filled(label, "%ff"))).await;
        assert_eq!(reply.status, 400, "{label}: {}", reply.text());
    }
    client.stop().await;
}

#[tokio::test]
async fn a_malformed_condition_is_refused() {
    let mut client = Client::start().await;
    let provider = json!({"id": "main", "adapter": "a", "models": ["m"]});
    client.good(Ask::new("POST /admin/providers").document(&provider)).await;
    for tags in ["7", "\"7", "\"7\" \"8\"", "*, \"7\"", "", "W/7"] {
        let show = Ask::new("GET /admin/providers/main").with("if-none-match", tags);
        assert_eq!(client.send(show).await.status, 400, "{tags}");
        let remove = Ask::new("DELETE /admin/providers/main").with("if-match", tags);
        assert_eq!(client.send(remove).await.status, 400, "{tags}");
    }
    let weak = Ask::new("DELETE /admin/providers/main").with("if-match", "W/\"1\"");
    let reply = client.send(weak).await;
    assert_eq!(reply.status, 400);
    assert!(message(&reply).contains("weak"), "{}", reply.text());
    client.stop().await;
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let mut client = Client::start().await;
    let labels = every_endpoint();
    for label in &labels {
        let (_, path) = label.split_once(' ').unwrap();
        let there = |method: &str| {
            labels.contains(&format!("{method} {path}").as_str())
                || method == "HEAD" && labels.contains(&format!("GET {path}").as_str())
        };
        let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
        for method in methods.into_iter().chain(["OPTIONS", "TRACE"]).filter(|it| !there(it)) {
            let reply = client.send(ask(&format!("{method} {path}"))).await;
            assert_eq!(reply.status, 405, "{method} {path}");
            assert_eq!(reply.record.endpoint, "wrong method");
            assert_eq!(reply.header("cache-control"), Some("no-store"));
            let mut allowed: Vec<_> = reply.header("allow").unwrap().split(',').collect();
            allowed.sort_unstable();
            let mut expected: Vec<_> = methods.into_iter().filter(|it| there(it)).collect();
            expected.sort_unstable();
            assert_eq!(allowed, expected, "{path}");
        }
    }
    client.stop().await;
}

#[tokio::test]
async fn a_path_that_no_endpoint_has_is_not_found() {
    let mut client = Client::start().await;
    for path in [
        "/admin",
        "/admin/",
        "/admin/secrets",
        "/admin/providers/",
        "/admin/providers/main/",
        "/admin/providers/main/explode",
        "/admin/routes/org/model",
        "/admin/../admin/providers",
        "//admin/providers",
    ] {
        let reply = client.send(Ask::new(&format!("GET {path}"))).await;
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.error("code"), "unknown_url", "{path}");
        assert_eq!(reply.record.endpoint, "unknown path", "{path}");
    }
    client.stop().await;
}

#[tokio::test]
async fn a_fault_is_one_failed_request() {
    let mut client = Client::start().await;
    let provider = json!({"id": "explosive", "adapter": "a", "models": ["m"]});
    client.good(Ask::new("POST /admin/providers").document(&provider)).await;
    let reply = client.send(Ask::new("POST /admin/providers/explosive/test")).await;
    assert_eq!(reply.status, 500);
    assert_eq!(reply.error("code"), "internal_error");
    let Outcome::Failed(failure) = &reply.record.outcome else { panic!("not failed") };
    assert_eq!(failure.kind(), FailureKind::Internal);
    client.good(Ask::new("GET /admin/providers/explosive")).await;
    client.stop().await;
}

#[tokio::test]
async fn a_broken_store_is_said_and_what_is_known_is_still_shown() {
    let mut client = Client::start().await;
    let provider = json!({"id": "main", "adapter": "a", "models": ["m"]});
    let tag = client.good(Ask::new("POST /admin/providers").document(&provider)).await;
    let tag = tag.header("etag").unwrap().to_owned();
    client.desk.store.break_now();
    for (label, document) in [
        ("POST /admin/providers", Some(json!({"id": "other", "adapter": "a", "models": ["m"]}))),
        ("PUT /admin/providers/main", Some(provider)),
        ("PATCH /admin/providers/main", Some(json!({"models": ["n"]}))),
        ("DELETE /admin/providers/main", None),
        ("POST /admin/apikeys", Some(json!({"name": "ci"}))),
        ("GET /admin/audit", None),
        ("GET /admin/audit/export", None),
        ("POST /admin/backup", None),
        ("POST /admin/plugins/my-cloud/pin", None),
        ("DELETE /admin/plugins/my-cloud", None),
    ] {
        let tag = if label.contains("plugins") { "*" } else { tag.as_str() };
        let ask = Ask::new(label).with("if-match", tag);
        let ask = document.iter().fold(ask, |ask, document| ask.document(document));
        let reply = client.send(ask).await;
        assert_eq!(reply.status, 503, "{label}: {}", reply.text());
        assert_eq!(reply.error("code"), "store_unavailable", "{label}");
    }
    let shown = client.good(Ask::new("GET /admin/providers/main")).await;
    assert_eq!(shown.header("etag"), Some(tag.as_str()));
    assert_eq!(shown.json()["models"], json!(["m"]));
    client.stop().await;
}
