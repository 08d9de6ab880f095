//! Runs of real programs.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use exchange::{
    Failure, FailureKind, ProcessArgument, ProcessExchange, ProcessPlan, ProcessTarget,
    ProcessTransport, ProgramPackage, ProgramSandbox, RequestId, UpstreamReply,
};
use futures_util::StreamExt;
use secrecy::SecretString;

use super::ProcessUpstream;
use crate::drain::drain;

mod confinement;
mod ends;
mod logs;
mod network;
mod places;
mod stage;

/// Long enough that only a fault reaches it.
const NEVER: Duration = Duration::from_secs(300);
/// Short enough to wait for.
const SOON: Duration = Duration::from_millis(200);

fn target() -> ProcessTarget {
    ProcessTarget {
        provider: "programs".into(),
        total: NEVER,
        idle: NEVER,
        max_output_bytes: 1 << 20,
        max_memory_bytes: 1 << 32,
        max_cpu: Duration::from_secs(60),
        max_open_files: 64,
        max_processes: 4096,
        max_file_bytes: 1 << 20,
        sandbox: ProgramSandbox::ordinary(),
    }
}

fn exchange(program: &str, arguments: &[&str]) -> ProcessExchange {
    let argument = |text: &&str| ProcessArgument { text: (*text).to_owned(), takes_body: false };
    ProcessExchange {
        target: Arc::new(target()),
        request_id: RequestId::parse("req-1").unwrap(),
        plan: Arc::new(ProcessPlan {
            program: program.to_owned(),
            arguments: arguments.iter().map(argument).collect(),
            environment: Vec::new(),
            body_on_stdin: false,
            timeout: None,
            credential: None,
        }),
        credential: None,
        body: Bytes::new(),
    }
}

pub(super) fn shell(script: &str) -> ProcessExchange {
    exchange("/bin/sh", &["-c", script])
}

pub(super) fn with_target(
    mut exchange: ProcessExchange,
    change: impl FnOnce(&mut ProcessTarget),
) -> ProcessExchange {
    change(Arc::make_mut(&mut exchange.target));
    exchange
}

fn with_plan(
    mut exchange: ProcessExchange,
    change: impl FnOnce(&mut ProcessPlan),
) -> ProcessExchange {
    change(Arc::make_mut(&mut exchange.plan));
    exchange
}

fn with_secret(mut exchange: ProcessExchange, name: &str, secret: &str) -> ProcessExchange {
    exchange.credential = Some((name.to_owned(), Arc::new(SecretString::from(secret))));
    exchange
}

/// Output of a run that must go well.
async fn output_of(exchange: ProcessExchange) -> String {
    let upstream = ProcessUpstream::try_new().unwrap();
    let (text, failure) = drain(upstream.run(exchange).await.unwrap()).await;
    assert!(failure.is_none(), "{failure:?}");
    text
}

/// Failure of a run that must say nothing first.
async fn failure_of(exchange: ProcessExchange) -> Failure {
    let upstream = ProcessUpstream::try_new().unwrap();
    match upstream.run(exchange).await {
        Ok(_) => panic!("the run did not fail at once"),
        Err(failure) => failure,
    }
}

/// The next line-ful of a body.
async fn next_text(reply: &mut UpstreamReply) -> String {
    let chunk = reply.body.next().await.unwrap().unwrap();
    String::from_utf8(chunk.to_vec()).unwrap()
}

