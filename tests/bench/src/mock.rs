//! The mock upstream: answers at once, from memory, by path and body.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use memchr::memmem;
use tokio::net::TcpListener;

use crate::case::PAUSE_AFTER_FIRST;
use crate::flushed_body::{FlushedBody, Pacing};
use crate::replies;

/// The pause that a request may ask for with [`PAUSE_AFTER_FIRST`].
const FIRST_EVENT_PAUSE: Duration = Duration::from_millis(5);

type ReplyBody = Either<Full<Bytes>, FlushedBody>;

/// Everything the mock can answer, made once.
struct Replies {
    unary: Bytes,
    embedding: Bytes,
    stream: Arc<[Bytes]>,
    stream_with_usage: Arc<[Bytes]>,
    pacing: Pacing,
}

/// Serves for ever.
///
/// # Errors
/// The listener fails.
pub(crate) async fn serve(listener: TcpListener, event_interval: Duration) -> Result<()> {
    let replies = Arc::new(Replies {
        unary: replies::unary(),
        embedding: replies::embedding(),
        stream: replies::stream(false).into(),
        stream_with_usage: replies::stream(true).into(),
        pacing: match event_interval {
            Duration::ZERO => Pacing::Burst,
            interval => Pacing::Each(interval),
        },
    });
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let replies = Arc::clone(&replies);
        let service = service_fn(move |request| answer(request, Arc::clone(&replies)));
        // The connection ends with its socket; the process ends with the benchmark.
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(socket), service),
        );
    }
}

async fn answer(
    request: Request<Incoming>,
    replies: Arc<Replies>,
) -> Result<Response<ReplyBody>, Infallible> {
    let is_chat = request.uri().path() == "/v1/chat/completions";
    let is_embedding = request.uri().path() == "/v1/embeddings";
    let Ok(body) = request.into_body().collect().await else {
        return Ok(reply(StatusCode::BAD_REQUEST, Bytes::new()));
    };
    let body = body.to_bytes();
    Ok(if is_chat && is_true(&body, b"\"stream\"") {
        events(&replies, &body)
    } else if is_chat {
        reply(StatusCode::OK, replies.unary.clone())
    } else if is_embedding {
        reply(StatusCode::OK, replies.embedding.clone())
    } else {
        reply(StatusCode::NOT_FOUND, Bytes::new())
    })
}

fn reply(status: StatusCode, body: Bytes) -> Response<ReplyBody> {
    let mut response = Response::new(Either::Left(Full::new(body)));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn events(replies: &Replies, request: &[u8]) -> Response<ReplyBody> {
    let events = if is_true(request, b"\"include_usage\"") {
        &replies.stream_with_usage
    } else {
        &replies.stream
    };
    let pacing = if memmem::find(request, PAUSE_AFTER_FIRST.as_bytes()).is_some() {
        Pacing::First(FIRST_EVENT_PAUSE)
    } else {
        replies.pacing
    };
    let body = FlushedBody::new(Arc::clone(events), pacing);
    let mut response = Response::new(Either::Right(body));
    let event_stream = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(CONTENT_TYPE, event_stream);
    response
}

/// Whether a member with this quoted name is `true`. Enough for the benchmark's own requests,
/// whose prompts hold no quotes.
fn is_true(body: &[u8], quoted_name: &[u8]) -> bool {
    memmem::find_iter(body, quoted_name).any(|at| {
        let mut value = body
            .iter()
            .skip(at + quoted_name.len())
            .skip_while(|byte| byte.is_ascii_whitespace() || **byte == b':');
        b"true".iter().all(|letter| value.next() == Some(letter))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_in_any_spelling() {
        assert!(is_true(br#"{"stream":true}"#, b"\"stream\""));
        assert!(is_true(b"{\"stream\" : \n true}", b"\"stream\""));
        assert!(!is_true(br#"{"stream":false}"#, b"\"stream\""));
        assert!(!is_true(br#"{"stream_options":{}}"#, b"\"stream\""));
        assert!(!is_true(br#"{"stream":tr"#, b"\"stream\""));
    }
}
