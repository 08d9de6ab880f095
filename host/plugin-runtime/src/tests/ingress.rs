//! Client APIs: what goes in, what comes out, and what is refused.

use exchange::{Entrance, RequestHead};
use http::StatusCode;
use serde_json::json;

use super::*;
use crate::LoadError;

fn entrance(registry: &Registry, name: &str) -> Entrance {
    registry.entrance(&format!("/v1/{name}")).unwrap()
}

fn head() -> RequestHead {
    RequestHead::try_new("POST", "/v1/talk", std::iter::empty()).unwrap()
}

fn request() -> RequestId {
    RequestId::parse("request-1").unwrap()
}

#[tokio::test]
async fn a_client_api_serves_one_request_from_decode_to_finish() {
    let registry = registry();
    install(&registry, &Guest::ingress("talk"));
    let entrance = entrance(&registry, "talk");
    assert_eq!((&*entrance.dialect, &*entrance.endpoint), ("talk", "POST /v1/talk"));
    assert!(registry.dialect("talk").is_none(), "it does not stand towards providers");

    let body = Bytes::from_static(b"{}");
    let decoded = entrance.plugin.decode(&head(), body, request()).await.unwrap();
    assert_eq!(decoded.operation, Operation::Chat);
    assert_eq!(decoded.canonical, "{\"model\":\"m\"}");
    assert_eq!(decoded.extra, [("kept".to_owned(), "1".to_owned())]);
    assert!(decoded.streaming);

    let mut writing = entrance.plugin.open(request());
    let head = writing.begin(decoded.extra, true).await.unwrap();
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(head.headers["content-type"], "text/plain");
    let documents = vec![Bytes::from_static(b"{}"), Bytes::from_static(b"{}")];
    assert_eq!(writing.push(documents).await.unwrap(), "pushed");
    assert_eq!(writing.finish(None).await.unwrap(), "finished");
    assert!(writing.push(Vec::new()).await.is_err(), "after its end");
}

#[tokio::test]
async fn the_table_decides_the_status_of_a_failure() {
    let registry = registry();
    install(&registry, &Guest::ingress("talk"));
    let plugin = entrance(&registry, "talk").plugin;
    let reply = plugin.fail(&Failure::new(FailureKind::RateLimited, "slow down")).await.unwrap();
    assert_eq!(reply.head.status, StatusCode::TOO_MANY_REQUESTS, "and not the guest's 418");
    assert_eq!(reply.body, "failed");
}

#[tokio::test]
async fn an_unknown_operation_is_a_fault() {
    let registry = registry();
    let guest = Guest::ingress("talk").answer_with("decode", |image| image.decoded("sing", "{}"));
    install(&registry, &guest);
    let plugin = entrance(&registry, "talk").plugin;
    let failure = plugin.decode(&head(), Bytes::new(), request()).await.unwrap_err();
    assert_fault(&failure, "operation \"sing\" is not known");
}

#[tokio::test]
async fn a_head_of_the_guests_cannot_carry_what_belongs_to_the_host() {
    let registry = registry();
    let headers = [("set-cookie", "a=b"), ("content-length", "7"), ("x-ok", "1")];
    let guest =
        Guest::ingress("talk").answer_with("head", |image| image.response_head(302, &headers));
    install(&registry, &guest);
    let mut writing = entrance(&registry, "talk").plugin.open(request());
    let head = writing.begin(Vec::new(), false).await.unwrap();
    assert_eq!(head.status, StatusCode::OK, "and not the guest's 302");
    assert_eq!(head.headers["x-ok"], "1");
    assert!(!head.headers.contains_key("content-length"));
}

fn refusal(registry: &Registry, guest: &Guest) -> LoadError {
    registry.install(&guest.build(), Origin::Installed(None), Grant::default()).unwrap_err()
}

#[test]
fn manifest_and_exports_name_the_same_sides() {
    let registry = registry();
    let guest = Guest::ingress("talk").manifest(|manifest| {
        manifest["dialect"]["operations"] = json!(["chat"]);
    });
    let refused = refusal(&registry, &guest);
    assert!(matches!(refused, LoadError::SideMismatch { interface: "egress", .. }), "{refused}");
    let guest = Guest::egress("plain").manifest(|manifest| {
        manifest["dialect"]["endpoints"] = json!(["POST /v1/plain"]);
    });
    let refused = refusal(&registry, &guest);
    assert!(matches!(refused, LoadError::SideMismatch { interface: "ingress", .. }), "{refused}");
}

#[test]
fn an_endpoint_has_one_plugin() {
    let registry = registry();
    install(&registry, &Guest::ingress("talk"));
    let other = Guest::ingress("other").manifest(|manifest| {
        manifest["dialect"]["endpoints"] = json!(["POST /v1/talk"]);
    });
    let refused = refusal(&registry, &other);
    assert!(matches!(&refused, LoadError::EndpointTaken { by, .. } if by == "talk"), "{refused}");
    // A later generation of the same plugin is no other plugin.
    install(&registry, &Guest::ingress("talk"));
}
