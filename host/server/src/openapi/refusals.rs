//! Errors, from the failure table.

use std::collections::{BTreeMap, BTreeSet};

use exchange::FailureKind;
use http::StatusCode;
use serde_json::{Value, json};

use super::operation::{Form, Operation, reference};

/// Whose request can end in a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Callers,
    Operators,
    Both,
    /// Of none that gets an answer, or not of one that the document describes.
    Nobodys,
}

/// How a request to a model can fail.
pub(super) fn of_inference() -> Vec<FailureKind> {
    let of_callers = |kind: &FailureKind| matches!(seen(*kind).0, Whose::Callers | Whose::Both);
    FailureKind::ALL.into_iter().filter(of_callers).collect()
}

/// How any request of an operator can fail.
pub(super) const OF_OPERATORS: [FailureKind; 7] = [
    FailureKind::InvalidRequest,
    FailureKind::AdminUnauthenticated,
    FailureKind::MethodNotAllowed,
    FailureKind::RequestTimeout,
    FailureKind::PayloadTooLarge,
    FailureKind::RateLimited,
    FailureKind::Internal,
];

/// The responses that operations refer to: for each form and status what can be behind it.
pub(super) fn responses<'a>(operations: impl Iterator<Item = &'a Operation>) -> Value {
    let mut groups: BTreeMap<(Form, u16), BTreeSet<FailureKind>> = BTreeMap::new();
    for (form, kind) in operations.flat_map(|operation| &operation.refusals) {
        groups.entry((*form, kind.rule().status)).or_default().insert(*kind);
    }
    let written = groups.into_iter();
    written
        .map(|((form, status), kinds)| (form.response_name(status), response(form, &kinds)))
        .collect()
}

impl Form {
    /// The name of a response among the components: `AdminConflict`.
    pub(super) fn response_name(self, status: u16) -> String {
        let reason = StatusCode::from_u16(status).ok().and_then(|it| it.canonical_reason());
        let reason = reason.unwrap_or_default().replace(' ', "");
        format!("{self:?}{reason}")
    }

    fn schema_name(self) -> &'static str {
        match self {
            Self::Caller => "Error",
            Self::Admin => "AdminError",
            Self::Messages => "MessagesError",
        }
    }
}

fn response(form: Form, kinds: &BTreeSet<FailureKind>) -> Value {
    let examples = kinds.iter().map(|kind| (kind.rule().label.to_owned(), example(form, *kind)));
    let examples: serde_json::Map<_, _> = examples.collect();
    let mut headers = vec!["x-request-id", "server-timing", "x-should-retry"];
    let status = kinds.first().map_or(500, |kind| kind.rule().status);
    match status {
        401 => headers.push("www-authenticate"),
        405 => headers.push("allow"),
        429 | 503 => headers.extend(["retry-after", "retry-after-ms"]),
        _ => {}
    }
    let headers = headers.into_iter().map(|name| (name.to_owned(), reference("headers", name)));
    let headers: serde_json::Map<_, _> = headers.collect();
    json!({
        "description": described(form, kinds),
        "headers": headers,
        "content": { "application/json": {
            "schema": reference("schemas", form.schema_name()),
            "examples": examples,
        } },
    })
}

/// What can be behind a status, by codes.
fn described(form: Form, kinds: &BTreeSet<FailureKind>) -> String {
    let known = kinds.iter().map(|kind| {
        let meaning = seen(*kind).1;
        match kind.rule().code {
            Some(code) if form != Form::Messages => format!("`{code}`: {meaning}"),
            _ => meaning.to_owned(),
        }
    });
    let mut lines: Vec<_> = known.collect();
    lines.dedup();
    lines.join("; ") + "."
}

