//! Heads of requests and responses, validated where a plugin's text becomes one.

use http::header::{self, HeaderName};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use thiserror::Error;

/// Most headers a plugin may set, and most bytes of one value.
const MAX_HEADERS: usize = 64;
const MAX_HEADER_VALUE_BYTES: usize = 8 * 1024;
const MAX_PATH_BYTES: usize = 8 * 1024;

/// Headers that a plugin's head never carries, whatever the plugin said: credentials are the
/// host's to apply, framing is the transport's, hop-by-hop belongs to one connection
/// (RFC 9110 section 7.6.1).
const HOST_OWNED: [HeaderName; 14] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::PROXY_AUTHENTICATE,
    header::COOKIE,
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
    header::EXPECT,
    header::ACCEPT_ENCODING,
    HeaderName::from_static("keep-alive"),
];

/// Start of a request to a provider, without authority and credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHead {
    method: Method,
    path_and_query: String,
    headers: HeaderMap,
}

/// Why a plugin's head was refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum HeadProblem {
    /// The method is none of GET, POST, PUT, PATCH, DELETE.
    #[error("method {0:?} is none of GET, POST, PUT, PATCH, DELETE")]
    Method(String),
    /// The path is not a path, or could name another authority.
    #[error("path {0:?} must start with one \"/\" and name no authority")]
    Path(String),
    /// A header name is not a token.
    #[error("header name {0:?} is not allowed")]
    HeaderName(String),
    /// A header value holds controls or is too long.
    #[error("value of header {0:?} holds characters that are not allowed, or is over 8 KiB")]
    HeaderValue(String),
    /// Too many headers.
    #[error("{0} headers, at most 64 are allowed")]
    TooManyHeaders(usize),
    /// The status is not a final HTTP status.
    #[error("status {0} is not between 200 and 599")]
    Status(u16),
}

impl RequestHead {
    /// Checks a plugin's head. Headers that belong to the host are removed, not refused.
    ///
    /// # Errors
    /// Names the first part that is not allowed.
    pub fn try_new<'a>(
        method: &str,
        path_and_query: &str,
        headers: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, HeadProblem> {
        Ok(Self {
            method: parse_method(method)?,
            path_and_query: parse_path(path_and_query)?,
            headers: parse_headers(headers)?,
        })
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Path and query, to be appended to the provider's base URL.
    #[must_use]
    pub fn path_and_query(&self) -> &str {
        &self.path_and_query
    }

    /// The headers, none of them the host's own.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

fn parse_method(method: &str) -> Result<Method, HeadProblem> {
    match method {
        "GET" => Ok(Method::GET),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "PATCH" => Ok(Method::PATCH),
        "DELETE" => Ok(Method::DELETE),
        other => Err(HeadProblem::Method(shorten(other))),
    }
}

fn parse_path(path: &str) -> Result<String, HeadProblem> {
    let problem = || HeadProblem::Path(shorten(path));
    let route = path.split('?').next().unwrap_or_default();
    let climbs = route.split('/').any(|segment| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == "." || plain == ".."
    });
    let allowed = path.starts_with('/')
        && !route.contains("//")
        && !path.contains(['\\', '#'])
        && !climbs
        && path.len() <= MAX_PATH_BYTES
        && path.parse::<PathAndQuery>().is_ok();
    if allowed { Ok(path.to_owned()) } else { Err(problem()) }
}

fn parse_headers<'a>(
    headers: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
) -> Result<HeaderMap, HeadProblem> {
    if headers.len() > MAX_HEADERS {
        return Err(HeadProblem::TooManyHeaders(headers.len()));
    }
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| HeadProblem::HeaderName(shorten(name)))?;
        if HOST_OWNED.contains(&parsed) {
            continue;
        }
        let value = HeaderValue::from_str(value)
            .ok()
            .filter(|v| v.len() <= MAX_HEADER_VALUE_BYTES)
            .ok_or_else(|| HeadProblem::HeaderValue(shorten(name)))?;
        map.append(parsed, value);
    }
    Ok(map)
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Start of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    /// HTTP status; 200 for a program that was run.
    pub status: StatusCode,
    /// Headers as the upstream sent them. Who hands them to a plugin or a caller filters them.
    pub headers: HeaderMap,
}

impl ResponseHead {
    /// Checks the head of an answer that a plugin wrote. Headers that belong to the host are
    /// removed, not refused.
    ///
    /// # Errors
    /// Names the first part that is not allowed.
    pub fn try_new<'a>(
        status: u16,
        headers: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, HeadProblem> {
        let status = StatusCode::from_u16(status)
            .ok()
            .filter(|code| (200..600).contains(&code.as_u16()))
            .ok_or(HeadProblem::Status(status))?;
        Ok(Self { status, headers: parse_headers(headers)? })
    }

    /// The head of a program's reply.
    #[must_use]
    pub fn of_process() -> Self {
        Self { status: StatusCode::OK, headers: HeaderMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<RequestHead, HeadProblem> {
        RequestHead::try_new(method, path, headers.iter().copied())
    }

    #[test]
    fn a_path_cannot_name_another_authority_or_climb() {
        for path in [
            "",
            "x",
            "//evil.example/x",
            "/a//evil",
            "http://evil.example/",
            "/\\evil",
            "/a\r\nx: y",
            "/a b",
            "/..",
            "/a/../b",
            "/%2e%2E/b",
            "/a#b",
            "/a\0",
        ] {
            assert!(matches!(head("POST", path, &[]), Err(HeadProblem::Path(_))), "{path:?}");
        }
        for path in ["/", "/chat/completions", "/v1/models?after=a//b", "/model/a%2Fb:c/invoke"] {
            assert_eq!(head("POST", path, &[]).unwrap().path_and_query(), path);
        }
    }

    #[test]
    fn headers_of_the_host_are_removed() {
        let sent = [("Authorization", "Bearer x"), ("Host", "evil"), ("X-Ok", "1"), ("te", "x")];
        let head = head("GET", "/", &sent).unwrap();
        assert_eq!(head.headers().len(), 1);
        assert_eq!(head.headers()["x-ok"], "1");
    }

    #[test]
    fn a_header_cannot_be_injected() {
        let refused = head("GET", "/", &[("x", "a\r\nauthorization: b")]);
        assert_eq!(refused, Err(HeadProblem::HeaderValue("x".into())));
        let refused = head("GET", "/", &[("x: y\r\nz", "a")]);
        assert!(matches!(refused, Err(HeadProblem::HeaderName(_))));
    }

    #[test]
    fn methods_are_a_closed_list() {
        assert_eq!(head("CONNECT", "/", &[]), Err(HeadProblem::Method("CONNECT".into())));
    }
}
