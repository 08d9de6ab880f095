//! The caller's request, stage by stage.
//!
//! Owns the order of things: authenticate, put the request into canonical form, read its envelope,
//! route, and for each candidate encode, prepare, call, decode, until one answers; then back into
//! the caller's dialect. Asks providers for their models in between. Knows plugins and transports only
//! as the ports of `exchange`; reads no database, logs nothing: what happened is written into a
//! [`Trace`], and the edge turns it into the access line.

mod answer;
mod attempt;
mod batches;
mod body;
mod caller;
mod discovery;
mod models;
mod plan;
mod reply;
mod request;
mod run;
mod snapshot;
mod tokens;
mod trace;
mod translation;
mod work;

pub use caller::{Caller, KeyDigest, KeyRing, ModelPattern};
pub use discovery::DiscoveryReport;
pub use models::ModelEntry;
pub use plan::PlanCache;
pub use request::{Asked, Broken, CallerReply, CallerRequest, ReplyBody, ReplyStream};
pub use run::{Pipeline, PipelineParts};
pub use snapshot::{Provider, Reach, Snapshot};
pub use trace::{Trace, TraceData};
