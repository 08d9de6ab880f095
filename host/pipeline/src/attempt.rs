//! One try with one candidate: encode, prepare, call, and judge the head of the reply.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use exchange::{
    Call, CredentialSource, EgressExchange, EncodedBody, Extra, Failure, FailureKind, HttpExchange,
    HttpTransport, Operation, PluginCatalog, ProcessExchange, ProcessTransport, ReachPort,
    RecordedExchange, RecordingPort, ReplyIdentity, RequestHead, ResponseHead, SentSecrets,
    UpstreamReply,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue};
use openai_api::envelope::{Edit, with_model};
use routing::Candidate;
use secrecy::SecretString;
use uuid::Uuid;

use crate::answer::{self, Answered, Reading, rubbish};
use crate::batches;
use crate::body::TimedBody;
use crate::plan::{self, Choice, Delivery, Plugins, Prepared, Way};
use crate::recording::{self, Recording};
use crate::request::CallerRequest;
use crate::snapshot::{Provider, Reach};
use crate::work::Work;

/// Parts of one embeddings request that are with a provider at the same time.
const BATCHES_AT_ONCE: usize = 4;

/// Most bytes of an upstream's error body that are read.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// Upstream headers that a caller sees. Nothing else of the upstream's head comes back.
const RETURNED_HEADERS: [HeaderName; 2] =
    [HeaderName::from_static("openai-processing-ms"), HeaderName::from_static("openai-version")];

/// Headers of a caller that say the same to every provider.
const NEUTRAL_HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What an attempt reaches the world through.
pub(crate) struct Ports {
    pub(crate) catalog: Arc<dyn PluginCatalog>,
    pub(crate) http: Arc<dyn HttpTransport>,
    pub(crate) reach: Arc<dyn ReachPort>,
    pub(crate) process: Arc<dyn ProcessTransport>,
    pub(crate) credentials: Arc<dyn CredentialSource>,
    pub(crate) recorder: Option<Arc<dyn RecordingPort>>,
}

/// A candidate whose provider has the operation.
#[derive(Clone, Copy)]
pub(crate) struct Usable<'a> {
    pub(crate) candidate: &'a Candidate,
    pub(crate) provider: &'a Provider,
    pub(crate) choice: Choice,
}

/// A candidate that answered well.
pub(crate) struct Answer {
    pub(crate) dropped: Vec<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) answered: Answered,
    /// What failures that still come could quote.
    pub(crate) secrets: SentSecrets,
}

/// An encoded request on its way.
struct Outgoing<'a> {
    delivery: Cow<'a, Delivery>,
    body: Bytes,
    dropped: Vec<String>,
    /// The plugin's instance, if one was needed so far.
    instance: Option<Box<dyn EgressExchange>>,
    /// From the encoder to the decoder.
    extra: Extra,
    /// There if the provider is recorded. Boxed, so that other requests do not carry it.
    recording: Option<Box<Recording>>,
}

/// Tries one candidate up to the first part of its answer.
///
/// Dropping the future ends the upstream exchange.
///
/// # Errors
/// Why it did not answer; nothing has been sent to the caller then.
pub(crate) async fn attempt(
    ports: &Ports,
    work: &Work<'_>,
    usable: &Usable<'_>,
) -> Result<Answer, Failure> {
    let Usable { candidate, provider, choice } = *usable;
    let chosen = (provider, choice.dialect);
    let plugins = Plugins::find(&*ports.catalog, &work.request.request_id, chosen)?;
    let call = Call {
        operation: work.operation,
        model: candidate.model.clone(),
        streaming: work.envelope.streaming(),
        settings: provider.settings.clone(),
    };
    let answer = Attempt { ports, work, provider, plugins, call, choice }.run().await;
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
    choice: Choice,
}

