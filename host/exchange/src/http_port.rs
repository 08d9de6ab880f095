//! The port behind which HTTP happens.

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, Method};
use secrecy::SecretString;
use url::Url;

use crate::credential::{CredentialUse, SentSecrets, SigningScope};
use crate::failure::Failure;
use crate::head::ResponseHead;
use crate::target::HttpTarget;

/// One request to a provider.
#[derive(Clone)]
pub struct HttpExchange {
    /// The operator's deadlines and limits.
    pub target: Arc<HttpTarget>,
    /// The method.
    pub method: Method,
    /// The whole address: the operator's base URL and the plugin's path.
    pub url: Url,
    /// All headers but credential, framing and `accept-encoding`.
    pub headers: HeaderMap,
    /// The secret, and how it is applied.
    pub credential: Option<(CredentialUse, Arc<SecretString>)>,
    /// What a signature is made for, where the use wants one.
    pub signing: SigningScope,
    /// The whole body; empty for none.
    pub body: Bytes,
}

/// A reply as it comes in. Dropping it ends the upstream's connection or program.
pub type UpstreamBody = Pin<Box<dyn Stream<Item = Result<Bytes, Failure>> + Send>>;

/// A reply whose head has arrived.
pub struct UpstreamReply {
    /// Status and headers.
    pub head: ResponseHead,
    /// The body, content encoding removed. Ends after an `Err`.
    pub body: UpstreamBody,
    /// What the upstream could quote of our credential.
    pub sent_secrets: SentSecrets,
}

/// Sends requests to providers.
#[async_trait]
pub trait HttpTransport: Send + Sync {
    /// Sends one request and waits for the reply's head. Dropping the future ends the request.
    ///
    /// # Errors
    /// `UpstreamUnreachable`, `UpstreamTimeout` or `UpstreamError`; `ProviderMisconfigured` if
    /// the credential cannot be applied, `UpstreamAuth` if a token endpoint refused it. The
    /// reply's status is not judged.
    async fn send(&self, exchange: HttpExchange) -> Result<UpstreamReply, Failure>;
}
