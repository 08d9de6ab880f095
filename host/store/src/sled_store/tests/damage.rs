//! Damaged and unsuitable directories.

use super::*;
use crate::PageQuery;

/// Writes something else under a key of the database.
fn tamper(path: &Path, key: &[u8], change: impl FnOnce(&mut Vec<u8>)) {
    let db = raw(path);
    let mut value = db.get(key).unwrap().unwrap().to_vec();
    change(&mut value);
    db.insert(key, value).unwrap();
    db.flush().unwrap();
}

#[tokio::test]
async fn a_damaged_record_is_reported_and_the_others_are_served() {
    type Change = fn(&mut Vec<u8>);
    let cases: [(&str, Change); 5] = [
        ("format byte", |it| it[0] ^= 1),
        ("revision", |it| it[8] ^= 1),
        ("checksum", |it| it[20] ^= 1),
        ("body", |it| *it.last_mut().unwrap() ^= 1),
        ("cut off", |it| it.truncate(12)),
    ];
    for (name, change) in cases {
        let directory = directory();
        let path = directory.path();
        made(path, &["a", "b", "c"]).await;
        tamper(path, b"route\0b", change);

        let store = SledStore::open(path).unwrap();
        let loaded = store.load(Kind::Route).await.unwrap();
        let damaged: Vec<_> = loaded.damaged.iter().map(|it| it.key.as_str()).collect();
        assert_eq!(damaged, ["b"], "{name}");
        assert_eq!(routes(&store).await, ["a", "c"], "{name}");
        assert_eq!(store.get(Kind::Route, "b").await.unwrap(), None, "{name}");
        let query = PageQuery { after: None, limit: 2, descending: false };
        let page = store.page(Kind::Route, query).await.unwrap();
        assert_eq!((page.records.len(), page.more), (2, false), "{name}");
        assert_eq!(store.database.reported.lock().unwrap().len(), 1, "{name}: logged once");

        let summary = store.back_up(&path.join("backup")).await.unwrap();
        assert_eq!((summary.records, summary.damaged), (2, 1), "{name}");
    }
}

#[tokio::test]
async fn a_record_of_an_unknown_kind_stays_and_is_not_backed_up() {
    let directory = directory();
    let path = directory.path();
    made(path, &["a"]).await;
    let key = b"stranger\0x";
    let db = raw(path);
    db.insert(key, layout::value(key, 1, b"{}")).unwrap();
    db.flush().unwrap();
    drop(db);

    let store = SledStore::open(path).unwrap();
    let file = path.join("backup");
    let summary = store.back_up(&file).await.unwrap();
    assert_eq!((summary.records, summary.damaged), (1, 1));
    crate::backup::verify(&file).unwrap();
    drop(store);
    assert!(raw(path).contains_key(key).unwrap());
}

#[tokio::test]
async fn a_damaged_record_can_be_written_anew() {
    let directory = directory();
    made(directory.path(), &["a", "b"]).await;
    tamper(directory.path(), b"route\0b", |it| it[20] ^= 1);
    let store = SledStore::open(directory.path()).unwrap();
    let mut batch = put(Kind::Route, "b", "{}");
    batch.expectations.push((Kind::Route, "b".to_owned(), crate::Expectation::Absent));
    store.commit(batch).await.unwrap();
    assert_eq!(routes(&store).await, ["a", "b"]);
}

#[tokio::test]
async fn the_latest_answer_stands_in_for_a_damaged_counter() {
    let directory = directory();
    made(directory.path(), &["a", "b"]).await;
    tamper(directory.path(), layout::REVISION_KEY, |it| it[20] ^= 1);
    let store = SledStore::open(directory.path()).unwrap();
    assert_eq!(store.commit(Batch::default()).await.unwrap(), 3);
}

#[tokio::test]
async fn a_store_that_lost_answered_commits_is_damaged() {
    let directory = directory();
    let path = directory.path();
    made(path, &["a", "b"]).await;
    let earlier = layout::value(layout::REVISION_KEY, 1, b"");
    tamper(path, layout::REVISION_KEY, |it| *it = earlier);
    let problem = SledStore::open(path).err().unwrap();
    assert!(matches!(&problem, StoreProblem::Damaged { .. }), "{problem}");
    assert!(problem.to_string().contains("ends at commit 1, but has answered 2"), "{problem}");
}

#[tokio::test]
async fn a_later_format_is_refused_and_left_alone() {
    let directory = directory();
    let path = directory.path();
    made(path, &["a"]).await;
    tamper(path, layout::FORMAT_KEY, |it| *it = b"7".to_vec());
    for _ in 0..2 {
        let problem = SledStore::open(path).err().unwrap();
        assert!(matches!(problem, StoreProblem::Newer { found: 7, known: 1, .. }), "{problem}");
    }
    tamper(path, layout::FORMAT_KEY, |it| *it = b"1".to_vec());
    assert_eq!(routes(&SledStore::open(path).unwrap()).await, ["a"]);
}

