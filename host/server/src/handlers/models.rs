//! `GET /v1/models` and `GET /v1/models/{id}`: what the caller's key may use.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use exchange::{Failure, FailureKind};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::authentication::Authenticated;
use crate::containment::contained;
use crate::edge::Edge;
use crate::reply;
use crate::service::ModelEntry;

/// `GET /v1/models`
pub(crate) async fn list(
    State(edge): State<Arc<Edge>>,
    Authenticated { visit, caller }: Authenticated,
) -> Response {
    match contained(|| edge.service.models(&caller)) {
        Ok(models) => {
            let data = models.iter().map(Model::of).collect();
            reply::json(visit, StatusCode::OK, &ModelList { object: "list", data })
        }
        Err(failure) => reply::failure(visit, failure),
    }
}

/// `GET /v1/models/{id}`
pub(crate) async fn single(
    State(edge): State<Arc<Edge>>,
    Authenticated { visit, caller }: Authenticated,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let found = contained(|| edge.service.models(&caller)).and_then(|models| {
        let Path(id) = id.map_err(|_| {
            Failure::new(FailureKind::InvalidRequest, "the model's name in the URL is not UTF-8")
        })?;
        models.into_iter().find(|model| *model.id == id).ok_or_else(unknown_model)
    });
    match found {
        Ok(model) => reply::json(visit, StatusCode::OK, &Model::of(&model)),
        Err(failure) => reply::failure(visit, failure),
    }
}

/// The same for a model that is not there and for one that this key may not use.
fn unknown_model() -> Failure {
    let message = "there is no such model for this API key; GET /v1/models lists those there are";
    Failure::new(FailureKind::NotFound, message).with_param("model")
}

/// The models that a key may use.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModelList<'a> {
    /// `list`
    #[schema(example = "list")]
    object: &'static str,
    /// The models.
    data: Vec<Model<'a>>,
}

/// A model that a key may use.
#[derive(Serialize, ToSchema)]
pub(crate) struct Model<'a> {
    /// The name that callers say.
    id: &'a str,
    /// `model`
    #[schema(example = "model")]
    object: &'static str,
    /// Seconds since the Unix epoch.
    created: u64,
    /// Who offers it.
    owned_by: &'a str,
}

impl<'a> Model<'a> {
    fn of(entry: &'a ModelEntry) -> Self {
        Self { id: &entry.id, object: "model", created: entry.created, owned_by: &entry.owned_by }
    }
}
