//! The caller's request, stage by stage.
//!
//! Owns the order of things: authenticate, read the request's envelope, route, and for each
//! candidate encode, prepare, call, decode, until one answers. Knows plugins and transports only
//! as the ports of `exchange`; reads no database, logs nothing: what happened is written into a
//! [`Trace`], and the edge turns it into the access line.

mod answer;
mod attempt;
mod body;
mod caller;
mod models;
mod plan;
mod request;
mod run;
mod snapshot;
mod trace;
mod work;

pub use caller::{Caller, KeyDigest, KeyRing, ModelPattern};
pub use models::ModelEntry;
pub use plan::PlanCache;
pub use request::{CallerReply, CallerRequest, ReplyBody, ReplyStream};
pub use run::{Pipeline, PipelineParts};
pub use snapshot::{Provider, Reach, Snapshot};
pub use trace::{Trace, TraceData};
