//! The end of a row's time.

use store::MemoryStore;
use time::{Duration, OffsetDateTime};

use super::scripted::{End, Scripted};
use super::work::{NOON, counts, grouped, request, rows, total};
use crate::usage::{UsageLedger, retire};

#[tokio::test]
async fn rows_of_hours_before_the_kept_days_are_removed_and_no_others() {
    let (store, ledger) = (MemoryStore::new(), UsageLedger::default());
    for hours in 0..72 {
        ledger.count(&request("laptop", "m"), NOON - Duration::hours(hours));
    }
    ledger.flush(&store).await.unwrap();
    let now = NOON + Duration::minutes(59);
    assert_eq!(retire(&store, now, 3).await.unwrap(), 0);
    assert_eq!(retire(&store, now, 2).await.unwrap(), 23);
    // The hour that is partly within stays.
    let hours = grouped(&store, &ledger, "hour").await.data;
    assert_eq!(hours[0].group.hour.as_deref(), Some("2026-01-29T12:00:00Z"));
    assert_eq!((hours.len(), total(&store, &ledger).await), (49, counts(49)));
    assert_eq!(retire(&store, now, 2).await.unwrap(), 0);
}

#[tokio::test]
async fn many_rows_go_in_commits_that_a_store_takes_and_the_rest_the_next_time() {
    let (store, ledger) = (Scripted::default(), UsageLedger::default());
    for number in 0..1200 {
        ledger.count(&request("laptop", &format!("m{number}")), NOON);
    }
    ledger.count(&request("laptop", "m"), NOON + Duration::days(9));
    ledger.flush(&store).await.unwrap();
    store.next(&[End::Good, End::Refused]);
    let now = NOON + Duration::days(10);
    assert!(retire(&store, now, 5).await.is_err());
    assert_eq!(rows(&store).await, 701);
    assert_eq!(retire(&store, now, 5).await.unwrap(), 700);
    assert_eq!(rows(&store).await, 1);
}

#[tokio::test]
async fn days_that_reach_before_the_first_row_there_can_be_remove_nothing() {
    let (store, ledger) = (MemoryStore::new(), UsageLedger::default());
    ledger.count(&request("laptop", "m"), OffsetDateTime::UNIX_EPOCH);
    ledger.flush(&store).await.unwrap();
    for days in [30_000, 800_000, 5_000_000, u32::MAX] {
        assert_eq!(retire(&store, NOON, days).await.unwrap(), 0);
    }
    assert_eq!(rows(&store).await, 1);
}
