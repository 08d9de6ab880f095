//! What a plugin call costs: on a ready store, with an instance made on the spot, and for one
//! chunk of a stream.
//!
//! Runs a guest written as text, whose own work is next to nothing, so that the figures are the
//! runtime's share; and each built plugin in `target/plugins`, whose figures include its own.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use exchange::{
    Call, EgressDialect, EgressExchange, Operation, PluginCatalog, ReplyIdentity, RequestId,
    ResponseHead,
};
use plugin_runtime::{Grant, Isolation, Limits, Origin, Registry, Runtime, StockLimits};
use tokio::runtime::Builder;

#[path = "../src/tests/guests.rs"]
#[allow(dead_code, reason = "benches need a part of what tests need")]
mod guests;

const REUSE: Grant =
    Grant { isolation: Isolation::Reuse, sockets: plugin_runtime::SocketImports::Refused };

/// A registry with one normalizer.
struct Bench {
    registry: Registry,
    dialect: Arc<dyn EgressDialect>,
}

impl Bench {
    fn new(bytes: &[u8], grant: Grant, limits: Limits) -> Option<Self> {
        let runtime = Runtime::start(limits).expect("the runtime starts");
        let registry = Registry::new(runtime);
        let origin = Origin::Bundled;
        registry.install(bytes, origin, grant).ok()?;
        let name = registry.list().first()?.name.clone();
        let dialect = registry.dialect(&name)?;
        Some(Self { registry, dialect })
    }

    fn open(&self) -> Box<dyn EgressExchange> {
        let id = RequestId::parse("bench").expect("well-formed");
        self.dialect.open(call(), id)
    }

    /// Waits until the stock is full again, so that the next call finds a ready store.
    fn restocked(&self, depth: usize) -> Box<dyn EgressExchange> {
        while self.registry.list()[0].stats.stock_depth < depth {
            std::thread::yield_now();
        }
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
    ReplyIdentity { id: "chatcmpl-bench".into(), created: 1_700_000_000 }
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
    let mut found = vec![("text-guest".to_owned(), guests::Guest::egress("bench").build())];
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
        measure(criterion, &tasks, (&name, &bytes));
    }
}

fn measure(
    criterion: &mut Criterion,
    tasks: &tokio::runtime::Runtime,
    (name, bytes): (&str, &[u8]),
) {
    let standard = Limits::STANDARD;
    let Some(ready) = Bench::new(bytes, Grant::default(), standard) else {
        return;
    };
    tasks.block_on(ready.open().encode(body())).ok();
    let mut group = criterion.benchmark_group("plugin_call");
    group.bench_function(BenchmarkId::new("first call on a ready store", name), |bencher| {
        bencher.iter_batched(
            || ready.restocked(4),
            |mut exchange| {
                black_box(tasks.block_on(exchange.encode(body()))).ok();
                exchange
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function(BenchmarkId::new("next call on the same store", name), |bencher| {
        let mut exchange = ready.open();
        bencher.iter(|| black_box(tasks.block_on(exchange.encode(body()))).is_ok());
    });
    let none = StockLimits { instances: 0, ..standard.stock };
    let unstocked = Limits { stock: none, ..standard };
    let inline = Bench::new(bytes, Grant::default(), unstocked).expect("it loaded before");
    group.bench_function(BenchmarkId::new("instance made on the spot", name), |bencher| {
        bencher.iter_batched(
            || inline.open(),
            |mut exchange| {
                black_box(tasks.block_on(exchange.encode(body()))).ok();
                exchange
            },
            BatchSize::PerIteration,
        );
    });
    let reused = Bench::new(bytes, REUSE, standard).expect("it loaded before");
    group.bench_function(BenchmarkId::new("exchange on a reused store", name), |bencher| {
        bencher.iter(|| black_box(tasks.block_on(reused.open().encode(body()))).is_ok());
    });
    group.bench_function(BenchmarkId::new("decoder push", name), |bencher| {
        let mut exchange = ready.open();
        let head = ResponseHead::of_process();
        let begun = tasks.block_on(exchange.begin(identity(), &head));
        begun.expect("a decoder is made");
        let chunk = Bytes::from_static(CHUNK.as_bytes());
        bencher.iter(|| black_box(tasks.block_on(exchange.push(chunk.clone()))).is_ok());
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = calls
}
criterion_main!(benches);
