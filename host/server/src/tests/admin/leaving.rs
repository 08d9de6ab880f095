//! Long answers that end before their end.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use exchange::{FailureKind, Outcome};
use http_body_util::BodyExt as _;
use serde_json::json;
use store::{
    BackupSummary, Batch, Kind, Loaded, MemoryStore, Page, PageQuery, Record, Revision, Store,
    StoreProblem,
};
use tokio::sync::Notify;

use super::super::client::TestClient;
use super::super::fake::Fake;
use super::super::sockets::soon;
use super::client::Ask;
use super::desk::{furnish, furnish_on};

#[tokio::test]
async fn an_export_that_cannot_be_read_to_its_end_breaks_off() {
    let (edge, desk) = furnish(Fake::echo()).await;
    let mut client = TestClient::of(edge);
    // Three times what is read from the store at once.
    for number in 0..600 {
        let document = json!({"id": format!("p{number}"), "adapter": "a", "models": ["m"]});
        let ask = Ask::new("POST /admin/providers").document(&document);
        client.send(ask.into_request()).await;
    }
    let response = client.open(Ask::new("GET /admin/audit/export").into_request()).await;
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    desk.store.break_now();
    let mut rest = Vec::new();
    while let Some(frame) = body.frame().await {
        rest.push(frame.is_ok());
    }
    assert_eq!(rest.last(), Some(&false), "it ends with an error, not cleanly");
    let Outcome::Failed(failure) = client.record().outcome else { panic!("not failed") };
    assert_eq!(failure.kind(), FailureKind::StoreUnavailable);
}

#[tokio::test]
async fn a_long_answer_that_is_dropped_was_cancelled_and_leaves_nothing() {
    let (edge, desk) = furnish(Fake::echo()).await;
    let mut client = TestClient::of(edge);
    let document = json!({"id": "main", "adapter": "a", "models": ["m"]});
    client.send(Ask::new("POST /admin/providers").document(&document).into_request()).await;
    for label in ["GET /admin/audit/export", "POST /admin/backup"] {
        let response = client.open(Ask::new(label).into_request()).await;
        assert_eq!(response.status(), 200);
        drop(response);
        let record = client.record();
        assert_eq!((record.status, &*record.endpoint), (499, label));
        assert!(matches!(record.outcome, Outcome::Cancelled));
    }
    let left = fs::read_dir(desk.directory.path().join("backups")).unwrap();
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn leaving_while_a_backup_is_written_leaves_nothing() {
    let store = Arc::new(Unending { store: MemoryStore::new(), written: Notify::new() });
    let (edge, desk) = furnish_on(Arc::clone(&store) as _, Fake::echo()).await;
    let mut client = TestClient::of(edge);
    let directory = desk.directory.path().join("backups");
    {
        let asking = client.open(Ask::new("POST /admin/backup").into_request());
        tokio::select! {
            _ = asking => panic!("the backup has no end"),
            () = soon(store.written.notified()) => {}
        }
    }
    assert!(matches!(client.record().outcome, Outcome::Cancelled));
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
}

/// Begins backups and never ends them.
struct Unending {
    store: MemoryStore,
    written: Notify,
}

#[async_trait]
impl Store for Unending {
    async fn load(&self, kind: Kind) -> Result<Loaded, StoreProblem> {
        self.store.load(kind).await
    }

    async fn get(&self, kind: Kind, key: &str) -> Result<Option<Record>, StoreProblem> {
        self.store.get(kind, key).await
    }

    async fn page(&self, kind: Kind, query: PageQuery) -> Result<Page, StoreProblem> {
        self.store.page(kind, query).await
    }

    async fn commit(&self, batch: Batch) -> Result<Revision, StoreProblem> {
        self.store.commit(batch).await
    }

    async fn back_up(&self, to: &Path) -> Result<BackupSummary, StoreProblem> {
        fs::write(to, "half of it").unwrap();
        self.written.notify_one();
        std::future::pending().await
    }
}
