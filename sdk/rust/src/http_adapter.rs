//! A way to reach a provider over HTTP: the trait, and what carries it across the border.

use std::marker::PhantomData;

use crate::bindings::http::{Exchange, Guest};
use crate::bindings::types::{self, Call, RequestHead, ResponseHead};
use crate::call::Settings;
use crate::export::enter;
use crate::failure::Failure;
use crate::models;

/// The credential slot that the defaults name.
pub const DEFAULT_SLOT: &str = "api_key";

/// Reaches a provider over HTTP. Sees envelopes, never a prompt, a completion, an address or a
/// key.
///
/// The defaults are those of an OpenAI-like server: the normalizer's head goes out as it is with
/// the credential slot `api_key`, and `GET /models` proves reach and lists models.
pub trait HttpAdapter: 'static {
    /// Turns the normalizer's head into the exchange: paths, versions, headers, credential slot.
    /// The host remembers the answer for arguments that are equal.
    ///
    /// # Errors
    /// `provider-misconfigured` if the settings make the call impossible.
    fn prepare(call: &Call, head: RequestHead) -> Result<Exchange, Failure> {
        let _ = call;
        Ok(Exchange::new(head).with_credential(DEFAULT_SLOT))
    }

    /// The cheapest exchange that proves reach and credentials.
    ///
    /// # Errors
    /// `provider-misconfigured`, like [`prepare`](Self::prepare).
    fn probe(settings: Settings<'_>) -> Result<Exchange, Failure> {
        let _ = settings;
        Ok(Exchange::new(models::list_head()).with_credential(DEFAULT_SLOT))
    }

    /// The exchange that lists the provider's models; `None` if it has no such thing. The
    /// default is the probe.
    ///
    /// # Errors
    /// `provider-misconfigured`, like [`prepare`](Self::prepare).
    fn list_models(settings: Settings<'_>) -> Result<Option<Exchange>, Failure> {
        Self::probe(settings).map(Some)
    }

    /// The model ids in the reply to `list_models`. The default is [`models::read_ids`].
    ///
    /// # Errors
    /// What the provider says instead of a list.
    fn read_models(head: &ResponseHead, body: &[u8]) -> Result<Vec<String>, Failure> {
        models::read_ids(head, body)
    }
}

/// Carries an [`HttpAdapter`] across the border.
#[doc(hidden)]
pub struct HttpAdapterExport<A>(PhantomData<A>);

impl<A: HttpAdapter> Guest for HttpAdapterExport<A> {
    fn prepare(call: Call, head: RequestHead) -> Result<Exchange, types::Failure> {
        enter();
        A::prepare(&call, head).map_err(Into::into)
    }

    fn probe(settings: String) -> Result<Exchange, types::Failure> {
        enter();
        A::probe(Settings::new(&settings)).map_err(Into::into)
    }

    fn list_models(settings: String) -> Result<Option<Exchange>, types::Failure> {
        enter();
        A::list_models(Settings::new(&settings)).map_err(Into::into)
    }

    fn read_models(head: ResponseHead, body: Vec<u8>) -> Result<Vec<String>, types::Failure> {
        enter();
        A::read_models(&head, &body).map_err(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    struct Plain;
    impl HttpAdapter for Plain {}

    #[test]
    fn the_defaults_are_those_of_an_openai_like_server() {
        let head = RequestHead::post("/chat/completions").with_header("x", "1");
        let exchange = Plain::prepare(&testing::chat("m"), head.clone()).unwrap();
        assert_eq!(exchange.head, head);
        assert_eq!(exchange.credential.as_deref(), Some("api_key"));

        let listing = Plain::list_models(Settings::new("{}")).unwrap();
        assert_eq!(listing, Some(Plain::probe(Settings::new("{}")).unwrap()));
        let head = listing.unwrap().head;
        assert_eq!((head.method.as_str(), head.path_and_query.as_str()), ("GET", "/models"));
    }
}
