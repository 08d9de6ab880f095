//! A flush may fail, be broken off or be repeated: each request counts once.

use std::sync::Arc;
use std::time::Duration;

use store::{Batch, Broken, Kind, MemoryStore, Put, Store as _};

use super::scripted::{End, Scripted};
use super::work::{NOON, counts, grouped, request, rows, total};
use crate::usage::UsageLedger;

#[tokio::test]
async fn a_request_is_counted_without_a_write_and_a_flush_writes_what_changed() {
    let (store, ledger) = (Scripted::default(), UsageLedger::default());
    for number in 0..10_000 {
        ledger.count(&request("laptop", &format!("m{}", number % 10)), NOON);
    }
    assert_eq!(store.commits(), 0);
    ledger.flush(&store).await.unwrap();
    // The rows, and when the key was last used.
    assert_eq!((store.commits(), rows(&store).await), (2, 10));
    ledger.flush(&store).await.unwrap();
    assert_eq!(store.commits(), 2);
    ledger.count(&request("laptop", "m3"), NOON);
    ledger.flush(&store).await.unwrap();
    assert_eq!((store.commits(), rows(&store).await), (4, 10));
    assert_eq!(total(&store, &ledger).await, counts(10_001));
}

#[tokio::test]
async fn a_broken_store_loses_nothing_and_the_next_flush_writes_it() {
    let good = Arc::new(MemoryStore::new());
    let broken = Broken::new(Arc::clone(&good) as _);
    let ledger = UsageLedger::default();
    ledger.count(&request("laptop", "m"), NOON);
    ledger.flush(&broken).await.unwrap();
    broken.break_now();
    for _ in 0..5 {
        ledger.count(&request("laptop", "m"), NOON);
        ledger.count(&request("phone", "m"), NOON);
        assert!(ledger.flush(&broken).await.is_err());
    }
    assert_eq!(total(&*good, &UsageLedger::default()).await, counts(1));
    ledger.flush(&*good).await.unwrap();
    assert_eq!(total(&*good, &UsageLedger::default()).await, counts(11));
    assert!(UsageLedger::load(&*good).await.unwrap().key_last_used("phone").is_some());
}

/// Counts 1200 rows of 600 keys once each, which is five commits.
fn count_many(ledger: &UsageLedger) {
    for number in 0..1200 {
        ledger.count(&request(&format!("key-{}", number / 2), &format!("m{}", number % 2)), NOON);
    }
}

#[tokio::test]
async fn wherever_a_flush_fails_each_request_counts_once() {
    for end in [End::Refused, End::Unknown] {
        for good in 0..5 {
            let (store, ledger) = (Scripted::default(), UsageLedger::default());
            count_many(&ledger);
            let script: Vec<_> = (0..good).map(|_| End::Good).chain([end]).collect();
            store.next(&script);
            assert!(ledger.flush(&store).await.is_err());
            assert_eq!(store.commits(), good + 1);
            count_many(&ledger);
            ledger.flush(&store).await.unwrap();
            assert_eq!(total(&store, &ledger).await, counts(2400), "{good} {end:?}");
            assert_eq!(rows(&store).await, 1200);
            let restarted = UsageLedger::load(&store).await.unwrap();
            assert!((0..600).all(|key| restarted.key_last_used(&format!("key-{key}")).is_some()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_that_is_broken_off_loses_nothing_and_counts_nothing_twice() {
    for good in 0..5 {
        let (store, ledger) = (Scripted::default(), UsageLedger::default());
        count_many(&ledger);
        let script: Vec<_> = (0..good).map(|_| End::Good).chain([End::Waits]).collect();
        store.next(&script);
        let flush = tokio::time::timeout(Duration::from_secs(1), ledger.flush(&store));
        assert!(flush.await.is_err());
        count_many(&ledger);
        assert_eq!(total(&store, &ledger).await, counts(2400), "{good}");
    }
}

#[tokio::test]
async fn a_flush_waits_for_another_one_and_requests_wait_for_neither() {
    let (store, ledger) = (Arc::new(Scripted::default()), Arc::new(UsageLedger::default()));
    ledger.count(&request("laptop", "m"), NOON);
    store.next(&[End::Waits]);
    let flush = |store: &Arc<Scripted>, ledger: &Arc<UsageLedger>| {
        let (store, ledger) = (Arc::clone(store), Arc::clone(ledger));
        tokio::spawn(async move { ledger.flush(&*store).await })
    };
    let (first, second) = (flush(&store, &ledger), flush(&store, &ledger));
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.commits(), 1);
    ledger.count(&request("laptop", "m"), NOON);
    assert!(ledger.key_last_used("laptop").is_some());
    store.release();
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(total(&*store, &ledger).await, counts(2));
}

#[tokio::test]
async fn restarts_within_an_hour_keep_its_totals() {
    let store = MemoryStore::new();
    for round in 1..6 {
        let ledger = UsageLedger::load(&store).await.unwrap();
        ledger.count(&request("laptop", "m"), NOON);
        ledger.count(&request("laptop", &format!("m{round}")), NOON);
        ledger.flush(&store).await.unwrap();
        ledger.count(&request("laptop", "m"), NOON);
        ledger.flush(&store).await.unwrap();
    }
    let report = grouped(&store, &UsageLedger::load(&store).await.unwrap(), "model").await;
    let requests: Vec<_> = report.data.iter().map(|row| row.counts.requests).collect();
    assert_eq!(requests, [10, 1, 1, 1, 1, 1]);
}

#[tokio::test]
async fn a_row_of_an_hour_that_is_over_goes_on_from_what_is_stored() {
    let (store, ledger) = (MemoryStore::new(), UsageLedger::default());
    // The hours of these tests are over: each flush drops them from memory.
    for _ in 0..4 {
        ledger.count(&request("laptop", "m"), NOON);
        ledger.flush(&store).await.unwrap();
    }
    assert_eq!((total(&store, &ledger).await, rows(&store).await), (counts(4), 1));
}

#[tokio::test]
async fn a_row_that_cannot_be_read_leaves_the_others_in_the_report() {
    let (store, ledger) = (MemoryStore::new(), UsageLedger::default());
    ledger.count(&request("laptop", "m"), NOON);
    ledger.flush(&store).await.unwrap();
    let bodies = ["{}", "[]", "7", r#"{"hour":"never"}"#];
    for (number, body) in bodies.iter().enumerate() {
        let key = Some(format!("2026-01-31T12|bad-{number}"));
        let put = Put { kind: Kind::Usage, key, body: body.as_bytes().to_vec() };
        store.commit(Batch { puts: vec![put], ..Batch::default() }).await.unwrap();
    }
    assert_eq!(total(&store, &ledger).await, counts(1));
    let put = |key: &str, body: &str| Put {
        kind: Kind::KeyUse,
        key: Some(key.to_owned()),
        body: body.as_bytes().to_vec(),
    };
    let puts = vec![put("bad", "{}"), put("worse", r#"{"last_used_at":"never"}"#)];
    store.commit(Batch { puts, ..Batch::default() }).await.unwrap();
    let ledger = UsageLedger::load(&store).await.unwrap();
    assert!(ledger.key_last_used("laptop").is_some());
    assert_eq!((ledger.key_last_used("bad"), ledger.key_last_used("worse")), (None, None));
}
