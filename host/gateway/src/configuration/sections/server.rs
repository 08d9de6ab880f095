//! `[server]`

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use resources::Fields;

use super::text::Address;

const HOUR_MS: u64 = 3_600_000;

/// `[server]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerSettings {
    /// `listen`: address and port; 127.0.0.1:8080.
    pub(crate) listen: SocketAddr,
    /// `max_body_bytes`: largest request body; 20 MiB.
    pub(crate) max_body_bytes: u64,
    /// `keep_alive_ms`: silence after which a stream gets a comment; 15 s.
    pub(crate) keep_alive: Duration,
    /// `request_body_timeout_ms`: time for a request's body to arrive; 30 s.
    pub(crate) request_body_timeout: Duration,
    /// `idle_connection_ms`: time for the head of the next request to arrive; 75 s, longer than
    /// the idle timeout of most load balancers.
    pub(crate) idle_connection: Duration,
    /// `max_connections`: further ones wait; 4096.
    pub(crate) max_connections: usize,
    /// `shutdown_grace_ms`: time for requests in flight at the end; 30 s.
    pub(crate) shutdown_grace: Duration,
    /// `worker_threads`: one a processor if absent.
    pub(crate) worker_threads: Option<usize>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            max_body_bytes: 20 * 1024 * 1024,
            keep_alive: Duration::from_secs(15),
            request_body_timeout: Duration::from_secs(30),
            idle_connection: Duration::from_secs(75),
            max_connections: 4096,
            shutdown_grace: Duration::from_secs(30),
            worker_threads: None,
        }
    }
}

impl ServerSettings {
    pub(crate) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let default = Self::default();
        let listen = fields.member("listen").parsed().map(|Address(address)| address);
        let mut integer = |name, range| fields.member(name).integer(range);
        let max_body_bytes = integer("max_body_bytes", 1024..=1 << 30);
        let keep_alive_ms = integer("keep_alive_ms", 1000..=HOUR_MS);
        let request_body_timeout_ms = integer("request_body_timeout_ms", 1..=HOUR_MS);
        let idle_connection_ms = integer("idle_connection_ms", 1..=HOUR_MS);
        let max_connections = integer("max_connections", 1..=1_000_000);
        let shutdown_grace_ms = integer("shutdown_grace_ms", 0..=HOUR_MS);
        let worker_threads = integer("worker_threads", 1..=1024);
        let number = |found: Option<u64>| found.and_then(|number| usize::try_from(number).ok());
        let period = |ms: Option<u64>, default| ms.map_or(default, Duration::from_millis);
        Some(Self {
            listen: listen.unwrap_or(default.listen),
            max_body_bytes: max_body_bytes.unwrap_or(default.max_body_bytes),
            keep_alive: period(keep_alive_ms, default.keep_alive),
            request_body_timeout: period(request_body_timeout_ms, default.request_body_timeout),
            idle_connection: period(idle_connection_ms, default.idle_connection),
            max_connections: number(max_connections).unwrap_or(default.max_connections),
            shutdown_grace: period(shutdown_grace_ms, default.shutdown_grace),
            worker_threads: number(worker_threads),
        })
    }
}
