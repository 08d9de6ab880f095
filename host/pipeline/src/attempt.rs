//! One try with one candidate: encode, prepare, call, and judge the head of the reply.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use exchange::{
    Call, CredentialSource, EgressExchange, Failure, FailureKind, HttpExchange, HttpTransport,
    Operation, PluginCatalog, ProcessExchange, ProcessTransport, ReplyIdentity, ResponseHead,
    UpstreamReply, redact,
};
use futures_util::TryStreamExt as _;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue};
use openai_api::envelope::Edit;
use routing::Candidate;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use crate::answer::{self, Reading};
use crate::body::TimedBody;
use crate::plan::{self, Delivery, Plugins, Prepared};
use crate::request::{CallerRequest, ReplyBody};
use crate::snapshot::{Provider, Reach};
use crate::work::Work;

/// Most bytes of an upstream's error body that are read.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// Upstream headers that a caller sees. Nothing else of the upstream's head comes back.
const RETURNED_HEADERS: [HeaderName; 2] =
    [HeaderName::from_static("openai-processing-ms"), HeaderName::from_static("openai-version")];

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What an attempt reaches the world through.
pub(crate) struct Ports {
    pub(crate) catalog: Arc<dyn PluginCatalog>,
    pub(crate) http: Arc<dyn HttpTransport>,
    pub(crate) process: Arc<dyn ProcessTransport>,
    pub(crate) credentials: Arc<dyn CredentialSource>,
}

/// A candidate that answered well.
pub(crate) struct Answer {
    pub(crate) dropped: Vec<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: ReplyBody,
}

/// An encoded request on its way.
struct Outgoing<'a> {
    delivery: Cow<'a, Delivery>,
    body: Bytes,
    dropped: Vec<String>,
}

/// The plugin's instance, if one was needed so far.
type Instance = Option<Box<dyn EgressExchange>>;

/// Tries one candidate up to the first part of its answer.
///
/// Dropping the future ends the upstream exchange.
///
/// # Errors
/// Why it did not answer; nothing has been sent to the caller then.
pub(crate) async fn attempt(
    ports: &Ports,
    work: &Work<'_>,
    provider: &Provider,
    candidate: &Candidate,
) -> Result<Answer, Failure> {
    let plugins = Plugins::find(&*ports.catalog, provider)?;
    let call = Call {
        operation: work.request.operation,
        model: candidate.model.clone(),
        streaming: work.envelope.streaming(),
        settings: provider.settings.clone(),
    };
    let answer = Attempt { ports, work, provider, plugins, call }.run().await;
    answer.map_err(before_the_answer)
}

/// A reply that broke off before any of it was answered is a bad reply, not a truncated answer:
/// the caller has nothing yet, so the next candidate may be tried.
fn before_the_answer(failure: Failure) -> Failure {
    match failure.kind() {
        FailureKind::StreamTruncated => failure.with_kind(FailureKind::UpstreamError),
        _ => failure,
    }
}

struct Attempt<'a> {
    ports: &'a Ports,
    work: &'a Work<'a>,
    provider: &'a Provider,
    plugins: Plugins,
    call: Call,
}

