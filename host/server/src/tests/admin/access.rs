//! Who comes in.

use std::net::Ipv4Addr;

use administration::Role;
use exchange::Outcome;
use serde_json::json;

use super::super::fake::KEY;
use super::client::{Ask, Client, ask, every_endpoint};
use super::desk::{forged_token, token};

/// The same claims under `alg: none`: whoever takes that needs no secret.
const UNSIGNED: &str = concat!(
    "eyJhbGciOiJub25lIn0.",
    "eyJzdWIiOiJtYWxsb3J5Iiwicm9sZSI6ImFkbWluIiwiZXhwIjo5OTk5OTk5OTk5fQ."
);

/// Good until September 2020: signed with the desk's own secret.
const EXPIRED: &str = concat!(
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
    "eyJzdWIiOiJhbGljZSIsInJvbGUiOiJhZG1pbiIsImlhdCI6MTYwMDAwMDAwMCwiZXhwIjoxNjAwMDAzNjAwfQ.",
    "OL_wr4aGBrb5OUr5QltEWKHYXELn8A0Xif_1mnG5qDg"
);

#[tokio::test]
async fn no_endpoint_answers_without_a_good_token() {
    let mut client = Client::start().await;
    let forged = forged_token();
    for label in every_endpoint() {
        for presented in ["", "nonsense", &forged, UNSIGNED, EXPIRED, KEY] {
            let reply = client.send(ask(label).token(presented)).await;
            assert_eq!(reply.status, 401, "{label} {presented}");
            assert_eq!(reply.error("code"), "invalid_admin_token");
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
            assert_eq!(reply.record.endpoint, label);
            assert_eq!(reply.record.caller, None);
            assert!(presented.is_empty() || !reply.text().contains(presented), "{label}");
        }
    }
    let reply = client.send(Ask::new("GET /admin/status").token(EXPIRED)).await;
    let message = reply.error("message");
    assert!(message.as_str().unwrap().contains("expired"), "{message}");
    client.stop().await;
}

#[tokio::test]
async fn a_viewer_is_let_in_to_read_and_to_nothing_else() {
    let mut client = Client::start().await;
    for label in every_endpoint() {
        let reply = client.send(ask(label).by_viewer()).await;
        if label.starts_with("GET ") {
            assert!(![401, 403].contains(&reply.status.as_u16()), "{label}: {}", reply.text());
        } else {
            assert_eq!(reply.status, 403, "{label}");
            assert_eq!(reply.error("code"), "role_not_allowed");
            assert_eq!(reply.error("type"), "permission_error");
        }
        assert_eq!(reply.record.caller.as_deref(), Some("operator:vera"), "{label}");
    }
    client.stop().await;
}

#[tokio::test]
async fn an_administrator_is_let_in_everywhere() {
    let mut client = Client::start().await;
    for label in every_endpoint() {
        let reply = client.send(ask(label)).await;
        assert!(![401, 403].contains(&reply.status.as_u16()), "{label}: {}", reply.text());
        assert!(reply.status.as_u16() < 500, "{label}: {}", reply.text());
        assert_eq!(reply.record.endpoint, label);
    }
    client.stop().await;
}

#[tokio::test]
async fn what_is_not_one_bearer_token_is_refused() {
    let mut client = Client::start().await;
    let good = token("alice", Role::Admin);
    for values in [
        vec![format!("Basic {good}")],
        vec![good.clone()],
        vec!["Bearer".to_owned()],
        vec![format!("Bearer {good} {good}")],
        vec![format!("Bearer {good}"), format!("Bearer {good}")],
    ] {
        let mut ask = Ask::new("GET /admin/status").token("");
        for value in &values {
            ask = ask.with("authorization", value.as_str());
        }
        assert_eq!(client.send(ask).await.status, 401, "{values:?}");
    }
    let elsewhere = Ask::new("GET /admin/status").token("").with("x-api-key", good.as_str());
    assert_eq!(client.send(elsewhere).await.status, 401);
    let lower = format!("bearer {good}");
    let lower = Ask::new("GET /admin/status").token("").with("authorization", lower);
    assert_eq!(client.send(lower).await.status, 200);
    client.stop().await;
}

#[tokio::test]
async fn an_operators_token_is_no_api_key() {
    let mut client = Client::start().await;
    for label in ["GET /v1/models", "POST /v1/chat/completions"] {
        let reply = client.send(Ask::new(label).document(&json!({}))).await;
        assert_eq!(reply.status, 401, "{label}");
        assert_eq!(reply.error("code"), "invalid_api_key");
    }
    client.stop().await;
}

#[tokio::test]
async fn bad_tokens_are_limited_by_the_address_they_come_from() {
    let mut client = Client::start().await;
    let (here, there) = (Ipv4Addr::new(127, 9, 0, 1), Ipv4Addr::new(127, 9, 0, 2));
    let bad = |from| Ask::new("GET /admin/status").token("nonsense").from(from);
    let mut last = client.send(bad(here)).await;
    for _ in 0..100 {
        if last.status == 429 {
            break;
        }
        assert_eq!(last.status, 401);
        last = client.send(bad(here)).await;
    }
    assert_eq!(last.status, 429);
    assert_eq!(last.error("code"), "rate_limit_exceeded");
    assert!(last.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(last.header("x-should-retry"), Some("true"));
    assert_eq!(client.send(bad(there)).await.status, 401, "another address");
    client.stop().await;
}

#[tokio::test]
async fn without_a_token_the_body_is_not_waited_for() {
    let mut client = Client::start().await;
    let mut wire = client.served.connect().await;
    let head = "POST /admin/providers HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n";
    wire.write(head).await;
    let text = wire.read_until("invalid_admin_token").await;
    assert!(text.starts_with("HTTP/1.1 401 "), "{text}");
    assert_eq!(client.served.record().await.request_bytes, 0);
    client.stop().await;
}

#[tokio::test]
async fn an_operators_name_is_safe_in_the_record() {
    let mut client = Client::start().await;
    for (subject, shown) in [
        ("alice@example.org".to_owned(), "operator:alice@example.org".to_owned()),
        ("Ålice B".to_owned(), "operator:?lice?B".to_owned()),
        ("a".repeat(100), format!("operator:{}", "a".repeat(64))),
    ] {
        let ask = Ask::new("GET /admin/status").token(&token(&subject, Role::Viewer));
        let reply = client.good(ask).await;
        assert_eq!(reply.record.caller.as_deref(), Some(shown.as_str()));
        assert!(reply.record.operation.is_none(), "it would count as use");
        assert!(matches!(reply.record.outcome, Outcome::Completed));
    }
    client.stop().await;
}
