//! The closed failure vocabulary and the one table that says what each kind means.

use std::time::Duration;

/// Why a request did not end well.
///
/// [`FailureKind::rule`] is the only place that decides status code, OpenAI `type` and `code`,
/// retry, fallback, breaker, metric label and log level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureKind {
    /// The request itself is wrong.
    InvalidRequest,
    /// No key, or one that is not known.
    Unauthenticated,
    /// A known key that may not do this.
    Forbidden,
    /// A known key that may not call this endpoint.
    EndpointNotAllowed,
    /// No such model or path.
    NotFound,
    /// A known path, asked with the wrong method.
    MethodNotAllowed,
    /// The body is over the cap.
    PayloadTooLarge,
    /// The body is of a type that the endpoint does not take.
    UnsupportedMediaType,
    /// The caller did not send its request in time.
    RequestTimeout,
    /// The prompt does not fit the model.
    ContextTooLong,
    /// The provider refused the content.
    ContentFiltered,
    /// Our own rate limit.
    RateLimited,
    /// Our own budget.
    QuotaExceeded,
    /// Our own queue is full.
    QueueFull,
    /// The provider's rate limit.
    UpstreamRateLimited,
    /// The provider said it is overloaded (503, 529).
    UpstreamOverloaded,
    /// The provider did not accept our credential.
    UpstreamAuth,
    /// The provider failed, or sent what its dialect does not allow.
    UpstreamError,
    /// No connection to the provider.
    UpstreamUnreachable,
    /// The provider did not answer in time.
    UpstreamTimeout,
    /// The reply broke off.
    StreamTruncated,
    /// The provider's settings make the call impossible; the operator has to mend them.
    ProviderMisconfigured,
    /// A plugin trapped or broke the contract.
    PluginFault,
    /// A plugin did not return within its deadline.
    PluginTimeout,
    /// The sandbox could not run the program.
    SandboxFault,
    /// No operator's token, or one that is not valid.
    AdminUnauthenticated,
    /// An operator whose role may not do this.
    RoleNotAllowed,
    /// No such resource of an operator.
    ResourceNotFound,
    /// An operator's change that does not go with what else there is.
    Conflict,
    /// An operator's change to something that changed meanwhile.
    StaleEtag,
    /// A new credential that the provider does not accept.
    CredentialNotVerified,
    /// An operator's plugin that does not pass a step.
    PluginRefused,
    /// An operator's change without `If-Match`.
    PreconditionRequired,
    /// The store did not take an operator's change.
    StoreUnavailable,
    /// The gateway is shutting down and takes no new work.
    ShuttingDown,
    /// The caller went away.
    Cancelled,
    /// A fault of the gateway itself.
    Internal,
}

/// Whether the same candidate may be asked again before the first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Asking again cannot help, or could bill twice.
    Never,
    /// After a backoff.
    AfterBackoff,
    /// After the time the upstream named, else after a backoff.
    AfterUpstreamDelay,
}

/// Whether the next candidate of the route is tried before the first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextCandidate {
    /// Another provider would answer the same.
    No,
    /// Always.
    Yes,
    /// Only where the route says so for this kind.
    IfRouteAllows,
}

/// What the failure tells a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerEffect {
    /// Nothing about the provider's health.
    None,
    /// Counts against the provider.
    Counts,
    /// The provider is healthy but wants a pause.
    CoolDown,
    /// Counts against the plugin's generation, not the provider.
    CountsAgainstGeneration,
}

/// Level of the access-log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The caller's affair.
    Info,
    /// The upstream's affair.
    Warn,
    /// The operator's affair.
    Error,
}

/// One row of the failure table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// HTTP status of the answer; for `Cancelled` and `StreamTruncated` only the log shows it.
    pub status: u16,
    /// OpenAI error `type`.
    pub error_type: &'static str,
    /// OpenAI error `code`.
    pub code: Option<&'static str>,
    /// Same candidate again?
    pub retry: Retry,
    /// Next candidate?
    pub next_candidate: NextCandidate,
    /// Effect on breakers.
    pub breaker: BreakerEffect,
    /// Log level.
    pub severity: Severity,
    /// Metric label and log value, kebab-case.
    pub label: &'static str,
}

/// How long a caller is asked to wait where the failure clears by itself and nobody named a time.
pub(super) const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

