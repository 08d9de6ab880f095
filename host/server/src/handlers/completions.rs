//! `POST /v1/chat/completions`, `POST /v1/embeddings`, and the client APIs that plugins speak.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use exchange::{Failure, FailureKind, Operation, RequestHead};
use http::HeaderMap;
use http::request::Parts;
use http::uri::PathAndQuery;
use pipeline::{Asked, CallerReply, CallerRequest};

use crate::authentication::Authenticated;
use crate::containment::contained_async;
use crate::edge::Edge;
use crate::visit::Visit;
use crate::{forwarded_headers, reply, request_body};

/// `POST /v1/chat/completions`
pub(crate) async fn chat(
    State(edge): State<Arc<Edge>>,
    authenticated: Authenticated,
    request: Request,
) -> Response {
    complete(&edge, Operation::Chat, authenticated, request).await
}

/// `POST /v1/embeddings`
pub(crate) async fn embeddings(
    State(edge): State<Arc<Edge>>,
    authenticated: Authenticated,
    request: Request,
) -> Response {
    complete(&edge, Operation::Embeddings, authenticated, request).await
}

/// A client API that a plugin speaks.
pub(crate) async fn in_dialect(edge: &Edge, visit: Visit, request: Request) -> Response {
    match Authenticated::of(visit, edge, request.headers()).await {
        Ok(authenticated) => answer(edge, authenticated, request, asked_in_dialect).await,
        Err(refusal) => refusal,
    }
}

async fn complete(
    edge: &Edge,
    operation: Operation,
    authenticated: Authenticated,
    request: Request,
) -> Response {
    authenticated.visit.trace().note(|notes| notes.operation = Some(operation));
    answer(edge, authenticated, request, |_, _, _| Ok(Asked::Canonical(operation))).await
}

async fn answer(
    edge: &Edge,
    authenticated: Authenticated,
    request: Request,
    asked: impl FnOnce(&Visit, &Parts, &HeaderMap) -> Result<Asked, Failure>,
) -> Response {
    let mut authenticated = authenticated;
    let answer = contained_async(run(edge, &mut authenticated, request, asked)).await;
    match answer {
        Ok(answer) => reply::from_service(authenticated.visit, answer),
        Err(failure) => reply::refusal(authenticated.visit, failure).await,
    }
}

/// Dropping the future drops the service's.
async fn run(
    edge: &Edge,
    Authenticated { visit, caller }: &mut Authenticated,
    request: Request,
    asked: impl FnOnce(&Visit, &Parts, &HeaderMap) -> Result<Asked, Failure>,
) -> Result<CallerReply, Failure> {
    let (head, body) = request.into_parts();
    let body = request_body::read(&head.headers, body, &edge.limits, visit).await?;
    let forwarded = forwarded_headers::select(&head.headers);
    let request = CallerRequest {
        asked: asked(visit, &head, &forwarded)?,
        body,
        caller: caller.clone(),
        request_id: visit.request_id().clone(),
        forwarded,
        trace: Arc::clone(visit.trace()),
    };
    edge.service.run(request).await
}

/// What a plugin is shown of the request's head: the path, and of the headers those that go
/// upstream too.
fn asked_in_dialect(visit: &Visit, head: &Parts, forwarded: &HeaderMap) -> Result<Asked, Failure> {
    let entrance = visit.entrance().cloned().ok_or_else(|| {
        Failure::new(FailureKind::Internal, "the endpoint of this request is not known")
    })?;
    let path = head.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let texts =
        forwarded.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let texts: Vec<_> = texts.collect();
    let head = RequestHead::try_new("POST", path, texts.into_iter()).map_err(|problem| {
        let message = format!("this request's head cannot be read: {problem}");
        Failure::new(FailureKind::InvalidRequest, message)
    })?;
    Ok(Asked::InDialect { entrance, head })
}
