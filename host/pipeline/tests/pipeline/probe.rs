//! A provider is asked for real, and each step is judged apart.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use exchange::*;
use futures_util::{StreamExt as _, stream};
use pipeline::{Pipeline, PipelineParts, PlanCache, Provider, Reach, Snapshot};
use routing::{RetryBudget, RetryPolicy};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::fakes::{FakeCatalog, FakeHttp, SECRET, Script, provider};

/// What an adapter answers when it is asked for its probe.
#[derive(Clone, Copy)]
enum Probing {
    WithSlot,
    WithoutSlot,
    Fails(FailureKind),
}

/// An adapter of either sort.
#[derive(Clone, Copy)]
struct FakeAdapter {
    probing: Probing,
    lists: bool,
}

impl FakeAdapter {
    fn slot(self) -> Result<Option<String>, Failure> {
        match self.probing {
            Probing::WithSlot => Ok(Some("api_key".to_owned())),
            Probing::WithoutSlot => Ok(None),
            Probing::Fails(kind) => Err(Failure::new(kind, "nothing proves it; do without")),
        }
    }
}

fn get(path: &str, slot: Option<String>) -> HttpPlan {
    let head = RequestHead::try_new("GET", path, [].into_iter()).unwrap();
    let credential = slot.map(|slot| (slot, CredentialUse::Bearer));
    HttpPlan { head, credential, signing: SigningScope::default() }
}

#[async_trait]
impl HttpAdapter for FakeAdapter {
    fn generation(&self) -> GenerationId {
        GenerationId(1)
    }

    async fn prepare(&self, _: &Call, _: &RequestHead) -> Result<HttpPlan, Failure> {
        panic!("a probe is no call")
    }

    async fn probe(&self, _: &str) -> Result<HttpPlan, Failure> {
        Ok(get("/probe", self.slot()?))
    }

    async fn list_models(&self, _: &str) -> Result<Option<HttpPlan>, Failure> {
        let slot = self.slot().unwrap_or_default();
        Ok(self.lists.then(|| get("/models", slot)))
    }

    /// A list is words with blanks between them.
    async fn read_models(&self, head: &ResponseHead, body: Bytes) -> Result<Vec<String>, Failure> {
        let words = String::from_utf8(body.to_vec()).unwrap();
        if !head.status.is_success() {
            return Err(Failure::new(FailureKind::UpstreamError, words));
        }
        Ok(words.split_whitespace().map(str::to_owned).collect())
    }
}

#[async_trait]
impl ProcessAdapter for FakeAdapter {
    fn generation(&self) -> GenerationId {
        GenerationId(1)
    }

    async fn prepare(&self, _: &Call) -> Result<(ProcessPlan, Option<CredentialUse>), Failure> {
        panic!("a probe is no call")
    }

    async fn probe(&self, _: &str) -> Result<(ProcessPlan, Option<CredentialUse>), Failure> {
        let credential = self.slot()?;
        let used = credential.as_ref().map(|_| CredentialUse::Environment("TOKEN".to_owned()));
        let plan = ProcessPlan {
            program: "/bin/tool".to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            body_on_stdin: false,
            timeout: None,
            credential,
        };
        Ok((plan, used))
    }
}

/// One adapter, and the dialects of the other tests.
struct OneAdapter(Option<Adapter>, FakeCatalog);

impl PluginCatalog for OneAdapter {
    fn dialect(&self, name: &str) -> Option<Arc<dyn EgressDialect>> {
        self.1.dialect(name)
    }

    fn adapter(&self, _: &str) -> Option<Adapter> {
        self.0.clone()
    }

    fn default_dialect(&self, _: &str) -> Option<String> {
        None
    }

    fn supports(&self, _: &str, _: Operation) -> bool {
        false
    }

    fn entrance(&self, _: &str) -> Option<Entrance> {
        None
    }
}

/// A way as it was found; `None` is never found out.
struct Way(Option<ReachReport>);

#[async_trait]
impl ReachPort for Way {
    async fn look(&self, url: &Url, target: &HttpTarget) -> ReachReport {
        assert_eq!((url.path(), &*target.provider), ("/v1", "asked"));
        match &self.0 {
            Some(report) => report.clone(),
            None => std::future::pending().await,
        }
    }
}

/// A program that ends so, or never.
#[derive(Default)]
struct Program {
    fails: Option<&'static str>,
    hangs: bool,
    ran: Mutex<Vec<ProcessExchange>>,
}

