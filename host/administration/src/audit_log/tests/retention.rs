//! The end of an entry's time.

use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::log::{DEED, Deed, Log, NOON};
use crate::audit_log::retire;

#[tokio::test]
async fn entries_older_than_the_kept_days_are_removed_and_no_others() {
    let log = Log::default();
    for day in 0..10 {
        log.write(Deed { at: NOON + Duration::days(day), ..DEED }).await;
    }
    let stored = log.ids().await;
    let now = NOON + Duration::days(9);
    assert_eq!(retire(&log.store, now, 9).await.unwrap(), 0);
    assert_eq!(retire(&log.store, now + Duration::milliseconds(1), 9).await.unwrap(), 1);
    assert_eq!(retire(&log.store, now, 3).await.unwrap(), 5);
    assert_eq!(log.ids().await, stored[6..]);
    assert_eq!(retire(&log.store, now, 3).await.unwrap(), 0);
    assert_eq!(retire(&log.store, now + Duration::days(100), 3).await.unwrap(), 4);
    assert!(log.ids().await.is_empty());
}

#[tokio::test]
async fn many_and_large_entries_go_and_the_young_stay() {
    let log = Log::default();
    for _ in 0..1100 {
        log.write(DEED).await;
    }
    for _ in 0..20 {
        log.write_with(DEED, json!({ "text": "x".repeat(700_000) })).await;
    }
    let young = log.write(Deed { at: NOON + Duration::days(10), ..DEED }).await;
    assert_eq!(retire(&log.store, NOON + Duration::days(11), 5).await.unwrap(), 1120);
    assert_eq!(log.ids().await, [young]);
}

#[tokio::test]
async fn an_entry_of_a_clock_that_ran_ahead_keeps_no_other_and_what_is_no_entry_stays() {
    let log = Log::default();
    let ahead = log.write(Deed { at: NOON + Duration::days(36500), ..DEED }).await;
    let rubbish = log.write_rubbish("{}").await;
    let timeless = log
        .write_rubbish(
            r#"{"at":"once","actor":"a","role":"admin","request_id":"r","action":"route.create",
            "noun":"route","target":"t","before":null,"after":null}"#,
        )
        .await;
    for _ in 0..10 {
        log.write(DEED).await;
    }
    assert_eq!(retire(&log.store, NOON + Duration::days(11), 5).await.unwrap(), 10);
    assert_eq!(log.ids().await, [ahead, rubbish, timeless]);
}

#[tokio::test]
async fn days_that_reach_before_the_first_entry_there_can_be_remove_nothing() {
    let log = Log::default();
    log.write(Deed { at: OffsetDateTime::UNIX_EPOCH, ..DEED }).await;
    for days in [30_000, 800_000, 5_000_000, u32::MAX] {
        assert_eq!(retire(&log.store, NOON, days).await.unwrap(), 0);
    }
    assert_eq!(log.ids().await.len(), 1);
}