fn example(form: Form, kind: FailureKind) -> Value {
    let (rule, message) = (kind.rule(), seen(kind).1);
    let param = (kind == FailureKind::InvalidRequest).then_some("models");
    let mut error = json!({
        "message": message, "type": rule.error_type, "param": param, "code": rule.code,
    });
    match form {
        Form::Caller => {}
        Form::Admin if kind == FailureKind::InvalidRequest => {
            error["problems"] = json!([{
                "path": "models",
                "message": "is missing",
                "fix": "list the models, as in models = [\"name\"], or write \"discover\"",
            }]);
        }
        Form::Admin if kind == FailureKind::PluginRefused => {
            error["problems"] = json!([{
                "path": "",
                "message": "no trusted signer has signed this file",
                "fix": "check that the signature belongs to it, and add the signer's public key to \
                    plugins.trust",
            }]);
        }
        Form::Admin => {}
        Form::Messages => {
            let error = json!({ "type": messages_type(rule.status), "message": message });
            return json!({ "value": { "type": "error", "error": error } });
        }
    }
    json!({ "value": { "error": error } })
}

/// What Anthropic's envelope says, as the plugin that speaks it does.
fn messages_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        408 | 504 => "timeout_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}

/// Whose it is, and what it means.
#[rustfmt::skip]
fn seen(kind: FailureKind) -> (Whose, &'static str) {
    use FailureKind as K;
    use Whose::{Both, Callers, Nobodys, Operators};
    match kind {
        K::InvalidRequest => (Both, "the request itself is wrong"),
        K::Unauthenticated => (Callers, "there is no API key in the request, or one that is not valid"),
        K::Forbidden => (Callers, "this API key may not use this model"),
        K::EndpointNotAllowed => (Callers, "this API key may not call this endpoint"),
        K::NotFound => (Callers, "there is no such model"),
        K::MethodNotAllowed => (Both, "this URL does not take this method"),
        K::PayloadTooLarge => (Both, "the request's body is too large"),
        K::UnsupportedMediaType => (Operators, "the body is not of the type that this URL takes"),
        K::RequestTimeout => (Both, "the request's body did not arrive in time"),
        K::ContextTooLong => (Callers, "the prompt does not fit the model"),
        K::ContentFiltered => (Callers, "the provider refused the content"),
        K::RateLimited => (Both, "a limit of the API key is used up, or too many bad tokens came from this address"),
        K::QuotaExceeded => (Callers, "the budget is used up"),
        K::QueueFull => (Callers, "too many requests wait already"),
        K::UpstreamRateLimited => (Callers, "the provider's rate limit is used up"),
        K::UpstreamOverloaded => (Callers, "the provider is overloaded"),
        K::UpstreamAuth => (Callers, "the provider did not accept the gateway's credential"),
        K::UpstreamError => (Callers, "the provider failed"),
        K::UpstreamUnreachable => (Callers, "the provider cannot be reached"),
        K::UpstreamTimeout => (Callers, "the provider did not answer in time"),
        K::StreamTruncated => (Callers, "the provider's reply broke off"),
        K::ProviderMisconfigured => (Callers, "the provider's settings make this request impossible"),
        K::PluginFault => (Callers, "a plugin failed"),
        K::PluginTimeout => (Callers, "a plugin failed"),
        K::SandboxFault => (Callers, "the provider's program could not be run"),
        K::AdminUnauthenticated => (Operators, "there is no operator's token in the request, or one that is not valid"),
        K::RoleNotAllowed => (Operators, "this needs the role admin"),
        K::ResourceNotFound => (Operators, "there is none of this id"),
        K::Conflict => (Operators, "it does not go with what else there is: the id is taken, another resource uses it, it is in the configuration file, or its state is final"),
        K::StaleEtag => (Operators, "it was changed since it was read"),
        K::CredentialNotVerified => (Operators, "the provider does not accept the new credential; the old one stays"),
        K::PluginRefused => (Operators, "the plugin does not pass a step; what served before serves on"),
        K::PreconditionRequired => (Operators, "the change needs an if-match header"),
        K::StoreUnavailable => (Operators, "the store, or the plugins' directory, cannot be used; nothing was changed"),
        K::ShuttingDown => (Callers, "the gateway is shutting down"),
        K::Cancelled => (Nobodys, "the caller went away"),
        K::Internal => (Both, "a fault of the gateway itself"),
    }
}
