//! What a plugin call costs: on a ready store, with an instance made on the spot, and for one
//! chunk of a stream.
//!
//! Runs a guest written as text, whose own work is next to nothing, so that the figures are the
//! runtime's share; and each built plugin in `target/plugins`, whose figures include its own.

use std::cell::Cell;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use exchange::{
    Call, EgressDialect, EgressExchange, FailureKind, Operation, PluginCatalog, ReplyIdentity,
    RequestId, ResponseHead,
};
use plugin_runtime::{Grant, Isolation, Limits, Origin, Registry, Runtime, StockLimits};
use tokio::runtime::Builder;

const REUSE: Grant =
    Grant { isolation: Isolation::Reuse, sockets: plugin_runtime::SocketImports::Refused };

/// A registry with one normalizer.
struct Bench {
    registry: Registry,
    dialect: Arc<dyn EgressDialect>,
    /// Exchanges until the stock is asked to be filled.
    ready: Cell<usize>,
}

impl Bench {
    fn new(bytes: &[u8], grant: Grant, limits: Limits) -> Option<Self> {
        let runtime = Runtime::start(limits).expect("the runtime starts");
        let registry = Registry::new(runtime);
        let origin = Origin::Bundled;
        registry.install(bytes, origin, grant).ok()?;
        let name = registry.list().first()?.name.clone();
        let dialect = registry.dialect(&name)?;
        Some(Self { registry, dialect, ready: Cell::new(0) })
    }

    fn open(&self) -> Box<dyn EgressExchange> {
        let id = RequestId::parse("bench").expect("well-formed");
        self.dialect.open(call(), id)
    }

    /// An exchange that finds a ready store, and nothing being made beside it: the upper half
    /// of the stock is used up before it is filled again.
    fn open_ready(&self) -> Box<dyn EgressExchange> {
        let full = Limits::STANDARD.stock.instances;
        if self.ready.get() == 0 {
            while self.registry.list()[0].stats.stock_depth < full {
                std::thread::yield_now();
            }
            self.ready.set(full / 2);
        }
        self.ready.set(self.ready.get() - 1);
        self.open()
    }
}

fn call() -> Call {
    Call {
        operation: Operation::Chat,
        model: "bench-model".into(),
        streaming: true,
        settings: "{}".into(),
    }
}

fn identity() -> ReplyIdentity {
    ReplyIdentity { id: "chatcmpl-bench".into(), created: 1_700_000_000, extra: Vec::new() }
}

/// A request of ordinary size.
fn body() -> Bytes {
    let text = "How many roads must a man walk down? ".repeat(8);
    let json = format!(
        "{{\"model\":\"bench-model\",\"stream\":true,\"stream_options\":{{\"include_usage\":\
         true}},\"messages\":[{{\"role\":\"user\",\"content\":\"{text}\"}}]}}"
    );
    json.into()
}

const CHUNK: &str = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":\
    1700000000,\"model\":\"bench-model\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\
    \" roads\"},\"finish_reason\":null}]}\n\n";

/// Name and bytes of the normalizers to measure.
fn normalizers() -> Vec<(String, Vec<u8>)> {
    let mut found =
        vec![("text-guest".to_owned(), text_guests::Guest::egress("bench").frugal().build())];
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins");
    let files = fs::read_dir(built).into_iter().flatten().flatten();
    for file in files.map(|entry| entry.path()) {
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        if let (Some(name), Ok(bytes)) = (name, fs::read(&file)) {
            found.push((name, bytes));
        }
    }
    found
}

fn calls(criterion: &mut Criterion) {
    let tasks = Builder::new_current_thread().build().expect("tasks run");
    for (name, bytes) in normalizers() {
        let subject = Subject { name: &name, bytes: &bytes, tasks: &tasks };
        let mut group = criterion.benchmark_group("plugin_call");
        subject.measure_ready(&mut group);
        subject.measure_made_on_the_spot(&mut group);
        subject.measure_reused(&mut group);
        group.finish();
    }
}

type Group<'a> = criterion::BenchmarkGroup<'a, WallTime>;

/// A plugin being measured. Adapters, which have no body to rewrite, are passed over.
struct Subject<'a> {
    name: &'a str,
    bytes: &'a [u8],
    tasks: &'a tokio::runtime::Runtime,
}

impl Subject<'_> {
    fn id(&self, what: &str) -> BenchmarkId {
        BenchmarkId::new(what, self.name)
    }

    /// One call that reaches the plugin's answer. A dialect that is canonical already answers
    /// with a failure of its own; anything else would only look fast.
    fn encode(&self, exchange: &mut dyn EgressExchange) {
        let encoded = self.tasks.block_on(exchange.encode(body()));
        if let Err(failure) = black_box(encoded) {
            assert_eq!(failure.kind(), FailureKind::UpstreamError, "{failure:?}");
        }
    }

    fn push(&self, exchange: &mut dyn EgressExchange, chunk: &Bytes) {
        let documents = self.tasks.block_on(exchange.push(chunk.clone()));
        black_box(documents.expect("the plugin decodes"));
    }

    /// Times the first call of exchanges, and nothing but it.
    fn measure_first_calls(
        &self,
        group: &mut Group<'_>,
        what: &str,
        open: impl Fn() -> Box<dyn EgressExchange>,
    ) {
        group.bench_function(self.id(what), |bencher| {
            bencher.iter_batched(
                &open,
                |mut exchange| {
                    self.encode(&mut *exchange);
                    exchange
                },
                BatchSize::PerIteration,
            );
        });
    }

    fn measure_ready(&self, group: &mut Group<'_>) {
        let Some(bench) = Bench::new(self.bytes, Grant::default(), Limits::STANDARD) else {
            return;
        };
        // The first exchange has the stock filled.
        self.encode(&mut *bench.open());
        self.measure_first_calls(group, "first call on a ready store", || bench.open_ready());
        let mut exchange = bench.open();
        group.bench_function(self.id("next call on the same store"), |bencher| {
            bencher.iter(|| self.encode(&mut *exchange));
        });
        let mut exchange = bench.open();
        let head = ResponseHead::of_process();
        self.tasks.block_on(exchange.begin(identity(), &head)).expect("a decoder is made");
        let chunk = Bytes::from_static(CHUNK.as_bytes());
        group.bench_function(self.id("decoder push"), |bencher| {
            bencher.iter(|| self.push(&mut *exchange, &chunk));
        });
    }

    fn measure_made_on_the_spot(&self, group: &mut Group<'_>) {
        let limits = Limits {
            stock: StockLimits { instances: 0, ..Limits::STANDARD.stock },
            ..Limits::STANDARD
        };
        if let Some(bench) = Bench::new(self.bytes, Grant::default(), limits) {
            self.measure_first_calls(group, "instance made on the spot", || bench.open());
        }
    }

    fn measure_reused(&self, group: &mut Group<'_>) {
        if let Some(bench) = Bench::new(self.bytes, REUSE, Limits::STANDARD) {
            group.bench_function(self.id("exchange on a reused store"), |bencher| {
                bencher.iter(|| self.encode(&mut *bench.open()));
            });
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = calls
}
criterion_main!(benches);
