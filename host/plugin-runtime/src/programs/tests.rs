//! Runs of programs that are WebAssembly.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use exchange::{
    Failure, FailureKind, ProcessArgument, ProcessExchange, ProcessPlan, ProcessTarget,
    ProcessTransport as _, ProgramCredential, ProgramSandbox, RequestId, UpstreamReply,
};
use futures_util::StreamExt as _;
use secrecy::SecretString;
use tempfile::TempDir;

use super::{ProgramSettings, WasiPrograms};
use crate::code::Compilation;

mod components;
mod ends;
mod escapes;
mod files;
mod guests;
mod limits;
mod policy;
mod sockets;
mod wit_guests;

/// Long enough that only a fault reaches it.
const NEVER: Duration = Duration::from_secs(300);
/// Short enough to wait for.
const SOON: Duration = Duration::from_millis(200);

/// A transport with a directory of its own.
struct Bench {
    programs: WasiPrograms,
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let scratch = folder.path().join("scratch");
        fs::create_dir(&scratch).unwrap();
        let settings = ProgramSettings { compilation: Compilation::default(), scratch };
        Self { programs: WasiPrograms::new(settings), folder }
    }

    /// An exchange with a program of these bytes.
    fn exchange(&self, program: &[u8]) -> ProcessExchange {
        let path = self.folder.path().join("program.wasm");
        fs::write(&path, program).unwrap();
        exchange(&path)
    }

    /// Output and end of a run.
    async fn run(&self, exchange: ProcessExchange) -> (Vec<u8>, Option<Failure>) {
        match self.programs.run(exchange).await {
            Ok(reply) => drain(reply).await,
            Err(failure) => (Vec::new(), Some(failure)),
        }
    }

    /// Files and directories that runs have left. Waits for runs to end.
    async fn left_behind(&self) -> Vec<String> {
        self.programs.shutdown().await;
        self.present()
    }

    /// Files and directories of runs.
    fn present(&self) -> Vec<String> {
        let mut names = Vec::new();
        for root in fs::read_dir(self.folder.path().join("scratch")).unwrap() {
            let entries = fs::read_dir(root.unwrap().path()).unwrap();
            names.extend(entries.map(|it| it.unwrap().file_name().into_string().unwrap()));
        }
        names.retain(|name| name != "lock");
        names
    }
}

async fn drain(mut reply: UpstreamReply) -> (Vec<u8>, Option<Failure>) {
    let mut bytes = Vec::new();
    while let Some(item) = reply.body.next().await {
        match item {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(failure) => return (bytes, Some(failure)),
        }
    }
    (bytes, None)
}

fn target() -> ProcessTarget {
    ProcessTarget {
        provider: "programs".into(),
        total: NEVER,
        idle: NEVER,
        max_output_bytes: 1 << 20,
        max_memory_bytes: 1 << 24,
        max_cpu: Duration::from_secs(60),
        max_open_files: 64,
        max_processes: 1,
        max_file_bytes: 1 << 20,
        sandbox: ProgramSandbox::ordinary(),
    }
}