/// Process ids that a program printed.
fn pids(text: &str) -> Vec<u32> {
    text.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

#[tokio::test]
async fn output_of_a_program_is_the_reply() {
    assert_eq!(output_of(exchange("/bin/echo", &["hello", "a b"])).await, "hello a b\n");
}

#[tokio::test]
async fn the_body_is_an_argument_where_the_plan_says_so() {
    let mut exchange = with_plan(exchange("/bin/echo", &["--", "x="]), |plan| {
        plan.arguments[1].takes_body = true;
    });
    exchange.body = Bytes::from_static("; rm -rf / $(id) \u{e9}\n\"'".as_bytes());
    assert_eq!(output_of(exchange).await, "-- x=; rm -rf / $(id) \u{e9}\n\"'\n");
}

#[tokio::test]
async fn a_body_that_looks_like_an_option_or_a_command_is_one_argument_as_it_stands() {
    for body in ["--help", "-n", "-e a\\tb", "$(id)", "`id`", "a; id", "{{body}}", "'\"", "*", "~"]
    {
        let script = "printf '%s|' \"$#\" \"$@\"";
        let plan = exchange("/bin/sh", &["-c", script, "sh", "--first", ""]);
        let mut exchange = with_plan(plan, |plan| plan.arguments[4].takes_body = true);
        exchange.body = Bytes::from_static(body.as_bytes());
        assert_eq!(output_of(exchange).await, format!("2|--first|{body}|"));
    }
}

#[tokio::test]
async fn a_program_that_is_not_its_packages_is_not_run() {
    let exchange = with_target(exchange("/bin/echo", &["x"]), |target| {
        let package = ProgramPackage { name: "there-is-no-such-package".into(), version: None };
        target.sandbox.package = Some(package);
    });
    let failure = failure_of(exchange).await;
    assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{failure}");
    assert!(failure.message().contains("package"), "{failure}");
}

#[tokio::test]
async fn the_body_goes_to_standard_input_where_the_plan_says_so() {
    let mut exchange = with_plan(exchange("/bin/cat", &[]), |plan| plan.body_on_stdin = true);
    let text = "0123456789abcdef".repeat(40_000);
    exchange.body = Bytes::from(text.clone());
    assert_eq!(output_of(exchange).await, text);
}

#[tokio::test]
async fn a_program_may_leave_its_input_unread() {
    let mut exchange = with_plan(exchange("/bin/true", &[]), |plan| plan.body_on_stdin = true);
    exchange.body = Bytes::from("x".repeat(900_000));
    assert_eq!(output_of(exchange).await, "");
}

#[tokio::test]
async fn without_a_body_standard_input_is_empty() {
    assert_eq!(output_of(exchange("/bin/cat", &[])).await, "");
}

#[tokio::test]
async fn the_environment_is_the_plans_and_the_credential() {
    assert_eq!(output_of(exchange("/usr/bin/env", &[])).await, "");
    let exchange = with_plan(exchange("/usr/bin/env", &[]), |plan| {
        plan.environment = vec![("LANG".to_owned(), "C".to_owned())];
    });
    let text = output_of(with_secret(exchange, "API_KEY", "sk-0123456789")).await;
    let lines: BTreeSet<_> = text.lines().collect();
    assert_eq!(lines, BTreeSet::from(["LANG=C", "API_KEY=sk-0123456789"]));
}

#[tokio::test]
async fn output_streams_as_it_comes() {
    let upstream = ProcessUpstream::try_new().unwrap();
    // Nothing but the end of the test ends it.
    let script = "echo first; while read x; do :; done; echo second; exec /bin/sleep 300";
    let mut reply = upstream.run(shell(script)).await.unwrap();
    let mut seen = String::new();
    while !seen.contains("second") {
        seen.push_str(&next_text(&mut reply).await);
    }
    assert_eq!(seen, "first\nsecond\n");
}

#[tokio::test]
async fn a_body_that_cannot_be_an_argument_is_refused_with_the_reason() {
    let cases: [(Vec<u8>, FailureKind, &str); 3] = [
        (b"a\0b".to_vec(), FailureKind::InvalidRequest, "NUL"),
        (vec![b'x'; 131_072], FailureKind::PayloadTooLarge, "standard input"),
        (vec![b'x'; 131_071], FailureKind::PayloadTooLarge, "standard input"),
    ];
    for (body, kind, words) in cases {
        let mut exchange = with_plan(exchange("/bin/echo", &["-"]), |plan| {
            plan.arguments[0].takes_body = true;
        });
        exchange.body = Bytes::from(body);
        let failure = failure_of(exchange).await;
        assert_eq!(failure.kind(), kind, "{failure}");
        assert!(failure.message().contains(words), "{failure}");
    }
}

#[tokio::test]
async fn the_longest_argument_is_carried() {
    let mut exchange = with_plan(exchange("/bin/echo", &["-"]), |plan| {
        plan.arguments[0].takes_body = true;
    });
    exchange.body = Bytes::from(vec![b'x'; 131_070]);
    assert_eq!(output_of(exchange).await.len(), 131_072);
}

#[tokio::test]
async fn a_plan_that_cannot_work_is_a_fault_of_the_configuration() {
    let variable = |name: &str, value: &str| {
        with_plan(exchange("/bin/true", &[]), |plan| {
            plan.environment = vec![(name.to_owned(), value.to_owned())];
        })
    };
    let cases = [
        exchange("echo", &[]),
        exchange("./echo", &[]),
        exchange("/bin/ec\0ho", &[]),
        exchange("/bin/echo", &["a\0b"]),
        exchange("/nonexistent/program", &[]),
        exchange("/etc/passwd", &[]),
        variable("A=B", "c"),
        variable("", "c"),
        variable("A", "b\0"),
        with_secret(exchange("/bin/true", &[]), "KEY", "a\0b"),
    ];
    for exchange in cases {
        let plan = exchange.plan.to_string();
        let failure = failure_of(exchange).await;
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{plan}: {failure}");
    }
}
