//! Write Patchbay plugins in Rust.
//!
//! A plugin is a pure, synchronous function from bytes to bytes. It has no sockets, no files, no
//! clock and no keys; the gateway does all of that. Two kinds share the work of one exchange: a
//! normalizer knows a wire dialect and touches bodies ([`Normalizer`] towards a provider,
//! [`Ingress`] towards a caller); an [`HttpAdapter`] or a [`ProcessAdapter`] knows how a provider
//! is reached and touches envelopes.
//!
//! Implement one of the traits and name the type to [`export!`]. The same implementation
//! runs natively, so `cargo test` needs no gateway and no WebAssembly; [`testing`] replays
//! recorded replies at every slicing.
//!
//! This crate owns the traits, their defaults and the tools that dialects need ([`split`],
//! [`explain`], [`reply`], [`prompt`]). It deliberately has no HTTP client, no async and no time.

pub mod call;
pub mod explain;
pub mod failure;
pub mod log;
pub mod models;
pub mod prompt;
pub mod reply;
pub mod request;
pub mod split;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

#[doc(hidden)]
pub mod bindings;
mod envelope;
mod export;
mod http_adapter;
mod ingress;
mod normalizer;
mod process_adapter;

pub use bindings::egress::{Encoded, ExchangePlan, ReplyIdentity};
pub use bindings::http::Exchange;
pub use bindings::ingress::{Decoded, Reply};
pub use bindings::process::{Argument, Process};
pub use bindings::types::{Call, Header, RequestHead, ResponseHead};
pub use call::Settings;
pub use failure::{Failure, FailureKind};
pub use http_adapter::{DEFAULT_SLOT, HttpAdapter};
pub use ingress::{CallerFailure, Encoder, Extra, Ingress};
pub use normalizer::{Decoder, Document, Ending, NoDecoder, Normalizer};
/// The canonical language: OpenAI's wire JSON as types that keep unknown members.
///
/// ```
/// use patchbay_sdk::canonical::Canonical as _;
/// use patchbay_sdk::canonical::chat::ChatRequest;
///
/// let body = br#"{"model":"m","messages":[{"role":"user","content":"hi"}],"top_k":1.0}"#;
/// let request = ChatRequest::from_json(body).unwrap();
/// assert_eq!(request.to_json(), body);
/// ```
pub use openai_api as canonical;
pub use process_adapter::ProcessAdapter;

/// What `export!` writes into a plugin.
#[doc(hidden)]
pub mod __private {
    pub use crate::http_adapter::HttpAdapterExport;
    pub use crate::ingress::IngressExport;
    pub use crate::normalizer::NormalizerExport;
    pub use crate::process_adapter::ProcessAdapterExport;
}