impl FailureKind {
    /// Every kind, in table order.
    pub const ALL: [Self; 37] = [
        Self::InvalidRequest,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::EndpointNotAllowed,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::RequestTimeout,
        Self::ContextTooLong,
        Self::ContentFiltered,
        Self::RateLimited,
        Self::QuotaExceeded,
        Self::QueueFull,
        Self::UpstreamRateLimited,
        Self::UpstreamOverloaded,
        Self::UpstreamAuth,
        Self::UpstreamError,
        Self::UpstreamUnreachable,
        Self::UpstreamTimeout,
        Self::StreamTruncated,
        Self::ProviderMisconfigured,
        Self::PluginFault,
        Self::PluginTimeout,
        Self::SandboxFault,
        Self::AdminUnauthenticated,
        Self::RoleNotAllowed,
        Self::ResourceNotFound,
        Self::Conflict,
        Self::StaleEtag,
        Self::CredentialNotVerified,
        Self::PluginRefused,
        Self::PreconditionRequired,
        Self::StoreUnavailable,
        Self::ShuttingDown,
        Self::Cancelled,
        Self::Internal,
    ];

    /// The table.
    #[must_use]
    pub const fn rule(self) -> Rule {
        use BreakerEffect as B;
        use NextCandidate as N;
        use Retry as R;
        use Severity::{Error, Info, Warn};
        const INVALID: &str = "invalid_request_error";
        const UPSTREAM: &str = "upstream_error";
        const OVERLOADED: &str = "overloaded_error";
        const SERVER: &str = "server_error";
        #[rustfmt::skip]
        let (status, error_type, code, retry, next_candidate, breaker, severity, label) = match self {
            Self::InvalidRequest => (400, INVALID, None, R::Never, N::No, B::None, Info, "invalid-request"),
            Self::Unauthenticated => (401, INVALID, Some("invalid_api_key"), R::Never, N::No, B::None, Info, "unauthenticated"),
            Self::Forbidden => (403, "permission_error", Some("model_not_allowed"), R::Never, N::No, B::None, Info, "forbidden"),
            Self::EndpointNotAllowed => (403, "permission_error", Some("endpoint_not_allowed"), R::Never, N::No, B::None, Info, "endpoint-not-allowed"),
            Self::NotFound => (404, INVALID, Some("model_not_found"), R::Never, N::No, B::None, Info, "not-found"),
            Self::MethodNotAllowed => (405, INVALID, Some("method_not_allowed"), R::Never, N::No, B::None, Info, "method-not-allowed"),
            Self::PayloadTooLarge => (413, INVALID, Some("payload_too_large"), R::Never, N::No, B::None, Info, "payload-too-large"),
            Self::UnsupportedMediaType => (415, INVALID, Some("unsupported_media_type"), R::Never, N::No, B::None, Info, "unsupported-media-type"),
            Self::RequestTimeout => (408, INVALID, Some("request_timeout"), R::Never, N::No, B::None, Info, "request-timeout"),
            Self::ContextTooLong => (400, INVALID, Some("context_length_exceeded"), R::Never, N::IfRouteAllows, B::None, Info, "context-too-long"),
            Self::ContentFiltered => (400, INVALID, Some("content_filter"), R::Never, N::IfRouteAllows, B::None, Info, "content-filtered"),
            Self::RateLimited => (429, "rate_limit_error", Some("rate_limit_exceeded"), R::Never, N::No, B::None, Info, "rate-limited"),
            Self::QuotaExceeded => (429, "insufficient_quota", Some("insufficient_quota"), R::Never, N::No, B::None, Info, "quota-exceeded"),
            Self::QueueFull => (503, OVERLOADED, Some("queue_full"), R::Never, N::Yes, B::None, Warn, "queue-full"),
            Self::UpstreamRateLimited => (429, "rate_limit_error", Some("upstream_rate_limited"), R::AfterUpstreamDelay, N::Yes, B::CoolDown, Warn, "upstream-rate-limited"),
            Self::UpstreamOverloaded => (503, OVERLOADED, Some("upstream_overloaded"), R::AfterBackoff, N::Yes, B::Counts, Warn, "upstream-overloaded"),
            Self::UpstreamAuth => (502, UPSTREAM, Some("upstream_credentials"), R::Never, N::Yes, B::Counts, Error, "upstream-auth"),
            Self::UpstreamError => (502, UPSTREAM, Some("upstream_error"), R::AfterBackoff, N::Yes, B::Counts, Warn, "upstream-error"),
            Self::UpstreamUnreachable => (502, UPSTREAM, Some("upstream_unreachable"), R::AfterBackoff, N::Yes, B::Counts, Warn, "upstream-unreachable"),
            Self::UpstreamTimeout => (504, "timeout_error", Some("upstream_timeout"), R::Never, N::Yes, B::Counts, Warn, "upstream-timeout"),
            Self::StreamTruncated => (502, UPSTREAM, Some("stream_truncated"), R::Never, N::No, B::Counts, Warn, "stream-truncated"),
            Self::ProviderMisconfigured => (500, SERVER, Some("provider_misconfigured"), R::Never, N::Yes, B::None, Error, "provider-misconfigured"),
            Self::PluginFault => (500, SERVER, Some("plugin_fault"), R::Never, N::Yes, B::CountsAgainstGeneration, Error, "plugin-fault"),
            Self::PluginTimeout => (500, SERVER, Some("plugin_fault"), R::Never, N::Yes, B::CountsAgainstGeneration, Error, "plugin-timeout"),
            Self::SandboxFault => (500, SERVER, Some("sandbox_fault"), R::Never, N::Yes, B::Counts, Error, "sandbox-fault"),
            Self::AdminUnauthenticated => (401, INVALID, Some("invalid_admin_token"), R::Never, N::No, B::None, Info, "admin-unauthenticated"),
            Self::RoleNotAllowed => (403, "permission_error", Some("role_not_allowed"), R::Never, N::No, B::None, Info, "role-not-allowed"),
            Self::ResourceNotFound => (404, INVALID, Some("resource_not_found"), R::Never, N::No, B::None, Info, "resource-not-found"),
            Self::Conflict => (409, INVALID, Some("conflict"), R::Never, N::No, B::None, Info, "conflict"),
            Self::StaleEtag => (412, INVALID, Some("stale_etag"), R::Never, N::No, B::None, Info, "stale-etag"),
            Self::CredentialNotVerified => (422, INVALID, Some("credential_not_verified"), R::Never, N::No, B::None, Info, "credential-not-verified"),
            Self::PluginRefused => (422, INVALID, Some("plugin_refused"), R::Never, N::No, B::None, Info, "plugin-refused"),
            Self::PreconditionRequired => (428, INVALID, Some("if_match_required"), R::Never, N::No, B::None, Info, "precondition-required"),
            Self::StoreUnavailable => (503, SERVER, Some("store_unavailable"), R::Never, N::No, B::None, Error, "store-unavailable"),
            Self::ShuttingDown => (503, OVERLOADED, Some("shutting_down"), R::Never, N::No, B::None, Info, "shutting-down"),
            Self::Cancelled => (499, SERVER, Some("cancelled"), R::Never, N::No, B::None, Info, "cancelled"),
            Self::Internal => (500, SERVER, Some("internal_error"), R::Never, N::No, B::None, Error, "internal"),
        };
        Rule { status, error_type, code, retry, next_candidate, breaker, severity, label }
    }

