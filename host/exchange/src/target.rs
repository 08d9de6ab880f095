//! What the operator allows one provider: deadlines, sizes, reach.

use std::path::PathBuf;
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
    /// Address space of a process (`RLIMIT_AS`), and memory of the run where control groups work.
    pub max_memory_bytes: u64,
    /// Processor time (`RLIMIT_CPU`).
    pub max_cpu: Duration,
    /// Open files (`RLIMIT_NOFILE`).
    pub max_open_files: u64,
    /// Processes and threads of the run.
    pub max_processes: u64,
    /// Size of a file it writes (`RLIMIT_FSIZE`).
    pub max_file_bytes: u64,
    /// How the program is kept in.
    pub sandbox: ProgramSandbox,
}

/// What a provider's programs are run in, beside the limits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProgramSandbox {
    /// The driver that is demanded, by name; the strongest that works if absent.
    pub driver: Option<Arc<str>>,
    /// Layers without which nothing is run, by name.
    pub demanded_layers: Vec<Arc<str>>,
    /// SHA-256 that the program must have.
    pub digest: Option<[u8; 32]>,
    /// Debian package that must own the program, which must be as it was installed.
    pub package: Option<ProgramPackage>,
    /// Files and directories that it may read beside the system's. Absolute.
    pub read_only: Vec<PathBuf>,
    /// Working directory; a private one if absent.
    pub directory: Option<PathBuf>,
    /// Hosts that it may reach; nothing if empty. Kept by drivers that can, and refused as
    /// `SandboxFault` by the others.
    pub network: Vec<ProgramHost>,
    /// How it gets the credential.
    pub credential: ProgramCredential,
    /// All that it keeps in its private directory.
    pub max_scratch_bytes: u64,
    /// Runs at once.
    pub max_concurrent: usize,
    /// Runs that wait for a place; another one is refused as `QueueFull`.
    pub max_queued: usize,
}

/// A Debian package.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProgramPackage {
    /// Its name, without an architecture.
    pub name: Arc<str>,
    /// The version that it must have; any if absent.
    pub version: Option<Arc<str>>,
}

/// A far end that a program may reach.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProgramHost {
    /// A DNS name in lower case, or an IP address. No pattern.
    pub host: Arc<str>,
    /// TCP port.
    pub port: u16,
}

/// How a program gets its credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProgramCredential {
    /// In the variable.
    Variable,
    /// In a file that it alone can read; the variable holds the path.
    File,
}

impl ProgramSandbox {
    /// What a provider has that says nothing of its own: the strongest driver, no path beside
    /// the system's, 64 MiB of files, 16 runs at once and 64 that wait.
    pub const fn ordinary() -> Self {
        Self {
            driver: None,
            demanded_layers: Vec::new(),
            digest: None,
            package: None,
            read_only: Vec::new(),
            directory: None,
            network: Vec::new(),
            credential: ProgramCredential::Variable,
            max_scratch_bytes: 64 << 20,
            max_concurrent: 16,
            max_queued: 64,
        }
    }
}