#[async_trait]
impl ProcessTransport for Program {
    async fn run(&self, exchange: ProcessExchange) -> Result<UpstreamReply, Failure> {
        self.ran.lock().unwrap().push(exchange);
        let output = stream::iter([Ok(Bytes::from_static(b"1.0"))]);
        let fails = self.fails.map(|text| Err(Failure::new(FailureKind::UpstreamError, text)));
        let output = output.chain(stream::iter(fails));
        let body =
            if self.hangs { output.chain(stream::pending()).boxed() } else { output.boxed() };
        let sent_secrets = SentSecrets::default();
        Ok(UpstreamReply { head: ResponseHead::of_process(), body, sent_secrets })
    }
}

/// The secrets that are tried; not those that serve.
struct Tried(Option<&'static str>);

impl CredentialSource for Tried {
    fn secret(&self, provider: &str, slot: &str) -> Option<Arc<SecretString>> {
        assert_eq!((provider, slot), ("asked", "api_key"));
        self.0.map(|secret| Arc::new(SecretString::from(secret)))
    }
}

struct Nothing;

impl CredentialSource for Nothing {
    fn secret(&self, _: &str, _: &str) -> Option<Arc<SecretString>> {
        panic!("a probe takes no secret that serves")
    }
}

/// What a test changes of a provider that is as it should be.
struct Bench {
    way: Option<ReachReport>,
    adapter: Option<FakeAdapter>,
    http: Arc<FakeHttp>,
    program: Arc<Program>,
    secret: Option<&'static str>,
}

fn good_way() -> ReachReport {
    let took = Duration::from_millis(3);
    ReachReport { connect: ProbeStep::good(took), tls: ProbeStep::good(took) }
}

fn bench(scripts: Vec<Script>) -> Bench {
    Bench {
        way: Some(good_way()),
        adapter: Some(FakeAdapter { probing: Probing::WithSlot, lists: true }),
        http: FakeHttp::scripted(scripts),
        program: Arc::default(),
        secret: Some(SECRET),
    }
}

impl Bench {
    async fn probe(&self) -> ProbeReport {
        let adapter = self.adapter.map(|it| Adapter::Http(Arc::new(it)));
        self.ask(adapter, provider("asked", "canonical", RetryPolicy::NEVER)).await
    }

    async fn probe_program(&self) -> ProbeReport {
        let adapter = self.adapter.map(|it| Adapter::Process(Arc::new(it)));
        self.ask(adapter, program()).await
    }

    async fn ask(&self, adapter: Option<Adapter>, provider: Provider) -> ProbeReport {
        let parts = PipelineParts {
            catalog: Arc::new(OneAdapter(adapter, FakeCatalog::default())),
            http: self.http.clone(),
            reach: Arc::new(Way(self.way.clone())),
            process: self.program.clone(),
            credentials: Arc::new(Nothing),
            recorder: None,
        };
        let pipeline = Pipeline::new(parts, Snapshot::default());
        pipeline.probe(&provider, &Tried(self.secret)).await
    }

    fn requests(&self) -> usize {
        self.http.seen.lock().unwrap().len()
    }
}

fn program() -> Provider {
    let target = ProcessTarget {
        provider: "asked".into(),
        total: Duration::from_secs(5),
        idle: Duration::from_secs(5),
        max_output_bytes: 1,
        max_memory_bytes: 1,
        max_cpu: Duration::from_secs(1),
        max_open_files: 1,
        max_processes: 1,
        max_file_bytes: 1,
        sandbox: ProgramSandbox::ordinary(),
    };
    Provider {
        reach: Reach::Process { target: Arc::new(target) },
        retry_budget: RetryBudget::new(std::time::Instant::now()),
        records: false,
        plans: PlanCache::default(),
        ..provider("asked", "canonical", RetryPolicy::NEVER)
    }
}

fn replies(status: u16, body: &'static str) -> Script {
    Script::Reply(status, vec![Ok(body)])
}

fn said(step: &ProbeStep) -> &str {
    step.message.as_deref().unwrap_or_default()
}

#[tokio::test]
async fn a_good_provider_is_good_in_every_step() {
    let bench = bench(vec![replies(200, ""), replies(200, "big small")]);
    let report = bench.probe().await;
    assert!(report.is_good(), "{report:?}");
    assert_eq!((report.reach, report.tls), (good_way().connect, good_way().tls));
    assert_eq!(report.credential.verdict, Verdict::Good);
    assert_eq!(report.models.verdict, Verdict::Good);
    assert_eq!(report.model_ids, ["big", "small"]);
    assert!(report.latency.is_some());
    let seen = bench.http.seen.lock().unwrap();
    let (used, secret) = seen[0].credential.as_ref().unwrap();
    assert_eq!((used, secret.expose_secret()), (&CredentialUse::Bearer, SECRET));
    let urls: Vec<_> = seen.iter().map(|exchange| exchange.url.as_str()).collect();
    assert_eq!(urls, ["http://asked.example/v1/probe", "http://asked.example/v1/models"]);
}

#[tokio::test]
async fn without_a_way_nothing_is_asked() {
    let took = Duration::from_millis(1);
    for way in [
        ReachReport { connect: ProbeStep::failed(took, "refused"), tls: ProbeStep::skipped() },
        ReachReport { tls: ProbeStep::failed(took, "expired"), ..good_way() },
    ] {
        let bench = Bench { way: Some(way.clone()), ..bench(vec![]) };
        let report = bench.probe().await;
        assert!(!report.is_good());
        assert_eq!((&report.reach, &report.tls), (&way.connect, &way.tls));
        assert_eq!(
            (report.credential, report.models),
            (ProbeStep::skipped(), ProbeStep::skipped())
        );
        assert_eq!(bench.requests(), 0);
    }
}

#[tokio::test]
async fn what_the_answer_says_of_the_credential_is_said_with_what_to_do() {
    for (status, verdict, wrong, fix) in [
        (
            401,
            Verdict::Failed,
            "refused the secret in slot \"api_key\" (status 401): oops",
            "set one",
        ),
        (
            403,
            Verdict::Failed,
            "refused the secret in slot \"api_key\" (status 403): oops",
            "rights",
        ),
        (404, Verdict::Failed, "it is not known whether it accepts", "check base_url"),
        (405, Verdict::Failed, "it is not known whether it accepts", "check base_url"),
        (308, Verdict::Failed, "redirects (status 308)", "in base_url"),
        (422, Verdict::Failed, "did not take the probe (status 422)", "the provider's settings"),
        (500, Verdict::Failed, "the provider failed (status 500)", "try again"),
        (503, Verdict::Failed, "it is not known whether it accepts", "try again"),
        (429, Verdict::Good, "limits the rate (status 429): oops", ""),
    ] {
        let bench = bench(vec![replies(status, "oops")]);
        let report = bench.probe().await;
        assert_eq!(report.credential.verdict, verdict, "{status}: {report:?}");
        let (before, after) =
            said(&report.credential).split_once("; ").unwrap_or((said(&report.credential), ""));
        assert!(before.contains(wrong) && after.contains(fix), "{status}: {before}; {after}");
        assert_eq!(report.models, ProbeStep::skipped(), "{status}");
        assert!(report.credential.took.is_some() && report.latency.is_some(), "{status}");
        assert_eq!(report.is_good(), verdict == Verdict::Good, "{status}");
        assert_eq!(bench.requests(), 1, "{status}");
    }
}

#[tokio::test]
async fn what_the_provider_quotes_of_the_secret_is_not_said() {
    let quoted = "no key sk-the-providers-secret here";
    let bench = bench(vec![replies(401, quoted)]);
    let message = bench.probe().await.credential.message.unwrap();
    assert!(message.contains("no key [redacted] here"), "{message}");
}

#[tokio::test]
async fn an_empty_slot_is_named_if_a_credential_is_wanted() {
    let wanted = Bench { secret: None, ..bench(vec![replies(401, "who?")]) };
    let report = wanted.probe().await;
    assert_eq!(report.credential.verdict, Verdict::Failed);
    let message = said(&report.credential);
    assert!(
        message.ends_with("slot \"api_key\" is empty: who?; set credentials.api_key"),
        "{message}"
    );

    let open = Bench { secret: None, ..bench(vec![replies(200, ""), replies(200, "m")]) };
    let report = open.probe().await;
    assert!(report.is_good(), "{report:?}");
    assert_eq!(report.credential.verdict, Verdict::NotApplicable);
    assert_eq!(report.model_ids, ["m"]);
}

#[tokio::test]
async fn a_probe_that_there_is_not_is_not_applicable_and_one_that_cannot_be_made_fails() {
    let adapter = |probing| Some(FakeAdapter { probing, lists: false });
    for (adapter, verdict, message) in [
        (adapter(Probing::Fails(FailureKind::NotFound)), Verdict::NotApplicable, "nothing proves"),
        (
            adapter(Probing::Fails(FailureKind::ProviderMisconfigured)),
            Verdict::Failed,
            "do without",
        ),
        (None, Verdict::Failed, "adapter \"plain\" is not loaded"),
    ] {
        let bench = Bench { adapter, ..bench(vec![]) };
        let report = bench.probe().await;
        assert_eq!(report.credential.verdict, verdict, "{report:?}");
        assert!(said(&report.credential).contains(message), "{report:?}");
        assert_eq!((report.latency, bench.requests()), (None, 0));
    }
    let adapter = adapter(Probing::WithoutSlot);
    let report = Bench { adapter, ..bench(vec![replies(200, "")]) }.probe().await;
    assert_eq!(report.credential.verdict, Verdict::NotApplicable);
    assert_eq!(report.models, ProbeStep::not_applicable());
}

#[tokio::test]
async fn a_request_that_could_not_be_sent_fails_the_credential() {
    let bench = bench(vec![Script::Fail(FailureKind::UpstreamAuth)]);
    let report = bench.probe().await;
    assert_eq!(
        (report.credential.verdict, said(&report.credential)),
        (Verdict::Failed, "scripted")
    );
    assert_eq!(report.models, ProbeStep::skipped());
}

#[tokio::test]
async fn a_list_of_models_that_fails_leaves_the_provider_good() {
    let bench = bench(vec![replies(200, ""), replies(500, "no list for sk-the-providers-secret")]);
    let report = bench.probe().await;
    assert!(report.is_good());
    assert_eq!(
        (report.models.verdict, said(&report.models)),
        (Verdict::Failed, "no list for [redacted]")
    );
}

#[tokio::test]
async fn of_a_long_list_the_first_thousand_are_named() {
    let list: &'static str = Box::leak("m ".repeat(1001).into_boxed_str());
    let report = bench(vec![replies(200, ""), replies(200, list)]).probe().await;
    assert_eq!((report.models.verdict, report.model_ids.len()), (Verdict::Good, 1000));
    assert!(said(&report.models).contains("1001 models"));
}

#[tokio::test(start_paused = true)]
async fn a_probe_ends_after_half_a_minute_or_the_providers_own_total() {
    let limit = "within the 30s that a probe may take";
    let report = Bench { way: None, ..bench(vec![]) }.probe().await;
    assert_eq!((report.reach.verdict, report.credential), (Verdict::Failed, ProbeStep::skipped()));
    assert_eq!(report.tls, ProbeStep::not_applicable());
    assert!(said(&report.reach).contains(limit), "{:?}", report.reach);

    let report = bench(vec![replies(200, ""), Script::Hang(vec!["m"])]).probe().await;
    assert_eq!(
        (report.credential.verdict, report.models.verdict),
        (Verdict::Good, Verdict::Failed)
    );
    assert!(said(&report.models).contains(limit), "{:?}", report.models);

    let program = Program { hangs: true, ..Program::default() };
    let report = Bench { program: Arc::new(program), ..bench(vec![]) }.probe_program().await;
    assert_eq!(report.reach.verdict, Verdict::Failed);
    assert!(said(&report.reach).contains("within the 5s"), "{:?}", report.reach);
}

#[tokio::test]
async fn a_program_is_good_if_it_ends_well() {
    let bench = bench(vec![]);
    let report = bench.probe_program().await;
    assert!(report.is_good(), "{report:?}");
    assert_eq!(report.credential.verdict, Verdict::Good);
    assert_eq!(
        (report.tls, report.models),
        (ProbeStep::not_applicable(), ProbeStep::not_applicable())
    );
    let ran = bench.program.ran.lock().unwrap();
    let (variable, secret) = ran[0].credential.as_ref().unwrap();
    assert_eq!((variable.as_str(), secret.expose_secret()), ("TOKEN", SECRET));
    assert!(ran[0].body.is_empty());
}

#[tokio::test]
async fn a_program_without_a_secret_has_no_credential_to_judge() {
    let empty = Bench { secret: None, ..bench(vec![]) };
    let adapter = Some(FakeAdapter { probing: Probing::WithoutSlot, lists: false });
    let slotless = Bench { adapter, ..bench(vec![]) };
    for bench in [empty, slotless] {
        let report = bench.probe_program().await;
        assert!(report.is_good());
        assert_eq!(report.credential.verdict, Verdict::NotApplicable);
    }
}

#[tokio::test]
async fn a_program_that_fails_is_not_reached_and_does_not_tell_the_secret() {
    let program = Program { fails: Some("no sk-the-providers-secret"), ..Program::default() };
    let failing = Bench { program: Arc::new(program), ..bench(vec![]) };
    let report = failing.probe_program().await;
    assert_eq!((report.reach.verdict, said(&report.reach)), (Verdict::Failed, "no [redacted]"));
    assert_eq!(report.credential, ProbeStep::skipped());

    let report = Bench { adapter: None, ..bench(vec![]) }.probe_program().await;
    assert_eq!(said(&report.reach), "adapter \"plain\" is not loaded");
}
