//! What is there afterwards.

use super::{Subject, body, committed, keys, put, put_of};
use crate::backup::verify;
use crate::{Batch, Kind};

/// Tries every rule of what is kept over a restart. `open` opens the same place every time; it is
/// empty at first, and the store that was opened before is closed by then.
pub async fn every_rule_of_durability<F: Future<Output = Subject>>(open: impl Fn() -> F) {
    let store = open().await;
    committed(&store, put(Kind::Route, "kept", "1")).await;
    let puts = vec![put_of(Kind::Route, Some("last"), "2"), put_of(Kind::Audit, None, "2")];
    committed(&store, Batch { puts, ..Batch::default() }).await;
    drop(store);

    let store = open().await;
    assert_eq!(keys(&store, Kind::Route).await, ["kept", "last"]);
    assert_eq!(body(&store, Kind::Route, "last").await.as_deref(), Some("2"));
    assert_eq!(keys(&store, Kind::Audit).await, ["00000000000000000002"]);
    let removals =
        vec![(Kind::Route, "last".to_owned()), (Kind::Audit, "00000000000000000002".to_owned())];
    assert_eq!(committed(&store, Batch { removals, ..Batch::default() }).await, 3);
    drop(store);

    let store = open().await;
    assert_eq!(keys(&store, Kind::Route).await, ["kept"]);
    assert!(keys(&store, Kind::Audit).await.is_empty());
    let next = committed(&store, Batch::default()).await;
    assert_eq!(next, 4, "revisions grow even if the latest records are gone");
}

pub(super) async fn backup_verifies(store: Subject) {
    let directory = tempfile::tempdir().expect("there is room for a backup");
    for key in ["a", "b", "c"] {
        committed(&store, put(Kind::Route, key, "{}")).await;
    }
    committed(&store, put(Kind::Audit, "x", "{}")).await;
    let file = directory.path().join("backup");
    let summary = store.back_up(&file).await.expect("the backup is written");
    assert_eq!((summary.records, summary.revision, summary.damaged), (4, 4, 0));
    assert_eq!(verify(&file).expect("the backup is good"), summary);
    let length = file.metadata().expect("the backup is there").len();
    assert_eq!(length, summary.bytes);
}

pub(super) async fn backup_replaces_nothing(store: Subject) {
    let directory = tempfile::tempdir().expect("there is room for a backup");
    let file = directory.path().join("backup");
    std::fs::write(&file, "precious").expect("the file is written");
    assert!(store.back_up(&file).await.is_err());
    assert_eq!(std::fs::read_to_string(&file).expect("the file is there"), "precious");
    assert!(store.back_up(&directory.path().join("none/backup")).await.is_err());
    let files = directory.path().read_dir().expect("the directory is there").count();
    assert_eq!(files, 1, "nothing is left behind");
}
