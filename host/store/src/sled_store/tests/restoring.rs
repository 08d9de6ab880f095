//! Backups in the place of stores.

use super::*;
use crate::{RestoreSummary, restore};

/// A backup of a store with the routes a and b.
async fn backup_in(directory: &Path) -> PathBuf {
    let path = directory.join("source");
    made(&path, &["a", "b"]).await;
    let file = directory.join("backup");
    SledStore::open(path).unwrap().back_up(&file).await.unwrap();
    file
}

fn names_in(directory: &Path) -> Vec<String> {
    let names = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> =
        names.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_backup_becomes_a_store_where_there_was_none() {
    let directory = directory();
    let backup = backup_in(directory.path()).await;
    let path = directory.path().join("store");
    let done = restore(&backup, &path).unwrap();
    let expected = RestoreSummary { records: 2, revision: 2, migrated: vec![], former: None };
    assert_eq!(done, expected);
    let store = SledStore::open(&path).unwrap();
    let source = SledStore::open(directory.path().join("source")).unwrap();
    let (restored, original) =
        (store.load(Kind::Route).await.unwrap(), source.load(Kind::Route).await.unwrap());
    assert_eq!(restored.records, original.records, "with their revisions");
    assert_eq!(names_in(directory.path()), ["backup", "source", "store"]);
}

#[tokio::test]
async fn the_former_store_is_kept_and_revisions_go_on() {
    let directory = directory();
    let backup = backup_in(directory.path()).await;
    let path = directory.path().join("store");
    made(&path, &["x", "y", "z"]).await;
    for number in 1..=2 {
        let former = directory.path().join(format!("store.before-restore-{number}"));
        let done = restore(&backup, &path).unwrap();
        assert_eq!((done.revision, done.former), (3, Some(former)));
    }
    let store = SledStore::open(&path).unwrap();
    assert_eq!(routes(&store).await, ["a", "b"]);
    assert_eq!(store.commit(Batch::default()).await.unwrap(), 4);
    let former = SledStore::open(directory.path().join("store.before-restore-1")).unwrap();
    assert_eq!(routes(&former).await, ["x", "y", "z"]);
}

#[tokio::test]
async fn a_running_gateways_store_is_not_replaced() {
    let directory = directory();
    let backup = backup_in(directory.path()).await;
    let path = directory.path().join("store");
    let running = SledStore::open(&path).unwrap();
    let problem = restore(&backup, &path).err().unwrap();
    assert!(matches!(problem, StoreProblem::InUse { .. }), "{problem}");
    assert!(routes(&running).await.is_empty());
    assert_eq!(names_in(directory.path()), ["backup", "source", "store"]);
}

#[tokio::test]
async fn a_damaged_store_can_be_replaced() {
    let directory = directory();
    let backup = backup_in(directory.path()).await;
    let path = directory.path().join("store");
    made(&path, &["x"]).await;
    std::fs::write(path.join("conf"), "nonsense, and more of it").unwrap();
    std::fs::write(path.join("db"), "nonsense").unwrap();
    assert!(matches!(SledStore::open(&path), Err(StoreProblem::Damaged { .. })));
    restore(&backup, &path).unwrap();
    assert_eq!(routes(&SledStore::open(&path).unwrap()).await, ["a", "b"]);
}

#[tokio::test]
async fn what_a_restore_that_was_cut_off_left_is_cleared_away() {
    let directory = directory();
    let backup = backup_in(directory.path()).await;
    let path = directory.path().join("store");
    made(&path, &["x"]).await;
    made(&directory.path().join("store.restoring"), &["half"]).await;
    restore(&backup, &path).unwrap();
    assert_eq!(routes(&SledStore::open(&path).unwrap()).await, ["a", "b"]);
    let expected = ["backup", "source", "store", "store.before-restore-1"];
    assert_eq!(names_in(directory.path()), expected);
}

#[tokio::test]
async fn a_bad_backup_touches_nothing() {
    let directory = directory();
    let backup = backup_in(directory.path()).await;
    let path = directory.path().join("store");
    made(&path, &["x"]).await;
    let text = std::fs::read_to_string(&backup).unwrap();
    std::fs::write(&backup, text.replacen("\"revision\":1", "\"revision\":2", 1)).unwrap();
    let problem = restore(&backup, &path).err().unwrap();
    assert!(matches!(problem, StoreProblem::BadBackup { .. }), "{problem}");
    assert_eq!(routes(&SledStore::open(&path).unwrap()).await, ["x"]);
    assert_eq!(names_in(directory.path()), ["backup", "source", "store"]);
}
