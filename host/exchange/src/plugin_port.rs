//! The port behind which plugins run. Mirrors the interfaces of `wit/`, validated.

use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::access::RequestId;
use crate::call::{Call, Operation};
use crate::credential::{CredentialUse, SigningScope};
use crate::failure::Failure;
use crate::head::{RequestHead, ResponseHead};
use crate::ingress_port::Entrance;
use crate::process_port::ProcessPlan;

/// Which loaded version of a plugin answered. Never used twice in one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GenerationId(pub u64);

/// What a normalizer says of an exchange before its body is looked at.
#[derive(Clone, Debug)]
pub struct EgressPlan {
    /// Method, path and headers.
    pub head: RequestHead,
    /// Whether [`EgressExchange::encode`] has to be called.
    pub encode_body: bool,
    /// Whether a good reply is canonical already.
    pub verbatim: bool,
    /// Most inputs that the provider takes in one embeddings request.
    pub max_inputs: Option<NonZeroUsize>,
}

/// A body in the provider's dialect.
#[derive(Clone, Debug)]
pub struct EncodedBody {
    /// Replaces the plan's head.
    pub head: Option<RequestHead>,
    /// The body.
    pub body: Bytes,
    /// Canonical members that the dialect cannot express.
    pub dropped: Vec<String>,
    /// For [`ReplyIdentity::extra`] of the same attempt.
    pub extra: Extra,
}

/// Named JSON texts that a plugin gives out and gets back, unread by the host.
pub type Extra = Vec<(String, String)>;

/// What a decoder puts into a reply that has no identity of its own.
#[derive(Clone, Debug)]
pub struct ReplyIdentity {
    /// `chatcmpl-…`
    pub id: String,
    /// Seconds since the Unix epoch.
    pub created: u64,
    /// What `encode` returned.
    pub extra: Extra,
}

/// How a reply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The transport saw the proper end.
    Clean,
    /// The connection broke, or the program was ended.
    Broken,
}

/// One generation of a normalizer, provider side.
#[async_trait]
pub trait EgressDialect: Send + Sync {
    /// Which generation this is.
    fn generation(&self) -> GenerationId;

    /// Plans an exchange. Pure: the answer may be remembered for this generation and call.
    ///
    /// # Errors
    /// The plugin's own failure, `PluginFault` or `PluginTimeout`.
    async fn plan(&self, call: &Call) -> Result<EgressPlan, Failure>;

    /// Opens one exchange. The plugin is instantiated at its first use.
    fn open(&self, call: Call, request_id: RequestId) -> Box<dyn EgressExchange>;
}

/// The plugin's instance of one attempt. After an error it is not used again.
///
/// Bodies over 256 KiB run on the blocking pool. Dropping a future of this trait while it runs
/// gives up the instance.
#[async_trait]
pub trait EgressExchange: Send {
    /// Rewrites the canonical body.
    ///
    /// # Errors
    /// The plugin's own failure, `PluginFault` or `PluginTimeout`; so for all methods.
    async fn encode(&mut self, canonical: Bytes) -> Result<EncodedBody, Failure>;

    /// Explains a reply whose status is not 2xx.
    async fn explain(&mut self, head: &ResponseHead, body: Bytes) -> Failure;

    /// Starts decoding a good reply.
    async fn begin(&mut self, identity: ReplyIdentity, head: &ResponseHead) -> Result<(), Failure>;

    /// Takes the next bytes, returns canonical documents.
    async fn push(&mut self, chunk: Bytes) -> Result<Vec<Bytes>, Failure>;

    /// Ends the reply, returns the remaining documents.
    async fn finish(&mut self, ending: Ending) -> Result<Vec<Bytes>, Failure>;
}

/// An HTTP exchange as the adapter prepared it.
#[derive(Clone, Debug)]
pub struct HttpPlan {
    /// The head to send.
    pub head: RequestHead,
    /// Slot and use of the credential: the slot is one that the manifest declares.
    pub credential: Option<(String, CredentialUse)>,
    /// What a signature is made for; for the use `aws-sigv4`.
    pub signing: SigningScope,
}

/// One generation of an adapter that speaks HTTP.
#[async_trait]
pub trait HttpAdapter: Send + Sync {
    /// Which generation this is.
    fn generation(&self) -> GenerationId;

    /// Turns the normalizer's head into the exchange. Pure, like [`EgressDialect::plan`].
    async fn prepare(&self, call: &Call, head: &RequestHead) -> Result<HttpPlan, Failure>;

    /// The cheapest exchange that proves reach and credentials.
    async fn probe(&self, settings: &str) -> Result<HttpPlan, Failure>;

    /// The exchange that lists models; `None` if the provider has no such thing.
    async fn list_models(&self, settings: &str) -> Result<Option<HttpPlan>, Failure>;

    /// Model ids in the reply to `list_models`.
    async fn read_models(&self, head: &ResponseHead, body: Bytes) -> Result<Vec<String>, Failure>;
}

/// One generation of an adapter that runs a program.
#[async_trait]
pub trait ProcessAdapter: Send + Sync {
    /// Which generation this is.
    fn generation(&self) -> GenerationId;

    /// The program for a call, and the use of the credential slot it names. Pure.
    async fn prepare(&self, call: &Call) -> Result<(ProcessPlan, Option<CredentialUse>), Failure>;

    /// The cheapest run that proves that the program works, and the use of the slot it names.
    async fn probe(&self, settings: &str) -> Result<(ProcessPlan, Option<CredentialUse>), Failure>;
}

/// An adapter of either sort.
#[derive(Clone)]
pub enum Adapter {
    /// Speaks HTTP.
    Http(Arc<dyn HttpAdapter>),
    /// Runs a program.
    Process(Arc<dyn ProcessAdapter>),
}

/// The plugins that serve now. Looked up for every attempt, so that a new generation takes over
/// with the next one; an attempt keeps what it looked up.
pub trait PluginCatalog: Send + Sync {
    /// The normalizer of a dialect, if one is loaded that speaks its provider side.
    fn dialect(&self, name: &str) -> Option<Arc<dyn EgressDialect>>;

    /// The adapter of a name.
    fn adapter(&self, name: &str) -> Option<Adapter>;

    /// The normalizer of a dialect for one request: where two generations share the traffic, the
    /// request's id decides, so that all its attempts meet the same one.
    fn dialect_for(&self, name: &str, request: &RequestId) -> Option<Arc<dyn EgressDialect>> {
        let _ = request;
        self.dialect(name)
    }

    /// The adapter of a name for one request, likewise.
    fn adapter_for(&self, name: &str, request: &RequestId) -> Option<Adapter> {
        let _ = request;
        self.adapter(name)
    }

    /// The dialect an adapter speaks unless the provider says otherwise.
    fn default_dialect(&self, adapter: &str) -> Option<String>;

    /// Whether a dialect declares an operation in its manifest.
    fn supports(&self, dialect: &str, operation: Operation) -> bool;

    /// The client API behind a path, if a plugin declares it.
    fn entrance(&self, path: &str) -> Option<Entrance>;
}
