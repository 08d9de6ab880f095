//! Why a request of an operator is not answered as asked, and how that looks.

use std::borrow::Cow;

use administration::{AdminProblem, ProblemView};
use axum::response::Response;
use exchange::{Failure, FailureKind};
use http::{HeaderMap, HeaderValue, header};
use openai_api::ErrorBody;
use serde::Serialize;

use crate::endpoint::Endpoint;
use crate::reply;
use crate::visit::Visit;

/// A failure, and what is wrong with the document, member by member.
pub(crate) struct Refusal {
    failure: Failure,
    problems: Vec<ProblemView>,
}

impl Refusal {
    /// Something about the request that no action looks at: what is wrong and what to do.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Failure::new(FailureKind::InvalidRequest, message).into()
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self { failure, problems: Vec::new() }
    }
}

/// An operator may see all that a problem says; texts of problems hold no secret.
impl From<AdminProblem> for Refusal {
    fn from(problem: AdminProblem) -> Self {
        let mut failure = Failure::new(problem.kind(), problem.to_string());
        let mut problems = Vec::new();
        match &problem {
            AdminProblem::Invalid(found) => {
                problems = found.iter().map(ProblemView::from).collect();
                if let Some(first) = found.first() {
                    failure = failure.with_param(first.path.as_str());
                }
            }
            AdminProblem::Plugin(found) => {
                problems = vec![ProblemView::from(&found.problem)];
                if !found.problem.path.is_empty() {
                    failure = failure.with_param(found.problem.path.as_str());
                }
            }
            AdminProblem::TooManyAttempts { retry_after } => {
                failure = failure.with_retry_after(*retry_after);
            }
            _ => {}
        }
        Self { failure, problems }
    }
}

/// Answers with a refusal: OpenAI's envelope, which has `problems` besides if there are any.
pub(crate) fn refuse(visit: Visit, refusal: Refusal) -> Response {
    let Refusal { failure, problems } = refusal;
    let rule = failure.kind().rule();
    let code = match visit.endpoint() {
        Endpoint::Unknown => Some("unknown_url"),
        _ => rule.code,
    };
    let error = ErrorBody {
        message: Cow::Borrowed(failure.message()),
        kind: Cow::Borrowed(rule.error_type),
        param: failure.param().map(Cow::Borrowed),
        code: code.map(Cow::Borrowed),
    };
    let envelope = Envelope { error: Error { error, problems: &problems } };
    let document = serde_json::to_vec(&envelope).expect("texts and lists of them have a JSON");
    let mut headers = HeaderMap::with_capacity(16);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply::failure_in(visit, failure, headers, document.into())
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: Error<'a>,
}

#[derive(Serialize)]
struct Error<'a> {
    #[serde(flatten)]
    error: ErrorBody<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    problems: &'a [ProblemView],
}
