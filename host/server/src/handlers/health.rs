//! `GET /health` and `GET /health/ready`, for whoever watches the process. No key.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

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

/// How the process is.
#[derive(Serialize, ToSchema)]
#[schema(as = HealthReport)]
pub(crate) struct Report<'a> {
    /// `alive`; `ready` or `not ready`.
    #[schema(example = "ready")]
    status: &'static str,
    /// What was looked at.
    checks: &'a [Check<'a>],
}

/// One thing that was looked at.
#[derive(Serialize, ToSchema)]
#[schema(as = HealthCheck)]
pub(crate) struct Check<'a> {
    /// What it is: `plugins`, `providers`.
    name: &'a str,
    /// Whether it is as it should be.
    ok: bool,
    /// Why not, or what to know.
    reason: Option<&'a str>,
}

impl<'a> Check<'a> {
    fn of(check: &'a ReadinessCheck) -> Self {
        Self { name: &check.name, ok: check.ok, reason: check.reason.as_deref() }
    }
}
