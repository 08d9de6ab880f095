//! A wire dialect towards a provider: the traits, and what carries them across the border.

use std::cell::RefCell;
use std::marker::PhantomData;

use crate::bindings::egress::{Encoded, ExchangePlan, Guest, GuestDecoder, ReplyIdentity};
use crate::bindings::types::{self, Call, ResponseHead};
use crate::explain;
use crate::export::enter;
use crate::failure::Failure;

/// One canonical JSON document.
pub type Document = Vec<u8>;

/// How a reply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The transport saw the proper end.
    Clean,
    /// The connection broke, or the program was ended.
    Broken,
}

/// Provider side of a dialect: canonical to the provider's format and back.
///
/// Everything is a pure function of its arguments: a normalizer has no clock, no randomness, no
/// memory of other requests.
pub trait Normalizer: 'static {
    /// Reads good replies. [`NoDecoder`] if every plan is verbatim.
    type Decoder: Decoder;

    /// Says method, path and headers, and whether body and reply have to be rewritten. The host
    /// remembers the answer for calls that are equal.
    ///
    /// # Errors
    /// `not-found` for an operation that the dialect does not know.
    fn plan(call: &Call) -> Result<ExchangePlan, Failure>;

    /// Rewrites a canonical request body. Only called for plans with `encode_body`.
    ///
    /// # Errors
    /// `invalid-request` where the dialect cannot express what the request is about.
    fn encode(call: &Call, canonical: &[u8]) -> Result<Encoded, Failure> {
        let _ = (call, canonical);
        let message = "the plugin planned a rewritten body and has no encoder";
        Err(Failure::upstream(message))
    }

    /// Explains a reply whose status is not 2xx. The default reads OpenAI's envelope and its
    /// common relatives, and survives HTML, plain text and nothing: [`explain::reply`].
    fn explain(call: &Call, head: &ResponseHead, body: &[u8]) -> Failure {
        let _ = call;
        explain::reply(head, body)
    }
}

/// Reads one good reply.
pub trait Decoder: Sized + 'static {
    /// Starts a reply.
    fn new(call: Call, identity: ReplyIdentity, head: ResponseHead) -> Self;

    /// Takes the next bytes, cut anywhere, and returns the canonical documents that are
    /// finished: `chat.completion.chunk` objects if the call streams, else nothing.
    ///
    /// # Errors
    /// What the provider says instead of an answer, or `upstream-error` for bytes that the
    /// dialect does not allow.
    fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure>;

    /// Ends the reply and returns the remaining documents: for a stream perhaps the usage, else
    /// exactly one document.
    ///
    /// # Errors
    /// `stream-truncated` if the reply lacks its end.
    fn finish(self, ending: Ending) -> Result<Vec<Document>, Failure>;
}

/// The decoder of a dialect whose plans are all verbatim: the host never asks it.
pub struct NoDecoder;

impl Decoder for NoDecoder {
    fn new(_: Call, _: ReplyIdentity, _: ResponseHead) -> Self {
        Self
    }

    fn push(&mut self, _: &[u8]) -> Result<Vec<Document>, Failure> {
        Err(Failure::upstream("this dialect is relayed, not decoded"))
    }

    fn finish(self, _: Ending) -> Result<Vec<Document>, Failure> {
        Err(Failure::upstream("this dialect is relayed, not decoded"))
    }
}

/// Carries a [`Normalizer`] across the border.
#[doc(hidden)]
pub struct NormalizerExport<N>(PhantomData<N>);

impl<N: Normalizer> Guest for NormalizerExport<N> {
    type Decoder = DecoderExport<N::Decoder>;

    fn plan(call: Call) -> Result<ExchangePlan, types::Failure> {
        enter();
        N::plan(&call).map_err(Into::into)
    }

    fn encode(call: Call, canonical: Vec<u8>) -> Result<Encoded, types::Failure> {
        enter();
        N::encode(&call, &canonical).map_err(Into::into)
    }

    fn explain(call: Call, head: ResponseHead, body: Vec<u8>) -> types::Failure {
        enter();
        N::explain(&call, &head, &body).into()
    }
}

/// Carries a [`Decoder`] across the border. Empty after its end.
#[doc(hidden)]
pub struct DecoderExport<D>(RefCell<Option<D>>);

impl<D: Decoder> GuestDecoder for DecoderExport<D> {
    fn new(call: Call, identity: ReplyIdentity, head: ResponseHead) -> Self {
        enter();
        Self(RefCell::new(Some(D::new(call, identity, head))))
    }

    fn push(&self, chunk: Vec<u8>) -> Result<Vec<Document>, types::Failure> {
        match self.0.borrow_mut().as_mut() {
            Some(decoder) => decoder.push(&chunk).map_err(Into::into),
            None => Err(after_its_end().into()),
        }
    }

    fn finish(&self, clean: bool) -> Result<Vec<Document>, types::Failure> {
        let ending = if clean { Ending::Clean } else { Ending::Broken };
        match self.0.take() {
            Some(decoder) => decoder.finish(ending).map_err(Into::into),
            None => Err(after_its_end().into()),
        }
    }
}

fn after_its_end() -> Failure {
    Failure::upstream("the decoder was used after its end")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    struct Echo(Vec<u8>);

    impl Decoder for Echo {
        fn new(_: Call, _: ReplyIdentity, _: ResponseHead) -> Self {
            Self(Vec::new())
        }

        fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure> {
            self.0.extend_from_slice(chunk);
            Ok(Vec::new())
        }

        fn finish(self, ending: Ending) -> Result<Vec<Document>, Failure> {
            match ending {
                Ending::Clean => Ok(vec![self.0]),
                Ending::Broken => Err(Failure::truncated("no end")),
            }
        }
    }

    fn start() -> DecoderExport<Echo> {
        GuestDecoder::new(testing::chat("m"), testing::identity(), ResponseHead::new(200))
    }

    #[test]
    fn a_decoder_ends_once() {
        let decoder = start();
        assert_eq!(decoder.push(b"a".to_vec()), Ok(vec![]));
        assert_eq!(decoder.finish(true), Ok(vec![b"a".to_vec()]));
        assert_eq!(decoder.finish(true).unwrap_err().kind, "upstream-error");
        assert_eq!(decoder.push(vec![]).unwrap_err().kind, "upstream-error");
    }

    #[test]
    fn a_broken_end_reaches_the_decoder() {
        assert_eq!(start().finish(false).unwrap_err().kind, "stream-truncated");
    }
}
