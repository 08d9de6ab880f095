//! Which of a caller's headers go upstream.

use http::{HeaderMap, HeaderName};

/// The policy. What is not here stays here: above all `authorization`, `x-api-key`, `cookie`.
const FORWARDED: [HeaderName; 8] = [
    HeaderName::from_static("openai-organization"),
    HeaderName::from_static("openai-project"),
    HeaderName::from_static("openai-beta"),
    HeaderName::from_static("anthropic-version"),
    HeaderName::from_static("anthropic-beta"),
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];

/// The headers that go upstream, repeated ones in their order.
pub(crate) fn select(headers: &HeaderMap) -> HeaderMap {
    let mut selected = HeaderMap::new();
    for name in &FORWARDED {
        for value in headers.get_all(name) {
            selected.append(name.clone(), value.clone());
        }
    }
    selected
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_listed_headers_go_upstream() {
        let mut headers = HeaderMap::new();
        for name in
            ["authorization", "x-api-key", "cookie", "host", "user-agent", "x-forwarded-for"]
        {
            headers.insert(name, HeaderValue::from_static("secret"));
        }
        assert!(select(&headers).is_empty());
        headers.append("anthropic-beta", HeaderValue::from_static("a"));
        headers.append("anthropic-beta", HeaderValue::from_static("b"));
        headers.insert("traceparent", HeaderValue::from_static("00-1"));
        let selected = select(&headers);
        assert_eq!(selected.len(), 3);
        let values: Vec<_> = selected.get_all("anthropic-beta").iter().collect();
        assert_eq!(values, ["a", "b"]);
    }
}
