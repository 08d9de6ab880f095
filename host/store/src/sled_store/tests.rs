//! The embedded backend as a backend.

mod damage;
mod migration;
mod restoring;

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::conformance::{Subject, every_rule, every_rule_of_durability};
use crate::{Batch, Put};

/// An empty directory that is gone afterwards.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn put(kind: Kind, key: &str, body: &str) -> Batch {
    let put = Put { kind, key: Some(key.to_owned()), body: body.as_bytes().to_vec() };
    Batch { puts: vec![put], ..Batch::default() }
}

/// A store with these routes, closed again.
async fn made(path: &Path, routes: &[&str]) {
    let store = SledStore::open(path).unwrap();
    for route in routes {
        store.commit(put(Kind::Route, route, "{}")).await.unwrap();
    }
}

async fn routes(store: &dyn Store) -> Vec<String> {
    let loaded = store.load(Kind::Route).await.unwrap();
    loaded.records.into_iter().map(|it| it.key).collect()
}

/// The database without a store around it.
fn raw(path: &Path) -> Db {
    let config = sled::Config::new().path(path).flush_every_ms(None);
    // Threads of the store that was just closed may hold the file a little longer.
    loop {
        match config.open() {
            Ok(db) => return db,
            Err(error) if error.to_string().contains("lock") => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_is_kept() {
    let directories = Mutex::new(Vec::new());
    every_rule(|| async {
        let directory = directory();
        let store = SledStore::open(directory.path().join("store")).unwrap();
        directories.lock().unwrap().push(directory);
        Arc::new(store) as Subject
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_of_durability_is_kept() {
    let directory = directory();
    let path = directory.path().join("deep/store");
    every_rule_of_durability(|| async { Arc::new(SledStore::open(&path).unwrap()) as Subject })
        .await;
}

#[tokio::test]
async fn a_commit_goes_on_when_its_caller_is_gone() {
    let directory = directory();
    let store = SledStore::open(directory.path()).unwrap();
    for number in 0..20 {
        let mut commit = Box::pin(store.commit(put(Kind::Route, &number.to_string(), "{}")));
        // Polled once, so that it has begun, and dropped.
        std::future::poll_fn(|context| {
            let _ = commit.as_mut().poll(context);
            std::task::Poll::Ready(())
        })
        .await;
        drop(commit);
    }
    let last = store.commit(put(Kind::Route, "last", "{}")).await.unwrap();
    let loaded = store.load(Kind::Route).await.unwrap();
    assert_eq!(loaded.records.len() as u64, last, "every revision has its record");
    assert!(loaded.records.iter().all(|it| it.revision <= last));
}