fn exchange(program: &Path) -> ProcessExchange {
    ProcessExchange {
        target: Arc::new(target()),
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

fn with_target(
    mut exchange: ProcessExchange,
    change: impl FnOnce(&mut ProcessTarget),
) -> ProcessExchange {
    change(Arc::make_mut(&mut exchange.target));
    exchange
}

fn with_secret(mut exchange: ProcessExchange, way: ProgramCredential) -> ProcessExchange {
    exchange.credential = Some(("KEY".to_owned(), Arc::new(SecretString::from("sk-0123456789"))));
    with_target(exchange, |target| target.sandbox.credential = way)
}

/// The failure with its causes.
fn told(failure: &Failure) -> String {
    format!("{failure}: {}", failure.cause_chain().unwrap_or_default())
}

#[tokio::test]
async fn the_body_reaches_standard_input_byte_by_byte() {
    let bench = Bench::new();
    for body in ["", "hello", "a\0b\nc\r\n\n", "--help; $(reboot) `x` | 'y'"] {
        let mut exchange = bench.exchange(&guests::echo());
        exchange.body = Bytes::from(body);
        let (output, failure) = bench.run(exchange).await;
        assert!(failure.is_none(), "{failure:?}");
        assert_eq!(output, body.as_bytes());
    }
    let mut exchange = bench.exchange(&guests::echo());
    exchange.body = Bytes::from(vec![b'x'; 1 << 20]);
    let (output, failure) = bench.run(exchange).await;
    assert!(failure.is_none() && output.len() == 1 << 20, "{failure:?} {}", output.len());
}

const ARGUMENTS_AND_ENVIRONMENT: &str = "
  (call $end (call $args_sizes (i32.const 16) (i32.const 20)))
  (call $end (call $args (i32.const 2048) (i32.const 8192)))
  (call $end (call $say (i32.const 1) (i32.const 8192) (i32.load (i32.const 20))))
  (call $end (call $environ_sizes (i32.const 16) (i32.const 20)))
  (call $end (call $environ (i32.const 2048) (i32.const 8192)))
  (call $end (call $say (i32.const 1) (i32.const 8192) (i32.load (i32.const 20))))";

#[tokio::test]
async fn arguments_and_environment_are_the_plans_and_nothing_more() {
    let bench = Bench::new();
    let mut exchange = bench.exchange(&guests::module("", ARGUMENTS_AND_ENVIRONMENT));
    exchange.body = Bytes::from("-rf ../../\n");
    let plan = Arc::make_mut(&mut exchange.plan);
    plan.arguments = vec![
        ProcessArgument { text: "--".to_owned(), takes_body: false },
        ProcessArgument { text: "x=".to_owned(), takes_body: true },
    ];
    let of_plan = [("KEY".to_owned(), "plan".to_owned()), ("A".to_owned(), "1 2".to_owned())];
    plan.environment = of_plan.to_vec();
    let program = plan.program.clone();
    let (output, failure) = bench.run(with_secret(exchange, ProgramCredential::Variable)).await;
    assert!(failure.is_none(), "{failure:?}");
    let expected = format!("{program}\0--\0x=-rf ../../\n\0A=1 2\0KEY=sk-0123456789\0");
    assert_eq!(String::from_utf8(output).unwrap(), expected);
}

#[tokio::test]
async fn a_body_that_no_argument_can_be_is_refused_before_anything_runs() {
    let bench = Bench::new();
    let cases: [(&[u8], FailureKind); 3] = [
        (b"a\0b", FailureKind::InvalidRequest),
        (b"\xff", FailureKind::InvalidRequest),
        (&[b'x'; 200_000], FailureKind::PayloadTooLarge),
    ];
    for (body, kind) in cases {
        let mut exchange = bench.exchange(&guests::echo());
        exchange.body = Bytes::copy_from_slice(body);
        let plan = Arc::make_mut(&mut exchange.plan);
        plan.arguments = vec![ProcessArgument { text: String::new(), takes_body: true }];
        let (_, failure) = bench.run(exchange).await;
        assert_eq!(failure.unwrap().kind(), kind);
    }
}

#[tokio::test]
async fn a_secret_can_be_a_file_that_goes_with_the_run() {
    let bench = Bench::new();
    let read = "(call $copy (call $open (i32.const 5) (i32.const 1024) (i32.const 10)
        (i32.const 0)) (i32.const 1))";
    let exchange = bench.exchange(&guests::module("credential", read));
    let (output, failure) = bench.run(with_secret(exchange, ProgramCredential::File)).await;
    assert!(failure.is_none(), "{failure:?}");
    assert_eq!(output, b"sk-0123456789");
    assert!(bench.left_behind().await.is_empty());
}