    /// The kind that a plugin named, or `None` if plugins may not claim it or nobody knows it.
    ///
    /// The list is the one documented at `types.failure.kind` in `wit/types.wit`.
    #[must_use]
    pub fn from_plugin(text: &str) -> Option<Self> {
        const CLAIMABLE: [FailureKind; 12] = [
            FailureKind::InvalidRequest,
            FailureKind::NotFound,
            FailureKind::PayloadTooLarge,
            FailureKind::ContextTooLong,
            FailureKind::ContentFiltered,
            FailureKind::UpstreamRateLimited,
            FailureKind::UpstreamOverloaded,
            FailureKind::UpstreamAuth,
            FailureKind::UpstreamError,
            FailureKind::UpstreamTimeout,
            FailureKind::StreamTruncated,
            FailureKind::ProviderMisconfigured,
        ];
        CLAIMABLE.into_iter().find(|kind| kind.rule().label == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_listed_once_with_a_label_of_its_own() {
        let mut labels: Vec<_> = FailureKind::ALL.iter().map(|k| k.rule().label).collect();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), FailureKind::ALL.len());
    }

    #[test]
    fn the_table_is_the_documented_one() {
        let mut table = String::new();
        for kind in FailureKind::ALL {
            let r = kind.rule();
            table.push_str(&format!(
                "{} | {} | {} / {} | {:?} | {:?} | {:?} | {:?}\n",
                r.label,
                r.status,
                r.error_type,
                r.code.unwrap_or("-"),
                r.retry,
                r.next_candidate,
                r.breaker,
                r.severity
            ));
        }
        assert_eq!(table, include_str!("table.snap"), "failure table changed; see table.snap");
    }

    #[test]
    fn a_plugin_cannot_claim_what_only_the_host_decides() {
        for kind in ["unauthenticated", "rate-limited", "internal", "cancelled", "nonsense", ""] {
            assert_eq!(FailureKind::from_plugin(kind), None, "{kind}");
        }
        assert_eq!(FailureKind::from_plugin("upstream-auth"), Some(FailureKind::UpstreamAuth));
    }
}
