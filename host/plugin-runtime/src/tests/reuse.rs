//! Instances that the operator lets a plugin reuse.

use exchange::Ending;

use super::*;
use crate::{Isolation, ReuseLimits};

const REUSE: Grant = Grant { isolation: Isolation::Reuse, sockets: crate::SocketImports::Refused };

/// A normalizer whose encoded body is the number of calls that its instance has served.
pub(super) fn counting(name: &str) -> Guest {
    let mut guest = Guest::egress(name);
    let count = guest.text("0");
    let mut answer = 0;
    let guest = guest.answer_with("encode", |image| {
        answer = image.encoded_at(count, None);
        answer
    });
    let (at, _) = count;
    guest.body(
        "encode",
        format!(
            "(i32.store8 (i32.const {at}) (i32.add (i32.load8_u (i32.const {at})) (i32.const 1)))
             (i32.const {answer})"
        ),
    )
}

fn reusing(limits: ReuseLimits, guest: &Guest) -> Registry {
    let registry = registry_with(Limits { reuse: limits, ..LIMITS });
    registry.install(&guest.build(), Origin::Installed(None), REUSE).unwrap();
    registry
}

async fn count(registry: &Registry) -> u8 {
    encode(registry, "counting").await.unwrap()[0] - b'0'
}

#[tokio::test]
async fn an_instance_serves_one_exchange_after_the_other() {
    let registry = reusing(LIMITS.reuse, &counting("counting"));
    for expected in 1..10 {
        assert_eq!(count(&registry).await, expected);
    }
    let stats = status(&registry, "counting").stats;
    assert_eq!((stats.stock_hits, stats.stock_misses), (9, 0));
}

#[tokio::test]
async fn two_exchanges_at_once_have_two_instances() {
    let registry = reusing(LIMITS.reuse, &counting("counting"));
    let mut first = open(&registry, "counting");
    let mut second = open(&registry, "counting");
    for exchange in [&mut first, &mut second] {
        assert_eq!(exchange.encode(Bytes::new()).await.unwrap().body, "1");
    }
    assert_eq!(status(&registry, "counting").stats.stock_misses, 1);
}

#[tokio::test]
async fn an_instance_retires_after_its_number_of_exchanges() {
    let limits = ReuseLimits { exchanges: 4, ..LIMITS.reuse };
    let registry = reusing(limits, &counting("counting"));
    let mut longest = 0;
    for _ in 0..40 {
        longest = longest.max(count(&registry).await);
    }
    assert!((2..=4).contains(&longest), "{longest}");
    assert!(status(&registry, "counting").stats.stock_misses >= 9);
}

#[tokio::test]
async fn an_instance_retires_at_its_memory_mark() {
    let limits = ReuseLimits { memory_bytes: 2 * 65536, ..LIMITS.reuse };
    let guest = counting("counting").body("plan", "(drop (memory.grow (i32.const 2))) unreachable");
    let growing = guest.answer_with("plan", |image| image.plan("/", &[])).start("");
    let registry = reusing(limits, &growing);
    assert_eq!(count(&registry).await, 1);
    assert_eq!(count(&registry).await, 2);

    let heavy = counting("counting").start("(drop (memory.grow (i32.const 2)))");
    let registry = reusing(limits, &heavy);
    assert_eq!(count(&registry).await, 1);
    assert_eq!(count(&registry).await, 1);
}

#[tokio::test]
async fn an_instance_retires_after_an_error() {
    let registry = reusing(LIMITS.reuse, &counting("counting").body("plan", "unreachable"));
    assert_eq!(count(&registry).await, 1);
    dialect(&registry, "counting").plan(&call()).await.unwrap_err();
    assert_eq!(count(&registry).await, 1, "the instance that trapped was used again");
}

#[tokio::test]
async fn an_instance_retires_after_a_breach_of_the_contract() {
    let guest = counting("counting").answer_with("plan", |image| image.plan("//evil", &[]));
    let registry = reusing(LIMITS.reuse, &guest);
    assert_eq!(count(&registry).await, 1);
    dialect(&registry, "counting").plan(&call()).await.unwrap_err();
    assert_eq!(count(&registry).await, 1);
}

#[tokio::test]
async fn an_instance_with_an_open_decoder_retires() {
    let registry = reusing(LIMITS.reuse, &counting("counting"));
    assert_eq!(count(&registry).await, 1);
    let mut exchange = open(&registry, "counting");
    exchange.begin(identity(), &ok_head()).await.unwrap();
    drop(exchange);
    assert_eq!(count(&registry).await, 1);

    let mut exchange = open(&registry, "counting");
    exchange.begin(identity(), &ok_head()).await.unwrap();
    exchange.finish(Ending::Clean).await.unwrap();
    drop(exchange);
    assert_eq!(count(&registry).await, 2);
}

#[tokio::test]
async fn an_idle_instance_retires() {
    let limits = ReuseLimits { idle: Duration::ZERO, ..LIMITS.reuse };
    let registry = reusing(limits, &counting("counting"));
    assert_eq!(count(&registry).await, 1);
    eventually("it is retired", || status(&registry, "counting").stats.stock_depth == 0);
}

#[tokio::test]
async fn a_destructor_that_traps_or_loops_ends_its_exchange_alone() {
    for (body, kind) in [
        ("unreachable", FailureKind::PluginFault),
        ("(loop $l (br $l))", FailureKind::PluginTimeout),
    ] {
        let guest = counting("counting").body("dtor", body).call_ms(300);
        let registry = reusing(LIMITS.reuse, &guest);
        let mut exchange = open(&registry, "counting");
        exchange.begin(identity(), &ok_head()).await.unwrap();
        let failure = exchange.finish(Ending::Clean).await.unwrap_err();
        assert_eq!(failure.kind(), kind);
        assert_eq!(count(&registry).await, 1);
    }
}

#[tokio::test]
async fn a_fresh_instance_is_dropped_without_its_destructor() {
    let registry = registry();
    install(&registry, &Guest::egress("plain").body("dtor", "unreachable"));
    let mut exchange = open(&registry, "plain");
    exchange.begin(identity(), &ok_head()).await.unwrap();
    exchange.finish(Ending::Clean).await.unwrap();
    drop(exchange);
    assert_eq!(status(&registry, "plain").stats.faults, 0);
}
