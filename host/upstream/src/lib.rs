//! Reaches providers: over HTTP, and by running programs.
//!
//! Owns the two transports behind the ports of `exchange`: [`HttpUpstream`] and
//! [`ProcessUpstream`]. Both promise the same: every deadline and size of the operator's target
//! is kept, a credential is in nothing but the one outgoing request, and dropping a future or a
//! body ends the far side at once. Neither judges what the upstream said: statuses, bodies and
//! retries are the pipeline's.

mod deadline;
#[cfg(test)]
mod drain;
mod http;
mod process;

pub use http::{HttpSetupProblem, HttpUpstream};
pub use process::{ProcessSetupProblem, ProcessUpstream};
