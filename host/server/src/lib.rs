//! HTTP edge of the gateway.
//!
//! Owns everything between a caller's socket and one call of [`Service::run`], and between an
//! operator's and one call of `Administration`: connections and their limits, routes,
//! authentication, reading a body within its cap and deadline, the shape of every answer,
//! keep-alive comments, and one access record a request. Decides nothing about models or
//! providers, translates no body, and logs nothing itself but trouble with sockets: what
//! happened goes into the record.
//!
//! Three promises, each proven by tests over real sockets:
//! - every answer carries `x-request-id`, and every error OpenAI's envelope. The exceptions are
//!   answers to what is not HTTP, or whose head is too large: hyper writes those (400, 431)
//!   before there is a request;
//! - each request is recorded exactly once, also when its caller goes away or its task is
//!   aborted, because the record is made when the one value that stands for the request is
//!   dropped;
//! - when the caller goes away, the service's future or stream is dropped at once.

mod admin;
mod authentication;
mod body;
mod connections;
mod containment;
mod edge;
mod endpoint;
mod forwarded_headers;
mod handlers;
mod openapi;
mod reply;
mod request_body;
mod router;
mod service;
mod visit;

pub use admin::{AdminParts, UNSENT_BACKUP};
pub use connections::{Ending, Listeners, serve};
pub use edge::{Edge, EdgeLimits};
pub use openapi::{OpenApi, openapi};
pub use service::{ModelEntry, Readiness, ReadinessCheck, Service};

#[cfg(test)]
mod tests;
