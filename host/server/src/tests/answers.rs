//! Good answers and their records.

use bytes::Bytes;
use exchange::{Operation, Outcome, Usage};
use http::{HeaderValue, Method, Request};
use pipeline::{Asked, ReplyBody};
use serde_json::json;
use tokio::sync::mpsc::unbounded_channel;

use super::client::{TestClient, bare, chat};
use super::fake::{Fake, KEY, reply};

#[tokio::test]
async fn a_whole_answer_is_relayed_byte_for_byte() {
    let mut client = TestClient::new(Fake::echo());
    let reply = client.send(chat("{\"n\": 1.0}")).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.text(), "{\"n\": 1.0}");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("x-patchbay-provider"), Some("main"));
    assert_eq!(reply.header("x-patchbay-attempts"), Some("1"));
    assert_eq!(reply.header("x-patchbay-dropped-params"), None);
    assert!(matches!(reply.record.outcome, Outcome::Completed));
}

#[tokio::test]
async fn embeddings_go_to_the_same_service() {
    let mut client = TestClient::new(Fake::new(|request| async move {
        assert!(matches!(request.asked, Asked::Canonical(Operation::Embeddings)));
        Ok(reply(ReplyBody::Complete(request.body)))
    }));
    let mut request = chat("{}");
    *request.uri_mut() = "/v1/embeddings".parse().unwrap();
    let reply = client.send(request).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.record.endpoint, "POST /v1/embeddings");
}

#[tokio::test]
async fn the_record_says_what_the_pipeline_noted() {
    let mut client = TestClient::new(Fake::new(|request| async move {
        request.trace.note(|notes| {
            notes.model = Some("smart".into());
            notes.provider = Some("main".into());
            notes.provider_model = Some("big-1".into());
            notes.attempts = 3;
            notes.usage = Some(Usage { prompt_tokens: 5, ..Usage::default() });
        });
        Ok(reply(ReplyBody::Complete(Bytes::from_static(b"{}"))))
    }));
    let record = client.send(chat("{\"a\":1}")).await.record;
    assert_eq!(record.endpoint, "POST /v1/chat/completions");
    assert_eq!(record.caller.as_deref(), Some("laptop"));
    assert_eq!(record.operation, Some(Operation::Chat));
    assert_eq!(record.model.as_deref(), Some("smart"));
    assert_eq!(record.provider.as_deref(), Some("main"));
    assert_eq!(record.provider_model.as_deref(), Some("big-1"));
    assert_eq!((record.attempts, record.request_bytes, record.response_bytes), (3, 7, 2));
    assert_eq!(record.usage.unwrap().prompt_tokens, 5);
}

#[tokio::test]
async fn a_body_in_pieces_is_joined_in_order() {
    let mut client = TestClient::new(Fake::echo());
    let pieces = ["{\"a\"", ":", "", "1}"].map(|piece| Ok::<_, std::io::Error>(piece.to_owned()));
    let body = axum::body::Body::from_stream(futures_util::stream::iter(pieces));
    let reply = client.send(chat(body)).await;
    assert_eq!(reply.text(), "{\"a\":1}");
    assert_eq!(reply.record.request_bytes, 7);
}

#[tokio::test]
async fn a_well_formed_request_id_is_kept_and_another_is_replaced() {
    let (seen, mut ids) = unbounded_channel();
    let mut client = TestClient::new(Fake::new(move |request| {
        seen.send(request.request_id.to_string()).unwrap();
        std::future::ready(Ok(reply(ReplyBody::Complete(request.body))))
    }));
    for (given, kept) in [("req-7:a", true), ("a b", false), ("", false)] {
        let mut request = chat("{}");
        request.headers_mut().insert("x-request-id", HeaderValue::from_static(given));
        let reply = client.send(request).await;
        let id = reply.header("x-request-id").unwrap();
        assert_eq!(id == given, kept, "{given:?} became {id:?}");
        assert_eq!(ids.recv().await.as_deref(), Some(id));
        assert!(kept || id.len() == 36, "{id}");
    }
}

#[tokio::test]
async fn only_headers_of_the_policy_reach_the_service() {
    let (seen, mut forwarded) = unbounded_channel();
    let mut client = TestClient::new(Fake::new(move |request| {
        seen.send(request.forwarded).unwrap();
        std::future::ready(Ok(reply(ReplyBody::Complete(request.body))))
    }));
    let mut request = chat("{}");
    for name in ["cookie", "x-api-key", "openai-beta", "idempotency-key", "x-other"] {
        request.headers_mut().insert(name, HeaderValue::from_static("v"));
    }
    client.send(request).await;
    let forwarded = forwarded.recv().await.unwrap();
    let mut names: Vec<_> = forwarded.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["idempotency-key", "openai-beta"]);
}

