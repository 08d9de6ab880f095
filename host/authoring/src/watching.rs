//! Tells when a project's sources were saved, once for saves that come together.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::timeout;
use walkdir::{DirEntry, WalkDir};

use crate::file::sha256;

/// So long nothing is saved before the saves are told.
const QUIET: Duration = Duration::from_millis(300);

/// Folders that tools fill, or that nobody edits.
const NOT_SOURCES: &[&str] = &["target", "vendor", "node_modules", "dist", "__pycache__"];
/// Files that a build leaves.
const NOT_SOURCE_FILES: &[&str] = &["wasm", "minisig", "unfinished"];

/// Watches the sources of one project.
pub struct Watch {
    folder: PathBuf,
    seen: BTreeMap<PathBuf, String>,
    /// Holds one note at most: a second one would say nothing new.
    notes: Receiver<()>,
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Begins to watch; what is there now has been seen.
    ///
    /// # Errors
    /// When the system gives no watch, or the sources cannot be read.
    pub fn start(folder: &Path) -> Result<Self> {
        let (noted, notes) = mpsc::channel(1);
        let base = folder.to_owned();
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                // An error may be a change that was missed: better one look too many.
                let paths = event.map(|event| event.paths).unwrap_or_default();
                if paths.is_empty() || paths.iter().any(|path| is_source(&base, path)) {
                    let _full = noted.try_send(());
                }
            })
            .context("this system watches no files; run `patchbay plugin build` by hand")?;
        watcher
            .watch(folder, RecursiveMode::Recursive)
            .with_context(|| format!("{} cannot be watched", folder.display()))?;
        let seen = contents(folder)?;
        Ok(Self { folder: folder.to_owned(), seen, notes, _watcher: watcher })
    }

    /// Waits until sources have another content than at the last call, and 300 ms without a save
    /// have passed. Dropping the future loses no change.
    ///
    /// # Errors
    /// When the sources cannot be read any more.
    pub async fn changed(&mut self) -> Result<()> {
        loop {
            until_quiet(&mut self.notes).await.context("nothing is watched any more")?;
            let now = contents(&self.folder)?;
            if now != self.seen {
                self.seen = now;
                return Ok(());
            }
        }
    }
}

/// Waits for a note, and then for a time without one; `None` if there will be none.
async fn until_quiet(notes: &mut Receiver<()>) -> Option<()> {
    notes.recv().await?;
    while let Ok(more) = timeout(QUIET, notes.recv()).await {
        more?;
    }
    Some(())
}

/// Every source and its digest. A file that goes while it is read is gone.
fn contents(folder: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let mut contents = BTreeMap::new();
    let walk = WalkDir::new(folder).into_iter();
    let is_wanted = |entry: &DirEntry| entry.depth() == 0 || is_source(folder, entry.path());
    for entry in walk.filter_entry(is_wanted) {
        let Ok(entry) = entry else { continue };
        if entry.file_type().is_file()
            && let Ok(bytes) = fs::read(entry.path())
        {
            contents.insert(entry.into_path(), sha256(&bytes));
        }
    }
    anyhow::ensure!(folder.is_dir(), "{} is gone", folder.display());
    Ok(contents)
}

/// Whether a path may be a source: nothing hidden, nothing that tools make.
fn is_source(folder: &Path, path: &Path) -> bool {
    let Ok(inside) = path.strip_prefix(folder) else { return false };
    let ordinary = |part: &str| !part.starts_with('.') && !NOT_SOURCES.contains(&part);
    let made = |it: &std::ffi::OsStr| NOT_SOURCE_FILES.iter().any(|made| it == *made);
    inside.iter().all(|part| part.to_str().is_some_and(ordinary))
        && !inside.extension().is_some_and(made)
        && inside != Path::new("Cargo.lock")
        && !inside.as_os_str().is_empty()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;

    #[test]
    fn sources_are_what_an_author_edits() {
        let folder = Path::new("/p");
        for (path, expected) in [
            ("/p/src/lib.rs", true),
            ("/p/plugin.json", true),
            ("/p/tests/reply.jsonl", true),
            ("/p/target/debug/x.d", false),
            ("/p/vendor/patchbay/wit/types.wit", false),
            ("/p/.git/index", false),
            ("/p/src/.lib.rs.swp", false),
            ("/p/my.wasm", false),
            ("/p/Cargo.lock", false),
            ("/p", false),
            ("/q/src/lib.rs", false),
        ] {
            assert_eq!(is_source(folder, Path::new(path)), expected, "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn saves_that_come_together_are_told_once_when_it_is_quiet() {
        let (noted, mut notes) = mpsc::channel(1);
        let begun = Instant::now();
        let saves = async move {
            for _ in 0..5 {
                noted.send(()).await.unwrap();
                sleep(QUIET / 2).await;
            }
            noted
        };
        let (quiet, noted) = tokio::join!(until_quiet(&mut notes), saves);
        assert_eq!(quiet, Some(()));
        assert_eq!(begun.elapsed(), QUIET * 2 + QUIET);
        drop(noted);
        assert_eq!(until_quiet(&mut notes).await, None);
    }

    #[tokio::test]
    async fn a_save_is_told_and_a_build_is_not() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/lib.rs"), "one").unwrap();
        let mut watch = Watch::start(folder.path()).unwrap();
        fs::write(folder.path().join("my.wasm"), "built").unwrap();
        fs::write(folder.path().join("src/lib.rs"), "two").unwrap();
        timeout(Duration::from_mins(1), watch.changed()).await.unwrap().unwrap();
        assert_eq!(watch.seen, contents(folder.path()).unwrap());
    }
}
