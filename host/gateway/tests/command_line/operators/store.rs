use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ::store::{Batch, Kind, Put, SledStore, Store as _};

use super::super::patchbay;
use super::{Reply, in_directory, lines, operate_in};

/// A backup with one record, and its checksum.
fn backup() -> (Vec<u8>, String) {
    let directory = in_directory(&[]);
    let file = directory.path().join("backup");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let summary = runtime.block_on(async {
        let store = SledStore::open(directory.path().join("store")).unwrap();
        let put = Put { kind: Kind::Route, key: Some("smart".to_owned()), body: b"{}".to_vec() };
        store.commit(Batch { puts: vec![put], ..Batch::default() }).await.unwrap();
        store.back_up(&file).await.unwrap()
    });
    (fs::read(&file).unwrap(), summary.checksum)
}

fn reply(body: &[u8], checksum: &str) -> Reply {
    Reply::bytes(200, "application/octet-stream", body).with_header("x-patchbay-checksum", checksum)
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_backup_is_fetched_checked_and_for_its_owner_alone() {
    let directory = in_directory(&[]);
    let (bytes, checksum) = backup();
    let arguments = ["backup", "--output", "b.backup"];
    let done = operate_in(directory.path(), (&arguments, ""), [reply(&bytes, &checksum)]);
    let length = bytes.len();
    let expected = format!("b.backup holds 1 records up to revision 1: {length} bytes, {checksum}");
    assert_eq!(done.good(), [expected]);
    done.assert_asked(&["POST /admin/backup"]);
    let file = directory.path().join("b.backup");
    assert_eq!(fs::read(&file).unwrap(), bytes);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(names(directory.path()), ["b.backup"]);
}

#[test]
fn a_backup_that_is_not_whole_leaves_no_file() {
    let (bytes, checksum) = backup();
    let cut = &bytes[..bytes.len() - 10];
    for (body, checksum) in [(cut, checksum.as_str()), (&bytes, "sha256:00"), (b"", &checksum)] {
        let directory = in_directory(&[]);
        let arguments = ["backup", "--output", "b.backup"];
        let done = operate_in(directory.path(), (&arguments, ""), [reply(body, checksum)]);
        assert!(done.bad()[0].contains("ask for another one"), "{:?}", done.errors);
        assert_eq!(names(directory.path()), [""; 0]);
    }
}

#[test]
fn a_backup_replaces_no_file() {
    let directory = in_directory(&[("b.backup", "mine")]);
    let arguments = ["backup", "--output", "b.backup"];
    let done = operate_in(directory.path(), (&arguments, ""), []);
    assert_eq!(done.bad(), ["patchbay: b.backup exists; name another file, or remove it"]);
    assert_eq!(done.asked.len(), 0);
    assert_eq!(fs::read(directory.path().join("b.backup")).unwrap(), b"mine");
}

#[test]
fn a_store_is_made_from_a_backup_and_the_former_one_is_kept() {
    let (bytes, _) = backup();
    let directory = in_directory(&[("patchbay.toml", "store.path = \"data/store\"\n")]);
    fs::create_dir(directory.path().join("data")).unwrap();
    fs::write(directory.path().join("b.backup"), bytes).unwrap();
    let restore = || patchbay(directory.path(), &["restore", "--input", "b.backup"], "");
    let output = restore();
    assert_eq!(lines(&output.stderr), [""; 0]);
    let made = "store data/store holds 1 records and goes on from revision 1";
    assert_eq!(lines(&output.stdout), [made]);
    let output = restore();
    assert_eq!(lines(&output.stdout)[0], made);
    assert!(lines(&output.stdout)[1].contains("data/store.before-restore-1"));
    let output = patchbay(directory.path(), &["migrate"], "");
    assert_eq!(lines(&output.stdout), ["store data/store has format 1 already"]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn what_is_no_backup_changes_no_store() {
    let directory = in_directory(&[("patchbay.toml", "store.path = \"store\"\n"), ("b", "x")]);
    let output = patchbay(directory.path(), &["restore", "--input", "b"], "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(lines(&output.stderr).len(), 1);
    assert!(!directory.path().join("store").exists());
    let output = patchbay(directory.path(), &["migrate"], "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(lines(&output.stderr).len(), 1);
}
