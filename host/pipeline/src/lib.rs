//! The caller's request, stage by stage.
//!
//! Owns the order of things: authenticate, admit, put the request into canonical form, read its
//! envelope, route, and for each candidate encode, prepare, call, decode, until one answers; then back into
//! the caller's dialect. Asks providers for their models in between. Knows plugins and transports only
//! as the ports of `exchange`; reads no database, logs nothing: what happened is written into a
//! [`Trace`], and the edge turns it into the access line.

mod admission;
mod answer;
mod attempt;
mod batches;
mod body;
mod caller;
mod candidates;
mod discovery;
mod inquiry;
mod models;
mod patience;
mod plan;
mod probe;
mod recording;
mod reply;
mod request;
mod run;
mod snapshot;
mod tokens;
mod trace;
mod translation;
mod work;

pub use admission::{Admission, Level, Levels, Meter, MeterLimits, Meters, Spent, Wait};
pub use caller::{Caller, EndpointPattern, KeyDigest, KeyRefusal, KeyRing, ModelPattern};
pub use discovery::DiscoveryReport;
pub use models::ModelEntry;
pub use plan::PlanCache;
pub use request::{Asked, Broken, CallerReply, CallerRequest, ReplyBody, ReplyStream};
pub use run::{Pipeline, PipelineParts};
pub use snapshot::{Provider, Reach, Snapshot};
pub use trace::{Trace, TraceData};
