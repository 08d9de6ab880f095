//! Pages, newest first.

use serde_json::json;
use store::Broken;
use time::Duration;

use super::log::{DEED, Deed, Log, NOON, ids, query};
use crate::audit_log::AuditAction;
use crate::audit_log::reading::page;

/// Every id that page after page shows, and how many pages that took.
async fn walk(log: &Log, pairs: &[(&str, &str)]) -> (Vec<String>, usize) {
    let (mut found, mut pages, mut cursor) = (Vec::new(), 0, None::<String>);
    loop {
        let mut pairs = pairs.to_vec();
        pairs.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = page(&log.store, &query(&pairs).unwrap()).await.unwrap();
        assert_eq!(page.object, "list");
        found.extend(ids(&page.data));
        pages += 1;
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => return (found, pages),
        }
    }
}

#[tokio::test]
async fn pages_show_each_entry_once_newest_first_and_the_last_one_says_so() {
    let log = Log::of_minutes(100).await;
    let mut all = log.ids().await;
    all.reverse();
    for (limit, pages) in
        [("1", 100), ("7", 15), ("32", 4), ("50", 2), ("99", 2), ("100", 1), ("200", 1)]
    {
        assert_eq!(walk(&log, &[("limit", limit)]).await, (all.clone(), pages), "{limit}");
    }
    assert_eq!(walk(&log, &[]).await, (all, 2));
    assert_eq!(walk(&Log::default(), &[]).await, (vec![], 1));
}

#[tokio::test]
async fn entries_that_come_meanwhile_move_no_page() {
    let log = Log::of_minutes(10).await;
    let mut all = log.ids().await;
    all.reverse();
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut pairs = vec![("limit", "3")];
        pairs.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = page(&log.store, &query(&pairs).unwrap()).await.unwrap();
        found.extend(ids(&page.data));
        log.write(Deed { at: NOON + Duration::hours(1), ..DEED }).await;
        let Some(next) = page.next_cursor else { break };
        cursor = Some(next);
    }
    assert_eq!(found, all);
    assert_eq!(log.ids().await.len(), 14);
}

#[tokio::test]
async fn a_record_that_is_no_entry_is_left_out_and_left_where_it_is() {
    let log = Log::of_minutes(3).await;
    let unknown = json!({ "id": "", "at": "2026-01-31T12:00:00Z", "actor": "a", "role": "admin",
        "request_id": "r", "action": "provider.paint", "noun": "provider", "target": "t" });
    let unknown = unknown.to_string();
    for body in ["{}", "[]", "null", "7", unknown.as_str()] {
        for _ in 0..50 {
            log.write_rubbish(body).await;
        }
    }
    log.write(DEED).await;
    let stored = log.ids().await;
    let mut good = stored[..3].to_vec();
    good.push(stored[253].clone());
    good.reverse();
    for limit in ["1", "2", "50"] {
        assert_eq!(walk(&log, &[("limit", limit)]).await.0, good, "{limit}");
    }
    assert_eq!(log.ids().await.len(), 254);
}

#[tokio::test]
async fn a_page_of_a_rare_filter_ends_early_and_the_next_one_goes_on() {
    let log = Log::default();
    let rare = log.write(Deed { action: AuditAction::StoreBackup, ..DEED }).await;
    for _ in 0..4500 {
        log.write(DEED).await;
    }
    let pairs = [("action", "store.backup")];
    let first = page(&log.store, &query(&pairs).unwrap()).await.unwrap();
    assert!(first.data.is_empty() && first.next_cursor.is_some());
    assert_eq!(walk(&log, &pairs).await, (vec![rare], 3));
}

#[tokio::test]
async fn a_page_of_large_entries_ends_early_and_the_next_one_goes_on() {
    let log = Log::default();
    let document = json!({ "text": "x".repeat(512 * 1024) });
    for _ in 0..30 {
        log.write_with(DEED, document.clone()).await;
    }
    let first = page(&log.store, &query(&[("limit", "200")]).unwrap()).await.unwrap();
    assert_eq!(first.data.len(), 8);
    let (found, pages) = walk(&log, &[("limit", "200")]).await;
    assert_eq!((found.len(), pages), (30, 4));
}

#[tokio::test]
async fn a_cursor_of_something_else_is_refused() {
    let cursor = |key: &str| crate::page::encode_cursor(key);
    for key in
        ["main", "7", "0000000000000000000a", "000000000000000000071", " 0000000000000000007"]
    {
        let problem = query(&[("cursor", &cursor(key))]).unwrap_err();
        assert!(problem.to_string().starts_with("cursor is none of this list; "), "{key}");
    }
    // One whose entry is gone, or never was, is a place all the same.
    let log = Log::of_minutes(3).await;
    let far = cursor("99999999999999999999");
    let query = query(&[("cursor", &far)]).unwrap();
    assert_eq!(page(&log.store, &query).await.unwrap().data.len(), 3);
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_an_error_and_no_empty_page() {
    let log = Log::of_minutes(1).await;
    let broken = Broken::new(std::sync::Arc::new(log.store));
    broken.break_now();
    assert!(page(&broken, &query(&[]).unwrap()).await.is_err());
}
