//! Migrations, shown with formats that only exist here.

use super::*;
use crate::backup::verify;
use crate::entry::Entry;
use crate::migrations::{Formats, Step};

const STEPS: &[Step] = &[
    Step { from: 1, about: "Drops usage, names routes in upper case.", apply: upper_case },
    Step { from: 2, about: "Wraps bodies.", apply: wrap },
];
const THIRD: Formats = Formats { latest: 3, steps: STEPS };
const WITHOUT_SECOND: Formats = Formats { latest: 3, steps: &[STEPS[0]] };
const FAILING: Formats =
    Formats { latest: 2, steps: &[Step { from: 1, about: "Fails.", apply: refuse }] };

fn upper_case(entries: &mut Vec<Entry>) -> Result<(), String> {
    entries.retain(|it| it.kind != "usage");
    for entry in entries.iter_mut().filter(|it| it.kind == "route") {
        entry.key = entry.key.to_uppercase();
    }
    Ok(())
}

fn wrap(entries: &mut Vec<Entry>) -> Result<(), String> {
    for entry in entries {
        entry.body = [b"[", entry.body.as_slice(), b"]"].concat();
    }
    Ok(())
}

fn refuse(_: &mut Vec<Entry>) -> Result<(), String> {
    Err("it has a member that nobody knows".to_owned())
}

fn backup_of(path: &Path, revision: Revision) -> PathBuf {
    let ending = format!("format-1.revision-{revision}.backup");
    crate::siblings::sibling(path, &ending).unwrap()
}

#[tokio::test]
async fn an_earlier_format_is_migrated_step_by_step_after_a_backup() {
    let directory = directory();
    let path = directory.path().join("store");
    made(&path, &["a", "b"]).await;
    SledStore::open(&path).unwrap().commit(put(Kind::Usage, "u", "1")).await.unwrap();

    let migration = open::open(&path, &THIRD).unwrap().migration;
    let steps = vec!["Drops usage, names routes in upper case.", "Wraps bodies."];
    let backup = Some(backup_of(&path, 3));
    assert_eq!(migration, MigrationSummary { from: 1, to: 3, steps, backup });

    let store = SledStore::open_with(&path, &THIRD).unwrap();
    let records = store.load(Kind::Route).await.unwrap().records;
    let found: Vec<_> =
        records.iter().map(|it| (it.key.as_str(), it.revision, it.body.as_slice())).collect();
    assert_eq!(found, [("A", 1, b"[{}]".as_slice()), ("B", 2, b"[{}]".as_slice())]);
    assert_eq!(store.commit(Batch::default()).await.unwrap(), 4);
    assert!(store.load(Kind::Usage).await.unwrap().records.is_empty());

    let summary = verify(&backup_of(&path, 3)).unwrap();
    assert_eq!((summary.records, summary.revision), (3, 3));
}

#[tokio::test]
async fn a_migrated_store_is_not_migrated_again() {
    let directory = directory();
    let path = directory.path().join("store");
    made(&path, &["a"]).await;
    drop(open::open(&path, &THIRD).unwrap());
    let again = open::open(&path, &THIRD).unwrap().migration;
    assert_eq!(again, MigrationSummary::nothing(&THIRD));
    assert!(matches!(SledStore::open(&path), Err(StoreProblem::Newer { found: 3, .. })));
}

#[tokio::test]
async fn a_migration_that_cannot_be_done_changes_nothing() {
    for formats in [FAILING, WITHOUT_SECOND] {
        let directory = directory();
        let path = directory.path().join("store");
        made(&path, &["a", "b"]).await;
        // The second attempt finds the backup of the first.
        for _ in 0..2 {
            let problem = open::open(&path, &formats).err().unwrap();
            assert!(matches!(problem, StoreProblem::Damaged { .. }), "{problem}");
        }
        assert!(verify(&backup_of(&path, 2)).is_ok());
        assert_eq!(routes(&SledStore::open(&path).unwrap()).await, ["a", "b"]);
    }
}

#[tokio::test]
async fn migrate_says_that_there_is_nothing_to_do() {
    let directory = directory();
    let path = directory.path().join("store");
    assert!(matches!(migrate(&path), Err(StoreProblem::NotWritable { .. })));
    assert!(!path.exists(), "asking makes no store");
    made(&path, &["a"]).await;
    assert_eq!(migrate(&path).unwrap(), MigrationSummary::nothing(&FORMATS));
}
