//! Programs that a limited process compiles: this one, started once more.
//!
//! It has a `main` of its own, because the other side of the compiler is a whole process that
//! writes code to its standard output and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "clippy takes it for no test, having a `main`"
)]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use exchange::{
    Failure, ProcessExchange, ProcessPlan, ProcessTarget, ProcessTransport as _, ProgramSandbox,
    RequestId,
};
use futures_util::StreamExt as _;
use plugin_runtime::{
    Allocator, ChildCompiler, Compilation, Limits, ProgramSettings, WasiPrograms,
    compile_for_parent,
};

/// As the gateway's hidden command.
const COMPILE: &str = "compile";
const NEVER: Duration = Duration::from_secs(300);

/// Says `x`.
const MODULE: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\01\00\00\00") (data (i32.const 16) "x")
  (func (export "_start")
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;

/// Ends well, and says nothing.
const COMPONENT: &str = r#"(component
  (core module $m (func (export "run") (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance (export "wasi:cli/run@0.2.0") (export "run" (func $run))))"#;

fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(COMPILE) {
        let allocator: Allocator = arguments.next().unwrap().parse().unwrap();
        return compile(allocator);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(modules_and_components_are_compiled_by_the_child());
    runtime.block_on(what_the_child_says_of_its_refusal_is_in_the_log());
}

fn compile(allocator: Allocator) {
    let limits = Limits { live_instances: 1, ..Limits::STANDARD };
    let pipes = (std::io::stdin().lock(), std::io::stdout().lock());
    if let Err(problem) = compile_for_parent(&limits, allocator, pipes) {
        eprintln!("the child says: {problem}");
        std::process::exit(1);
    }
}

/// Programs that compile with this child, and keep no code if there is no cache.
fn programs(folder: &Path, child: ChildCompiler, cache: bool) -> WasiPrograms {
    let cache = cache.then(|| folder.join("code"));
    let compilation = Compilation { child: Some(child), cache };
    WasiPrograms::new(ProgramSettings { compilation, scratch: folder.to_owned() })
}

fn this_program() -> ChildCompiler {
    let program = std::env::current_exe().unwrap();
    ChildCompiler { program, arguments: vec![COMPILE.into()] }
}

fn absent() -> ChildCompiler {
    ChildCompiler { program: "/nowhere/compiler".into(), arguments: Vec::new() }
}

async fn modules_and_components_are_compiled_by_the_child() {
    let folder = tempfile::tempdir().unwrap();
    for (text, says) in [(MODULE, &b"x"[..]), (COMPONENT, b"")] {
        let program = wat::parse_str(text).unwrap();
        // Nothing compiles here: without the child there is no code, and with it there is.
        let without = programs(folder.path(), absent(), true);
        let failure = run(&without, folder.path(), &program).await.unwrap_err();
        assert!(told(&failure).contains("no compiling process"), "{}", told(&failure));
        let with = programs(folder.path(), this_program(), true);
        assert_eq!(run(&with, folder.path(), &program).await.unwrap(), says);
        // It is kept: the next gateway needs no child.
        let next = programs(folder.path(), absent(), true);
        assert_eq!(run(&next, folder.path(), &program).await.unwrap(), says);
    }
}

async fn what_the_child_says_of_its_refusal_is_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let programs = programs(folder.path(), this_program(), false);
    // A function that leaves nothing where its type says a number.
    let wrong = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x0a\x04\x01\x02\0\x0b";
    let failure = run(&programs, folder.path(), wrong).await.unwrap_err();
    assert!(told(&failure).contains("the child says"), "{}", told(&failure));
}

/// What a program says, if it ends well.
async fn run(programs: &WasiPrograms, folder: &Path, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    let path = folder.join("program.wasm");
    fs::write(&path, bytes).unwrap();
    let mut reply = programs.run(exchange(&path)).await?;
    let mut said = Vec::new();
    while let Some(chunk) = reply.body.next().await {
        said.extend_from_slice(&chunk?);
    }
    Ok(said)
}

fn exchange(program: &Path) -> ProcessExchange {
    ProcessExchange {
        target: Arc::new(ProcessTarget {
            provider: "programs".into(),
            total: NEVER,
            idle: NEVER,
            max_output_bytes: 1 << 20,
            max_memory_bytes: 1 << 24,
            max_cpu: NEVER,
            max_open_files: 64,
            max_processes: 1,
            max_file_bytes: 1 << 20,
            sandbox: ProgramSandbox::ordinary(),
        }),
        request_id: RequestId::parse("req-1").unwrap(),
        plan: Arc::new(ProcessPlan {
            program: program.to_str().unwrap().to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            body_on_stdin: true,
            timeout: None,
            credential: None,
        }),
        credential: None,
        body: Bytes::new(),
    }
}

/// The failure with its causes.
fn told(failure: &Failure) -> String {
    format!("{failure}: {}", failure.cause_chain().unwrap_or_default())
}
