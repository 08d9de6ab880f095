//! From an authenticated request to the first candidate that answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use exchange::{
    CredentialSource, Entrance, Failure, FailureKind, HttpTransport, NextCandidate, Operation,
    PluginCatalog, ProcessTransport, Retry, SentSecrets,
};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use openai_api::Problem;
use openai_api::envelope::RequestEnvelope;
use routing::{AlwaysHealthy, Route};

use crate::answer::{Answered, kind_of, rubbish};
use crate::attempt::{Answer, Ports, Usable, attempt};
use crate::caller::Caller;
use crate::discovery::{self, Discovered, DiscoveryReport};
use crate::models::{self, ModelEntry};
use crate::plan;
use crate::request::{CallerReply, CallerRequest};
use crate::snapshot::{Provider, Snapshot};
use crate::translation::Canonical;
use crate::work::Work;
use crate::{reply, tokens};

/// Says of a token count who counted: `provider` or `estimate`.
const TOKEN_COUNT: HeaderName = HeaderName::from_static("x-patchbay-token-count");

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
    discovered: ArcSwap<Discovered>,
    ports: Ports,
}

impl Pipeline {
    /// A pipeline that decides by `snapshot` until another one takes its place.
    #[must_use]
    pub fn new(parts: PipelineParts, snapshot: Snapshot) -> Self {
        let PipelineParts { catalog, http, process, credentials } = parts;
        let ports = Ports { catalog, http, process, credentials };
        let snapshot = ArcSwap::from_pointee(snapshot);
        Self { snapshot, discovered: ArcSwap::default(), ports }
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

    /// The client API behind a path, if a plugin speaks it.
    #[must_use]
    pub fn entrance(&self, path: &str) -> Option<Entrance> {
        self.ports.catalog.entrance(path)
    }

    /// Every model that can be listed and that the caller may use, sorted by name.
    #[must_use]
    pub fn models(&self, caller: &Caller) -> Vec<ModelEntry> {
        models::list(&self.snapshot.load(), &self.discovered.load().routes, caller)
    }

    /// Asks a provider that discovers its models for them, and serves them from then on. What it
    /// said before stays until it answers.
    pub async fn discover(&self, provider: &Arc<str>) -> DiscoveryReport {
        let snapshot = self.snapshot.load_full();
        let found = match snapshot.providers.get(provider) {
            Some(provider) => discovery::ask(&self.ports, provider).await,
            None => Ok(None),
        };
        let outcome = found.map(|found| {
            let count = found.as_ref().map(Vec::len);
            let models: Vec<Arc<str>> =
                found.unwrap_or_default().into_iter().map(Into::into).collect();
            let snapshot = self.snapshot.load();
            self.discovered.rcu(|known| known.with(&snapshot, provider, &models));
            count
        });
        DiscoveryReport { provider: provider.clone(), outcome }
    }

    /// Answers one request. Candidates are tried in order until one answers; dropping the
    /// future, or the reply's stream, ends the upstream exchange.
    ///
    /// # Errors
    /// Why no candidate answered; nothing has been sent to the caller then.
    pub async fn run(&self, request: CallerRequest) -> Result<CallerReply, Failure> {
        let snapshot = self.snapshot.load_full();
        let canonical = Canonical::of(&request).await?;
        request.trace.note(|notes| notes.operation = Some(canonical.operation));
        let envelope = RequestEnvelope::read(kind_of(canonical.operation), &canonical.body)
            .map_err(|problem| match canonical.translation {
                None => invalid_request(problem),
                Some(_) => rubbish(format!("the canonical request: {problem}")),
            })?;
        let route = self.find_route(&snapshot, &request.caller, envelope.model())?;
        request.trace.note(|notes| {
            notes.model = Some(route.model().clone());
            notes.streaming = envelope.streaming();
        });
        let translation = canonical.translation.map(Arc::new);
        let work = Work {
            request: &request,
            operation: canonical.operation,
            body: &canonical.body,
            envelope: &envelope,
            translation: translation.as_ref(),
        };
        self.try_candidates(&snapshot, &route, &work).await
    }

    async fn try_candidates(
        &self,
        snapshot: &Snapshot,
        route: &Route,
        work: &Work<'_>,
    ) -> Result<CallerReply, Failure> {
        let candidates = self.usable_candidates(snapshot, route, work);
        if candidates.is_empty() {
            return without_candidates(route, work).await;
        }
        let mut latest = None;
        let mut attempts = 0;
        for usable in candidates {
            match self.try_candidate(work, &usable, &mut attempts).await {
                Ok(answer) => {
                    return finish(work, answer, &usable.candidate.provider, attempts).await;
                }
                Err(failure) if goes_on(&failure, route) => latest = Some(failure),
                Err(failure) => return Err(failure),
            }
        }
        Err(latest.unwrap_or_else(|| {
            Failure::new(FailureKind::Internal, "no provider of this model is configured")
        }))
    }

    /// Tries one candidate, and again where the failure is of the kind that passes.
    async fn try_candidate(
        &self,
        work: &Work<'_>,
        usable: &Usable<'_>,
        attempts: &mut u32,
    ) -> Result<Answer, Failure> {
        let Usable { candidate, provider, .. } = *usable;
        let started = Instant::now();
        provider.retry_budget.deposit();
        let mut retry = 0;
        loop {
            *attempts += 1;
            work.request.trace.note(|notes| {
                notes.attempts = *attempts;
                notes.provider = Some(candidate.provider.clone());
                notes.provider_model = Some(candidate.model.clone());
            });
            let failure = match attempt(&self.ports, work, usable).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            retry += 1;
            let Some(wait) = wait_before(retry, &failure, provider, started) else {
                return Err(failure);
            };
            tokio::time::sleep(wait).await;
            work.request.trace.note(|notes| notes.upstream += wait);
        }
    }

    /// The candidates whose provider has the operation, in the order in which to try them.
    fn usable_candidates<'a>(
        &self,
        snapshot: &'a Snapshot,
        route: &'a Route,
        work: &Work<'_>,
    ) -> Vec<Usable<'a>> {
        let candidates = match route.candidates() {
            [only] => vec![only],
            _ => route.in_order(&AlwaysHealthy, &mut rand::rng()),
        };
        let spoken = work.translation.map(|translation| &**translation.dialect());
        let usable = candidates.into_iter().filter_map(|candidate| {
            let provider = snapshot.providers.get(&candidate.provider)?;
            let choice = plan::choose(&*self.ports.catalog, provider, work.operation, spoken)?;
            Some(Usable { candidate, provider, choice })
        });
        usable.collect()
    }

    /// The route of a model: configured, or discovered. What the key may not use is refused alike
    /// whether it exists or not.
    fn find_route(
        &self,
        snapshot: &Snapshot,
        caller: &Caller,
        model: &str,
    ) -> Result<Arc<Route>, Failure> {
        if !caller.may_use(model) {
            let message = format!("this API key may not use model \"{model}\"");
            return Err(Failure::new(FailureKind::Forbidden, message).with_param("model"));
        }
        let route = snapshot.routes.find(model);
        route.or_else(|| self.discovered.load().routes.find(model)).ok_or_else(|| {
            let message = format!("no model \"{model}\" here: GET /v1/models lists what there is");
            Failure::new(FailureKind::NotFound, message).with_param("model")
        })
    }
}

