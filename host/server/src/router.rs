//! Paths to handlers.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use exchange::{Failure, FailureKind};
use http::HeaderValue;
use http::header::ALLOW;

use crate::admin;
use crate::edge::Edge;
use crate::endpoint::Endpoint;
use crate::handlers::{completions, health, models};
use crate::openapi;
use crate::reply;
use crate::visit::Visit;

/// What is behind a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// Callers' API and admin API.
    Everything,
    /// All but the admin API.
    CallersOnly,
    /// The admin API, and what belongs to no API.
    AdminOnly,
}

/// All routes of a door. No layers: each costs every request, and what all answers share is in
/// `reply`.
pub(crate) fn router(edge: Arc<Edge>, door: Door) -> Router {
    let mut router = shared_routes();
    if door != Door::AdminOnly {
        router = router.merge(callers_routes());
    }
    if door != Door::CallersOnly && edge.admin.is_some() {
        router = router.merge(admin::router());
    }
    router.fallback(move |state, request| other_path(door, state, request)).with_state(edge)
}

/// What is behind every door: for whoever watches the process, and what the APIs are. No key.
fn shared_routes() -> Router<Arc<Edge>> {
    Router::new()
        .route(Endpoint::HEALTH, get(health::alive))
        .route(Endpoint::READY, get(health::ready))
        .route(Endpoint::OPENAPI, get(openapi::show))
        .method_not_allowed_fallback(wrong_method)
}

fn callers_routes() -> Router<Arc<Edge>> {
    Router::new()
        .route(Endpoint::CHAT, post(completions::chat))
        .route(Endpoint::EMBEDDINGS, post(completions::embeddings))
        .route(Endpoint::MODELS, get(models::list))
        .route(Endpoint::MODEL, get(models::single))
        .method_not_allowed_fallback(wrong_method)
}

/// What no route has: a plugin's client API, or nothing.
async fn other_path(door: Door, State(edge): State<Arc<Edge>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut visit = Visit::begin(&edge, &parts);
    if door == Door::AdminOnly || admin::is_admin_path(parts.uri.path()) {
        visit.note_endpoint(Endpoint::Unknown);
        return admin::nothing_here(visit, &edge, door);
    }
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
