//! Reading a backup, which may be anything.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{BackupSummary, Footer, Header, Line, checksum};
use crate::batch::fault_of_key;
use crate::entry::Entry;
use crate::limits::MAX_BODY_BYTES;
use crate::migrations::FORMATS;
use crate::problem::StoreProblem;
use crate::record::Kind;

/// Most bytes of a line: a body in base64, a key with every byte escaped, and names.
const MAX_LINE_BYTES: u64 = (MAX_BODY_BYTES as u64) * 4 / 3 + 16 * 1024;

/// A backup that was found good.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) header: Header,
    pub(crate) entries: Vec<Entry>,
    pub(crate) summary: BackupSummary,
}

/// Reads a backup and checks everything that can be checked.
pub(crate) fn read(path: &Path) -> Result<Contents, StoreProblem> {
    let bad = |reason| StoreProblem::BadBackup { path: path.to_owned(), reason };
    let file = File::open(path).map_err(|it| bad(it.to_string()))?;
    let mut lines = Lines { file: BufReader::new(file), number: 0, bytes: 0 };
    contents(&mut lines).map_err(bad)
}

fn contents(lines: &mut Lines<impl BufRead>) -> Result<Contents, String> {
    let mut hash = Sha256::new();
    let first = lines.next()?.ok_or("it is empty")?;
    let header: Header = lines.parse(&first, "not the header of a backup")?;
    if header.format > FORMATS.latest {
        let (found, known) = (header.format, FORMATS.latest);
        return Err(format!("it has format {found}, this version knows up to {known}"));
    }
    hash.update(&first);
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let line = lines.next()?.ok_or("it was cut off: its last line is missing")?;
        if let Ok(footer) = serde_json::from_slice::<Footer>(&line) {
            let checksum = checksum(hash);
            lines.expect_footer(&footer, &checksum, entries.len())?;
            let summary = BackupSummary {
                records: footer.records,
                damaged: 0,
                revision: header.revision,
                bytes: lines.bytes,
                checksum,
            };
            return Ok(Contents { header, entries, summary });
        }
        hash.update(&line);
        let entry = lines.parse::<Line>(&line, "not a record")?.entry();
        let entry = entry.map_err(|it| lines.say(&it))?;
        check(&entry, entries.last(), &header).map_err(|it| lines.say(it))?;
        entries.push(entry);
    }
}

/// What a record has to be like among the others.
fn check(entry: &Entry, before: Option<&Entry>, header: &Header) -> Result<(), &'static str> {
    if header.format == FORMATS.latest && Kind::of_name(&entry.kind).is_none() {
        return Err("its kind is not known");
    }
    if let Some(fault) = fault_of_key(&entry.key) {
        return Err(fault);
    }
    if entry.revision > header.revision {
        return Err("it is newer than the backup");
    }
    if before.is_some_and(|it| (&it.kind, &it.key) >= (&entry.kind, &entry.key)) {
        return Err("it is out of order");
    }
    Ok(())
}

/// Lines of limited length, counted.
struct Lines<R> {
    file: R,
    number: u64,
    bytes: u64,
}

impl<R: BufRead> Lines<R> {
    /// The next line with its end, `None` after the last one.
    fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        self.number += 1;
        let mut line = Vec::new();
        let read = self.file.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line);
        let read = read.map_err(|it: io::Error| it.to_string())?;
        self.bytes += read as u64;
        match line.last() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(line)),
            Some(_) if read as u64 == MAX_LINE_BYTES => Err(self.say("too long")),
            Some(_) => Err(self.say("cut off")),
        }
    }

    fn parse<'a, T: Deserialize<'a>>(&self, line: &'a [u8], wrong: &str) -> Result<T, String> {
        serde_json::from_slice(line).map_err(|it| self.say(&format!("{wrong}: {it}")))
    }

    fn expect_footer(
        &mut self,
        footer: &Footer,
        checksum: &str,
        records: usize,
    ) -> Result<(), String> {
        if footer.checksum != checksum {
            return Err("its checksum does not fit: it was changed".to_owned());
        }
        if footer.records != records as u64 {
            return Err(format!("it says {} records and has {records}", footer.records));
        }
        match self.next()? {
            None => Ok(()),
            Some(_) => Err(self.say("comes after the last one")),
        }
    }

    fn say(&self, what: &str) -> String {
        format!("line {}: {what}", self.number)
    }
}
