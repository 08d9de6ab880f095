use std::os::unix::fs::symlink;
use std::sync::Barrier;

use serde_json::{Value, json};

use super::*;
use crate::KeyWrapper as _;
use crate::LocalMasterKey;

fn open(path: &Path) -> Result<LocalMasterKey, MasterKeyProblem> {
    LocalMasterKey::open_or_create(path, true)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn the_file_is_private_and_nothing_else_is_left() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("keys");
    let path = directory.join("master.key");
    let key = open(&path).unwrap();
    assert_eq!((mode(&directory), mode(&path)), (0o700, 0o600));
    key.rotate().await.unwrap();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(names(&directory), ["master.key"]);
}

#[test]
fn a_file_that_others_may_use_is_refused_with_the_command_that_mends_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("master.key");
    let id = open(&path).unwrap().current_key();
    for foreign in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(foreign)).unwrap();
        let problem = open(&path).unwrap_err().to_string();
        let expected = format!("(mode {foreign:04o}); run: chmod 600 {}", path.display());
        assert!(problem.ends_with(&expected), "{problem}");
    }
    for private in [0o600, 0o400] {
        fs::set_permissions(&path, fs::Permissions::from_mode(private)).unwrap();
        assert_eq!(open(&path).unwrap().current_key(), id);
    }
}

#[test]
fn a_file_that_is_missing_is_asked_for_where_credentials_need_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("master.key");
    let problem = LocalMasterKey::open_or_create(&path, false).unwrap_err();
    assert!(matches!(problem, MasterKeyProblem::Absent(_)), "{problem}");
    assert!(problem.to_string().contains("sealed with it; bring that file back"), "{problem}");
    assert!(names(directory.path()).is_empty());
}

#[test]
fn what_is_no_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let problem = open(directory.path()).unwrap_err().to_string();
    assert!(problem.contains("it is no file"), "{problem}");

    let link = directory.path().join("link");
    symlink(directory.path().join("nothing"), &link).unwrap();
    let problem = open(&link).unwrap_err().to_string();
    assert!(problem.contains("it is a link to nothing"), "{problem}");
    assert_eq!(names(directory.path()), ["link"]);
}

#[tokio::test]
async fn a_link_is_followed_and_stays() {
    let directory = tempfile::tempdir().unwrap();
    let (path, link) = (directory.path().join("master.key"), directory.path().join("link"));
    open(&path).unwrap();
    symlink(&path, &link).unwrap();
    let rotated = open(&link).unwrap().rotate().await.unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(open(&path).unwrap().current_key(), rotated);

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let problem = open(&link).unwrap_err();
    assert!(matches!(problem, MasterKeyProblem::Exposed { .. }), "{problem}");
}

fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Opens the content, which must be refused, stay as it is, and not be quoted.
fn refused(path: &Path, content: &[u8], key: &str) -> String {
    write(path, content);
    let problem = open(path).unwrap_err();
    assert!(matches!(problem, MasterKeyProblem::Damaged { .. }), "{problem}");
    assert_eq!(fs::read(path).unwrap(), content);
    let text = format!("{problem} {problem:?}");
    assert!(!text.contains(key), "{text}");
    problem.to_string()
}

#[test]
fn a_file_that_ends_early_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("master.key");
    open(&path).unwrap();
    let content = fs::read(&path).unwrap();
    let document: Value = serde_json::from_slice(&content).unwrap();
    let key = document["keys"][0]["key"].as_str().unwrap();
    // The last byte is a line break.
    for length in 0..content.len() - 1 {
        let problem = refused(&path, &content[..length], key);
        assert!(problem.contains("; bring it back from a backup"), "{problem}");
    }
}

#[test]
fn a_file_with_wrong_content_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("master.key");
    open(&path).unwrap();
    let good: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let entry = &good["keys"][0];
    let key = entry["key"].as_str().unwrap();
    let other = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd_v8";
    for (pointer, value, reason) in [
        ("/v", json!(2), "it has form 2, which is not known here"),
        ("/v", json!(key), "not the JSON of a key file"),
        ("/keys", json!(key), "not the JSON of a key file"),
        ("/keys", json!([]), "it has no keys"),
        ("/keys", json!([entry, entry]), "is in it twice"),
        ("/current", json!("0123456789abcdef"), "its current key is missing"),
        ("/keys/0", json!({"id": "a", key: 1}), "not the JSON of a key file"),
        ("/keys/0/id", json!("0123456789abcdef"), "of id \"0123456789abcdef\" is another one"),
        ("/keys/0/key", json!(other), "is another one"),
        ("/keys/0/key", json!("short"), "cannot be read"),
        ("/keys/0/key", json!(format!("\n{key}")), "not the JSON of a key file"),
        ("/keys/0/key", json!(1), "not the JSON of a key file"),
        ("", json!([good]), "not the JSON of a key file"),
    ] {
        let mut document = good.clone();
        *document.pointer_mut(pointer).unwrap() = value;
        let problem = refused(&path, &serde_json::to_vec(&document).unwrap(), key);
        assert!(problem.contains(reason), "{pointer}: {problem}");
    }
    let problem = refused(&path, &[0xff; 16], key);
    assert!(problem.contains("line 1"), "{problem}");
    let problem = refused(&path, &vec![b' '; 65_537], key);
    assert!(problem.contains("it is over 64 KiB"), "{problem}");
}

#[tokio::test]
async fn a_change_does_not_write_over_a_damaged_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("master.key");
    let key = open(&path).unwrap();
    write(&path, "{");
    let problem = key.rotate().await.unwrap_err().to_string();
    assert!(problem.contains("is damaged"), "{problem}");
    let problem = key.retire_others().await.unwrap_err().to_string();
    assert!(problem.contains("is damaged"), "{problem}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "{");
}

#[test]
fn of_many_that_make_the_file_at_once_one_wins() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys/master.key");
    let start = Barrier::new(8);
    let made: Vec<_> = std::thread::scope(|scope| {
        let make = || {
            start.wait();
            open(&path).unwrap().current_key()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let kept = open(&path).unwrap().current_key();
    assert!(made.iter().all(|id| *id == kept), "{made:?}");
    assert_eq!(names(path.parent().unwrap()), ["master.key"]);
}

#[test]
fn who_comes_second_takes_the_keys_that_are_there() {
    let directory = tempfile::tempdir().unwrap();
    let file = KeyFile::at(&directory.path().join("master.key"));
    let first = file.create(Ring::of_new_key().unwrap()).unwrap();
    let second = file.create(Ring::of_new_key().unwrap()).unwrap();
    assert_eq!(second.current().id(), first.current().id());
    assert_eq!(names(directory.path()), ["master.key"]);
}

#[tokio::test]
async fn a_crash_before_the_new_file_has_its_name_leaves_the_old_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("master.key");
    let before = open(&path).unwrap().current_key();
    let staged = KeyFile::at(&path).stage(&Ring::of_new_key().unwrap()).unwrap();
    let (_, left) = staged.keep().unwrap();
    assert_eq!(mode(&left), 0o600);

    let key = open(&path).unwrap();
    assert_eq!(key.current_key(), before);
    key.rotate().await.unwrap();
    key.retire_others().await.unwrap();
    assert_eq!(names(directory.path()), ["master.key"]);
}
