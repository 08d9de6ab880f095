//! Harness of the whole-gateway tests.
//!
//! A test starts the compiled `patchbay` program with a configuration of its own, an upstream
//! inside the test process that follows a script, and a client that checks on every reply what
//! holds for all of them. Everything is on loopback. Waiting is for events, each with a limit
//! that only a broken gateway reaches; no test depends on how long anything takes.

mod client;
mod component;
mod configuration;
mod gate;
mod gateway;
mod patience;
mod processes;
mod upstream;

pub use client::{Call, Event, OpenReply, TestClient, WholeReply};
pub use component::component;
pub use configuration::{CALLER_KEY, Configuration, Provider, UPSTREAM_KEY};
pub use gate::Gate;
pub use gateway::{Gateway, patchbay};
pub use patience::patiently;
pub use processes::{appears, disappears};
pub use upstream::{Received, Script, Upstream, sse};
