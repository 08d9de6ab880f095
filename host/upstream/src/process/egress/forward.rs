//! Plain HTTP: one request to the host that its target names.
//!
//! The request is not passed on but made anew by the library, so that what is ambiguous in the
//! program's bytes is not so in ours: one target, one `Host`, one framing of the body, no field of
//! the connection (RFC 9110 section 7.6.1).

use http::header::{
    CONNECTION, EXPECT, Entry, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Uri, Version};
use hyper::body::Incoming;

use super::answer::Denial;
use super::grant::Destination;

/// Port of plain HTTP.
const HTTP_PORT: u16 = 80;

/// Fields that are of one connection.
const OF_CONNECTION: [HeaderName; 10] = [
    CONNECTION,
    EXPECT,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Whom a request is for.
///
/// # Errors
/// What is wrong with its target.
pub(super) fn destination(request: &Request<Incoming>) -> Result<Destination, Denial> {
    let uri = request.uri();
    let authority = uri.authority();
    let authority = authority.ok_or(Denial::Malformed("the request has no host in its target"))?;
    if uri.scheme() != Some(&Scheme::HTTP) {
        return Err(Denial::Malformed("TLS goes through a tunnel"));
    }
    check_host(request.headers(), authority, Some(HTTP_PORT))
}

/// Compares the target with the field `Host`, if there is one: who relies on the one and who
/// relies on the other must not mean two.
pub(super) fn check_host(
    headers: &HeaderMap,
    authority: &Authority,
    usual_port: Option<u16>,
) -> Result<Destination, Denial> {
    let target = Destination::of(authority, usual_port);
    let target = target.ok_or(Denial::Malformed("the target is no host and port"))?;
    let mut hosts = headers.get_all(HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return Err(Denial::Malformed("the request names two hosts"));
    }
    let Some(host) = first else {
        return Ok(target);
    };
    let named = host.to_str().ok().and_then(|text| text.parse::<Authority>().ok());
    // A tunnel's Host often lacks the port.
    let usual_port = usual_port.or(Some(target.port()));
    if named.and_then(|named| Destination::of(&named, usual_port)).as_ref() == Some(&target) {
        return Ok(target);
    }
    Err(Denial::Malformed("the target and the field Host name two hosts"))
}

/// The request as the far end gets it.
///
/// # Errors
/// A target that has no proper form.
pub(super) fn outgoing(mut request: Request<Incoming>) -> Result<Request<Incoming>, Denial> {
    let malformed = || Denial::Malformed("the target is no URL");
    let parts = std::mem::take(request.uri_mut()).into_parts();
    let host = parts.authority.ok_or_else(malformed)?;
    let path = parts.path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(path);
    *request.version_mut() = Version::HTTP_11;
    strip(request.headers_mut());
    let host = HeaderValue::from_str(host.as_str()).map_err(|_| malformed())?;
    request.headers_mut().insert(HOST, host);
    request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(request)
}

/// Removes the fields of one connection, and those that it says are.
pub(super) fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&OF_CONNECTION) {
        if let Entry::Occupied(field) = headers.entry(name) {
            field.remove_entry_mult();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn fields_of_the_connection_are_removed_and_others_stay() {
        let mut headers = fields(&[
            ("connection", "close, X-Secret"),
            ("connection", "x-other,, ;;"),
            ("x-secret", "1"),
            ("x-other", "2"),
            ("keep-alive", "timeout=5"),
            ("proxy-authorization", "Basic eA=="),
            ("proxy-connection", "keep-alive"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("authorization", "Bearer x"),
            ("accept", "*/*"),
        ]);
        strip(&mut headers);
        assert_eq!(headers, fields(&[("authorization", "Bearer x"), ("accept", "*/*")]));
    }

    #[test]
    fn target_and_host_must_name_one_host() {
        let cases: [(&[(&str, &str)], bool); 9] = [
            (&[], true),
            (&[("host", "a.example:80")], true),
            (&[("host", "A.example")], true),
            (&[("host", "b.example")], false),
            (&[("host", "a.example:81")], false),
            (&[("host", "")], false),
            (&[("host", "u@a.example")], false),
            (&[("host", "a.example"), ("host", "a.example")], false),
            (&[("host", "a.example"), ("host", "b.example")], false),
        ];
        for (headers, is_right) in cases {
            let authority = "a.example".parse().unwrap();
            let checked = check_host(&fields(headers), &authority, Some(80));
            assert_eq!(checked.is_ok(), is_right, "{headers:?}: {checked:?}");
        }
    }
}
