//! `POST /v1/chat/completions` and `POST /v1/embeddings`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use exchange::{Failure, Operation};
use pipeline::{CallerReply, CallerRequest};

use crate::authentication::Authenticated;
use crate::containment::contained_async;
use crate::edge::Edge;
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

async fn complete(
    edge: &Edge,
    operation: Operation,
    authenticated: Authenticated,
    request: Request,
) -> Response {
    let mut authenticated = authenticated;
    authenticated.visit.note_operation(operation);
    let answer = contained_async(run(edge, operation, &mut authenticated, request)).await;
    match answer {
        Ok(answer) => reply::from_service(authenticated.visit, answer),
        Err(failure) => reply::failure(authenticated.visit, failure),
    }
}

/// Dropping the future drops the service's.
async fn run(
    edge: &Edge,
    operation: Operation,
    Authenticated { visit, caller }: &mut Authenticated,
    request: Request,
) -> Result<CallerReply, Failure> {
    let (head, body) = request.into_parts();
    let body = request_body::read(&head.headers, body, &edge.limits, visit).await?;
    let forwarded = forwarded_headers::select(&head.headers);
    let request = CallerRequest {
        operation,
        body,
        caller: caller.clone(),
        request_id: visit.request_id().clone(),
        forwarded,
        trace: Arc::clone(visit.trace()),
    };
    edge.service.run(request).await
}
