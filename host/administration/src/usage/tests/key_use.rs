//! When an API key was last used.

use std::sync::Arc;

use store::{Batch, Kind, MemoryStore, Store};
use time::{Duration, OffsetDateTime};

use super::scripted::{End, Scripted};
use super::work::{NOON, request};
use crate::usage::UsageLedger;

async fn stored(store: &dyn Store) -> Option<OffsetDateTime> {
    UsageLedger::load(store).await.unwrap().key_last_used("laptop")
}

/// What the batch of a removal does besides.
async fn remove(store: &dyn Store) {
    let removals = vec![(Kind::KeyUse, "laptop".to_owned())];
    store.commit(Batch { removals, ..Batch::default() }).await.unwrap();
}

#[tokio::test]
async fn the_latest_use_stays_and_is_known_before_a_flush_and_after_a_restart() {
    let (store, ledger) = (MemoryStore::new(), UsageLedger::default());
    assert_eq!(ledger.key_last_used("laptop"), None);
    for (minutes, latest) in [(5, 5), (9, 9), (7, 9), (9, 9)] {
        ledger.count(&request("laptop", "m"), NOON + Duration::minutes(minutes));
        assert_eq!(ledger.key_last_used("laptop"), Some(NOON + Duration::minutes(latest)));
    }
    assert_eq!(stored(&store).await, None);
    ledger.flush(&store).await.unwrap();
    assert_eq!(stored(&store).await, Some(NOON + Duration::minutes(9)));
    let restarted = UsageLedger::load(&store).await.unwrap();
    restarted.count(&request("laptop", "m"), NOON);
    assert_eq!(restarted.key_last_used("laptop"), Some(NOON + Duration::minutes(9)));
}

#[tokio::test]
async fn another_key_of_a_removed_ones_id_was_not_used() {
    let (store, ledger) = (MemoryStore::new(), UsageLedger::default());
    ledger.count(&request("laptop", "m"), NOON);
    ledger.flush(&store).await.unwrap();
    ledger.count(&request("laptop", "m"), NOON);
    remove(&store).await;
    ledger.forget_key("laptop");
    assert_eq!(ledger.key_last_used("laptop"), None);
    ledger.flush(&store).await.unwrap();
    assert_eq!(stored(&store).await, None);
    ledger.count(&request("laptop", "m"), NOON);
    ledger.flush(&store).await.unwrap();
    assert_eq!(stored(&store).await, Some(NOON));
}

#[tokio::test]
async fn a_removal_in_the_middle_of_a_flush_is_not_undone_by_it() {
    let (store, ledger) = (Arc::new(Scripted::default()), Arc::new(UsageLedger::default()));
    ledger.count(&request("laptop", "m"), NOON);
    store.next(&[End::Good, End::Waits]);
    let flush = tokio::spawn({
        let (store, ledger) = (Arc::clone(&store), Arc::clone(&ledger));
        async move { ledger.flush(&*store).await }
    });
    while store.commits() < 2 {
        tokio::task::yield_now().await;
    }
    remove(&store.records).await;
    ledger.forget_key("laptop");
    store.release();
    flush.await.unwrap().unwrap();
    ledger.flush(&*store).await.unwrap();
    assert_eq!(stored(&*store).await, None);
    let commits = store.commits();
    ledger.flush(&*store).await.unwrap();
    assert_eq!(store.commits(), commits);
}