/// The wait before a retry, or `None` if this failure is not to be retried here.
fn wait_before(
    retry: u32,
    failure: &Failure,
    provider: &Provider,
    started: Instant,
) -> Option<Duration> {
    let asked = match failure.kind().rule().retry {
        Retry::Never => return None,
        Retry::AfterBackoff | Retry::AfterUpstreamDelay => failure.named_retry_after(),
    };
    let wait = provider.retry.wait(retry, asked, &mut rand::rng())?;
    let in_time = started.elapsed() + wait < provider.total_timeout();
    (in_time && provider.retry_budget.withdraw(Instant::now())).then_some(wait)
}

/// No provider of the model has the operation. Tokens are estimated then; nothing else can be.
async fn without_candidates(route: &Route, work: &Work<'_>) -> Result<CallerReply, Failure> {
    if work.operation != Operation::CountTokens {
        let message = format!("model \"{}\" has no {}", route.model(), work.operation);
        return Err(Failure::new(FailureKind::InvalidRequest, message).with_param("model"));
    }
    let estimate = Answer {
        dropped: Vec::new(),
        headers: HeaderMap::new(),
        answered: Answered::Whole(tokens::estimated(work.body)?),
        secrets: SentSecrets::default(),
    };
    let mut reply = finish(work, estimate, &"patchbay".into(), 0).await?;
    reply.headers.insert(TOKEN_COUNT, HeaderValue::from_static("estimate"));
    Ok(reply)
}

fn invalid_request(problem: Problem) -> Failure {
    let failure = Failure::new(FailureKind::InvalidRequest, problem.message.as_str());
    match problem.param() {
        Some(param) => failure.with_param(param),
        None => failure,
    }
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

/// Puts an answer into the caller's dialect.
async fn finish(
    work: &Work<'_>,
    answer: Answer,
    provider: &Arc<str>,
    attempts: u32,
) -> Result<CallerReply, Failure> {
    let Answer { dropped, mut headers, answered, secrets } = answer;
    if work.operation == Operation::CountTokens {
        headers.insert(TOKEN_COUNT, HeaderValue::from_static("provider"));
    }
    let mut written = reply::write(work, answered, secrets).await?;
    let content_type = written.headers.remove(CONTENT_TYPE);
    headers.extend(written.headers);
    let provider = provider.clone();
    Ok(CallerReply { provider, attempts, dropped, headers, content_type, body: written.body })
}
