//! The table of endpoints, and how a request goes through one.

use std::sync::Arc;

use administration::Noun;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use exchange::{Failure, FailureKind};
use http::Method;

use super::access::{Doorway, Granted, Requires};
use super::asked::Asked;
pub(crate) use super::asked::Input;
use super::refusal::{Refusal, refuse};
use super::resources::{self, Answered};
use super::{audit, backup, operation, plugins};
use crate::connections::Peer;
use crate::containment::contained_async;
use crate::edge::Edge;
use crate::endpoint::Endpoint;
use crate::router::Door;
use crate::visit::Visit;

const NOT_CONFIGURED: &str = "the admin API is not configured; write an [admin] section with \
                              jwt_secret or jwks_url into the configuration and restart";

/// One endpoint.
pub(crate) struct AdminRoute {
    /// Method and path pattern; so the record names it.
    pub(crate) label: &'static str,
    /// What it takes.
    #[cfg(test)]
    pub(crate) input: Input,
    handler: MethodRouter<Arc<Edge>>,
}

/// Every endpoint. The first argument of its function says which role it wants.
#[rustfmt::skip]
pub(crate) fn table() -> Vec<AdminRoute> {
    use Input::{Component, Document, Filters, Nothing, Page};
    use Noun::{ApiKey, Provider, Route};
    vec![
        route("GET /admin/providers", Page, |who, asked| resources::list(Provider, who, asked)),
        route("POST /admin/providers", Document, |who, asked| resources::create(Provider, who, asked)),
        route("GET /admin/providers/{id}", Nothing, |who, asked| resources::show(Provider, who, asked)),
        route("PUT /admin/providers/{id}", Document, |who, asked| resources::replace(Provider, who, asked)),
        route("PATCH /admin/providers/{id}", Document, |who, asked| resources::patch(Provider, who, asked)),
        route("DELETE /admin/providers/{id}", Nothing, |who, asked| resources::remove(Provider, who, asked)),
        route("POST /admin/providers/{id}/test", Nothing, resources::test_provider),
        route("POST /admin/providers/{id}/rotate-credentials", Document, resources::rotate_credentials),
        route("POST /admin/providers/{id}/rollback-credentials", Nothing, resources::roll_back_credentials),
        route("GET /admin/apikeys", Page, |who, asked| resources::list(ApiKey, who, asked)),
        route("POST /admin/apikeys", Document, |who, asked| resources::create(ApiKey, who, asked)),
        route("GET /admin/apikeys/{id}", Nothing, |who, asked| resources::show(ApiKey, who, asked)),
        route("PUT /admin/apikeys/{id}", Document, |who, asked| resources::replace(ApiKey, who, asked)),
        route("PATCH /admin/apikeys/{id}", Document, |who, asked| resources::patch(ApiKey, who, asked)),
        route("DELETE /admin/apikeys/{id}", Nothing, |who, asked| resources::remove(ApiKey, who, asked)),
        route("POST /admin/apikeys/{id}/revoke", Nothing, resources::revoke_key),
        route("GET /admin/routes", Page, |who, asked| resources::list(Route, who, asked)),
        route("POST /admin/routes", Document, |who, asked| resources::create(Route, who, asked)),
        route("GET /admin/routes/{model}", Nothing, |who, asked| resources::show(Route, who, asked)),
        route("PUT /admin/routes/{model}", Document, |who, asked| resources::replace(Route, who, asked)),
        route("PATCH /admin/routes/{model}", Document, |who, asked| resources::patch(Route, who, asked)),
        route("DELETE /admin/routes/{model}", Nothing, |who, asked| resources::remove(Route, who, asked)),
        route("GET /admin/master-key", Nothing, operation::master_key),
        route("POST /admin/master-key/rotate", Nothing, operation::rotate_master_key),
        route("GET /admin/audit", Filters, audit::page),
        route("GET /admin/audit/export", Filters, audit::export),
        route("GET /admin/usage", Filters, audit::usage),
        route("GET /admin/status", Nothing, operation::status),
        route("GET /admin/plugins", Nothing, plugins::list),
        route("POST /admin/plugins", Component, plugins::upload),
        route("GET /admin/plugins/{name}", Nothing, plugins::show),
        route("DELETE /admin/plugins/{name}", Nothing, plugins::remove),
        route("POST /admin/plugins/{name}/approve", Document, plugins::approve),
        route("POST /admin/plugins/{name}/pin", Nothing, plugins::pin),
        route("POST /admin/plugins/{name}/unpin", Nothing, plugins::unpin),
        route("POST /admin/plugins/{name}/rollback", Document, plugins::roll_back),
        route("POST /admin/plugins/{name}/canary", Document, plugins::canary),
        route("POST /admin/plugins/{name}/promote", Nothing, plugins::promote),
        route("POST /admin/plugins/{name}/rollout", Document, plugins::rollout),
        route("POST /admin/backup", Nothing, backup::back_up),
    ]
}

