//! Constructors for the contract's envelopes: heads, plans, exchanges, programs.

use serde_json::Value;

use crate::bindings::egress::{Encoded, ExchangePlan};
use crate::bindings::http::Exchange;
use crate::bindings::process::{Argument, Process};
use crate::bindings::types::{Header, RequestHead, ResponseHead};

impl RequestHead {
    /// `GET` of a path relative to the provider's base URL.
    #[must_use]
    pub fn get(path_and_query: impl Into<String>) -> Self {
        Self::new("GET", path_and_query)
    }

    /// `POST` to a path relative to the provider's base URL.
    #[must_use]
    pub fn post(path_and_query: impl Into<String>) -> Self {
        Self::new("POST", path_and_query)
    }

    /// A head without headers.
    #[must_use]
    pub fn new(method: &str, path_and_query: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            path_and_query: path_and_query.into(),
            headers: Vec::new(),
            extra: Vec::new(),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push(Header { name: name.into(), value: value.into() });
        self
    }

    /// Puts a path before the one that is there: `/v2` before `/chat/completions`.
    #[must_use]
    pub fn with_path_prefix(mut self, prefix: &str) -> Self {
        self.path_and_query.insert_str(0, prefix);
        self
    }

    /// Adds a query parameter. Name and value are written as they are: the caller has checked or
    /// encoded them.
    ///
    /// ```
    /// # use patchbay_sdk::RequestHead;
    /// let head = RequestHead::get("/models").with_query("a", "1").with_query("b", "2");
    /// assert_eq!(head.path_and_query, "/models?a=1&b=2");
    /// ```
    #[must_use]
    pub fn with_query(mut self, name: &str, value: &str) -> Self {
        let separator = if self.path_and_query.contains('?') { '&' } else { '?' };
        self.path_and_query.push(separator);
        self.path_and_query.push_str(name);
        self.path_and_query.push('=');
        self.path_and_query.push_str(value);
        self
    }
}

impl ResponseHead {
    /// A head without headers.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), extra: Vec::new() }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push(Header { name: name.into(), value: value.into() });
        self
    }

    /// The first header of a name, whatever its case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_str())
    }
}

impl ExchangePlan {
    /// The canonical body goes out as it is, and the reply comes back as it is.
    #[must_use]
    pub fn verbatim(head: RequestHead) -> Self {
        Self { head, encode_body: false, verbatim: true, extra: Vec::new() }
    }

    /// The host calls `encode` for the body and a decoder for the reply.
    #[must_use]
    pub fn rewritten(head: RequestHead) -> Self {
        Self { head, encode_body: true, verbatim: false, extra: Vec::new() }
    }
}

impl Encoded {
    /// A rewritten body, sent with the plan's head.
    #[must_use]
    pub fn new(body: impl Into<Vec<u8>>) -> Self {
        Self { head: None, body: body.into(), dropped: Vec::new(), extra: Vec::new() }
    }

    /// Names the canonical members that the dialect cannot express.
    #[must_use]
    pub fn with_dropped(mut self, dropped: Vec<String>) -> Self {
        self.dropped = dropped;
        self
    }
}

impl Exchange {
    /// A request without credential.
    #[must_use]
    pub fn new(head: RequestHead) -> Self {
        Self { head, credential: None, extra: Vec::new() }
    }

    /// Names the credential slot that the host applies.
    #[must_use]
    pub fn with_credential(mut self, slot: impl Into<String>) -> Self {
        self.credential = Some(slot.into());
        self
    }

    /// Says for which region and service of AWS a credential of the use `aws-sigv4` signs.
    #[must_use]
    pub fn with_aws_signing(mut self, region: &str, service: &str) -> Self {
        for (name, text) in [("aws-region", region), ("aws-service", service)] {
            self.extra.push((name.to_owned(), Value::from(text).to_string()));
        }
        self
    }
}

impl Argument {
    /// Literal text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), takes_body: false }
    }

    /// Text to which the host appends the body: `""`, or `"--prompt="`.
    #[must_use]
    pub fn body_after(text: impl Into<String>) -> Self {
        Self { text: text.into(), takes_body: true }
    }
}

impl Process {
    /// A program with its arguments; empty environment, no body on standard input.
    #[must_use]
    pub fn new(program: impl Into<String>, arguments: Vec<Argument>) -> Self {
        Self {
            program: program.into(),
            arguments,
            environment: Vec::new(),
            body_on_stdin: false,
            timeout_ms: None,
            credential: None,
            extra: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_names_are_found_whatever_their_case() {
        let head = ResponseHead::new(200).with_header("Retry-After", "3");
        assert_eq!(head.header("retry-after"), Some("3"));
        assert_eq!(head.header("retry"), None);
    }

    #[test]
    fn a_prefix_stands_before_path_and_query() {
        let head = RequestHead::post("/chat?x=1").with_path_prefix("/v2");
        assert_eq!(head.path_and_query, "/v2/chat?x=1");
    }
}
