//! What the operator allows one provider: deadlines, sizes, reach.

use std::sync::Arc;
use std::time::Duration;

/// Deadlines of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timeouts {
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// From sending the request to the reply's head.
    pub first_byte: Duration,
    /// Between two reads of the body.
    pub idle: Duration,
    /// The whole exchange.
    pub total: Duration,
}

/// Which addresses an HTTP provider may resolve to, checked after DNS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NetworkReach {
    /// Everything but link-local and cloud metadata addresses.
    NoLinkLocal,
    /// Link-local and metadata addresses too.
    Anywhere,
}

/// The operator's side of an HTTP provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpTarget {
    /// Id of the provider.
    pub provider: Arc<str>,
    /// Deadlines.
    pub timeouts: Timeouts,
    /// Addresses.
    pub reach: NetworkReach,
    /// Most bytes of a reply's body, decoded; more is an `UpstreamError`.
    pub max_response_bytes: u64,
}

/// The operator's side of a provider that is a program: hard limits of one run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProcessTarget {
    /// Id of the provider.
    pub provider: Arc<str>,
    /// Wall time; the adapter may ask for less.
    pub total: Duration,
    /// Time without output.
    pub idle: Duration,
    /// Standard output; more ends the run as `UpstreamError`.
    pub max_output_bytes: u64,
    /// Address space (`RLIMIT_AS`).
    pub max_memory_bytes: u64,
    /// Processor time (`RLIMIT_CPU`).
    pub max_cpu: Duration,
    /// Open files (`RLIMIT_NOFILE`).
    pub max_open_files: u64,
    /// Processes and threads of the run's user (`RLIMIT_NPROC`).
    pub max_processes: u64,
    /// Size of a file it writes (`RLIMIT_FSIZE`).
    pub max_file_bytes: u64,
}