impl Attempt<'_> {
    async fn run(&self) -> Result<Answer, Failure> {
        let plugins = (self.choice.dialect, &self.plugins);
        let prepared = plan::prepare(self.provider, plugins, &self.call).await?;
        if let Some(body) = self.untouched_body() {
            let recording = self.recording(&prepared.egress.head, None);
            let outgoing = Outgoing { recording, ..Outgoing::of(&prepared.delivery, body) };
            return self.exchange(outgoing, Reader::Untouched).await;
        }
        let canonical = self.canonical();
        if let Some(most) = prepared.egress.max_inputs
            && self.call.operation == Operation::Embeddings
            && let Some(parts) = batches::split(&canonical, most)?
        {
            // Boxed, so that its state does not enlarge the future of every request.
            return Box::pin(self.in_batches(&prepared, parts, most)).await;
        }
        self.single(&prepared, canonical).await
    }

    /// The caller's own body with the provider's model, where it need not be translated.
    fn untouched_body(&self) -> Option<Bytes> {
        if self.choice.way != Way::Untouched {
            return None;
        }
        let body = &self.work.request.body;
        Some(match with_model(body, &self.call.model)? {
            Cow::Borrowed(_) => body.clone(),
            Cow::Owned(edited) => edited.into(),
        })
    }

    /// The canonical body with the provider's model, and with usage asked for.
    fn canonical(&self) -> Bytes {
        let include_usage = self.call.operation == Operation::Chat;
        let edit = Edit { model: &self.call.model, include_usage };
        match self.work.envelope.rewrite(&edit) {
            Some(edited) => Bytes::from(edited),
            None => self.work.body.clone(),
        }
    }

    async fn single(&self, prepared: &Prepared, canonical: Bytes) -> Result<Answer, Failure> {
        let outgoing = self.encode(prepared, canonical).await?;
        let reader = if prepared.egress.verbatim { Reader::Verbatim } else { Reader::Decoder };
        self.exchange(outgoing, reader).await
    }

    /// Sends the parts of a long list of inputs, a few at a time, and joins the replies.
    async fn in_batches(
        &self,
        prepared: &Prepared,
        parts: Vec<Bytes>,
        most: NonZeroUsize,
    ) -> Result<Answer, Failure> {
        let sent = parts.into_iter().map(|part| self.single(prepared, part));
        let answers: Vec<Answer> =
            stream::iter(sent).buffered(BATCHES_AT_ONCE).try_collect().await?;
        let mut replies = Vec::with_capacity(answers.len());
        let mut first = None;
        for answer in answers {
            if let Answered::Whole(reply) = &answer.answered {
                replies.push(reply.clone());
            }
            first.get_or_insert(answer);
        }
        let first = first.ok_or_else(|| rubbish("a list of inputs without parts"))?;
        let (whole, counted) = batches::join(&replies, most)?;
        // Each part has noted its own.
        answer::note_usage(&self.work.request.trace, counted);
        Ok(Answer { answered: Answered::Whole(whole), ..first })
    }

    /// Sends a request and reads its reply up to the first part of the answer.
    async fn exchange(&self, outgoing: Outgoing<'_>, reader: Reader) -> Result<Answer, Failure> {
        let secret = self.secret_for(&outgoing.delivery);
        let trace = &self.work.request.trace;
        let began = Instant::now();
        let speech = match reader {
            Reader::Untouched => Speech::Untouched,
            Reader::Verbatim if self.work.translation.is_none() => Speech::Canonical,
            Reader::Verbatim | Reader::Decoder => Speech::Translated,
        };
        let sent = self.send(&outgoing.delivery, (outgoing.body, speech), secret).await;
        trace.note(|notes| notes.upstream += began.elapsed());
        let reply = match outgoing.recording {
            None => sent?,
            Some(recording) => recording.follow(sent?),
        };
        let body = TimedBody::new(reply.body, trace.clone());
        let secrets = reply.sent_secrets;
        let open = || outgoing.instance.unwrap_or_else(|| self.open());
        if !reply.head.status.is_success() {
            return Err(explain(open(), reply.head, body, &secrets).await);
        }
        let headers = returned_headers(&reply.head);
        let reading = Reading { work: self.work, head: reply.head, body };
        let identity = || new_identity(self.call.operation, outgoing.extra);
        let answered = match reader {
            Reader::Verbatim => answer::verbatim(reading).await,
            Reader::Decoder => Box::pin(answer::decoded(reading, open(), identity())).await,
            Reader::Untouched => Box::pin(answer::untouched(reading, open(), identity())).await,
        };
        let answered = answered.map_err(|failure| secrets.redact(failure))?;
        Ok(Answer { dropped: outgoing.dropped, headers, answered, secrets })
    }

    fn open(&self) -> Box<dyn EgressExchange> {
        self.plugins.dialect.open(self.call.clone(), self.work.request.request_id.clone())
    }

    /// Puts a body into the provider's dialect, where it is not already.
    async fn encode<'p>(
        &self,
        prepared: &'p Prepared,
        canonical: Bytes,
    ) -> Result<Outgoing<'p>, Failure> {
        let mut recording = self.recording(&prepared.egress.head, Some(&canonical));
        let mut outgoing = Outgoing::of(&prepared.delivery, canonical);
        if !prepared.egress.encode_body {
            return Ok(Outgoing { recording, ..outgoing });
        }
        let mut instance = self.open();
        let encoded = instance.encode(outgoing.body).await?;
        if let Some(recording) = &mut recording {
            recording.note(|exchange| note_encoded(exchange, &encoded));
        }
        if let Some(head) = &encoded.head {
            let adapter = &self.plugins.adapter;
            let delivery = plan::deliver(self.provider, adapter, &self.call, head).await?;
            outgoing.delivery = Cow::Owned(delivery);
        }
        let EncodedBody { body, dropped, extra, .. } = encoded;
        let instance = Some(instance);
        Ok(Outgoing { body, dropped, extra, instance, recording, ..outgoing })
    }

    /// Begins to record, where the provider is recorded.
    fn recording(&self, head: &RequestHead, canonical: Option<&Bytes>) -> Option<Box<Recording>> {
        let port = self.ports.recorder.as_ref().filter(|_| self.provider.records)?;
        let dialect = self.provider.dialects.get(self.choice.dialect)?;
        let exchange = RecordedExchange {
            provider: Arc::clone(&self.provider.id),
            adapter: self.provider.adapter.to_string(),
            dialect: dialect.to_string(),
            call: self.call.clone(),
            canonical: canonical.cloned(),
            head: match self.provider.reach {
                Reach::Http { .. } => Some(head.clone()),
                Reach::Process { .. } => None,
            },
            extra: Extra::new(),
            ingress: recording::ingress_of(self.work.request),
            reply: None,
            secrets: SentSecrets::default(),
        };
        Some(Box::new(Recording::begin(port, exchange)))
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
        delivery: &Delivery,
        (body, speech): (Bytes, Speech),
        secret: Option<Arc<SecretString>>,
    ) -> Result<UpstreamReply, Failure> {
        match (delivery, &self.provider.reach) {
            (Delivery::Http(http), Reach::Http { target, .. }) => {
                let credential = http.credential.as_ref().map(|(_, used)| used.clone());
                let exchange = HttpExchange {
                    target: self.work.patience.within_http(target),
                    method: http.method.clone(),
                    url: http.url.clone(),
                    headers: outgoing_headers(&http.headers, self.work.request, speech),
                    credential: credential.zip(secret),
                    signing: http.signing.clone(),
                    body,
                };
                self.ports.http.send(exchange).await
            }
            (Delivery::Process(process), Reach::Process { target }) => {
                let variable = process.credential.as_ref().map(|(_, name)| name.clone());
                let exchange = ProcessExchange {
                    target: self.work.patience.within_process(target),
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

/// In what relation the caller's words stand to those that the provider hears.
#[derive(Clone, Copy)]
enum Speech {
    /// Both are OpenAI's.
    Canonical,
    /// Both are the same dialect.
    Untouched,
    /// They differ.
    Translated,
}

/// Who reads a good reply.
#[derive(Clone, Copy)]
enum Reader {
    /// Nobody has to: it is canonical.
    Verbatim,
    /// The dialect's decoder.
    Decoder,
    /// The caller itself; the decoder reads along.
    Untouched,
}

impl<'a> Outgoing<'a> {
    fn of(delivery: &'a Delivery, body: Bytes) -> Self {
        let delivery = Cow::Borrowed(delivery);
        Self {
            delivery,
            body,
            dropped: Vec::new(),
            instance: None,
            extra: Extra::new(),
            recording: None,
        }
    }
}

fn note_encoded(exchange: &mut RecordedExchange, encoded: &EncodedBody) {
    exchange.extra.clone_from(&encoded.extra);
    if let (Some(given), Some(head)) = (&mut exchange.head, &encoded.head) {
        given.clone_from(head);
    }
}

/// The plugins' headers, then the caller's that may go on, then our request id.
///
/// A header that belongs to the caller's API goes on only where the provider is spoken to in the
/// caller's own dialect; what it says of a translated body would be wrong. A caller whose body
/// is passed through knows better than the plugins.
fn outgoing_headers(planned: &HeaderMap, request: &CallerRequest, speech: Speech) -> HeaderMap {
    let mut headers = planned.clone();
    for name in request.forwarded.keys() {
        match speech {
            Speech::Translated if !NEUTRAL_HEADERS.contains(name) => continue,
            Speech::Untouched => drop(headers.remove(name)),
            Speech::Canonical | Speech::Translated if planned.contains_key(name) => continue,
            Speech::Canonical | Speech::Translated => {}
        }
        for value in request.forwarded.get_all(name) {
            headers.append(name.clone(), value.clone());
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

/// Lets the dialect explain a reply that is not good, in words that a caller may read.
async fn explain(
    instance: Box<dyn EgressExchange>,
    head: ResponseHead,
    body: TimedBody,
    secrets: &SentSecrets,
) -> Failure {
    let content_type = head.headers.get(CONTENT_TYPE).cloned();
    let failure = explained(instance, &head, body, secrets).await;
    if failure.kind() != FailureKind::UpstreamAuth {
        return failure;
    }
    let said = failure.message().to_owned();
    let status = head.status;
    failure
        .with_message("the provider refused the gateway's credential; the operator has to mend it")
        .with_cause(format!("status {status}, content type {content_type:?}: {said}"))
}

/// What the dialect makes of a reply that is not good, with our secrets kept out of the words.
pub(crate) async fn explained(
    mut instance: Box<dyn EgressExchange>,
    head: &ResponseHead,
    mut body: TimedBody,
    secrets: &SentSecrets,
) -> Failure {
    let body = match body.collect_at_most(MAX_ERROR_BYTES).await {
        Ok(body) => body,
        Err(failure) => return failure,
    };
    let failure = instance.explain(head, body).await.with_upstream_status(head.status.as_u16());
    secrets.redact(failure)
}

fn new_identity(operation: Operation, extra: Extra) -> ReplyIdentity {
    let prefix = match operation {
        Operation::Chat | Operation::CountTokens => "chatcmpl",
        Operation::Embeddings => "embd",
    };
    let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    ReplyIdentity { id: format!("{prefix}-{}", Uuid::now_v7().simple()), created, extra }
}
