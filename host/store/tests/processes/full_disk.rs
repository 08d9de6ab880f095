//! A disk that takes no more, shown with a limit to the size of files: to sled it is the same
//! refusal of a write, at the same places.

use std::io::{BufRead, BufReader};
use std::path::Path;

use store::{Batch, Kind, PageQuery, Put, SledStore, Store, StoreProblem};

use crate::{given_path, other, tell};

/// Most commits that are tried; the limit is met long before.
const MAX_COMMITS: u32 = 10_000;

fn put(number: u32) -> Batch {
    let body = format!("\"{}\"", "x".repeat(3000)).into_bytes();
    let put = Put { kind: Kind::Route, key: Some(format!("{number:05}")), body };
    Batch { puts: vec![put], ..Batch::default() }
}

/// Commits until the disk is full, and tells what happened.
async fn fill(path: &Path) {
    let store = SledStore::open(path).unwrap();
    for number in 0..MAX_COMMITS {
        match store.commit(put(number)).await {
            Ok(_) => tell(&format!("answered {number:05}")),
            Err(StoreProblem::Full { .. }) => break,
            Err(other) => panic!("{other}"),
        }
    }
    let query = PageQuery { after: None, limit: 1, descending: false };
    let answers = [
        store.commit(put(0)).await.err(),
        store.load(Kind::Route).await.err(),
        store.page(Kind::Route, query).await.err(),
        store.get(Kind::Route, "00000").await.err(),
    ];
    assert!(answers.iter().all(|it| matches!(it, Some(StoreProblem::Failed))), "{answers:?}");
    tell("full");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_closes_the_store_and_loses_no_answer() {
    if let Some(path) = given_path() {
        return fill(&path).await;
    }
    let name = "full_disk::a_full_disk_closes_the_store_and_loses_no_answer";
    // Blocks of 512 or 1024 bytes, as the shell has it: within the first segments of the log, at
    // the end of one, and in the middle of a later one.
    for blocks in ["1500", "2048", "4096", "5000"] {
        let directory = tempfile::tempdir().unwrap();
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let wrapper = ["sh", "-c", limited.as_str()];
        let mut child = other(name, directory.path(), &wrapper).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let lines: Vec<String> = lines.map(Result::unwrap).collect();
        assert!(child.wait().unwrap().success(), "{blocks}: {lines:?}");
        assert!(lines.iter().any(|it| it == "full"), "{blocks}: {lines:?}");

        let answered: Vec<_> = lines.iter().filter_map(|it| it.strip_prefix("answered ")).collect();
        let store = SledStore::open(directory.path()).unwrap();
        let loaded = store.load(Kind::Route).await.unwrap();
        assert!(loaded.damaged.is_empty(), "{blocks}: {:?}", loaded.damaged);
        let found: Vec<_> = loaded.records.iter().map(|it| it.key.as_str()).collect();
        assert!(!answered.is_empty() && found.starts_with(&answered), "{blocks}: {found:?}");
        assert!(found.len() <= answered.len() + 1, "{blocks}: {found:?}");
        store.commit(put(9999)).await.unwrap();
    }
}
