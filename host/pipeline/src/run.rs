//! From an authenticated request to the first candidate that answers.

use std::sync::Arc;

use arc_swap::ArcSwap;
use exchange::{
    CredentialSource, Failure, FailureKind, HttpTransport, NextCandidate, Operation, PluginCatalog,
    ProcessTransport,
};
use openai_api::Problem;
use openai_api::envelope::RequestEnvelope;
use routing::{AlwaysHealthy, Candidate, Route};

use crate::answer::kind_of;
use crate::attempt::{Answer, Ports, attempt};
use crate::caller::Caller;
use crate::models::{self, ModelEntry};
use crate::request::{CallerReply, CallerRequest};
use crate::snapshot::Snapshot;
use crate::work::Work;

/// What the pipeline reaches the world through.
pub struct PipelineParts {
    /// Plugins.
    pub catalog: Arc<dyn PluginCatalog>,
    /// HTTP providers.
    pub http: Arc<dyn HttpTransport>,
    /// Programs.
    pub process: Arc<dyn ProcessTransport>,
    /// Secrets of providers.
    pub credentials: Arc<dyn CredentialSource>,
}

/// Answers callers' requests by what the current snapshot says.
pub struct Pipeline {
    snapshot: ArcSwap<Snapshot>,
    ports: Ports,
}

impl Pipeline {
    /// A pipeline that decides by `snapshot` until another one takes its place.
    #[must_use]
    pub fn new(parts: PipelineParts, snapshot: Snapshot) -> Self {
        let PipelineParts { catalog, http, process, credentials } = parts;
        let ports = Ports { catalog, http, process, credentials };
        Self { snapshot: ArcSwap::from_pointee(snapshot), ports }
    }

    /// Puts another snapshot in place. Requests in flight keep theirs.
    pub fn replace(&self, snapshot: Snapshot) {
        self.snapshot.store(Arc::new(snapshot));
    }

    /// The snapshot that decides now.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Finds the holder of an API key.
    ///
    /// # Errors
    /// `Unauthenticated`.
    pub fn authenticate(&self, key: &str) -> Result<Caller, Failure> {
        self.snapshot.load().keys.find(key).cloned().ok_or_else(|| {
            let message = "this API key is not known here: use one that the operator issued";
            Failure::new(FailureKind::Unauthenticated, message)
        })
    }

    /// Every model that can be listed and that the caller may use, sorted by name.
    #[must_use]
    pub fn models(&self, caller: &Caller) -> Vec<ModelEntry> {
        models::list(&self.snapshot.load(), caller)
    }

    /// Answers one request. Candidates are tried in order until one answers; dropping the
    /// future, or the reply's stream, ends the upstream exchange.
    ///
    /// # Errors
    /// Why no candidate answered; nothing has been sent to the caller then.
    pub async fn run(&self, request: CallerRequest) -> Result<CallerReply, Failure> {
        let snapshot = self.snapshot.load_full();
        let envelope = RequestEnvelope::read(kind_of(request.operation), &request.body)
            .map_err(invalid_request)?;
        let route = find_route(&snapshot, &request.caller, envelope.model())?;
        request.trace.note(|notes| {
            notes.model = Some(route.model().clone());
            notes.streaming = envelope.streaming();
        });
        let work = Work { request: &request, envelope: &envelope };
        self.try_candidates(&snapshot, &route, &work).await
    }

    async fn try_candidates(
        &self,
        snapshot: &Snapshot,
        route: &Route,
        work: &Work<'_>,
    ) -> Result<CallerReply, Failure> {
        let mut latest = None;
        let candidates = self.usable_candidates(snapshot, route, work.request.operation)?;
        for (attempts, candidate) in (1..).zip(candidates) {
            work.request.trace.note(|notes| {
                notes.attempts = attempts;
                notes.provider = Some(candidate.provider.clone());
                notes.provider_model = Some(candidate.model.clone());
            });
            let Some(provider) = snapshot.providers.get(&candidate.provider) else {
                continue;
            };
            match attempt(&self.ports, work, provider, candidate).await {
                Ok(answer) => return Ok(reply(candidate, attempts, answer)),
                Err(failure) if goes_on(&failure, route) => latest = Some(failure),
                Err(failure) => return Err(failure),
            }
        }
        Err(latest.unwrap_or_else(|| {
            Failure::new(FailureKind::Internal, "no provider of this model is configured")
        }))
    }

    /// The candidates whose dialect has the operation, in the order in which to try them.
    fn usable_candidates<'a>(
        &self,
        snapshot: &Snapshot,
        route: &'a Route,
        operation: Operation,
    ) -> Result<Vec<&'a Candidate>, Failure> {
        let mut candidates = match route.candidates() {
            [only] => vec![only],
            _ => route.in_order(&AlwaysHealthy, &mut rand::rng()),
        };
        candidates.retain(|candidate| {
            let provider = snapshot.providers.get(&candidate.provider);
            provider.is_some_and(|p| self.ports.catalog.supports(&p.dialect, operation))
        });
        if candidates.is_empty() {
            let message = format!("model \"{}\" has no {operation}", route.model());
            return Err(Failure::new(FailureKind::InvalidRequest, message).with_param("model"));
        }
        Ok(candidates)
    }
}

fn invalid_request(problem: Problem) -> Failure {
    let failure = Failure::new(FailureKind::InvalidRequest, problem.message.as_str());
    match problem.param() {
        Some(param) => failure.with_param(param),
        None => failure,
    }
}

/// The route of a model. What the key may not use is refused alike whether it exists or not.
fn find_route(snapshot: &Snapshot, caller: &Caller, model: &str) -> Result<Arc<Route>, Failure> {
    if !caller.may_use(model) {
        let message = format!("this API key may not use model \"{model}\"");
        return Err(Failure::new(FailureKind::Forbidden, message).with_param("model"));
    }
    snapshot.routes.find(model).ok_or_else(|| {
        let message = format!("no model \"{model}\" here: GET /v1/models lists what there is");
        Failure::new(FailureKind::NotFound, message).with_param("model")
    })
}

/// Whether the next candidate is worth a try after this failure.
fn goes_on(failure: &Failure, route: &Route) -> bool {
    match failure.kind().rule().next_candidate {
        NextCandidate::Yes => true,
        NextCandidate::No => false,
        NextCandidate::IfRouteAllows => {
            let allowed = route.fallback_on();
            (allowed.context_too_long && failure.kind() == FailureKind::ContextTooLong)
                || (allowed.content_filtered && failure.kind() == FailureKind::ContentFiltered)
        }
    }
}

fn reply(candidate: &Candidate, attempts: u32, answer: Answer) -> CallerReply {
    CallerReply {
        provider: candidate.provider.clone(),
        attempts,
        dropped: answer.dropped,
        headers: answer.headers,
        body: answer.body,
    }
}
