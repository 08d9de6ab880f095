//! The calls of each kind of plugin, with a fixed chat.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use exchange::{
    Adapter, Call, EgressDialect, Ending, Failure, HttpAdapter, IngressDialect, Operation,
    PluginCatalog as _, ProcessAdapter, ReplyIdentity, RequestHead, RequestId, ResponseHead,
};
use plugin_runtime::PluginKind;

use super::Loaded;
use super::sample::Sample;

/// Calls of a kind that are measured, unless they take longer than this together.
const CALLS: usize = 300;
const MOST: Duration = Duration::from_secs(3);
/// How often a stock that is empty is looked at again, a millisecond apart.
const LOOKS: usize = 200;

const REQUEST: &str = r#"{"model":"bench","stream":true,"stream_options":{"include_usage":true},
    "messages":[{"role":"system","content":"Answer in one sentence."},
    {"role":"user","content":"How many roads must a man walk down?"}]}"#;
const REPLY: &str = "data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"created\":1,\
    \"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Forty-two.\"},\
    \"finish_reason\":null}]}\n\n";
const ERROR: &str = r#"{"error":{"message":"slow down","type":"rate_limit","code":"slow"}}"#;

/// What was measured of a plugin.
pub(super) struct Measured {
    pub(super) rows: Vec<Row>,
    /// Linear memory of an instance that has answered one call.
    pub(super) memory_bytes: usize,
}

/// One call, again and again.
pub(super) struct Row {
    pub(super) call: String,
    /// `good`, or the kind of the plugin's failure: a fixed chat is not every dialect's.
    pub(super) answer: String,
    pub(super) sample: Sample,
}

/// Measures each call twice: with an instance made on the spot, and with one of the stock, as
/// most requests find it.
pub(super) async fn measure(
    fresh: &Loaded,
    ready: &Loaded,
    settings: &str,
) -> anyhow::Result<Measured> {
    let new = Bench { loaded: fresh, instance: "new instance", settings };
    let mut rows = new.rows().await?;
    rows.extend(Bench { loaded: ready, instance: "ready instance", settings }.rows().await?);
    wait_for_stock(ready).await;
    let runtime = ready.registry.runtime();
    let memory_bytes = runtime.live_memory_bytes() / runtime.live_instances().max(1);
    Ok(Measured { rows, memory_bytes })
}

/// One plugin, where its instances come from, and the settings of its provider.
struct Bench<'a> {
    loaded: &'a Loaded,
    instance: &'a str,
    settings: &'a str,
}

impl Bench<'_> {
    async fn rows(&self) -> anyhow::Result<Vec<Row>> {
        let Loaded { registry, plugin, .. } = self.loaded;
        let mut rows = Vec::new();
        if plugin.kind == PluginKind::Normalizer {
            let facts = plugin.manifest.dialect.as_ref().context("a normalizer has a dialect")?;
            if let Some(dialect) = registry.dialect(&facts.name) {
                rows.extend(self.egress(&*dialect).await?);
            }
            if let Some(endpoint) = facts.endpoints.first() {
                let path = endpoint.trim_start_matches("POST ");
                let entrance = registry.entrance(path).context("an endpoint is served")?;
                rows.extend(self.ingress(&*entrance.plugin, path).await?);
            }
            return Ok(rows);
        }
        match registry.adapter(&plugin.name).context("an adapter has its name")? {
            Adapter::Http(adapter) => rows.extend(self.http(&*adapter).await?),
            Adapter::Process(adapter) => rows.extend(self.process(&*adapter).await),
        }
        Ok(rows)
    }

    async fn http(&self, adapter: &dyn HttpAdapter) -> anyhow::Result<Vec<Row>> {
        let head = head("/chat/completions")?;
        let call = self.call();
        Ok(vec![
            self.row("prepare", async || adapter.prepare(&call, &head).await.map(drop)).await,
            self.row("probe", async || adapter.probe(self.settings).await.map(drop)).await,
            self.row("list-models", async || adapter.list_models(self.settings).await.map(drop))
                .await,
        ])
    }

    async fn process(&self, adapter: &dyn ProcessAdapter) -> Vec<Row> {
        let call = self.call();
        vec![
            self.row("prepare", async || adapter.prepare(&call).await.map(drop)).await,
            self.row("probe", async || adapter.probe(self.settings).await.map(drop)).await,
        ]
    }

    async fn egress(&self, dialect: &dyn EgressDialect) -> anyhow::Result<Vec<Row>> {
        let id = request_id()?;
        let (call, head) = (self.call(), ResponseHead::of_process());
        let open = || dialect.open(call.clone(), id.clone());
        let encode = async || open().encode(Bytes::from_static(REQUEST.as_bytes())).await.map(drop);
        let decode = async || {
            let mut exchange = open();
            exchange.begin(identity(), &head).await?;
            exchange.push(Bytes::from_static(REPLY.as_bytes())).await?;
            exchange.finish(Ending::Clean).await.map(drop)
        };
        let explain = async || {
            open().explain(&head, Bytes::from_static(ERROR.as_bytes())).await;
            Ok(())
        };
        Ok(vec![
            self.row("plan", async || dialect.plan(&call).await.map(drop)).await,
            self.row("encode", encode).await,
            self.row("decode", decode).await,
            self.row("explain", explain).await,
        ])
    }

    async fn ingress(&self, api: &dyn IngressDialect, path: &str) -> anyhow::Result<Vec<Row>> {
        let (id, head) = (request_id()?, head(path)?);
        let failure = Failure::new(exchange::FailureKind::RateLimited, "slow down");
        let decode = async || {
            let body = Bytes::from_static(REQUEST.as_bytes());
            api.decode(&head, body, id.clone()).await.map(drop)
        };
        Ok(vec![
            self.row("decode request", decode).await,
            self.row("fail", async || api.fail(&failure).await.map(drop)).await,
        ])
    }

    fn call(&self) -> Call {
        Call {
            operation: Operation::Chat,
            model: "bench".into(),
            streaming: true,
            settings: self.settings.into(),
        }
    }

    /// Times a call; waiting for the stock is not part of it.
    async fn row(&self, name: &str, call: impl AsyncFn() -> Result<(), Failure>) -> Row {
        let mut times = Vec::with_capacity(CALLS);
        let mut answer = "good".to_owned();
        let begun = Instant::now();
        while times.len() < CALLS && begun.elapsed() < MOST {
            wait_for_stock(self.loaded).await;
            let before = Instant::now();
            let outcome = call().await;
            times.push(before.elapsed());
            if let Err(failure) = outcome {
                answer = failure.kind().rule().label.to_owned();
            }
        }
        Row { call: format!("{name}, {}", self.instance), answer, sample: Sample::of(times) }
    }
}

/// Until an instance is ready; not at all where none is kept ready, and not for ever.
async fn wait_for_stock(loaded: &Loaded) {
    if loaded.registry.runtime().limits().stock.instances == 0 {
        return;
    }
    for _ in 0..LOOKS {
        let ready = loaded.registry.list().first().is_some_and(|it| it.stats.stock_depth > 0);
        if ready {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn head(path: &str) -> anyhow::Result<RequestHead> {
    let headers = [("content-type", "application/json")];
    RequestHead::try_new("POST", path, headers.into_iter()).context("the path is no path")
}

fn identity() -> ReplyIdentity {
    ReplyIdentity { id: "chatcmpl-bench".into(), created: 1_700_000_000, extra: Vec::new() }
}

fn request_id() -> anyhow::Result<RequestId> {
    RequestId::parse("bench").context("the word is an id")
}
