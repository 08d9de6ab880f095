//! The port behind which client APIs are spoken. Mirrors `ingress` of `wit/`, validated.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::access::RequestId;
use crate::call::Operation;
use crate::failure::Failure;
use crate::head::{RequestHead, ResponseHead};
use crate::plugin_port::{Extra, GenerationId};

/// A client API: a path, and the dialect that is spoken there.
#[derive(Clone)]
pub struct Entrance {
    /// Name of the dialect. A provider that speaks it is passed through to.
    pub dialect: Arc<str>,
    /// Method and path as the manifest declares them: `POST /v1/messages`.
    pub endpoint: Arc<str>,
    /// The plugin.
    pub plugin: Arc<dyn IngressDialect>,
}

impl fmt::Debug for Entrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entrance").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// A caller's request in canonical form.
#[derive(Clone, Debug)]
pub struct DecodedRequest {
    /// What is asked for.
    pub operation: Operation,
    /// Whether the caller asked for a stream.
    pub streaming: bool,
    /// The canonical body, not yet checked.
    pub canonical: Bytes,
    /// For [`IngressExchange::begin`].
    pub extra: Extra,
}

/// A complete answer in a dialect.
#[derive(Clone, Debug)]
pub struct DialectReply {
    /// Status and headers.
    pub head: ResponseHead,
    /// The body.
    pub body: Bytes,
}

/// One generation of a normalizer, caller side.
#[async_trait]
pub trait IngressDialect: Send + Sync {
    /// Which generation this is.
    fn generation(&self) -> GenerationId;

    /// Reads a caller's request.
    ///
    /// # Errors
    /// The plugin's own failure, `PluginFault` or `PluginTimeout`.
    async fn decode(
        &self,
        head: &RequestHead,
        body: Bytes,
        request_id: RequestId,
    ) -> Result<DecodedRequest, Failure>;

    /// Opens the writing of one reply. The plugin is instantiated at its first use.
    fn open(&self, request_id: RequestId) -> Box<dyn IngressExchange>;

    /// Puts a failure into the dialect's error form.
    ///
    /// # Errors
    /// `PluginFault` or `PluginTimeout`; so for all methods of [`IngressExchange`] too.
    async fn fail(&self, failure: &Failure) -> Result<DialectReply, Failure>;
}

/// The plugin's instance that writes one reply. After an error it is not used again.
#[async_trait]
pub trait IngressExchange: Send {
    /// Starts a reply and returns its head.
    async fn begin(&mut self, extra: Extra, streaming: bool) -> Result<ResponseHead, Failure>;

    /// Takes the next canonical documents, returns bytes for the caller.
    async fn push(&mut self, documents: Vec<Bytes>) -> Result<Bytes, Failure>;

    /// Ends the reply: cleanly, or with the dialect's words for a failure.
    async fn finish(&mut self, failure: Option<&Failure>) -> Result<Bytes, Failure>;
}
