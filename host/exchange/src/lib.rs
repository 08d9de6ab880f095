//! What happens in one attempt, as data, and the ports behind which plugins and transports sit.
//!
//! Owns the words that several rooms share: [`Call`], [`RequestHead`], [`ResponseHead`],
//! [`Failure`] with the one table of [`FailureKind`], and the traits that `plugin-runtime` and
//! `upstream` implement and `pipeline` uses. Nothing here does I/O; nothing here knows wasmtime,
//! reqwest or axum. The types mirror the contract in `wit/`, already validated: whoever holds a
//! [`RequestHead`] holds proof that no part of it can smuggle a header or another authority.

mod access;
mod call;
mod credential;
mod failure;
mod head;
mod http_port;
mod ingress_port;
mod plugin_port;
mod probe;
mod process_port;
mod program;
mod reach_port;
mod recording_port;
mod target;

pub use access::{AccessRecord, AccessSink, Outcome, RequestId, Usage};
pub use call::{Call, Operation};
pub use credential::{
    CredentialSource, CredentialUse, CredentialUseProblem, SentSecrets, SigningScope,
};
pub use failure::kind::{BreakerEffect, FailureKind, NextCandidate, Retry, Rule, Severity};
pub use failure::{Failure, redact};
pub use head::{HeadProblem, RequestHead, ResponseHead};
pub use http_port::{HttpExchange, HttpTransport, UpstreamBody, UpstreamReply};
pub use ingress_port::{DecodedRequest, DialectReply, Entrance, IngressDialect, IngressExchange};
pub use plugin_port::{
    Adapter, EgressDialect, EgressExchange, EgressPlan, EncodedBody, Ending, Extra, GenerationId,
    HttpAdapter, HttpPlan, PluginCatalog, ProcessAdapter, ReplyIdentity,
};
pub use probe::{ProbeReport, ProbeStep, Verdict};
pub use process_port::{ProcessArgument, ProcessExchange, ProcessPlan, ProcessTransport};
pub use program::{
    Diagnostics, Place, Places, ProcessEnd, ProgramOutput, Ticket, program_reply, timeout_failure,
};
pub use reach_port::{ReachPort, ReachReport};
pub use recording_port::{RecordedExchange, RecordedReply, RecordedRequest, RecordingPort};
pub use target::{
    HttpTarget, NetworkReach, ProcessTarget, ProgramCredential, ProgramHost, ProgramPackage,
    ProgramSandbox, Timeouts,
};