/// The endpoints as routes.
pub(crate) fn router() -> Router<Arc<Edge>> {
    let router = table().into_iter().fold(Router::new(), |router, route| {
        let (_, path) = split(route.label);
        router.route(path, route.handler)
    });
    router.method_not_allowed_fallback(wrong_method)
}

fn route<R, F, A>(label: &'static str, input: Input, handler: F) -> AdminRoute
where
    R: Requires,
    F: Fn(Granted<R>, Asked) -> A + Copy + Send + Sync + 'static,
    A: Future<Output = Answered> + Send + 'static,
{
    let (method, _) = split(label);
    let filter = MethodFilter::try_from(method).expect("the table has methods that axum knows");
    let serve = move |State(edge): State<Arc<Edge>>, request: Request| async move {
        let (head, body) = request.into_parts();
        let mut visit = Visit::begin(&edge, &head);
        visit.note_endpoint(Endpoint::Admin(label));
        let request = Request::from_parts(head, body);
        let answer = async { Ok(run(&edge, &mut visit, request, (input, handler)).await) };
        match contained_async(answer).await.map_err(Refusal::from).flatten() {
            Ok(answer) => answer.send(visit),
            Err(refusal) => refuse(visit, refusal),
        }
    };
    AdminRoute {
        label,
        #[cfg(test)]
        input,
        handler: on(filter, serve),
    }
}

/// Who asks, then what is asked, then the action. So whoever is not let in learns nothing of
/// what is wrong with a request, and its body is not read.
async fn run<R, F, A>(
    edge: &Arc<Edge>,
    visit: &mut Visit,
    request: Request,
    (input, handler): (Input, F),
) -> Answered
where
    R: Requires,
    F: Fn(Granted<R>, Asked) -> A,
    A: Future<Output = Answered>,
{
    let (head, body) = request.into_parts();
    let parts = edge.admin.as_ref().ok_or_else(not_configured)?;
    let peer = Peer::of(&head.extensions);
    let doorway = Doorway { peer, headers: &head.headers, parts, service: &edge.service };
    let granted = Granted::find(visit, doorway).await?;
    let asked = Asked::read((head, body), input, edge, visit).await?;
    handler(granted, asked).await
}

fn not_configured() -> Refusal {
    Failure::new(FailureKind::NotFound, NOT_CONFIGURED).into()
}

async fn wrong_method(mut visit: Visit) -> Response {
    visit.note_endpoint(Endpoint::WrongMethod);
    let message = "this URL does not take this method; the allow header names those it takes";
    refuse(visit, Failure::new(FailureKind::MethodNotAllowed, message).into())
}

/// Answers a path of the admin API that no endpoint has.
pub(crate) fn nothing_here(visit: Visit, edge: &Edge, door: Door) -> Response {
    let message = match (&edge.admin, door) {
        (None, _) => NOT_CONFIGURED,
        (Some(_), Door::CallersOnly) => {
            "the admin API is not at this address; use the one that admin.listen names"
        }
        (Some(_), Door::Everything | Door::AdminOnly) => {
            "there is nothing at this URL; the admin API has providers, apikeys, routes, \
             master-key, audit, usage, status, plugins and backup under /admin"
        }
    };
    refuse(visit, Failure::new(FailureKind::NotFound, message).into())
}

/// Method and path of a label.
fn split(label: &'static str) -> (Method, &'static str) {
    let (method, path) = label.split_once(' ').expect("a label is method and path");
    let method = Method::from_bytes(method.as_bytes()).expect("a label begins with a method");
    (method, path)
}
