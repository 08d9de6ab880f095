//! Replies: whole, cut, coded, too large.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::StatusCode;

use super::*;

fn reply(headers: &str, body: &[u8]) -> Bytes {
    let mut bytes = format!("HTTP/1.1 200 OK\r\n{headers}\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes.into()
}

fn gzipped(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn gzip_reply(body: &[u8]) -> Bytes {
    let headers = format!("content-encoding: gzip\r\ncontent-length: {}\r\n", body.len());
    reply(&headers, body)
}

#[tokio::test]
async fn status_headers_and_body_are_handed_on_unjudged() {
    let html = "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\nretry-after: 7\r\n\
                content-length: 13\r\n\r\n<h1>sorry</h1";
    let reply = answered(html).await.unwrap();
    assert_eq!(reply.head.status, StatusCode::BAD_GATEWAY);
    assert_eq!(reply.head.headers["retry-after"], "7");
    assert_eq!(reply.head.headers["content-type"], "text/html");
    assert_eq!(drain(reply).await.0, "<h1>sorry</h1");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let bytes = "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\n\
                 content-length: 0\r\n\r\n";
    let reply = answered(bytes).await.unwrap();
    assert_eq!(reply.head.status, StatusCode::FOUND);
    assert_eq!(reply.head.headers["location"], "http://169.254.169.254/");
}

#[tokio::test]
async fn no_cookie_is_kept() {
    let server = Server::start(|mut connection: Connection| async move {
        while let Some(request) = connection.request().await {
            let length = usize::from(request.contains("cookie"));
            let body = "x".repeat(length);
            let head = format!("content-length: {length}\r\nset-cookie: a=b\r\n");
            connection.send(reply(&head, body.as_bytes())).await;
        }
    })
    .await;
    let upstream = HttpUpstream::try_new().unwrap();
    for _ in 0..2 {
        let reply = upstream.send(to(server.address)).await.unwrap();
        assert_eq!(drain(reply).await.0, "");
    }
}

#[tokio::test]
async fn gzip_is_decoded() {
    let text = "data: {}\n\n".repeat(1000);
    let reply = answered(gzip_reply(&gzipped(&text))).await.unwrap();
    assert!(!reply.head.headers.contains_key("content-encoding"));
    let (body, failure) = drain(reply).await;
    assert!(failure.is_none(), "{failure:?}");
    assert_eq!(body, text);
}

#[tokio::test]
async fn a_reply_that_ends_too_early_is_truncated() {
    let chunked = "transfer-encoding: chunked\r\n";
    let coded = gzipped("some text that is coded");
    let cases = [
        reply("content-length: 10\r\n", b"short"),
        reply(chunked, b"5\r\nshort\r\n"),
        reply(chunked, b"5\r\nshort\r\n9\r\nx"),
        gzip_reply(&coded[..coded.len() - 12]),
    ];
    for bytes in cases {
        let (_, failure) = drain(answered(bytes.clone()).await.unwrap()).await;
        let kind = failure.map(|failure| failure.kind());
        assert_eq!(kind, Some(FailureKind::StreamTruncated), "{bytes:?}");
    }
}

#[tokio::test]
async fn what_came_before_the_cut_is_delivered() {
    let bytes = reply("transfer-encoding: chunked\r\n", b"5\r\nshort\r\n");
    assert_eq!(drain(answered(bytes).await.unwrap()).await.0, "short");
}

#[tokio::test]
async fn a_reply_with_wrong_coding_is_an_upstream_error() {
    let cases = [
        gzip_reply(b"this is no gzip at all, but plain text"),
        reply("transfer-encoding: chunked\r\n", b"zz\r\nshort\r\n"),
    ];
    for bytes in cases {
        let (_, failure) = drain(answered(bytes.clone()).await.unwrap()).await;
        let kind = failure.map(|failure| failure.kind());
        assert_eq!(kind, Some(FailureKind::UpstreamError), "{bytes:?}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_an_upstream_error() {
    for bytes in ["SSH-2.0-OpenSSH\r\n\r\n", "", "HTTP/1.1 200"] {
        let failure = answered(bytes).await.err().unwrap();
        assert_eq!(failure.kind(), FailureKind::UpstreamError, "{bytes:?}: {failure:?}");
    }
}

#[tokio::test]
async fn the_cap_counts_decoded_bytes() {
    let bytes = gzip_reply(&gzipped(&"0".repeat(50_000)));
    assert!(bytes.len() < 1000);
    let server = Server::start(move |mut connection: Connection| {
        let bytes = bytes.clone();
        async move {
            while connection.request().await.is_some() {
                connection.send(&bytes).await;
            }
        }
    })
    .await;
    let upstream = HttpUpstream::try_new().unwrap();
    for (cap, is_allowed) in [(49_999, false), (50_000, true)] {
        let exchange = with_target(to(server.address), |target| target.max_response_bytes = cap);
        let (body, failure) = drain(upstream.send(exchange).await.unwrap()).await;
        assert!(body.len() as u64 <= cap);
        assert_eq!(failure.is_none(), is_allowed, "{failure:?}");
        if let Some(failure) = failure {
            assert_eq!(failure.kind(), FailureKind::UpstreamError);
            assert!(failure.message().contains("49999 bytes"), "{failure}");
        }
    }
}
