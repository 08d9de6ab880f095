//! `GET /health` and `GET /health/ready`, for whoever watches the process. No key.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use crate::containment::contained;
use crate::edge::Edge;
use crate::reply;
use crate::service::ReadinessCheck;
use crate::visit::Visit;

/// Alive: the process answers.
pub(crate) async fn alive(visit: Visit) -> Response {
    reply::json(visit, StatusCode::OK, &Report { status: "alive", checks: &[] })
}

/// Ready: requests can be answered; 503 with reasons where not.
pub(crate) async fn ready(State(edge): State<Arc<Edge>>, visit: Visit) -> Response {
    let readiness = match contained(|| edge.service.readiness()) {
        Ok(readiness) => readiness,
        Err(failure) => return reply::failure(visit, failure),
    };
    let (status, word) = if readiness.ready {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    let checks: Vec<_> = readiness.checks.iter().map(Check::of).collect();
    reply::json(visit, status, &Report { status: word, checks: &checks })
}

#[derive(Serialize)]
struct Report<'a> {
    status: &'static str,
    checks: &'a [Check<'a>],
}

#[derive(Serialize)]
struct Check<'a> {
    name: &'a str,
    ok: bool,
    reason: Option<&'a str>,
}

impl<'a> Check<'a> {
    fn of(check: &'a ReadinessCheck) -> Self {
        Self { name: &check.name, ok: check.ok, reason: check.reason.as_deref() }
    }
}
