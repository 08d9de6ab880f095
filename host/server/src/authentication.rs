//! Who calls: a type in a handler's signature.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::response::Response;
use exchange::{Failure, FailureKind};
use http::request::Parts;
use http::{HeaderMap, HeaderName, header};
use pipeline::Caller;

use crate::containment::contained;
use crate::edge::Edge;
use crate::reply;
use crate::visit::Visit;

/// Where Anthropic's clients put the key.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

const HOW_TO: &str = "send your API key as \"Authorization: Bearer <key>\"";

/// A request whose key is known and may call this, before its body is read.
pub(crate) struct Authenticated {
    /// The request.
    pub(crate) visit: Visit,
    /// Who calls.
    pub(crate) caller: Caller,
}

impl FromRequestParts<Arc<Edge>> for Authenticated {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        edge: &Arc<Edge>,
    ) -> Result<Self, Self::Rejection> {
        Self::of(Visit::begin(edge, parts), edge, &parts.headers).await
    }
}

impl Authenticated {
    /// Finds out who calls, and whether this endpoint.
    ///
    /// # Errors
    /// The answer for a caller that is not known or may not call this, in its dialect.
    pub(crate) async fn of(
        mut visit: Visit,
        edge: &Edge,
        headers: &HeaderMap,
    ) -> Result<Self, Response> {
        let known = presented_key(headers)
            .and_then(|key| contained(|| edge.service.authenticate(key)).flatten());
        match known {
            Ok(caller) => {
                visit.note_caller(&caller);
                let path = visit.endpoint_path();
                if caller.may_call(path) {
                    return Ok(Self { visit, caller });
                }
                let message = format!(
                    "this API key may not call {path}: use another one, or ask the operator to \
                     allow it"
                );
                let failure = Failure::new(FailureKind::EndpointNotAllowed, message);
                Err(reply::refusal(visit, failure).await)
            }
            Err(failure) => Err(reply::refusal(visit, failure).await),
        }
    }
}

/// The key in `Authorization: Bearer` (RFC 6750; the scheme's case does not matter), or in
/// `x-api-key` where there is no `Authorization`.
fn presented_key(headers: &HeaderMap) -> Result<&str, Failure> {
    let refused =
        |what: &str| Failure::new(FailureKind::Unauthenticated, format!("{what}: {HOW_TO}"));
    if let Some(value) = sole(headers, &header::AUTHORIZATION)
        .ok_or_else(|| refused("there are several Authorization headers"))?
    {
        return bearer(value)
            .ok_or_else(|| refused("the Authorization header is not \"Bearer\" and a key"));
    }
    let value = sole(headers, &X_API_KEY)
        .ok_or_else(|| refused("there are several x-api-key headers"))?
        .ok_or_else(|| refused("there is no API key in this request"))?;
    is_key(value).then_some(value).ok_or_else(|| refused("the x-api-key header holds no key"))
}

/// A header's value; empty where it is not plain text. The outer `None`: there are several.
pub(crate) fn sole<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(|value| value.to_str().unwrap_or_default());
    values.next().is_none().then_some(first)
}

/// What follows `Bearer`, if it is one word.
pub(crate) fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && is_key(key)).then_some(key)
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn key_in(headers: &[(&'static str, &'static str)]) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        presented_key(&map).ok().map(str::to_owned)
    }

    #[test]
    fn a_key_is_found_where_clients_put_it() {
        for headers in [
            &[("authorization", "Bearer pb-1")][..],
            &[("authorization", "bearer pb-1")],
            &[("authorization", "BEARER  pb-1 ")],
            &[("x-api-key", "pb-1")],
            &[("authorization", "Bearer pb-1"), ("x-api-key", "other")],
        ] {
            assert_eq!(key_in(headers).as_deref(), Some("pb-1"), "{headers:?}");
        }
    }

    #[test]
    fn what_is_not_exactly_one_key_is_refused() {
        for headers in [
            &[][..],
            &[("authorization", "")],
            &[("authorization", "Bearer")],
            &[("authorization", "Bearer ")],
            &[("authorization", "Bearer a b")],
            &[("authorization", "Basic cGI6MQ==")],
            &[("authorization", "pb-1")],
            &[("authorization", "Bearer a"), ("authorization", "Bearer b")],
            &[("authorization", "Basic x"), ("x-api-key", "pb-1")],
            &[("x-api-key", "")],
            &[("x-api-key", "a"), ("x-api-key", "b")],
        ] {
            assert_eq!(key_in(headers), None, "{headers:?}");
        }
    }
}
