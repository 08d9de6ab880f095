//! What counts, and that nothing is lost between many tasks.

use std::collections::BTreeMap;
use std::sync::Arc;

use exchange::{AccessSink as _, Failure, FailureKind, Outcome, Usage};
use store::MemoryStore;
use tokio_util::sync::CancellationToken;

use super::work::{NOON, counts, grouped, request, rows, total};
use crate::usage::{UsageCounts, UsageLedger};

const TASKS: u64 = 16;
const REQUESTS: u64 = 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_are_counted_exactly_while_flushes_and_reports_go_on() {
    let (store, ledger) = (Arc::new(MemoryStore::new()), Arc::new(UsageLedger::default()));
    let stop = CancellationToken::new();
    let flushes: Vec<_> = (0..2)
        .map(|_| {
            let (store, ledger, stop) = (Arc::clone(&store), Arc::clone(&ledger), stop.clone());
            tokio::spawn(async move {
                while !stop.is_cancelled() {
                    ledger.flush(&*store).await.unwrap();
                    grouped(&*store, &ledger, "model").await;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let work: Vec<_> = (0..TASKS)
        .map(|task| {
            let ledger = Arc::clone(&ledger);
            tokio::spawn(async move {
                for number in 0..REQUESTS {
                    let record = request(&format!("key-{}", task % 4), &format!("m{}", number % 5));
                    ledger.count(&record, NOON);
                    if number % 50 == 0 {
                        tokio::task::yield_now().await;
                    }
                }
            })
        })
        .collect();
    for task in work {
        task.await.unwrap();
    }
    stop.cancel();
    for task in flushes {
        task.await.unwrap();
    }
    for ledger in [&*ledger, &UsageLedger::load(&*store).await.unwrap()] {
        let report = grouped(&*store, ledger, "api_key,model").await;
        assert_eq!(report.data.len(), 4 * 5);
        for row in report.data {
            assert_eq!(row.counts, counts(TASKS * REQUESTS / 20), "{:?}", row.group);
        }
    }
}

#[tokio::test]
async fn requests_of_api_keys_for_an_operation_count_however_they_end() {
    let failed = || Outcome::Failed(Failure::new(FailureKind::RateLimited, "slow down"));
    let no_tokens = UsageCounts { requests: 1, ..UsageCounts::default() };
    let table = [
        (request("laptop", "m"), counts(1), true),
        (
            {
                let mut it = request("laptop", "m");
                it.outcome = failed();
                it
            },
            UsageCounts { failed_requests: 1, ..counts(1) },
            true,
        ),
        (
            {
                let mut it = request("laptop", "m");
                it.outcome = Outcome::Cancelled;
                it
            },
            counts(1),
            true,
        ),
        (
            {
                let mut it = request("laptop", "m");
                it.usage = None;
                it
            },
            no_tokens,
            true,
        ),
        (
            {
                let mut it = request("laptop", "m");
                it.operation = None;
                it
            },
            UsageCounts::default(),
            true,
        ),
        (
            {
                let mut it = request("laptop", "m");
                it.caller = None;
                it
            },
            UsageCounts::default(),
            false,
        ),
    ];
    for (record, counts, used) in table {
        let (store, ledger) = (MemoryStore::new(), UsageLedger::default());
        let shown = format!("{record:?}");
        ledger.count(&record, NOON);
        assert_eq!(total(&store, &ledger).await, counts, "{shown}");
        assert_eq!(ledger.key_last_used("laptop").is_some(), used, "{shown}");
    }
}

#[tokio::test]
async fn an_operator_is_no_api_key() {
    let (store, ledger) = (MemoryStore::new(), UsageLedger::default());
    for subject in ["olivia", "m|x", ""] {
        let caller = format!("operator:{subject}");
        ledger.count(&request(&caller, "m"), NOON);
        assert_eq!(ledger.key_last_used(&caller), None);
    }
    ledger.flush(&store).await.unwrap();
    assert_eq!(rows(&store).await, 0);
    assert!(store::Store::load(&store, store::Kind::KeyUse).await.unwrap().records.is_empty());
}

#[tokio::test]
async fn a_count_that_is_full_stays_full_in_memory_and_in_the_store() {
    let store = MemoryStore::new();
    let mut ledger = UsageLedger::default();
    let huge =
        Usage { prompt_tokens: u64::MAX - 5, completion_tokens: u64::MAX, ..Usage::default() };
    for round in 1..4 {
        let mut record = request("laptop", "m");
        record.usage = Some(huge);
        ledger.count(&record, NOON);
        let total = total(&store, &ledger).await;
        let prompt = if round == 1 { u64::MAX - 5 } else { u64::MAX };
        assert_eq!((total.requests, total.prompt_tokens), (round, prompt));
        assert_eq!(total.completion_tokens, u64::MAX);
        ledger = UsageLedger::load(&store).await.unwrap();
    }
    let mut other = request("other", "m");
    other.usage = Some(huge);
    ledger.count(&other, NOON);
    assert_eq!(total(&store, &ledger).await.prompt_tokens, u64::MAX);
}

#[tokio::test]
async fn what_is_recorded_now_counts_in_the_hour_of_now() {
    let (store, ledger) = (MemoryStore::new(), UsageLedger::default());
    let before = time::OffsetDateTime::now_utc();
    ledger.record(request("laptop", "m"));
    let used = ledger.key_last_used("laptop").unwrap();
    assert!(used >= before && used <= time::OffsetDateTime::now_utc());
    let query = crate::usage::UsageQuery::parse(&[], used).unwrap();
    let report = crate::usage::report::report(&store, &ledger, &query).await.unwrap();
    let groups: BTreeMap<_, _> =
        report.data.into_iter().map(|row| (row.group, row.counts.requests)).collect();
    assert_eq!(groups.into_values().collect::<Vec<_>>(), [1]);
}
