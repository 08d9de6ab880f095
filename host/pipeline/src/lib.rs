//! The caller's request, stage by stage.
//!
//! Owns the order of things: authenticate, read the request's envelope, route, and for each
//! candidate encode, prepare, call, decode, until one answers. Knows plugins and transports only
//! as the ports of `exchange`; reads no database, logs nothing: what happened is written into a
//! [`Trace`], and the edge turns it into the access line.

mod caller;
mod request;
mod trace;

pub use caller::{Caller, KeyDigest, KeyRing, ModelPattern};
pub use request::{CallerReply, CallerRequest, ReplyBody, ReplyStream};
pub use trace::{Trace, TraceData};
