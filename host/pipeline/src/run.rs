//! From an authenticated request to the first candidate that answers.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use arc_swap::ArcSwap;
use exchange::{
    CredentialSource, Entrance, Failure, FailureKind, HttpTransport, Operation, PluginCatalog,
    ProcessTransport, ReachPort, RecordingPort, SentSecrets,
};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use openai_api::Problem;
use openai_api::envelope::RequestEnvelope;
use routing::{AlwaysHealthy, Route};

use crate::admission::Admission;
use crate::answer::{Answered, kind_of, rubbish};
use crate::attempt::{Answer, Ports, Usable};
use crate::caller::Caller;
use crate::discovery::{self, Discovered, DiscoveryReport};
use crate::models::{self, ModelEntry};
use crate::patience::Patience;
use crate::plan;
use crate::request::{CallerReply, CallerRequest};
use crate::snapshot::Snapshot;
use crate::translation::Canonical;
use crate::work::Work;
use crate::{admission, candidates, reply, tokens};

/// Says of a token count who counted: `provider` or `estimate`.
const TOKEN_COUNT: HeaderName = HeaderName::from_static("x-patchbay-token-count");

/// What the pipeline reaches the world through.
pub struct PipelineParts {
    /// Plugins.
    pub catalog: Arc<dyn PluginCatalog>,
    /// HTTP providers.
    pub http: Arc<dyn HttpTransport>,
    /// The way to HTTP providers, for operators.
    pub reach: Arc<dyn ReachPort>,
    /// Programs.
    pub process: Arc<dyn ProcessTransport>,
    /// Secrets of providers.
    pub credentials: Arc<dyn CredentialSource>,
    /// Where exchanges of recorded providers go.
    pub recorder: Option<Arc<dyn RecordingPort>>,
}

/// Answers callers' requests by what the current snapshot says.
pub struct Pipeline {
    snapshot: ArcSwap<Snapshot>,
    discovered: ArcSwap<Discovered>,
    pub(crate) ports: Ports,
}

impl Pipeline {
    /// A pipeline that decides by `snapshot` until another one takes its place.
    #[must_use]
    pub fn new(parts: PipelineParts, snapshot: Snapshot) -> Self {
        let PipelineParts { catalog, http, reach, process, credentials, recorder } = parts;
        let ports = Ports { catalog, http, reach, process, credentials, recorder };
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
    /// `Unauthenticated`, if it is not known, or refused: expired, disabled or revoked.
    pub fn authenticate(&self, key: &str) -> Result<Caller, Failure> {
        self.snapshot.load().keys.admit(key, SystemTime::now).cloned()
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

    /// Answers one request that its key's limits admit. Candidates are tried in order until one
    /// answers; dropping the future, or the reply's stream, ends the upstream exchange. Whoever
    /// ends the request settles the admission that is in its trace.
    ///
    /// # Errors
    /// Why no candidate answered; nothing has been sent to the caller then.
    pub async fn run(&self, request: CallerRequest) -> Result<CallerReply, Failure> {
        let admission = enter(&request)?;
        let snapshot = self.snapshot.load_full();
        let canonical = Canonical::of(&request).await?;
        request.trace.note(|notes| notes.operation = Some(canonical.operation));
        let envelope = RequestEnvelope::read(kind_of(canonical.operation), &canonical.body)
            .map_err(|problem| match canonical.translation {
                None => invalid_request(problem),
                Some(_) => untranslatable(&problem),
            })?;
        let route = self.find_route(&snapshot, &request.caller, envelope.model())?;
        request.trace.note(|notes| {
            notes.model = Some(route.model().clone());
            notes.streaming = envelope.streaming();
        });
        if let Some(admission) = admission.filter(|it| it.counts_tokens()) {
            let needed = admission::needed(canonical.operation, &canonical.body);
            admission.reserve(needed, now())?;
        }
        let translation = canonical.translation.map(Arc::new);
        let work = Work {
            request: &request,
            operation: canonical.operation,
            body: &canonical.body,
            envelope: &envelope,
            translation: translation.as_ref(),
            patience: Patience::begin(route.timeouts()),
        };
        let candidates = self.usable_candidates(&snapshot, &route, &work);
        if candidates.is_empty() {
            return without_candidates(&route, &work).await;
        }
        let (answer, provider, attempts) =
            candidates::first_answer(&self.ports, &work, (&route, &candidates)).await?;
        finish(&work, answer, provider, attempts).await
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

/// The request's place at its key's limits, if there are any, noted in its trace.
fn enter(request: &CallerRequest) -> Result<Option<Arc<Admission>>, Failure> {
    if !request.caller.meter.is_limited() {
        return Ok(None);
    }
    let admission = request.caller.meter.enter(now())?;
    request.trace.note(|notes| notes.admission.clone_from(&admission));
    Ok(admission)
}

/// The time that limits of keys go by.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn invalid_request(problem: Problem) -> Failure {
    let failure = Failure::new(FailureKind::InvalidRequest, problem.message.as_str());
    match problem.param() {
        Some(param) => failure.with_param(param),
        None => failure,
    }
}

/// A request whose canonical form is wrong. A wrong member is what the caller wrote into the
/// dialect's member for it; a document that is none is the plugin's fault alone.
pub(crate) fn untranslatable(problem: &Problem) -> Failure {
    match problem.param() {
        Some(_) => {
            let message = format!("the request has a member that cannot be translated: {problem}");
            Failure::new(FailureKind::InvalidRequest, message)
        }
        None => rubbish(format!("the canonical request: {problem}")),
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
