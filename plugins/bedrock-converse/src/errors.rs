//! What AWS's errors mean, whether they come as a reply or inside a stream.
//!
//! A reply names its error in the header `x-amzn-errortype` (`Name:http://…`) or in the body's
//! `__type` (`prefix#Name`), a stream in a message's headers; names and statuses are those of
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html>.
//! One name, `ValidationException`, covers most of what can be wrong: its message is looked at.

use patchbay_sdk::explain;
use patchbay_sdk::{Failure, FailureKind, ResponseHead};
use serde_json::Value;

/// Explains a reply whose status is not 2xx.
pub(crate) fn explain(head: &ResponseHead, body: &[u8]) -> Failure {
    let error = AwsError::read(head, body);
    let named = error.name.as_deref();
    let failure = match named.and_then(|name| kind_of(name, &error.message)) {
        Some(kind) => described(kind, named.unwrap_or_default(), &error.message),
        None if is_too_long(&error.message) => {
            Failure::new(FailureKind::ContextTooLong, error.message)
        }
        // Also what stands between: load balancers answer in HTML.
        None => explain::reply(head, body),
    };
    let code = error.name.or_else(|| failure.upstream_code().map(Into::into));
    failure.with_upstream_code(code).with_retry_after_ms(explain::retry_after_ms(head))
}

/// An exception inside a stream, or an error document in a good status.
pub(crate) fn failure(name: &str, message: &str) -> Failure {
    let name = proper_name(name);
    let kind = kind_of(&name, message).unwrap_or(FailureKind::UpstreamError);
    described(kind, &name, message).with_upstream_code(Some(name).filter(|name| !name.is_empty()))
}

/// An exception's payload: what it says, and what it quotes of the model's server.
pub(crate) fn exception(name: &str, payload: &[u8]) -> Failure {
    let document: Value = serde_json::from_slice(payload).unwrap_or_default();
    let message = message_of(&document);
    let original = document.get("originalMessage").and_then(Value::as_str).unwrap_or_default();
    let failure = match original {
        "" => failure(name, &message),
        original if message.contains(original) => failure(name, &message),
        original => failure(name, &format!("{message} {original}")),
    };
    match document.get("originalStatusCode").and_then(Value::as_u64) {
        Some(status) if failure.kind() == FailureKind::UpstreamError => {
            rekinded(&failure, kind_of_original(status))
        }
        _ => failure,
    }
}

/// The error that a document is instead of an answer, if it is one.
pub(crate) fn instead_of_answer(document: &[u8]) -> Option<Failure> {
    let value: Value = serde_json::from_slice(document).ok()?;
    match type_of(&value) {
        Some(name) => Some(failure(&name, &message_of(&value))),
        None => Some(message_of(&value))
            .filter(|message| !message.is_empty())
            .map(|message| failure("", &message))
            .or_else(|| explain::error_instead_of_answer(document)),
    }
}

struct AwsError {
    /// Without prefix and address.
    name: Option<String>,
    message: String,
}

impl AwsError {
    fn read(head: &ResponseHead, body: &[u8]) -> Self {
        let document: Value = serde_json::from_slice(body).unwrap_or_default();
        let named = head.header("x-amzn-errortype").map(proper_name);
        let name = named.filter(|name| !name.is_empty()).or_else(|| type_of(&document));
        Self { name, message: message_of(&document) }
    }
}

fn type_of(document: &Value) -> Option<String> {
    let name = document
        .get("__type")
        .or_else(|| document.pointer("/Output/__type"))
        .or_else(|| document.get("code"))?;
    name.as_str().map(proper_name).filter(|name| !name.is_empty())
}

fn message_of(document: &Value) -> String {
    let said = ["message", "Message"].into_iter().find_map(|name| document.get(name)?.as_str());
    said.unwrap_or_default().to_owned()
}

/// `prefix#throttlingException:http://…` is `ThrottlingException`.
fn proper_name(text: &str) -> String {
    let name = text.split(':').next().unwrap_or_default();
    let name = name.rsplit('#').next().unwrap_or_default().trim();
    let mut letters = name.chars();
    match letters.next() {
        Some(first) => first.to_ascii_uppercase().to_string() + letters.as_str(),
        None => String::new(),
    }
}

fn kind_of(name: &str, message: &str) -> Option<FailureKind> {
    use FailureKind as K;
    let short = name.strip_suffix("Exception").unwrap_or(name);
    let kind = match short {
        "Throttling"
        | "TooManyRequests"
        | "RequestThrottled"
        | "ServiceQuotaExceeded"
        | "LimitExceeded" => K::UpstreamRateLimited,
        "ModelNotReady" | "ServiceUnavailable" | "ServiceUnavailableError" => K::UpstreamOverloaded,
        "ModelTimeout" | "RequestTimeout" => K::UpstreamTimeout,
        "AccessDenied"
        | "BadCScore"
        | "ExpiredToken"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "InvalidSignature"
        | "MissingAuthenticationToken"
        | "NotAuthorized"
        | "OptInRequired"
        | "RequestExpired"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClient" => K::UpstreamAuth,
        "RequestEntityTooLarge" | "PayloadTooLarge" => K::PayloadTooLarge,
        // The path is not the service's: base_url leads elsewhere.
        "UnknownOperation" | "InvalidAction" | "FTUFormNotFilled" => K::ProviderMisconfigured,
        _ if is_too_long(message) => K::ContextTooLong,
        "ResourceNotFound" => K::NotFound,
        "Validation" | "ValidationError" | "Serialization" => kind_of_validation(message),
        "ModelError"
        | "ModelStreamError"
        | "InternalServer"
        | "InternalFailure"
        | "InternalServerError" => K::UpstreamError,
        _ => return None,
    };
    Some(kind)
}

fn kind_of_validation(message: &str) -> FailureKind {
    let message = message.to_ascii_lowercase();
    if message.contains("model identifier is invalid") {
        FailureKind::NotFound
    } else if message.contains("on-demand throughput isn") {
        // The model is there, under an inference profile: the operator named it wrongly.
        FailureKind::ProviderMisconfigured
    } else {
        FailureKind::InvalidRequest
    }
}

/// The words of the models' own servers, which Bedrock quotes.
fn is_too_long(message: &str) -> bool {
    const SAID: [&str; 6] = [
        "input is too long",
        "prompt is too long",
        "exceed context limit",
        "maximum context length",
        "too many total text bytes",
        "input tokens exceeded",
    ];
    let message = message.to_ascii_lowercase();
    SAID.iter().any(|said| message.contains(said))
}

fn kind_of_original(status: u64) -> FailureKind {
    match status {
        408 | 504 => FailureKind::UpstreamTimeout,
        429 => FailureKind::UpstreamRateLimited,
        503 | 529 => FailureKind::UpstreamOverloaded,
        _ => FailureKind::UpstreamError,
    }
}

fn described(kind: FailureKind, name: &str, message: &str) -> Failure {
    let message = match (kind, message) {
        // AWS quotes the caller's identity: an account number and a role.
        (FailureKind::UpstreamAuth, _) => format!(
            "the provider did not accept the gateway's credential ({name}); its operator has to \
             check it"
        ),
        (_, "") => format!("the provider sent the error {name:?} without a message"),
        (_, message) => message.to_owned(),
    };
    Failure::new(kind, message)
}

fn rekinded(failure: &Failure, kind: FailureKind) -> Failure {
    Failure::new(kind, failure.message())
        .with_upstream_code(failure.upstream_code().map(Into::into))
}
