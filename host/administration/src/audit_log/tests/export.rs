//! The export: whole, oldest first, and a little at a time.

use serde_json::json;

use super::log::{DEED, Log, filter, ids};
use crate::audit_log::AuditFilter;
use crate::audit_log::reading::chunk;

#[tokio::test]
async fn an_export_has_every_entry_once_and_no_chunk_is_large() {
    let log = Log::of_minutes(1001).await;
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let chunk = chunk(&log.store, &AuditFilter::default(), after).await.unwrap();
        assert!(chunk.entries.len() <= 200);
        found.extend(ids(&chunk.entries));
        after = chunk.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, log.ids().await);
}

#[tokio::test]
async fn a_chunk_holds_little_more_than_four_megabytes_and_lacks_nothing() {
    let log = Log::default();
    for _ in 0..40 {
        log.write_with(DEED, json!({ "text": "x".repeat(700_000) })).await;
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let chunk = chunk(&log.store, &AuditFilter::default(), after).await.unwrap();
        let bytes: usize =
            chunk.entries.iter().map(|it| serde_json::to_vec(it).unwrap().len()).sum();
        assert!(bytes < 5 << 20, "{bytes}");
        found.extend(ids(&chunk.entries));
        after = chunk.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, log.ids().await);
}

#[tokio::test]
async fn an_export_has_what_is_written_while_it_goes_on() {
    let log = Log::of_minutes(300).await;
    let first = chunk(&log.store, &AuditFilter::default(), None).await.unwrap();
    log.write(DEED).await;
    let second = chunk(&log.store, &AuditFilter::default(), first.next).await.unwrap();
    assert_eq!((first.entries.len(), second.entries.len(), second.next), (200, 101, None));
}

#[tokio::test]
async fn a_filter_that_finds_nothing_still_comes_to_the_end() {
    let log = Log::of_minutes(4100).await;
    let (filter, mut after, mut chunks) = (filter(&[("actor", "nobody")]).unwrap(), None, 0);
    loop {
        let chunk = chunk(&log.store, &filter, after).await.unwrap();
        assert!(chunk.entries.is_empty());
        chunks += 1;
        after = chunk.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(chunks, 3);
}
