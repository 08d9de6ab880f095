//! What goes wrong between gateway and cluster.

use exchange::{Failure, FailureKind};
use thiserror::Error;

/// The cluster's API cannot be used at all.
#[derive(Debug, Error)]
pub enum ConnectProblem {
    /// The kubeconfig does not say where it is.
    #[error("the kubeconfig cannot be used: {0}; check kubeconfig and context")]
    Kubeconfig(#[source] kube::config::KubeconfigError),
    /// The gateway is no pod, or has no service account.
    #[error(
        "this is no pod with a service account: {0}; name a kubeconfig, or run the gateway in the \
         cluster"
    )]
    InCluster(#[source] kube::config::InClusterError),
    /// TLS or credentials cannot be prepared.
    #[error("the cluster's client cannot be made: {0}; check certificates and credentials")]
    Client(#[source] kube::Error),
}

/// One call to the API server that did not work.
#[derive(Debug, Error)]
pub(crate) enum CallProblem {
    /// It said no.
    #[error("{message} ({code})")]
    Refused {
        /// HTTP status.
        code: u16,
        /// Its words.
        message: String,
    },
    /// It was not reached, or its answer not understood.
    #[error("{0}")]
    Client(#[source] kube::Error),
    /// It did not answer.
    #[error("the API server did not answer in time")]
    Timeout,
    /// The connection to an attached program.
    #[error("{0}")]
    Attached(String),
}

impl From<kube::Error> for CallProblem {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => {
                Self::Refused { code: status.code, message: status.message.clone() }
            }
            other => Self::Client(other),
        }
    }
}

impl CallProblem {
    /// Whether the API server has no such thing.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Refused { code: 404, .. })
    }

    /// Whether asking again cannot help.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if (400..500).contains(code)
            && !matches!(code, 408 | 410 | 429))
    }

    /// What it means that something was not created or not looked at.
    pub(crate) fn into_failure(self) -> Failure {
        let (kind, message) = match &self {
            Self::Refused { code: 400 | 422, .. } => (
                FailureKind::ProviderMisconfigured,
                "the cluster does not take the provider's program as it is described; the log \
                 says why",
            ),
            Self::Refused { code: 403, message } if message.contains("quota") => (
                FailureKind::SandboxFault,
                "the cluster's quota has no room for the provider's program; try again later",
            ),
            Self::Refused { code: 401 | 403, .. } => (
                FailureKind::SandboxFault,
                "the cluster does not let the gateway run programs; the log says what is missing",
            ),
            Self::Refused { code: 404, .. } => (
                FailureKind::SandboxFault,
                "the cluster has no place for the provider's program; the log says what is missing",
            ),
            Self::Refused { code: 413, .. } => (
                FailureKind::PayloadTooLarge,
                "the text is too large for the cluster; shorten it, or configure the provider to \
                 take it on standard input",
            ),
            Self::Refused { .. } | Self::Client(_) | Self::Timeout | Self::Attached(_) => (
                FailureKind::SandboxFault,
                "the cluster that runs the provider's program cannot be used now; the log says why",
            ),
        };
        Failure::new(kind, message).with_cause(self)
    }
}

/// Words of the cluster, for the log alone.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct ClusterWords(pub(crate) String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_server_refuses_is_told_by_kind_and_its_words_are_the_cause() {
        let cases = [
            (422, "spec.x: invalid", FailureKind::ProviderMisconfigured),
            (403, "jobs is forbidden: no rights", FailureKind::SandboxFault),
            (403, "exceeded quota: jobs", FailureKind::SandboxFault),
            (404, "namespaces \"x\" not found", FailureKind::SandboxFault),
            (413, "too large", FailureKind::PayloadTooLarge),
            (500, "etcd", FailureKind::SandboxFault),
        ];
        for (code, words, kind) in cases {
            let failure = CallProblem::Refused { code, message: words.to_owned() }.into_failure();
            assert_eq!(failure.kind(), kind, "{failure}");
            assert_eq!(failure.cause_chain().unwrap(), format!("{words} ({code})"));
            assert!(failure.message().contains("; "), "{failure}");
        }
    }
}
