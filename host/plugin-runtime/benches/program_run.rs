//! What a run of a WebAssembly program costs: from start to first byte, runs a second with four at
//! once, and a thousand runs that are cancelled, with the memory before and after.

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use exchange::{
    ProcessExchange, ProcessPlan, ProcessTarget, ProcessTransport as _, ProgramSandbox, RequestId,
};
use futures_util::{StreamExt as _, stream};
use plugin_runtime::{Compilation, ProgramSettings, WasiPrograms};

const RUNS: usize = 1000;
const AT_ONCE: usize = 4;
/// Says one byte and ends, or goes on computing.
const SAY: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\08\00\00\00\01\00\00\00x")
  (func (export "_start")
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
    THEN))"#;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(measure());
}

async fn measure() {
    let folder = tempfile::tempdir().expect("a directory");
    let settings =
        ProgramSettings { compilation: Compilation::default(), scratch: folder.path().to_owned() };
    let programs = WasiPrograms::new(settings);
    let file = |name: &str, then: &str| {
        let path = folder.path().join(name);
        let bytes = wat::parse_str(SAY.replace("THEN", then)).expect("a module");
        fs::write(&path, bytes).expect("a file");
        exchange(path.to_str().expect("text"))
    };
    let (says, goes_on) = (file("says.wasm", ""), file("goes-on.wasm", "(loop $l (br $l))"));
    first_byte(&programs, &says).await;
    let mut times = Vec::new();
    for _ in 0..RUNS {
        times.push(first_byte(&programs, &says).await);
    }
    times.sort();
    println!("start to first byte: p50 {:?}, p99 {:?}", times[RUNS / 2], times[RUNS * 99 / 100]);
    let started = Instant::now();
    let run = |_| first_byte(&programs, &says);
    stream::iter(0..RUNS).map(run).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
    println!(
        "{:.0} runs a second, {AT_ONCE} at once",
        RUNS as f64 / started.elapsed().as_secs_f64()
    );
    first_byte(&programs, &goes_on).await;
    let before = resident_kib();
    for _ in 0..RUNS {
        first_byte(&programs, &goes_on).await;
    }
    let started = Instant::now();
    programs.shutdown().await;
    println!("{RUNS} cancelled runs: {before} KiB before, {} KiB after", resident_kib());
    println!("the last of them was gone after {:?}", started.elapsed());
}

/// Drops the reply after its first byte.
async fn first_byte(programs: &WasiPrograms, exchange: &ProcessExchange) -> Duration {
    let started = Instant::now();
    let mut reply = programs.run(exchange.clone()).await.expect("it runs");
    reply.body.next().await.expect("a byte").expect("a byte");
    started.elapsed()
}

fn resident_kib() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)).unwrap_or("?").to_owned()
}

fn exchange(program: &str) -> ProcessExchange {
    ProcessExchange {
        target: Arc::new(ProcessTarget {
            provider: "bench".into(),
            total: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            max_output_bytes: 1 << 20,
            max_memory_bytes: 1 << 24,
            max_cpu: Duration::from_secs(60),
            max_open_files: 64,
            max_processes: 1,
            max_file_bytes: 1 << 20,
            sandbox: ProgramSandbox { max_queued: 2000, ..ProgramSandbox::ordinary() },
        }),
        request_id: RequestId::parse("bench").expect("well-formed"),
        plan: Arc::new(ProcessPlan {
            program: program.to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            body_on_stdin: false,
            timeout: None,
            credential: None,
        }),
        credential: None,
        body: Bytes::new(),
    }
}
