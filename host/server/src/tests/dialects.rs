//! Client APIs that plugins speak: found by path, answered and refused in their own form.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use exchange::{
    DecodedRequest, DialectReply, Entrance, Failure, FailureKind, GenerationId, IngressDialect,
    IngressExchange, RequestHead, RequestId, ResponseHead,
};
use futures_util::stream;
use http::{HeaderValue, Method, StatusCode};
use pipeline::{Asked, Broken, Caller, EndpointPattern, ReplyBody};

use super::client::{Reply, TestClient, bare, chat};
use super::fake::{Fake, reply};

/// Says every failure as `no: MESSAGE`, unless it is broken.
struct Terse {
    is_broken: bool,
}

#[async_trait]
impl IngressDialect for Terse {
    fn generation(&self) -> GenerationId {
        GenerationId(1)
    }

    async fn decode(
        &self,
        _: &RequestHead,
        _: Bytes,
        _: RequestId,
    ) -> Result<DecodedRequest, Failure> {
        Err(Failure::new(FailureKind::Internal, "the pipeline decodes, not the edge"))
    }

    fn open(&self, _: RequestId) -> Box<dyn IngressExchange> {
        panic!("the pipeline writes, not the edge")
    }

    async fn fail(&self, failure: &Failure) -> Result<DialectReply, Failure> {
        if self.is_broken {
            return Err(Failure::new(FailureKind::PluginFault, "broken"));
        }
        let mut head = ResponseHead::of_process();
        head.status = StatusCode::IM_A_TEAPOT;
        head.headers.insert("content-type", HeaderValue::from_static("text/terse"));
        head.headers.insert("content-encoding", HeaderValue::from_static("gzip"));
        Ok(DialectReply { head, body: format!("no: {}", failure.message()).into() })
    }
}

fn entrance(is_broken: bool) -> Entrance {
    Entrance {
        dialect: "terse".into(),
        endpoint: "POST /v1/terse".into(),
        plugin: Arc::new(Terse { is_broken }),
    }
}

async fn send(fake: Fake, change: impl FnOnce(&mut http::Request<axum::body::Body>)) -> Reply {
    let mut request = chat("hello");
    *request.uri_mut() = "/v1/terse?a=b".parse().unwrap();
    change(&mut request);
    TestClient::new(fake).send(request).await
}

#[tokio::test]
async fn a_plugins_endpoint_reaches_the_service_with_what_the_plugin_may_see() {
    let fake = Fake::new(|request| async move {
        let Asked::InDialect { entrance, head } = request.asked else { panic!("canonical") };
        assert_eq!(&*entrance.dialect, "terse");
        assert_eq!(head.path_and_query(), "/v1/terse?a=b");
        assert_eq!(head.headers().len(), 1, "no credential: {:?}", head.headers());
        assert_eq!(head.headers()["anthropic-beta"], "x");
        let mut answer = reply(ReplyBody::Complete(request.body));
        answer.content_type = Some(HeaderValue::from_static("text/terse"));
        Ok(answer)
    });
    let reply = send(fake.with_entrance(entrance(false)), |request| {
        request.headers_mut().insert("anthropic-beta", HeaderValue::from_static("x"));
    })
    .await;
    assert_eq!((reply.status.as_u16(), reply.text()), (200, "hello"));
    assert_eq!(reply.header("content-type"), Some("text/terse"));
    assert_eq!(reply.record.endpoint, "POST /v1/terse");
}

#[tokio::test]
async fn failures_and_missing_keys_are_told_in_the_dialect_with_the_tables_status() {
    let failing = || Failure::new(FailureKind::UpstreamOverloaded, "busy");
    let fake = Fake::failing(failing).with_entrance(entrance(false));
    let reply = send(fake, |_| {}).await;
    assert_eq!((reply.status.as_u16(), reply.text()), (503, "no: busy"));
    assert_eq!(reply.header("content-type"), Some("text/terse"));
    assert_eq!(reply.header("x-should-retry"), Some("true"));

    let fake = Fake::echo().with_entrance(entrance(false));
    let reply = send(fake, |request| {
        request.headers_mut().remove("authorization");
    })
    .await;
    assert_eq!(reply.status, 401);
    assert!(reply.text().starts_with("no: there is no API key"), "{}", reply.text());
}

#[tokio::test]
async fn a_key_that_may_not_call_a_plugins_endpoint_is_told_so_in_the_dialect() {
    let with = |endpoint: &str| {
        let endpoints = [EndpointPattern::new(endpoint)].into();
        let caller = Caller { endpoints, ..Caller::new("laptop") };
        Fake::echo().with_caller(caller).with_entrance(entrance(false))
    };
    let reply = send(with("/v1/chat/*"), |_| {}).await;
    assert_eq!(reply.status, 403);
    assert!(
        reply.text().starts_with("no: this API key may not call /v1/terse:"),
        "{}",
        reply.text()
    );
    let reply = send(with("/v1/terse"), |_| {}).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_plugin_that_cannot_say_what_failed_leaves_openais_envelope() {
    let failing = || Failure::new(FailureKind::UpstreamOverloaded, "busy");
    let reply = send(Fake::failing(failing).with_entrance(entrance(true)), |_| {}).await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.error("message"), "busy");
}

#[tokio::test]
async fn the_last_words_of_a_stream_are_the_dialects() {
    let fake = Fake::new(|_| async {
        let failure = Failure::new(FailureKind::StreamTruncated, "cut");
        let last_words = Some(Bytes::from_static(b"event: no\n\n"));
        let items = vec![Ok(Bytes::from_static(b"a\n\n")), Err(Broken { failure, last_words })];
        Ok(reply(ReplyBody::Stream(Box::pin(stream::iter(items)))))
    });
    let reply = send(fake.with_entrance(entrance(false)), |_| {}).await;
    assert_eq!(reply.text(), "a\n\nevent: no\n\n");
}

#[tokio::test]
async fn another_method_and_another_path_are_not_the_plugins() {
    let mut client = TestClient::new(Fake::echo().with_entrance(entrance(false)));
    let reply = client.send(bare(Method::GET, "/v1/terse")).await;
    assert_eq!(reply.status, 405);
    assert_eq!(reply.header("allow"), Some("POST"));
    let reply = client.send(bare(Method::POST, "/v1/terser")).await;
    assert_eq!(reply.status, 404);
    assert_eq!(reply.error("code"), "unknown_url");
}
