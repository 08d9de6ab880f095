//! Reading a caller's body: whole, within its cap and its deadline.

use std::error::Error;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use exchange::{Failure, FailureKind};
use http::{HeaderMap, HeaderValue, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;

use crate::edge::EdgeLimits;
use crate::visit::Visit;

/// Most bytes that are set aside because a caller announced them.
const MAX_RESERVED_BYTES: usize = 1024 * 1024;

/// Reads a body to its end. What does not fit is refused by its head where that tells.
///
/// # Errors
/// `InvalidRequest` for a body that is not JSON by its head or broken in its framing,
/// `PayloadTooLarge`, `RequestTimeout`, and `Cancelled` if the caller went away.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    limits: &EdgeLimits,
    visit: &mut Visit,
) -> Result<Bytes, Failure> {
    check_head(headers)?;
    if body.size_hint().lower() > limits.max_body_bytes {
        return Err(too_large(limits));
    }
    let reading = collect(body, limits, visit);
    tokio::time::timeout(limits.body_read, reading).await.unwrap_or_else(|_| {
        let message = format!(
            "the request's body did not arrive within {} ms; send it faster or make it smaller",
            limits.body_read.as_millis()
        );
        Err(Failure::new(FailureKind::RequestTimeout, message))
    })
}

/// A body without any type is welcome; forms and compression are named, because the JSON error
/// they would end in names neither.
fn check_head(headers: &HeaderMap) -> Result<(), Failure> {
    let refused = |message: &str| Err(Failure::new(FailureKind::InvalidRequest, message));
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return refused("the content-encoding header is not supported: send the body uncompressed");
    }
    if headers.get(header::CONTENT_TYPE).is_some_and(is_form) {
        return refused("the content-type header names a form: send JSON as application/json");
    }
    Ok(())
}

fn is_form(value: &HeaderValue) -> bool {
    let essence = value.as_bytes().split(|b| *b == b';').next().unwrap_or_default();
    let essence = essence.trim_ascii();
    essence.eq_ignore_ascii_case(b"multipart/form-data")
        || essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
}

/// A body in one piece is not copied.
async fn collect(mut body: Body, limits: &EdgeLimits, visit: &mut Visit) -> Result<Bytes, Failure> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let Some(first) = next_piece(&mut body).await? else {
        return Ok(Bytes::new());
    };
    visit.note_received(first.len());
    let mut length = first.len() as u64;
    let mut whole: Option<BytesMut> = None;
    while length <= limits.max_body_bytes {
        let Some(piece) = next_piece(&mut body).await? else {
            return Ok(whole.map_or(first, BytesMut::freeze));
        };
        visit.note_received(piece.len());
        length += piece.len() as u64;
        let joined = whole.get_or_insert_with(|| {
            let room = announced.min(MAX_RESERVED_BYTES).max(first.len() + piece.len());
            let mut joined = BytesMut::with_capacity(room);
            joined.extend_from_slice(&first);
            joined
        });
        joined.extend_from_slice(&piece);
    }
    Err(too_large(limits))
}

/// The next bytes; trailers are passed over.
async fn next_piece(body: &mut Body) -> Result<Option<Bytes>, Failure> {
    while !body.is_end_stream() {
        match body.frame().await {
            None => return Ok(None),
            Some(Err(error)) => return Err(broken(error)),
            Some(Ok(frame)) => {
                if let Ok(piece) = frame.into_data()
                    && !piece.is_empty()
                {
                    return Ok(Some(piece));
                }
            }
        }
    }
    Ok(None)
}

fn too_large(limits: &EdgeLimits) -> Failure {
    let message = format!("the request's body is over {} bytes", limits.max_body_bytes);
    Failure::new(FailureKind::PayloadTooLarge, message)
}

/// A connection that ended, or a stream that was reset, is the caller going away; anything else
/// is framing that no caller's library writes.
fn broken(error: axum::Error) -> Failure {
    if is_end_of_caller(&error) {
        Failure::new(FailureKind::Cancelled, "the caller went away").with_cause(error)
    } else {
        let message = "the request's body is not framed as HTTP wants it";
        Failure::new(FailureKind::InvalidRequest, message).with_cause(error)
    }
}

fn is_end_of_caller(error: &(dyn Error + 'static)) -> bool {
    let mut error = Some(error);
    while let Some(current) = error {
        if let Some(hyper) = current.downcast_ref::<hyper::Error>()
            && (hyper.is_incomplete_message() || hyper.is_canceled() || hyper.is_closed())
        {
            return true;
        }
        if let Some(io) = current.downcast_ref::<std::io::Error>() {
            use std::io::ErrorKind as K;
            return matches!(
                io.kind(),
                K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe | K::UnexpectedEof
            );
        }
        error = current.source();
    }
    false
}