impl Attempt<'_> {
    async fn run(&self) -> Result<Answer, Failure> {
        let prepared = plan::prepare(self.provider, &self.plugins, &self.call).await?;
        let (outgoing, instance) = self.encode(&prepared).await?;
        let secret = self.secret_for(&outgoing.delivery);
        let trace = &self.work.request.trace;
        let began = Instant::now();
        let sent = self.send(&outgoing, secret.clone()).await;
        trace.note(|notes| notes.upstream += began.elapsed());
        let reply = sent?;
        let body = TimedBody::new(reply.body, trace.clone());
        if !reply.head.status.is_success() {
            let instance = instance.unwrap_or_else(|| self.open());
            return Err(explain(instance, reply.head, body, secret.as_deref()).await);
        }
        let headers = returned_headers(&reply.head);
        let reading = Reading { work: self.work, head: reply.head, body };
        let answered = if prepared.egress.verbatim {
            answer::verbatim(reading).await
        } else {
            let instance = instance.unwrap_or_else(|| self.open());
            answer::decoded(reading, instance, new_identity(self.call.operation)).await
        };
        let body = without_secret(answered, secret)?;
        Ok(Answer { dropped: outgoing.dropped, headers, body })
    }

    fn open(&self) -> Box<dyn EgressExchange> {
        self.plugins.dialect.open(self.call.clone(), self.work.request.request_id.clone())
    }

    /// Puts the body into the provider's dialect, where it is not already.
    async fn encode<'p>(
        &self,
        prepared: &'p Prepared,
    ) -> Result<(Outgoing<'p>, Instance), Failure> {
        let include_usage = self.call.operation == Operation::Chat;
        let edit = Edit { model: &self.call.model, include_usage };
        let canonical = match self.work.envelope.rewrite(&edit) {
            Some(edited) => Bytes::from(edited),
            None => self.work.request.body.clone(),
        };
        let delivery = Cow::Borrowed(&prepared.delivery);
        if !prepared.egress.encode_body {
            return Ok((Outgoing { delivery, body: canonical, dropped: Vec::new() }, None));
        }
        let mut instance = self.open();
        let encoded = instance.encode(canonical).await?;
        let delivery = match &encoded.head {
            None => delivery,
            Some(head) => {
                let adapter = &self.plugins.adapter;
                Cow::Owned(plan::deliver(self.provider, adapter, &self.call, head).await?)
            }
        };
        let outgoing = Outgoing { delivery, body: encoded.body, dropped: encoded.dropped };
        Ok((outgoing, Some(instance)))
    }

    fn secret_for(&self, delivery: &Delivery) -> Option<Arc<SecretString>> {
        let slot = match delivery {
            Delivery::Http(http) => http.credential.as_ref().map(|(slot, _)| slot),
            Delivery::Process(process) => process.credential.as_ref().map(|(slot, _)| slot),
        };
        self.ports.credentials.secret(&self.provider.id, slot?)
    }

    async fn send(
        &self,
        outgoing: &Outgoing<'_>,
        secret: Option<Arc<SecretString>>,
    ) -> Result<UpstreamReply, Failure> {
        let body = outgoing.body.clone();
        match (&*outgoing.delivery, &self.provider.reach) {
            (Delivery::Http(http), Reach::Http { target, .. }) => {
                let credential = http.credential.as_ref().map(|(_, used)| used.clone());
                let exchange = HttpExchange {
                    target: target.clone(),
                    method: http.method.clone(),
                    url: http.url.clone(),
                    headers: outgoing_headers(&http.headers, self.work.request),
                    credential: credential.zip(secret),
                    body,
                };
                self.ports.http.send(exchange).await
            }
            (Delivery::Process(process), Reach::Process { target }) => {
                let variable = process.credential.as_ref().map(|(_, name)| name.clone());
                let exchange = ProcessExchange {
                    target: target.clone(),
                    request_id: self.work.request.request_id.clone(),
                    plan: process.plan.clone(),
                    credential: variable.zip(secret),
                    body,
                };
                self.ports.process.run(exchange).await
            }
            (Delivery::Http(_), Reach::Process { .. })
            | (Delivery::Process(_), Reach::Http { .. }) => {
                Err(Failure::new(FailureKind::Internal, "a plan does not fit its provider"))
            }
        }
    }
}

/// The plugins' headers, then what policy forwards of the caller's, then our request id.
fn outgoing_headers(planned: &HeaderMap, request: &CallerRequest) -> HeaderMap {
    let mut headers = planned.clone();
    for (name, value) in &request.forwarded {
        if !planned.contains_key(name) {
            headers.append(name, value.clone());
        }
    }
    if let Ok(id) = HeaderValue::from_str(request.request_id.as_str()) {
        headers.insert(X_REQUEST_ID, id);
    }
    headers
}

fn returned_headers(head: &ResponseHead) -> HeaderMap {
    let named = RETURNED_HEADERS.into_iter();
    named.filter_map(|name| head.headers.get(&name).cloned().map(|value| (name, value))).collect()
}

/// Lets the dialect explain a reply that is not good, and keeps our secret out of the words.
async fn explain(
    mut instance: Box<dyn EgressExchange>,
    head: ResponseHead,
    mut body: TimedBody,
    secret: Option<&SecretString>,
) -> Failure {
    let content_type = head.headers.get(CONTENT_TYPE).cloned();
    let body = match body.collect_at_most(MAX_ERROR_BYTES).await {
        Ok(body) => body,
        Err(failure) => return failure,
    };
    let failure = instance.explain(&head, body).await.with_upstream_status(head.status.as_u16());
    let failure = match secret {
        Some(secret) => redacted(failure, secret),
        None => failure,
    };
    if failure.kind() != FailureKind::UpstreamAuth {
        return failure;
    }
    let said = failure.message().to_owned();
    let status = head.status;
    failure
        .with_message("the provider refused the gateway's credential; the operator has to mend it")
        .with_cause(format!("status {status}, content type {content_type:?}: {said}"))
}

/// Keeps our secret out of what an upstream says inside a good reply, now or later in its stream.
fn without_secret(
    answered: Result<ReplyBody, Failure>,
    secret: Option<Arc<SecretString>>,
) -> Result<ReplyBody, Failure> {
    let Some(secret) = secret else { return answered };
    match answered {
        Err(failure) => Err(redacted(failure, &secret)),
        Ok(ReplyBody::Complete(body)) => Ok(ReplyBody::Complete(body)),
        Ok(ReplyBody::Stream(stream)) => {
            let stream = stream.map_err(move |failure| redacted(failure, &secret));
            Ok(ReplyBody::Stream(Box::pin(stream)))
        }
    }
}

fn redacted(failure: Failure, secret: &SecretString) -> Failure {
    let said = redact(failure.message(), &[secret.expose_secret()]).into_owned();
    failure.with_message(said)
}

fn new_identity(operation: Operation) -> ReplyIdentity {
    let prefix = match operation {
        Operation::Chat => "chatcmpl",
        Operation::Embeddings => "embd",
    };
    let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    ReplyIdentity { id: format!("{prefix}-{}", Uuid::now_v7().simple()), created }
}
