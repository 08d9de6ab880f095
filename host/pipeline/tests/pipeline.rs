//! The pipeline with fakes behind its ports: no guest, no socket.
#![allow(clippy::unwrap_used, clippy::panic, reason = "fakes and tests fail by panicking")]
#![allow(missing_docs, unreachable_pub, reason = "tests are named after the rule they prove")]

mod pipeline {
    pub mod admission;
    pub mod client_api;
    pub mod decoded;
    pub mod discovery;
    pub mod fakes;
    pub mod keys;
    pub mod patience;
    pub mod probe;
    pub mod recording;
    pub mod retries;
    pub mod routing;
    pub mod streams;
    pub mod whole;
}