#[tokio::test]
async fn an_unreadable_format_is_damage() {
    for text in ["", "x", "0", "-1", "99999999999"] {
        let directory = directory();
        made(directory.path(), &["a"]).await;
        tamper(directory.path(), layout::FORMAT_KEY, |it| *it = text.into());
        let problem = SledStore::open(directory.path()).err().unwrap();
        assert!(matches!(problem, StoreProblem::Damaged { .. }), "{text:?}: {problem}");
    }
}

/// Whatever happens to sled's files, everything that was answered is there or reported, or
/// opening or reading says `Damaged`. Routes are read at opening, usage is not.
#[tokio::test(flavor = "multi_thread")]
async fn garbage_in_the_databases_files_is_noticed() {
    for kind in [Kind::Route, Kind::Usage] {
        let original = directory();
        for half in [0..30, 30..60] {
            // Opened twice, so that there is a snapshot with something in it.
            let store = SledStore::open(original.path()).unwrap();
            for number in half {
                store.commit(put(kind, &number.to_string(), "{}")).await.unwrap();
            }
        }
        assert_eq!(read_copy(original.path(), None, kind).await.unwrap(), 60, "undamaged");

        let (mut whole, mut damaged) = (0, 0);
        for harm in harms(original.path()) {
            match read_copy(original.path(), Some(&harm), kind).await {
                Ok(60) => whole += 1,
                Ok(found) => panic!("{found} of 60 records are left, unnoticed: {harm:?}"),
                Err(StoreProblem::Damaged { .. }) => damaged += 1,
                Err(problem) => panic!("{harm:?}: {problem}"),
            }
        }
        assert!(whole > 0 && damaged > 0, "both ends are seen: {whole}, {damaged}");
    }
}

/// Number of records of a kind, damaged ones included, in a copy of a store after some harm.
async fn read_copy(from: &Path, harm: Option<&Harm>, kind: Kind) -> Result<usize, StoreProblem> {
    let copy = directory();
    copy_files(from, copy.path());
    if let Some(harm) = harm {
        harm.inflict(copy.path());
    }
    let loaded = SledStore::open(copy.path())?.load(kind).await?;
    Ok(loaded.records.len() + loaded.damaged.len())
}

/// What happens to a file.
#[derive(Debug)]
struct Harm {
    file: String,
    at: u64,
    with: Vec<u8>,
    cut: bool,
}

impl Harm {
    fn inflict(&self, directory: &Path) {
        use std::os::unix::fs::FileExt;

        let file = std::fs::OpenOptions::new().write(true).open(directory.join(&self.file));
        let file = file.unwrap();
        if self.cut {
            file.set_len(self.at).unwrap();
        } else {
            file.write_all_at(&self.with, self.at).unwrap();
        }
    }
}

/// Places spread over each file, overwritten with one byte or many, or cut there.
fn harms(directory: &Path) -> Vec<Harm> {
    let mut harms = Vec::new();
    for found in std::fs::read_dir(directory).unwrap() {
        let found = found.unwrap();
        let file = found.file_name().into_string().unwrap();
        let length = used_bytes(&found.path());
        if !found.file_type().unwrap().is_file() || ["lock", "revision"].contains(&file.as_str()) {
            continue;
        }
        for place in 0..12 {
            let at = length * place / 12;
            for (with, cut) in [
                (vec![0x5a], false),
                (vec![0xff; 64], false),
                (vec![0; 5000], false),
                (vec![], true),
            ] {
                harms.push(Harm { file: file.clone(), at, with, cut });
            }
        }
    }
    harms
}

/// Bytes up to the last one that says something.
fn used_bytes(path: &Path) -> u64 {
    let bytes = std::fs::read(path).unwrap_or_default();
    let filling = bytes.last().copied();
    bytes.iter().rposition(|it| Some(*it) != filling).map_or(0, |it| it as u64 + 1)
}

fn copy_files(from: &Path, to: &Path) {
    for found in std::fs::read_dir(from).unwrap() {
        let found = found.unwrap();
        if found.file_type().unwrap().is_file() {
            std::fs::copy(found.path(), to.join(found.file_name())).unwrap();
        }
    }
}

#[test]
fn what_cannot_be_a_directory_is_not_writable() {
    let directory = directory();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("store"), "/proc/self/store".into()] {
        let problem = SledStore::open(&path).err().unwrap();
        assert!(matches!(problem, StoreProblem::NotWritable { .. }), "{path:?}: {problem}");
    }
}

#[test]
fn a_directory_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let directory = directory();
    let path = directory.path().join("made/store");
    let _store = SledStore::open(&path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_second_store_of_one_directory_is_refused_until_the_first_is_closed() {
    let directory = directory();
    let store = SledStore::open(directory.path()).unwrap();
    let problem = SledStore::open(directory.path()).err().unwrap();
    let own = std::process::id().to_string();
    assert!(matches!(&problem, StoreProblem::InUse { owner, .. } if *owner == own), "{problem}");
    drop(store);
    SledStore::open(directory.path()).unwrap();
}
