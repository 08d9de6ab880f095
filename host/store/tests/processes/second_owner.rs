//! One process owns a directory.

use std::io::{BufRead, BufReader, Read};

use store::{SledStore, StoreProblem};

use crate::{given_path, other, tell};

#[test]
fn a_second_process_is_told_who_owns_the_store() {
    if let Some(path) = given_path() {
        let _store = SledStore::open(path).unwrap();
        tell("open");
        // Until the first process closes it.
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let name = "second_owner::a_second_process_is_told_who_owns_the_store";
    let mut owner = other(name, directory.path(), &[]).spawn().unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    assert!(lines.any(|it| it.unwrap() == "open"));

    let problem = SledStore::open(directory.path()).err().unwrap();
    let pid = owner.id().to_string();
    assert!(matches!(&problem, StoreProblem::InUse { owner, .. } if *owner == pid), "{problem}");
    assert!(problem.to_string().contains(&format!("in use by process {pid}; ")), "{problem}");

    drop(owner.stdin.take());
    assert!(owner.wait().unwrap().success());
    SledStore::open(directory.path()).unwrap();
}
