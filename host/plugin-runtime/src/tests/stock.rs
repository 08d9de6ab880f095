//! Ready instances.

use super::*;
use crate::StockLimits;

fn stocked(limits: StockLimits) -> Registry {
    registry_with(Limits { stock: limits, ..LIMITS })
}

#[tokio::test]
async fn an_exchange_finds_a_ready_instance_and_more_are_made() {
    let registry = stocked(StockLimits { instances: 4, ..LIMITS.stock });
    install(&registry, &Guest::egress("plain"));
    assert_eq!(status(&registry, "plain").stats.stock_depth, 1);
    assert_serves(&registry, "plain").await;
    let stats = status(&registry, "plain").stats;
    assert_eq!((stats.stock_hits, stats.stock_misses), (1, 0));
    eventually("the stock is full", || status(&registry, "plain").stats.stock_depth == 4);
}

#[tokio::test]
async fn an_empty_stock_makes_an_instance_on_the_spot_and_counts_it() {
    let registry = stocked(StockLimits { instances: 0, ..LIMITS.stock });
    install(&registry, &Guest::egress("plain"));
    for _ in 0..3 {
        assert_serves(&registry, "plain").await;
    }
    let stats = status(&registry, "plain").stats;
    assert_eq!((stats.stock_hits, stats.stock_misses), (0, 3));
    assert_eq!((stats.stock_depth, stats.calls), (0, 3));
}

#[tokio::test]
async fn a_stock_holds_no_more_bytes_than_its_limit() {
    // Every instance has a page of memory.
    let registry = stocked(StockLimits { instances: 100, bytes: 3 * 65536, ..LIMITS.stock });
    install(&registry, &Guest::egress("plain"));
    assert_serves(&registry, "plain").await;
    eventually("the stock is full", || status(&registry, "plain").stats.stock_depth == 3);
}

#[tokio::test]
async fn an_idle_stock_shrinks_to_one() {
    let registry = stocked(StockLimits { instances: 4, idle: Duration::ZERO, ..LIMITS.stock });
    install(&registry, &Guest::egress("plain"));
    assert_serves(&registry, "plain").await;
    eventually("the stock was filled and has shrunk", || {
        let stats = status(&registry, "plain").stats;
        stats.stock_depth == 1 && registry.runtime().live_instances() == 1
    });
}

#[tokio::test]
async fn one_exchange_is_one_instance() {
    let registry = registry();
    install(&registry, &reuse::counting("counting"));
    let mut exchange = open(&registry, "counting");
    for count in ["1", "2", "3"] {
        assert_eq!(exchange.encode(Bytes::new()).await.unwrap().body, count);
    }
    for _ in 0..50 {
        assert_eq!(encode(&registry, "counting").await.unwrap(), "1");
    }
}

#[tokio::test]
async fn used_instances_are_dropped() {
    let registry = stocked(StockLimits { instances: 0, ..LIMITS.stock });
    install(&registry, &Guest::egress("plain"));
    for _ in 0..200 {
        assert_serves(&registry, "plain").await;
    }
    eventually("nothing is left", || registry.runtime().live_instances() == 0);
}

#[tokio::test]
async fn stocks_leave_half_of_all_instances_to_exchanges() {
    let registry = registry_with(Limits {
        live_instances: 16,
        stock: StockLimits { instances: 16, ..LIMITS.stock },
        ..LIMITS
    });
    for name in ["one", "two"] {
        install(&registry, &Guest::egress(name));
        assert_serves(&registry, name).await;
    }
    let depth = || -> usize {
        let list = registry.list();
        list.iter().map(|plugin| plugin.stats.stock_depth).sum()
    };
    eventually("stocks are filled and used instances dropped", || {
        depth() >= 6 && registry.runtime().live_instances() == depth()
    });
    assert!(depth() <= 9, "half, and one that proved its plugin");
    let mut held = Vec::new();
    for _ in 0..7 {
        let mut exchange = open(&registry, "one");
        exchange.encode(Bytes::new()).await.unwrap();
        held.push(exchange);
    }
}

#[tokio::test]
async fn a_plugin_that_cannot_be_warmed_up_has_a_stock_too() {
    let registry = registry();
    install(&registry, &Guest::egress("plain").body("plan", "unreachable"));
    assert_serves(&registry, "plain").await;
    eventually("the stock is filled", || status(&registry, "plain").stats.stock_depth > 1);
    assert_eq!(status(&registry, "plain").stats.faults, 0);
}
