//! Backups that are not what they should be.

use std::path::PathBuf;

use super::*;

struct Sample {
    directory: tempfile::TempDir,
    text: String,
}

impl Sample {
    /// A backup of two records as it is written.
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("good");
        let mut backup = Writer::start(&file, Header::today(5)).unwrap();
        for (key, revision) in [("a", 3), ("b", 5)] {
            let kind = "route".to_owned();
            let body = b"{\"weight\":1}".to_vec();
            backup.add(&Entry { kind, key: key.to_owned(), revision, body }).unwrap();
        }
        backup.finish().unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        Self { directory, text }
    }

    fn file(&self, text: impl AsRef<[u8]>) -> PathBuf {
        let file = self.directory.path().join("changed");
        std::fs::write(&file, text).unwrap();
        file
    }

    /// Why this text is refused.
    fn fault(&self, text: impl AsRef<[u8]>) -> String {
        match verify(&self.file(text)) {
            Err(StoreProblem::BadBackup { reason, .. }) => reason,
            other => panic!("a bad backup was to be expected, not {other:?}"),
        }
    }

    /// The text with a change, and with a checksum that fits the change.
    fn signed(&self, from: &str, to: &str) -> String {
        let changed = self.text.replacen(from, to, 1);
        assert_ne!(changed, self.text);
        let body_end = changed.trim_end().rfind('\n').unwrap() + 1;
        let body = &changed[..body_end];
        let records = body.lines().count() as u64 - 1;
        let checksum = checksum(Sha256::new_with_prefix(body));
        let footer = serde_json::to_string(&Footer { records, checksum }).unwrap();
        format!("{body}{footer}\n")
    }
}

#[test]
fn what_was_written_is_read() {
    let sample = Sample::new();
    let contents = read(&sample.file(&sample.text)).unwrap();
    let keys: Vec<_> = contents.entries.iter().map(|it| (it.key.as_str(), it.revision)).collect();
    assert_eq!(keys, [("a", 3), ("b", 5)]);
    assert_eq!(contents.entries[0].body, b"{\"weight\":1}");
    assert_eq!((contents.header.format, contents.header.revision), (FORMATS.latest, 5));
    assert_eq!(contents.summary.bytes, sample.text.len() as u64);
}

#[test]
fn a_backup_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let sample = Sample::new();
    let mode = sample.directory.path().join("good").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn any_changed_byte_is_noticed() {
    let sample = Sample::new();
    for place in 0..sample.text.len() {
        let mut bytes = sample.text.clone().into_bytes();
        bytes[place] ^= 1;
        sample.fault(bytes);
    }
}

#[test]
fn a_backup_that_was_cut_off_anywhere_is_noticed() {
    let sample = Sample::new();
    for length in 0..sample.text.len() {
        sample.fault(&sample.text[..length]);
    }
}

#[test]
fn what_is_wrong_is_said() {
    let sample = Sample::new();
    let nul = "\"key\":\"a\\u0000\"";
    let cases = [
        ("", "it is empty".to_owned()),
        ("hello\n", sample.fault("hello\n")),
        ("later format", sample.fault(sample.signed("\"format\":1", "\"format\":2"))),
        ("kind", sample.fault(sample.signed("\"kind\":\"route\"", "\"kind\":\"road\""))),
        ("key", sample.fault(sample.signed("\"key\":\"a\"", "\"key\":\"\""))),
        ("NUL", sample.fault(sample.signed("\"key\":\"a\"", nul))),
        ("order", sample.fault(sample.signed("\"key\":\"a\"", "\"key\":\"c\""))),
        ("twice", sample.fault(sample.signed("\"key\":\"b\"", "\"key\":\"a\""))),
        ("newer", sample.fault(sample.signed("\"revision\":3", "\"revision\":6"))),
        ("base64", sample.fault(sample.signed("\"body\":\"", "\"body\":\"?"))),
        ("more", sample.fault(format!("{}\n", sample.text))),
    ];
    let words = [
        "empty",
        "not the header",
        "format 2",
        "kind is not known",
        "key is empty",
        "NUL",
        "out of order",
        "out of order",
        "newer than the backup",
        "its body",
        "after the last",
    ];
    for ((name, fault), word) in cases.into_iter().zip(words) {
        assert!(fault.contains(word), "{name}: {fault}");
    }
}

#[test]
fn an_endless_line_is_not_read_to_its_end() {
    let sample = Sample::new();
    let (header, _) = sample.text.split_once('\n').unwrap();
    let endless = format!("{header}\n{}", "x".repeat(3 << 20));
    assert!(sample.fault(endless).contains("line 2: too long"));
}

#[test]
fn a_file_that_is_not_there_is_said() {
    assert!(verify(Path::new("/nowhere/backup")).is_err());
}
