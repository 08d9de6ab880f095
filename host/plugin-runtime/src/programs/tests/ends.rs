//! How runs end, and that nothing is left of them.

use sha2::Digest as _;

use super::*;

#[tokio::test]
async fn exit_codes_mean_what_they_mean_of_a_process() {
    let bench = Bench::new();
    let cases = [
        (1, FailureKind::UpstreamError, "status 1"),
        (3, FailureKind::UpstreamError, "status 3"),
        (127, FailureKind::ProviderMisconfigured, "status 127"),
    ];
    for (code, kind, words) in cases {
        let program = guests::module("", &format!("(call $exit (i32.const {code}))"));
        let (_, failure) = bench.run(bench.exchange(&program)).await;
        let failure = failure.unwrap();
        assert_eq!(failure.kind(), kind);
        assert!(failure.message().contains(words), "{failure}");
    }
    let (_, failure) =
        bench.run(bench.exchange(&guests::module("", "(call $exit (i32.const 0))"))).await;
    assert!(failure.is_none(), "{failure:?}");
}

#[tokio::test]
async fn a_trap_ends_the_output_with_a_failure() {
    let bench = Bench::new();
    let (output, failure) = bench.run(bench.exchange(&guests::says_and("unreachable"))).await;
    let failure = failure.unwrap();
    assert_eq!((output, failure.kind()), (b"x".to_vec(), FailureKind::UpstreamError));
    assert!(told(&failure).contains("unreachable"), "{}", told(&failure));
}

/// Where a program can be when its caller leaves.
fn busy_programs() -> [(&'static str, Vec<u8>); 3] {
    [
        ("computing", guests::says_and("(loop $again (br $again))")),
        ("sleeping", guests::says_and(guests::SLEEP)),
        ("writing", guests::says_and(guests::FLOOD)),
    ]
}

#[tokio::test]
async fn a_reply_that_is_dropped_ends_the_program_wherever_it_is() {
    for (where_it_is, program) in busy_programs() {
        let bench = Bench::new();
        let mut reply = bench.programs.run(bench.exchange(&program)).await.unwrap();
        assert!(reply.body.next().await.unwrap().is_ok());
        drop(reply);
        assert!(bench.left_behind().await.is_empty(), "{where_it_is}");
    }
}

#[tokio::test]
async fn a_future_that_is_dropped_ends_the_program() {
    let bench = Bench::new();
    let mut run = Box::pin(bench.programs.run(bench.exchange(&guests::endless())));
    assert!(futures_util::poll!(&mut run).is_pending());
    drop(run);
    assert!(bench.left_behind().await.is_empty());
}

#[tokio::test]
async fn a_hundred_cancelled_runs_leave_nothing() {
    let bench = Bench::new();
    let programs = busy_programs();
    for (_, program) in programs.iter().cycle().take(102) {
        let mut reply = bench.programs.run(bench.exchange(program)).await.unwrap();
        assert!(reply.body.next().await.unwrap().is_ok());
    }
    assert!(bench.left_behind().await.is_empty());
}

#[tokio::test]
async fn programs_that_compute_let_others_run() {
    let bench = Bench::new();
    let mut computing = Vec::new();
    for _ in 0..8 {
        let busy = guests::says_and("(loop $again (br $again))");
        computing.push(bench.programs.run(bench.exchange(&busy)).await.unwrap());
    }
    let mut exchange = bench.exchange(&guests::echo());
    exchange.body = Bytes::from("hello");
    let (output, failure) = bench.run(exchange).await;
    assert_eq!((output, failure.is_none()), (b"hello".to_vec(), true));
    drop(computing);
    assert!(bench.left_behind().await.is_empty());
}

#[tokio::test]
async fn more_runs_than_places_and_queue_are_refused() {
    let bench = Bench::new();
    let one = |target: &mut ProcessTarget| {
        target.sandbox.max_concurrent = 1;
        target.sandbox.max_queued = 0;
    };
    let busy = || with_target(bench.exchange(&guests::says_and(guests::SLEEP)), one);
    let running = bench.programs.run(busy()).await.unwrap();
    let refused = bench.programs.run(busy()).await.err().unwrap();
    assert_eq!(refused.kind(), FailureKind::QueueFull);
    drop(running);
    assert!(bench.left_behind().await.is_empty());
}

#[tokio::test]
async fn what_is_no_program_is_refused_and_a_repaired_one_runs() {
    let bench = Bench::new();
    let no_command = wat::parse_str("(module)").unwrap();
    let cases: [(&[u8], &str); 3] =
        [(b"#!/bin/sh", "no WebAssembly"), (b"\0asm\x01\0\0\0\x01", ""), (&no_command, "_start")];
    for (program, words) in cases {
        let (_, failure) = bench.run(bench.exchange(program)).await;
        let failure = failure.unwrap();
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured);
        assert!(told(&failure).contains(words), "{}", told(&failure));
    }
    let (_, failure) = bench.run(bench.exchange(&guests::echo())).await;
    assert!(failure.is_none(), "{failure:?}");
    let (_, failure) = bench.run(exchange(Path::new("/nowhere/program.wasm"))).await;
    assert_eq!(failure.unwrap().kind(), FailureKind::ProviderMisconfigured);
}

#[tokio::test]
async fn only_the_program_of_the_digest_runs() {
    let bench = Bench::new();
    let program = guests::echo();
    let right: [u8; 32] = sha2::Sha256::digest(&program).into();
    for (digest, runs) in [(right, true), ([0; 32], false), (right, true)] {
        let exchange = bench.exchange(&program);
        let digested = |target: &mut ProcessTarget| target.sandbox.digest = Some(digest);
        let (_, failure) = bench.run(with_target(exchange, digested)).await;
        assert_eq!(failure.is_none(), runs, "{failure:?}");
    }
}
