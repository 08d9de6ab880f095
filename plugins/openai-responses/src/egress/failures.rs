//! What a provider says instead of an answer.

use patchbay_sdk::canonical::read_error;
use patchbay_sdk::{Failure, FailureKind, ResponseHead, explain as shared};

/// Explains a reply whose status is not 2xx: OpenAI's error object, with the codes of this API.
pub(crate) fn explain(head: &ResponseHead, body: &[u8]) -> Failure {
    let failure = shared::reply(head, body);
    match failure.upstream_code().and_then(kind_of_code) {
        // A refused credential stays one, whatever its words.
        Some(kind) if failure.kind() != FailureKind::UpstreamAuth => with_kind(kind, &failure),
        _ => failure,
    }
}

/// The failure in the event `error`. The documentation has its members at the top, and some
/// servers have them in a member `error`: <https://github.com/openai/openai-dotnet/issues/881>.
pub(super) fn of_event(data: &[u8]) -> Failure {
    if read_error(data).is_some_and(|error| error.kind != "error") {
        return of_document(data);
    }
    let text = String::from_utf8_lossy(data);
    of_document(format!(r#"{{"error":{text}}}"#).as_bytes())
}

/// The failure in a response or an error object.
pub(super) fn of_document(document: &[u8]) -> Failure {
    let Some(failure) = shared::error_instead_of_answer(document) else {
        return Failure::upstream("the provider's response failed without saying why");
    };
    match failure.upstream_code().and_then(kind_of_code) {
        Some(kind) => with_kind(kind, &failure),
        None => failure,
    }
}

/// Codes of this API that the shared table does not know: those of `response.error`, and Azure's.
fn kind_of_code(code: &str) -> Option<FailureKind> {
    Some(match code {
        "invalid_prompt"
        | "bio_policy"
        | "image_content_policy_violation"
        | "misalignment_policy_violation" => FailureKind::ContentFiltered,
        "too_many_requests" => FailureKind::UpstreamRateLimited,
        "invalid_encrypted_content" => FailureKind::InvalidRequest,
        "image_file_too_large" | "image_too_large" => FailureKind::PayloadTooLarge,
        code if code.contains("image") => FailureKind::InvalidRequest,
        _ => return None,
    })
}

fn with_kind(kind: FailureKind, failure: &Failure) -> Failure {
    let changed = Failure::new(kind, failure.message())
        .with_retry_after_ms(failure.retry_after_ms())
        .with_upstream_code(failure.upstream_code().map(str::to_owned));
    match failure.param() {
        Some(param) => changed.with_param(param),
        None => changed,
    }
}