#[tokio::test]
async fn upstream_headers_come_back_but_never_its_framing() {
    let mut client = TestClient::new(Fake::new(|request| async move {
        let mut reply = reply(ReplyBody::Complete(request.body));
        reply.dropped = vec!["logit_bias".to_owned(), "x\r\ny".to_owned()];
        reply.headers.insert("x-upstream", HeaderValue::from_static("1"));
        reply.headers.insert("content-length", HeaderValue::from_static("999"));
        reply.headers.insert("transfer-encoding", HeaderValue::from_static("chunked"));
        reply.headers.insert("content-type", HeaderValue::from_static("text/html"));
        reply.headers.insert("x-request-id", HeaderValue::from_static("theirs"));
        Ok(reply)
    }));
    let reply = client.send(chat("{}")).await;
    assert_eq!(reply.header("x-upstream"), Some("1"));
    assert_eq!(reply.header("content-length"), Some("2"));
    assert_eq!(reply.header("transfer-encoding"), None);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_ne!(reply.header("x-request-id"), Some("theirs"));
    assert_eq!(reply.header("x-patchbay-dropped-params"), Some("logit_bias,x??y"));
}

#[tokio::test]
async fn models_are_listed_in_openais_shape() {
    let mut client = TestClient::new(Fake::echo());
    let reply = client.send(bare(Method::GET, "/v1/models")).await;
    let model = |id| json!({"id": id, "object": "model", "created": 7, "owned_by": "main"});
    let expected = json!({"object": "list", "data": [model("main/org/big"), model("smart")]});
    assert_eq!(reply.json(), expected);
    assert_eq!(reply.record.endpoint, "GET /v1/models");
}

#[tokio::test]
async fn one_model_is_found_by_an_id_with_slashes() {
    let mut client = TestClient::new(Fake::echo());
    for path in ["/v1/models/main/org/big", "/v1/models/main%2Forg%2Fbig"] {
        let reply = client.send(bare(Method::GET, path)).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.json()["id"], "main/org/big");
        assert_eq!(reply.record.endpoint, "GET /v1/models/{id}");
    }
}

#[tokio::test]
async fn a_model_that_the_key_may_not_use_is_not_found() {
    let mut client = TestClient::new(Fake::echo());
    let reply = client.send(bare(Method::GET, "/v1/models/other")).await;
    assert_eq!(reply.status, 404);
    assert_eq!(reply.error("code"), "model_not_found");
    assert_eq!(reply.error("param"), "model");
    let reply = client.send(bare(Method::GET, "/v1/models/%ff")).await;
    assert_eq!(reply.status, 400);
}

#[tokio::test]
async fn health_needs_no_key_and_readiness_gives_reasons() {
    let get = |path| Request::get(path).body(axum::body::Body::empty()).unwrap();
    let mut client = TestClient::new(Fake::echo());
    assert_eq!(client.send(get("/health")).await.json()["status"], "alive");
    assert_eq!(client.send(get("/health/ready")).await.json()["status"], "ready");
    let mut client = TestClient::new(Fake::echo().not_ready());
    let reply = client.send(get("/health/ready")).await;
    assert_eq!(reply.status, 503);
    let check = json!({"name": "providers", "ok": false, "reason": "no provider is configured"});
    let other = json!({"name": "plugins", "ok": true, "reason": null});
    assert_eq!(reply.json(), json!({"status": "not ready", "checks": [check, other]}));
    assert_eq!(client.send(get("/health")).await.status, 200);
}

#[tokio::test]
async fn a_head_request_is_complete_without_its_body() {
    let mut client = TestClient::new(Fake::echo());
    let reply = client.send(bare(Method::HEAD, "/v1/models")).await;
    assert_eq!(reply.status, 200);
    assert!(matches!(reply.record.outcome, Outcome::Completed));
}

#[tokio::test]
async fn a_key_in_x_api_key_is_as_good() {
    let mut client = TestClient::new(Fake::echo());
    let request = Request::get("/v1/models").header("x-api-key", KEY);
    let reply = client.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(reply.status, 200);
}
