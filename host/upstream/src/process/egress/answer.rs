//! What a program is told that does not get through.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::{Either, Full};
use hyper::body::Incoming;

use super::grant::Destination;

/// Our own words, or what the far end says.
pub(super) type Body = Either<Full<Bytes>, Incoming>;

/// Why a request does not get through.
#[derive(Debug)]
pub(super) enum Denial {
    /// No target, two targets, or one that is no host and port.
    Malformed(&'static str),
    /// The grant does not have it.
    NotGranted(Destination),
    /// The name leads to an address that policy refuses.
    RefusedAddress(Destination),
    /// There is no such name, or nobody answers there.
    Unreachable(Destination),
    /// Nobody answered in time.
    TooSlow(Destination),
}

impl Denial {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::NotGranted(_) | Self::RefusedAddress(_) => StatusCode::FORBIDDEN,
            Self::Unreachable(_) => StatusCode::BAD_GATEWAY,
            Self::TooSlow(_) => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Malformed(what) => format!(
                "this is a proxy; {what}; write \"CONNECT host:port\", or a whole http:// URL\n"
            ),
            Self::NotGranted(to) => format!(
                "this program may not reach {to}; the operator can name it in the provider's \
                 network grant\n"
            ),
            Self::RefusedAddress(to) => {
                format!("{to} is link-local or a cloud metadata service; no grant leads there\n")
            }
            Self::Unreachable(to) => format!("{to} cannot be reached; see whether it is up\n"),
            Self::TooSlow(to) => format!("{to} did not take the connection in time; try later\n"),
        }
    }

    /// For the log: which rule.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::NotGranted(_) => "not granted",
            Self::RefusedAddress(_) => "address refused",
            Self::Unreachable(_) => "unreachable",
            Self::TooSlow(_) => "too slow",
        }
    }

    /// Whom it was to reach.
    pub(super) const fn destination(&self) -> Option<&Destination> {
        match self {
            Self::Malformed(_) => None,
            Self::NotGranted(to)
            | Self::RefusedAddress(to)
            | Self::Unreachable(to)
            | Self::TooSlow(to) => Some(to),
        }
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Either::Left(Full::from(self.text())));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }
}
