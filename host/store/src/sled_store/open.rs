//! Opening a directory.

use std::fmt::Display;
use std::fs::read_dir;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::thread::sleep;
use std::time::Duration;

use sled::{Db, Mode};

use super::files::{Files, acknowledged};
use super::{Database, layout, problem_of};
use crate::lock::DirectoryLock;
use crate::migrations::{Formats, MigrationSummary};
use crate::problem::StoreProblem;
use crate::record::{Kind, Revision};

const ACTION: &str = "open its database";

/// What sled may keep of pages in memory. A store is small, and its readers are few.
const CACHE_BYTES: u64 = 4 << 20;

/// What is read once at opening, so that damage shows before anything is served. The other kinds
/// grow with use, and sled keeps in memory more than its cache of what was ever read: fifty
/// thousand of their records would cost the gateway 20 MiB from its start. They are checked when
/// they are asked for.
const READ_AT_OPEN: [Kind; 3] = [Kind::Provider, Kind::ApiKey, Kind::Route];

/// Attempts at sled's own lock, and the pause after each. We own the directory by then, so it can
/// only be this process that is still closing it: sled's threads let go a little later.
const LOCK_ATTEMPTS: u32 = 200;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// An open store.
pub(super) struct Opened {
    pub(super) database: Database,
    pub(super) revision: Revision,
    pub(super) migration: MigrationSummary,
}

/// Opens a directory and checks what is in it. Whatever sled makes of damaged files, an error
/// or a panic, is `Damaged`.
pub(super) fn open(path: &Path, formats: &Formats) -> Result<Opened, StoreProblem> {
    let lock = DirectoryLock::take(path)?;
    let db = without_panic(path, || open_sled(path))?;
    let files = Files::open(path).map_err(|it| problem_of(path, ACTION, it))?;
    let database = Database {
        db,
        files,
        path: path.to_owned(),
        failed: AtomicBool::new(false),
        reported: Mutex::default(),
        _lock: lock,
    };
    let (revision, migration) = without_panic(path, || database.begin(formats))?;
    Ok(Opened { database, revision, migration })
}

fn without_panic<T>(
    path: &Path,
    work: impl FnOnce() -> Result<T, StoreProblem>,
) -> Result<T, StoreProblem> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(damaged(path, &"its database cannot be read")))
}

fn damaged(path: &Path, reason: &dyn Display) -> StoreProblem {
    StoreProblem::Damaged { path: path.to_owned(), reason: reason.to_string() }
}

fn open_sled(path: &Path) -> Result<Db, StoreProblem> {
    refuse_missing_log(path)?;
    let config = sled::Config::new()
        .path(path)
        .cache_capacity(CACHE_BYTES)
        .mode(Mode::LowSpace)
        // Every commit is flushed before it is answered.
        .flush_every_ms(None);
    let mut attempts = 0;
    loop {
        let error = match config.open() {
            Ok(db) => return Ok(db),
            Err(error) => io::Error::from(error),
        };
        // sled has no kind of error for this.
        if !error.to_string().contains("could not acquire lock") {
            return Err(problem_of(path, ACTION, error));
        }
        attempts += 1;
        if attempts == LOCK_ATTEMPTS {
            return Err(StoreProblem::InUse { path: path.to_owned(), owner: "unknown".to_owned() });
        }
        sleep(LOCK_PAUSE);
    }
}

/// sled would make an empty log and could then not make sense of the other files.
fn refuse_missing_log(path: &Path) -> Result<(), StoreProblem> {
    let mut snapshot = false;
    for found in read_dir(path).map_err(|it| problem_of(path, ACTION, it))? {
        let found = found.map_err(|it| problem_of(path, ACTION, it))?;
        snapshot |= found.file_name().as_encoded_bytes().starts_with(b"snap.");
    }
    let length = path.join("db").metadata().map_or(0, |it| it.len());
    if snapshot && length == 0 {
        return Err(damaged(path, &"its file db is missing or empty"));
    }
    Ok(())
}

impl Database {
    /// Finds the format and the latest revision, migrates, and reads what is served.
    fn begin(&self, formats: &Formats) -> Result<(Revision, MigrationSummary), StoreProblem> {
        let answered = acknowledged(&self.path);
        let Some(found) = self.format()? else {
            if answered.is_some_and(|it| it > 0) || !self.db.is_empty() {
                return Err(damaged(&self.path, &"it has lost the number of its format"));
            }
            return self.begin_anew(formats);
        };
        if found > formats.latest {
            let (path, known) = (self.path.clone(), formats.latest);
            return Err(StoreProblem::Newer { path, found, known });
        }
        let revision = self.latest_revision(answered)?;
        let migration = self.migrate(formats, found, revision)?;
        for kind in READ_AT_OPEN {
            self.load(kind)?;
        }
        let acknowledged = self.files.acknowledge(revision);
        acknowledged.map_err(|it| self.problem(ACTION, it))?;
        Ok((revision, migration))
    }

    fn begin_anew(&self, formats: &Formats) -> Result<(Revision, MigrationSummary), StoreProblem> {
        let mut writes = sled::Batch::default();
        writes.insert(layout::FORMAT_KEY, formats.latest.to_string().as_bytes());
        self.apply(writes, 0).map_err(|it| self.problem("make its first commit", it))?;
        Ok((0, MigrationSummary::nothing(formats)))
    }

    fn format(&self) -> Result<Option<u32>, StoreProblem> {
        let found = self.db.get(layout::FORMAT_KEY).map_err(|it| self.read_problem(it))?;
        let Some(found) = found else { return Ok(None) };
        let number = std::str::from_utf8(&found).ok().and_then(|it| it.parse().ok());
        match number {
            Some(number) if number > 0 => Ok(Some(number)),
            _ => Err(damaged(&self.path, &"the number of its format cannot be read")),
        }
    }

    /// The counter in the database, checked against the last answer. If only the counter is
    /// damaged, the last answer stands in for it.
    fn latest_revision(&self, answered: Option<Revision>) -> Result<Revision, StoreProblem> {
        let key = layout::REVISION_KEY;
        let value = self.db.get(key).map_err(|it| self.read_problem(it))?.unwrap_or_default();
        match (layout::parse(key, &value), answered) {
            (Ok((revision, _)), Some(answered)) if answered > revision => {
                let reason = format!("it ends at commit {revision}, but has answered {answered}");
                Err(damaged(&self.path, &reason))
            }
            (Ok((revision, _)), _) => Ok(revision),
            (Err(reason), Some(answered)) => {
                self.report(key, reason);
                Ok(answered)
            }
            (Err(_), None) => Err(damaged(&self.path, &"its latest revision cannot be read")),
        }
    }
}
