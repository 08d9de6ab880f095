//! Paths to handlers.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use exchange::{Failure, FailureKind};
use http::HeaderValue;
use http::header::ALLOW;

use crate::edge::Edge;
use crate::endpoint::Endpoint;
use crate::handlers::{completions, health, models};
use crate::reply;
use crate::visit::Visit;

/// All routes. No layers: each costs every request, and what all answers share is in `reply`.
pub(crate) fn router(edge: Arc<Edge>) -> Router {
    Router::new()
        .route(Endpoint::CHAT, post(completions::chat))
        .route(Endpoint::EMBEDDINGS, post(completions::embeddings))
        .route(Endpoint::MODELS, get(models::list))
        .route(Endpoint::MODEL, get(models::single))
        .route(Endpoint::HEALTH, get(health::alive))
        .route(Endpoint::READY, get(health::ready))
        .method_not_allowed_fallback(wrong_method)
        .fallback(other_path)
        .with_state(edge)
}

/// What no route has: a plugin's client API, or nothing.
async fn other_path(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let visit = Visit::begin(&edge, &parts);
    match visit.endpoint() {
        Endpoint::InDialect => {
            let request = Request::from_parts(parts, body);
            completions::in_dialect(&edge, visit, request).await
        }
        Endpoint::WrongMethod => {
            let mut response = wrong_method(visit).await;
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            response
        }
        _ => unknown_path(visit),
    }
}

fn unknown_path(visit: Visit) -> Response {
    let message = "there is nothing at this URL; the API is at /v1/chat/completions, \
                   /v1/embeddings and /v1/models";
    reply::failure(visit, Failure::new(FailureKind::NotFound, message))
}

async fn wrong_method(visit: Visit) -> Response {
    let message = "this URL does not take this method; the allow header names those it takes";
    reply::failure(visit, Failure::new(FailureKind::MethodNotAllowed, message))
}
