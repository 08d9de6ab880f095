//! A wire dialect towards a caller: the traits, and what carries them across the border.

use std::cell::RefCell;
use std::marker::PhantomData;

use crate::bindings::ingress::{Decoded, Guest, GuestEncoder, Reply};
use crate::bindings::types::{self, RequestHead, ResponseHead};
use crate::export::enter;
use crate::failure::Failure;
use crate::normalizer::Document;

/// Named JSON values that come back later in the same request.
pub type Extra = Vec<(String, String)>;

/// Caller side of a dialect: a client API to canonical and back.
///
/// Everything is a pure function of its arguments, like a [`Normalizer`](crate::Normalizer).
pub trait Ingress: 'static {
    /// Writes replies.
    type Encoder: Encoder;

    /// Reads a caller's request. `head` has method, path and the headers that may be seen; it
    /// says which of the manifest's endpoints was called.
    ///
    /// # Errors
    /// `invalid-request`, naming the member as the dialect names it.
    fn decode(head: &RequestHead, body: &[u8]) -> Result<Decoded, Failure>;

    /// Puts a failure into the dialect's error form.
    fn fail(status: u16, failure: &CallerFailure) -> Reply;
}

/// Writes one reply in the dialect.
pub trait Encoder: Sized + 'static {
    /// Starts a reply. `extra` is what [`Ingress::decode`] returned.
    fn new(extra: Extra, streaming: bool) -> Self;

    /// Content type and other headers of the answer.
    fn head(&self) -> ResponseHead;

    /// Takes the next canonical documents: chunks if the reply streams, the usage chunk among
    /// them, else the one document. Returns bytes for the caller.
    ///
    /// # Errors
    /// `upstream-error` for a document that is not canonical.
    fn push(&mut self, documents: Vec<Document>) -> Result<Vec<u8>, Failure>;

    /// Ends the reply: cleanly, or with one error event of the dialect and no clean end.
    ///
    /// # Errors
    /// `upstream-error` if the documents so far make no whole reply.
    fn finish(self, failure: Option<CallerFailure>) -> Result<Vec<u8>, Failure>;
}

/// Why a request did not end well, as the host tells a caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerFailure {
    /// A kind of the host's table: `unauthenticated`, `rate-limited`, `upstream-error`, …
    pub kind: String,
    /// One sentence for the caller.
    pub message: String,
    /// The canonical request member at fault.
    pub param: Option<String>,
    /// How long the caller should wait, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// OpenAI's `type` for the kind: `invalid_request_error`, `upstream_error`, …
    pub error_type: String,
    /// OpenAI's `code` for the kind.
    pub error_code: Option<String>,
}

impl From<types::Failure> for CallerFailure {
    fn from(failure: types::Failure) -> Self {
        let text = |name: &str| {
            let (_, json) = failure.extra.iter().find(|(known, _)| known == name)?;
            serde_json::from_str::<Option<String>>(json).ok()?
        };
        Self {
            error_type: text("error-type").unwrap_or_else(|| "server_error".to_owned()),
            error_code: text("error-code"),
            kind: failure.kind,
            message: failure.message,
            param: failure.param,
            retry_after_ms: failure.retry_after_ms,
        }
    }
}

impl Decoded {
    /// A request in canonical form.
    #[must_use]
    pub fn new(
        operation: &str,
        model: impl Into<String>,
        streaming: bool,
        canonical: Vec<u8>,
    ) -> Self {
        let (operation, model) = (operation.to_owned(), model.into());
        Self { operation, model, streaming, canonical, extra: Vec::new() }
    }

    /// Keeps a value for the encoder of the same request.
    #[must_use]
    pub fn with_extra(mut self, name: &str, json: impl Into<String>) -> Self {
        self.extra.push((name.to_owned(), json.into()));
        self
    }
}

impl Reply {
    /// A JSON answer.
    #[must_use]
    pub fn json(status: u16, body: Vec<u8>) -> Self {
        let head = ResponseHead::new(status).with_header("content-type", "application/json");
        Self { head, body }
    }
}

/// Carries an [`Ingress`] across the border.
#[doc(hidden)]
pub struct IngressExport<I>(PhantomData<I>);

impl<I: Ingress> Guest for IngressExport<I> {
    type Encoder = EncoderExport<I::Encoder>;

    fn decode(head: RequestHead, body: Vec<u8>) -> Result<Decoded, types::Failure> {
        enter();
        I::decode(&head, &body).map_err(Into::into)
    }

    fn fail(status: u16, failure: types::Failure) -> Reply {
        enter();
        I::fail(status, &failure.into())
    }
}

/// Carries an [`Encoder`] across the border. Empty after its end.
#[doc(hidden)]
pub struct EncoderExport<E>(RefCell<Option<E>>);

impl<E: Encoder> GuestEncoder for EncoderExport<E> {
    fn new(extra: Extra, streaming: bool) -> Self {
        enter();
        Self(RefCell::new(Some(E::new(extra, streaming))))
    }

    fn head(&self) -> ResponseHead {
        self.0.borrow().as_ref().map_or_else(|| ResponseHead::new(200), Encoder::head)
    }

    fn push(&self, documents: Vec<Document>) -> Result<Vec<u8>, types::Failure> {
        match self.0.borrow_mut().as_mut() {
            Some(encoder) => encoder.push(documents).map_err(Into::into),
            None => Err(after_its_end().into()),
        }
    }

    fn finish(&self, failure: Option<types::Failure>) -> Result<Vec<u8>, types::Failure> {
        match self.0.take() {
            Some(encoder) => encoder.finish(failure.map(Into::into)).map_err(Into::into),
            None => Err(after_its_end().into()),
        }
    }
}

fn after_its_end() -> Failure {
    Failure::upstream("the encoder was used after its end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_words_for_a_failure_are_read() {
        let failure = types::Failure {
            kind: "rate-limited".into(),
            message: "slow down".into(),
            param: None,
            retry_after_ms: Some(5),
            upstream_code: None,
            extra: vec![
                ("error-type".into(), "\"rate_limit_error\"".into()),
                ("error-code".into(), "null".into()),
            ],
        };
        let read = CallerFailure::from(failure);
        assert_eq!(read.kind, "rate-limited");
        assert_eq!(read.error_type, "rate_limit_error");
        assert_eq!(read.error_code, None);
        assert_eq!(read.retry_after_ms, Some(5));
    }
}
