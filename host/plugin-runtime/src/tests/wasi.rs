//! Guests whose toolchain needs WASI 0.2.

use super::log::{keep_log, lines_of};
use super::*;
use crate::{LoadError, SocketImports};

const CLOCK: &str = "
    package wasi:io@0.2.0 { interface poll { resource pollable { block: func(); } } }
    package wasi:clocks@0.2.0 { interface monotonic-clock {
        use wasi:io/poll@0.2.0.{pollable};
        subscribe-duration: func(when: u64) -> pollable;
    } }";

const CLOCK_CORE: &str = "
    (import \"wasi:io/poll@0.2.0\" \"[method]pollable.block\" (func $block (param i32)))
    (import \"wasi:clocks/monotonic-clock@0.2.0\" \"subscribe-duration\"
      (func $after (param i64) (result i32)))";

const WAIT_A_DAY: &str = "(call $block (call $after (i64.const 86400000000000)))";

fn waiting(name: &str) -> Guest {
    let interfaces = ["wasi:io/poll@0.2.0", "wasi:clocks/monotonic-clock@0.2.0"];
    Guest::egress(name).imports(CLOCK, &interfaces, CLOCK_CORE)
}

#[tokio::test]
async fn waiting_ends_at_the_deadline() {
    let guest = waiting("sleeper").body("encode", format!("{WAIT_A_DAY} unreachable"));
    let registry = registry();
    install(&registry, &guest.call_ms(300));
    assert!(status(&registry, "sleeper").uses_wasi);
    let failure = encode(&registry, "sleeper").await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::PluginTimeout, "{failure:?}");
}

#[tokio::test]
async fn waiting_in_the_start_function_ends_at_the_deadline() {
    let guest = waiting("sleeper").start(WAIT_A_DAY).call_ms(300);
    let refusal =
        registry().install(&guest.build(), Origin::Bundled, Grant::default()).unwrap_err();
    assert!(refusal.to_string().contains("did not return"), "{refusal}");
}

#[tokio::test]
async fn a_short_wait_is_served() {
    let guest = waiting("napper").start("(call $block (call $after (i64.const 1000)))");
    let registry = registry();
    install(&registry, &guest);
    assert_serves(&registry, "napper").await;
}

const OUTPUT: &str = "
    package wasi:io@0.2.0 {
        interface error { resource error; }
        interface streams {
            use error.{error};
            variant stream-error { last-operation-failed(error), closed }
            resource output-stream {
                blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
            }
        }
    }
    package wasi:cli@0.2.0 {
        interface stdout {
            use wasi:io/streams@0.2.0.{output-stream};
            get-stdout: func() -> output-stream;
        }
        interface environment { get-environment: func() -> list<tuple<string, string>>; }
    }";

const OUTPUT_CORE: &str = "
    (import \"wasi:io/streams@0.2.0\" \"[method]output-stream.blocking-write-and-flush\"
      (func $write (param i32 i32 i32 i32)))
    (import \"wasi:cli/stdout@0.2.0\" \"get-stdout\" (func $stdout (result i32)))
    (import \"wasi:cli/environment@0.2.0\" \"get-environment\" (func $environment (param i32)))";

fn printing(name: &str) -> Guest {
    let interfaces =
        ["wasi:io/streams@0.2.0", "wasi:cli/stdout@0.2.0", "wasi:cli/environment@0.2.0"];
    Guest::egress(name).imports(OUTPUT, &interfaces, OUTPUT_CORE)
}

#[tokio::test]
async fn output_goes_to_the_log() {
    keep_log();
    let mut guest = printing("printer");
    let (text, length) = guest.text("first\nsecond\n");
    let (answer, _) = guest.text(&"\0".repeat(16));
    let body = format!(
        "(call $write (call $stdout) (i32.const {text}) (i32.const {length}) (i32.const {answer}))
         unreachable"
    );
    let registry = registry();
    install(&registry, &guest.body("encode", body));
    encode(&registry, "printer").await.unwrap_err();
    eventually("both lines are written", || lines_of("printer").len() == 2);
    let lines = lines_of("printer");
    assert!(
        lines[0].contains("INFO")
            && lines[0].ends_with("first plugin.name=\"printer\" request.id=\"request-1\""),
        "{lines:?}"
    );
    assert!(lines[1].contains("second"));
}

#[tokio::test]
async fn the_environment_is_empty() {
    let mut guest = printing("curious");
    let (list, _) = guest.text(&"\x01".repeat(8));
    let body = format!(
        "(call $environment (i32.const {list}))
         (if (i32.eqz (i32.load offset=4 (i32.const {list}))) (then (return (i32.const -8))))
         unreachable"
    );
    let registry = registry();
    install(&registry, &guest.body("encode", body));
    let failure = encode(&registry, "curious").await.unwrap_err();
    let cause = failure.cause_chain().unwrap();
    assert!(!cause.contains("unreachable"), "{cause}");
}

const SOCKETS: &str = "
    package wasi:sockets@0.2.0 {
        interface network {
            resource network;
            enum error-code { unknown, access-denied, not-supported, invalid-argument,
                out-of-memory, timeout, concurrency-conflict, not-in-progress, would-block,
                invalid-state, new-socket-limit, address-not-bindable, address-in-use,
                remote-unreachable, connection-refused, connection-reset, connection-aborted,
                datagram-too-large, name-unresolvable, temporary-resolver-failure,
                permanent-resolver-failure }
            enum ip-address-family { ipv4, ipv6 }
        }
        interface tcp { resource tcp-socket; }
        interface tcp-create-socket {
            use network.{error-code, ip-address-family};
            use tcp.{tcp-socket};
            create-tcp-socket: func(address-family: ip-address-family)
                -> result<tcp-socket, error-code>;
        }
    }";

const SOCKETS_CORE: &str = "
    (import \"wasi:sockets/tcp-create-socket@0.2.0\" \"create-tcp-socket\"
      (func $create (param i32 i32)))";

#[tokio::test]
async fn sockets_are_refused_or_inert() {
    let interfaces = ["wasi:sockets/tcp-create-socket@0.2.0"];
    let mut guest = Guest::egress("caller").imports(SOCKETS, &interfaces, SOCKETS_CORE);
    let (answer, _) = guest.text(&"\0".repeat(16));
    let body = format!(
        "(call $create (i32.const 0) (i32.const {answer}))
         (if (i32.load8_u (i32.const {answer})) (then (return (i32.const -8))))
         unreachable"
    );
    let bytes = guest.body("encode", body).build();
    let registry = registry();
    let refusal = registry.install(&bytes, Origin::Bundled, Grant::default()).unwrap_err();
    assert!(matches!(refusal, LoadError::Import { .. }), "{refusal}");

    let inert = Grant { sockets: SocketImports::Inert, ..Grant::default() };
    registry.install(&bytes, Origin::Bundled, inert).unwrap();
    let failure = encode(&registry, "caller").await.unwrap_err();
    let cause = failure.cause_chain().unwrap();
    assert!(!cause.contains("unreachable"), "a socket was made: {cause}");
}
