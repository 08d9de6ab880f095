//! Plugins and transports that do what a test scripted.

use std::collections::VecDeque;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use exchange::*;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, StatusCode};
use pipeline::*;
use routing::{
    Candidate, FallbackOn, Models, ProviderModels, RetryBudget, RetryPolicy, Route, RouteTable,
    RouteTimeouts,
};
use secrecy::SecretString;
use serde_json::{Value, json};

pub const SECRET: &str = "sk-the-providers-secret";

/// What an upstream does with one request.
pub enum Script {
    Reply(u16, Vec<Result<&'static str, FailureKind>>),
    Fail(FailureKind),
    /// Says nothing until the first of its deadlines.
    Stall,
    /// Sends the chunks, then nothing more.
    Hang(Vec<&'static str>),
}

#[derive(Default)]
pub struct FakeHttp {
    scripts: Mutex<VecDeque<Script>>,
    pub seen: Mutex<Vec<HttpExchange>>,
    pub open_bodies: Arc<AtomicUsize>,
}

struct OpenBody(Arc<AtomicUsize>);

impl Drop for OpenBody {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl FakeHttp {
    pub fn scripted(scripts: Vec<Script>) -> Arc<Self> {
        Arc::new(Self { scripts: Mutex::new(scripts.into()), ..Self::default() })
    }
}

#[async_trait]
impl HttpTransport for FakeHttp {
    async fn send(&self, exchange: HttpExchange) -> Result<UpstreamReply, Failure> {
        let timeouts = exchange.target.timeouts;
        let sent = exchange.credential.iter().map(|(_, secret)| secret.clone()).collect();
        self.seen.lock().unwrap().push(exchange);
        let script = self.scripts.lock().unwrap().pop_front().expect("a script for each request");
        let (status, chunks, hangs) = match script {
            Script::Fail(kind) => return Err(Failure::new(kind, "scripted")),
            Script::Stall => {
                tokio::time::sleep(timeouts.first_byte.min(timeouts.total)).await;
                return Err(Failure::new(FailureKind::UpstreamTimeout, "scripted"));
            }
            Script::Reply(status, chunks) => (status, chunks, false),
            Script::Hang(chunks) => (200, chunks.into_iter().map(Ok).collect(), true),
        };
        self.open_bodies.fetch_add(1, Ordering::SeqCst);
        let open = OpenBody(self.open_bodies.clone());
        let chunks = stream::iter(chunks).map(move |chunk| {
            let _held = &open;
            chunk.map(Bytes::from).map_err(|kind| Failure::new(kind, "scripted"))
        });
        let body = if hangs { chunks.chain(stream::pending()).boxed() } else { chunks.boxed() };
        let status = StatusCode::from_u16(status).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("openai-processing-ms", "7".parse().unwrap());
        headers.insert("set-cookie", "secret=1".parse().unwrap());
        let sent_secrets = SentSecrets::new(sent);
        Ok(UpstreamReply { head: ResponseHead { status, headers }, body, sent_secrets })
    }
}

/// A way that is as it should be.
struct OpenWay;

#[async_trait]
impl ReachPort for OpenWay {
    async fn look(&self, _: &url::Url, _: &HttpTarget) -> ReachReport {
        let tls = ProbeStep::not_applicable();
        ReachReport { connect: ProbeStep::good(Duration::ZERO), tls }
    }
}

struct NoProcess;

#[async_trait]
impl ProcessTransport for NoProcess {
    async fn run(&self, _: ProcessExchange) -> Result<UpstreamReply, Failure> {
        Err(Failure::new(FailureKind::SandboxFault, "no programs here"))
    }
}

struct OneSecret;

impl CredentialSource for OneSecret {
    fn secret(&self, _: &str, slot: &str) -> Option<Arc<SecretString>> {
        (slot == "api_key").then(|| Arc::new(SecretString::from(SECRET)))
    }
}

/// Dialect "canonical" is verbatim; dialect "words" answers each word as one document.
#[derive(Default)]
pub struct FakePlugins {
    pub generation: AtomicU64,
    pub plans: AtomicUsize,
    pub prepares: AtomicUsize,
    /// Request ids that a dialect was looked up for.
    pub looked_up_for: Mutex<Vec<String>>,
}

struct FakeDialect {
    plugins: Arc<FakePlugins>,
    verbatim: bool,
    generation: u64,
}

#[async_trait]
impl EgressDialect for FakeDialect {
    fn generation(&self) -> GenerationId {
        GenerationId(self.generation)
    }

    async fn plan(&self, _: &Call) -> Result<EgressPlan, Failure> {
        self.plugins.plans.fetch_add(1, Ordering::SeqCst);
        let headers = [("content-type", "application/json")];
        Ok(EgressPlan {
            head: RequestHead::try_new("POST", "/chat", headers.into_iter()).unwrap(),
            encode_body: !self.verbatim,
            verbatim: self.verbatim,
            max_inputs: NonZeroUsize::new(2),
        })
    }

    fn open(&self, call: Call, _: RequestId) -> Box<dyn EgressExchange> {
        Box::new(FakeInstance { call, identity: None, text: String::new() })
    }
}

struct FakeInstance {
    call: Call,
    identity: Option<ReplyIdentity>,
    text: String,
}

impl FakeInstance {
    fn document(&self, word: &str) -> Bytes {
        match word {
            "RUBBISH" => Bytes::from_static(b"<html>"),
            "USAGE" => json!({"choices": [], "usage": usage_member()}).to_string().into(),
            word => {
                let id = &self.identity.as_ref().unwrap().id;
                json!({"id": id, "choices": [{"index": 0, "delta": {"content": word}}]})
                    .to_string()
                    .into()
            }
        }
    }
}

fn usage_member() -> Value {
    json!({"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5})
}

#[async_trait]
impl EgressExchange for FakeInstance {
    async fn encode(&mut self, canonical: Bytes) -> Result<EncodedBody, Failure> {
        let request: Value = serde_json::from_slice(&canonical).unwrap();
        let body = format!("{} says {}", request["model"], request["messages"][0]["content"]);
        let dropped = vec!["temperature".to_owned()];
        Ok(EncodedBody { head: None, body: body.into(), dropped, extra: vec![] })
    }

    async fn explain(&mut self, head: &ResponseHead, body: Bytes) -> Failure {
        let kind = match head.status.as_u16() {
            401 => FailureKind::UpstreamAuth,
            400 => FailureKind::ContextTooLong,
            429 => FailureKind::UpstreamRateLimited,
            _ => FailureKind::UpstreamError,
        };
        Failure::new(kind, String::from_utf8_lossy(&body)).with_retry_after(Duration::from_secs(9))
    }

    async fn begin(&mut self, identity: ReplyIdentity, _: &ResponseHead) -> Result<(), Failure> {
        self.identity = Some(identity);
        Ok(())
    }

    async fn push(&mut self, chunk: Bytes) -> Result<Vec<Bytes>, Failure> {
        let text = String::from_utf8(chunk.to_vec()).unwrap();
        if !self.call.streaming {
            self.text.push_str(&text);
            return Ok(vec![]);
        }
        Ok(text.split_whitespace().map(|word| self.document(word)).collect())
    }

    async fn finish(&mut self, _: Ending) -> Result<Vec<Bytes>, Failure> {
        let document = if self.text.trim().is_empty() {
            vec![]
        } else {
            vec![self.document(self.text.trim())]
        };
        Ok(document)
    }
}

#[async_trait]
impl HttpAdapter for FakeDialect {
    fn generation(&self) -> GenerationId {
        GenerationId(self.generation)
    }

    async fn prepare(&self, _: &Call, head: &RequestHead) -> Result<HttpPlan, Failure> {
        self.plugins.prepares.fetch_add(1, Ordering::SeqCst);
        let credential = Some(("api_key".to_owned(), CredentialUse::Bearer));
        let signing = SigningScope::default();
        Ok(HttpPlan { head: head.clone(), credential, signing })
    }

    async fn probe(&self, _: &str) -> Result<HttpPlan, Failure> {
        Err(Failure::new(FailureKind::NotFound, "no probe here"))
    }

    async fn list_models(&self, _: &str) -> Result<Option<HttpPlan>, Failure> {
        let head = RequestHead::try_new("GET", "/models", [].into_iter()).unwrap();
        Ok(Some(HttpPlan { head, credential: None, signing: SigningScope::default() }))
    }

    /// A list is words with blanks between them.
    async fn read_models(&self, _: &ResponseHead, body: Bytes) -> Result<Vec<String>, Failure> {
        let words = String::from_utf8(body.to_vec()).unwrap();
        Ok(words.split_whitespace().map(str::to_owned).collect())
    }
}

#[derive(Default)]
pub struct FakeCatalog(Arc<FakePlugins>);

impl FakeCatalog {
    fn plugin(&self, verbatim: bool) -> Arc<FakeDialect> {
        let generation = self.0.generation.load(Ordering::SeqCst);
        Arc::new(FakeDialect { plugins: self.0.clone(), verbatim, generation })
    }
}

impl PluginCatalog for FakeCatalog {
    fn dialect(&self, name: &str) -> Option<Arc<dyn EgressDialect>> {
        matches!(name, "canonical" | "words").then(|| self.plugin(name == "canonical") as _)
    }

    fn dialect_for(&self, name: &str, request: &RequestId) -> Option<Arc<dyn EgressDialect>> {
        self.0.looked_up_for.lock().unwrap().push(request.as_str().to_owned());
        self.dialect(name)
    }

    fn adapter(&self, name: &str) -> Option<Adapter> {
        (name == "plain").then(|| Adapter::Http(self.plugin(true)))
    }

    fn default_dialect(&self, _: &str) -> Option<String> {
        None
    }

    fn supports(&self, dialect: &str, operation: Operation) -> bool {
        match operation {
            Operation::Chat => true,
            Operation::Embeddings => dialect == "canonical",
            Operation::CountTokens => false,
        }
    }

    fn entrance(&self, path: &str) -> Option<Entrance> {
        let plugin = Arc::new(super::client_api::Shouting);
        let (dialect, endpoint) = ("words".into(), "POST /v1/shout".into());
        (path == "/v1/shout").then_some(Entrance { dialect, endpoint, plugin })
    }
}

/// A pipeline with the providers "one" and "two" (canonical), "words", and "hub", which lists its
/// models itself.
///
/// Route "smart" tries "one", then "two"; "patient" too, also where the prompt was too long;
/// "talk" goes to "words", then "one". "hasty" is "smart" within three seconds, two for the first
/// byte; "obstinate" is "one" with nine retries of its own.
pub struct Bench {
    pub pipeline: Pipeline,
    pub http: Arc<FakeHttp>,
    pub plugins: Arc<FakePlugins>,
    pub trace: Arc<Trace>,
}

pub fn provider(id: &str, dialect: &str, retry: RetryPolicy) -> Provider {
    let timeout = Duration::from_mins(1);
    let target = HttpTarget {
        provider: id.into(),
        timeouts: Timeouts { connect: timeout, first_byte: timeout, idle: timeout, total: timeout },
        reach: NetworkReach::NoLinkLocal,
        max_response_bytes: 1 << 20,
    };
    let base_url = format!("http://{id}.example/v1").parse().unwrap();
    Provider {
        id: id.into(),
        adapter: "plain".into(),
        dialects: vec![dialect.into()],
        reach: Reach::Http { base_url, target: Arc::new(target) },
        settings: "{}".into(),
        discovers: id == "hub",
        retry,
        retry_budget: RetryBudget::new(Instant::now()),
        records: false,
        plans: PlanCache::default(),
    }
}

fn route(model: &str, providers: &[&str], fallback_on: FallbackOn) -> Route {
    let candidates = (0..).zip(providers).map(|(order, provider)| Candidate {
        provider: (*provider).into(),
        model: format!("{provider}-model").into(),
        weight: NonZeroU32::MIN,
        order,
    });
    Route::try_new(model.into(), candidates.collect(), fallback_on).unwrap()
}

pub fn bench(scripts: Vec<Script>) -> Bench {
    bench_with_retries(scripts, RetryPolicy::NEVER)
}

pub fn bench_with_retries(scripts: Vec<Script>, retry: RetryPolicy) -> Bench {
    bench_of(scripts, retry, None)
}

/// As [`bench`], with all providers but "two" recorded.
pub fn recorded_bench(scripts: Vec<Script>, recorder: Arc<dyn RecordingPort>) -> Bench {
    bench_of(scripts, RetryPolicy::NEVER, Some(recorder))
}

fn bench_of(
    scripts: Vec<Script>,
    retry: RetryPolicy,
    recorder: Option<Arc<dyn RecordingPort>>,
) -> Bench {
    let patient = FallbackOn { context_too_long: true, content_filtered: false };
    let routes = vec![
        route("smart", &["one", "two"], FallbackOn::default()),
        route("patient", &["one", "two"], patient),
        route("talk", &["words", "one"], FallbackOn::default()),
        route("only-words", &["words"], FallbackOn::default()),
        route("hasty", &["one", "two"], FallbackOn::default()).with_timeouts(RouteTimeouts {
            total: Some(Duration::from_secs(3)),
            first_byte: Some(Duration::from_secs(2)),
        }),
        route("obstinate", &["one"], FallbackOn::default()).with_retry(RetryPolicy {
            max_retries: 9,
            base: Duration::from_millis(10),
            max_wait: Duration::from_millis(10),
        }),
    ];
    let listed =
        ProviderModels { provider: "one".into(), models: Models::Listed(vec!["m".into()]) };
    let providers =
        [("one", "canonical"), ("two", "canonical"), ("words", "words"), ("hub", "canonical")];
    let snapshot = Snapshot {
        keys: Arc::default(),
        routes: Arc::new(RouteTable::new(routes, &[listed])),
        providers: Arc::new(
            providers
                .map(|(id, dialect)| {
                    let provider = provider(id, dialect, retry);
                    let records = recorder.is_some() && id != "two";
                    (id.into(), Arc::new(Provider { records, ..provider }))
                })
                .into(),
        ),
    };
    let http = FakeHttp::scripted(scripts);
    let plugins = Arc::new(FakePlugins::default());
    let parts = PipelineParts {
        catalog: Arc::new(FakeCatalog(plugins.clone())),
        http: http.clone(),
        reach: Arc::new(OpenWay),
        process: Arc::new(NoProcess),
        credentials: Arc::new(OneSecret),
        recorder,
    };
    let pipeline = Pipeline::new(parts, snapshot);
    Bench { pipeline, http, plugins, trace: Arc::default() }
}

pub fn caller(models: &str) -> Caller {
    Caller { models: [ModelPattern::new(models)].into(), ..Caller::new("test") }
}

impl Bench {
    pub async fn chat(&self, body: &Value) -> Result<CallerReply, Failure> {
        self.ask(Operation::Chat, caller("*"), body.to_string()).await
    }

    pub async fn embed(&self, body: &Value) -> Result<CallerReply, Failure> {
        self.ask(Operation::Embeddings, caller("*"), body.to_string()).await
    }

    pub async fn ask(
        &self,
        operation: Operation,
        caller: Caller,
        body: String,
    ) -> Result<CallerReply, Failure> {
        let mut forwarded = HeaderMap::new();
        forwarded.insert("openai-beta", "x".parse().unwrap());
        let request = CallerRequest {
            asked: Asked::Canonical(operation),
            body: body.into(),
            caller,
            request_id: RequestId::parse("test-1").unwrap(),
            forwarded,
            trace: self.trace.clone(),
        };
        self.pipeline.run(request).await
    }

    /// The body that the nth request to an upstream had.
    pub fn sent(&self, nth: usize) -> String {
        String::from_utf8(self.http.seen.lock().unwrap()[nth].body.to_vec()).unwrap()
    }

    pub fn requests_sent(&self) -> usize {
        self.http.seen.lock().unwrap().len()
    }
}

pub fn ask_for(model: &str, streaming: bool) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "hi"}], "stream": streaming})
}

/// The whole text of a stream, and the failure that ended it.
pub async fn read_stream(reply: CallerReply) -> (String, Option<FailureKind>) {
    let ReplyBody::Stream(mut stream) = reply.body else { panic!("not a stream") };
    let mut text = String::new();
    while let Some(item) = stream.next().await {
        match item {
            Ok(bytes) => text.push_str(std::str::from_utf8(&bytes).unwrap()),
            Err(Broken { failure, last_words }) => {
                assert!(stream.next().await.is_none(), "nothing follows a failure");
                text.push_str(std::str::from_utf8(&last_words.unwrap_or_default()).unwrap());
                return (text, Some(failure.kind()));
            }
        }
    }
    (text, None)
}

pub fn whole_text(reply: CallerReply) -> String {
    let ReplyBody::Complete(body) = reply.body else { panic!("not whole") };
    String::from_utf8(body.to_vec()).unwrap()
}

/// The failure of a request that must not have been answered.
pub fn failed(result: Result<CallerReply, Failure>) -> Failure {
    match result {
        Ok(_) => panic!("answered"),
        Err(failure) => failure,
    }
}
