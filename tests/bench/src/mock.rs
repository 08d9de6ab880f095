//! The mock upstream: answers at once, from memory, by path and body.

mod asked;

use std::collections::BTreeMap;
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
use crate::vendor::{Shape, Vendor};
use asked::{Asked, is_true};

/// The pause that a request may ask for with [`PAUSE_AFTER_FIRST`].
const FIRST_EVENT_PAUSE: Duration = Duration::from_millis(5);

type ReplyBody = Either<Full<Bytes>, FlushedBody>;

/// Everything the mock can answer, made once.
struct Replies {
    unary: Bytes,
    embedding: Bytes,
    stream: Arc<[Bytes]>,
    stream_with_usage: Arc<[Bytes]>,
    vendors: BTreeMap<Vendor, VendorReply>,
    pacing: Pacing,
}

struct VendorReply {
    whole: Bytes,
    stream: Arc<[Bytes]>,
    stream_type: HeaderValue,
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
        vendors: Vendor::ALL.map(|vendor| (vendor, vendor_reply(vendor))).into(),
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
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return Ok(reply(StatusCode::BAD_REQUEST, Bytes::new()));
    };
    let body = body.to_bytes();
    Ok(match Asked::of(head.uri.path(), &body) {
        Some(Asked::Chat) => reply(StatusCode::OK, replies.unary.clone()),
        Some(Asked::ChatStream) => chat_events(&replies, &body),
        Some(Asked::Embedding) => reply(StatusCode::OK, replies.embedding.clone()),
        Some(Asked::Vendor(vendor, shape)) => vendor_answer(&replies, vendor, shape),
        None => reply(StatusCode::NOT_FOUND, Bytes::new()),
    })
}

fn vendor_answer(replies: &Replies, vendor: Vendor, shape: Shape) -> Response<ReplyBody> {
    match (replies.vendors.get(&vendor), shape) {
        (Some(its), Shape::Whole) => reply(StatusCode::OK, its.whole.clone()),
        (Some(its), Shape::Stream) => events(&its.stream, its.stream_type.clone(), replies.pacing),
        (None, _) => reply(StatusCode::NOT_FOUND, Bytes::new()),
    }
}

fn reply(status: StatusCode, body: Bytes) -> Response<ReplyBody> {
    let mut response = Response::new(Either::Left(Full::new(body)));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn chat_events(replies: &Replies, request: &[u8]) -> Response<ReplyBody> {
    let stream = if is_true(request, b"\"include_usage\"") {
        &replies.stream_with_usage
    } else {
        &replies.stream
    };
    let pacing = if memmem::find(request, PAUSE_AFTER_FIRST.as_bytes()).is_some() {
        Pacing::First(FIRST_EVENT_PAUSE)
    } else {
        replies.pacing
    };
    events(stream, HeaderValue::from_static("text/event-stream"), pacing)
}

fn events(events: &Arc<[Bytes]>, content_type: HeaderValue, pacing: Pacing) -> Response<ReplyBody> {
    let body = FlushedBody::new(Arc::clone(events), pacing);
    let mut response = Response::new(Either::Right(body));
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

fn vendor_reply(vendor: Vendor) -> VendorReply {
    let replies = vendor.replies();
    VendorReply {
        whole: replies.whole,
        stream: replies.stream.into(),
        stream_type: HeaderValue::from_static(replies.stream_type),
    }
}
