//! The port behind which the way to a provider is looked at.

use async_trait::async_trait;
use url::Url;

use crate::probe::ProbeStep;
use crate::target::HttpTarget;

/// What was found on the way to a provider, before anything is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachReport {
    /// Name resolution, egress policy and connection.
    pub connect: ProbeStep,
    /// The TLS handshake: not applicable for `http`, skipped without a connection.
    pub tls: ProbeStep,
}

/// Looks at the way to HTTP providers.
#[async_trait]
pub trait ReachPort: Send + Sync {
    /// Goes the way that a request to `url` would go, up to the point where it would be sent: the
    /// same names, addresses, policy, certificates and deadline (`timeouts.connect`, TLS
    /// included), but a connection of its own. The messages are for operators and say what to
    /// do. Dropping the future closes the connection.
    async fn look(&self, url: &Url, target: &HttpTarget) -> ReachReport;
}
