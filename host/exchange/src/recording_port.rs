//! The port behind which exchanges are kept, so that another version of a plugin can be asked
//! the same.

use std::sync::Arc;

use bytes::Bytes;

use crate::call::Call;
use crate::credential::SentSecrets;
use crate::head::{RequestHead, ResponseHead};
use crate::plugin_port::{Ending, Extra};

/// Keeps exchanges of the providers that are recorded. What it is given holds the texts of callers
/// and providers: masking them is its work.
pub trait RecordingPort: Send + Sync {
    /// Most bytes of all bodies of one exchange; one with more is not handed over.
    fn max_exchange_bytes(&self) -> usize;

    /// Takes one exchange. Never waits: without room it is dropped and counted.
    fn record(&self, exchange: RecordedExchange);

    /// Counts an exchange that was too large.
    fn leave_out(&self);
}

/// What was asked of plugins in one attempt, and what the provider said. Neither credentials nor
/// headers that the host added are in it.
#[derive(Debug)]
pub struct RecordedExchange {
    /// Id of the provider.
    pub provider: Arc<str>,
    /// Name of its adapter.
    pub adapter: String,
    /// The dialect that was spoken.
    pub dialect: String,
    /// The call.
    pub call: Call,
    /// The canonical body as the dialect was given it. `None` where the caller's own body went
    /// out.
    pub canonical: Option<Bytes>,
    /// What an HTTP adapter was given. `None` where a program is run.
    pub head: Option<RequestHead>,
    /// What `encode` gave for the decoder.
    pub extra: Extra,
    /// The caller's request, where it came in a plugin's dialect.
    pub ingress: Option<RecordedRequest>,
    /// `None` if the provider was not reached.
    pub reply: Option<RecordedReply>,
    /// What the provider could quote of the credential.
    pub secrets: SentSecrets,
}

/// A caller's request in a dialect.
#[derive(Debug)]
pub struct RecordedRequest {
    /// The dialect.
    pub dialect: Arc<str>,
    /// Path and those headers that the plugin saw.
    pub head: RequestHead,
    /// The body as it came.
    pub body: Bytes,
}

/// A reply as it came, before anybody decoded it.
#[derive(Debug)]
pub struct RecordedReply {
    /// Status and all headers.
    pub head: ResponseHead,
    /// The body, as far as it was read.
    pub body: Bytes,
    /// [`Ending::Broken`] also where its reader let go of it.
    pub ending: Ending,
}
