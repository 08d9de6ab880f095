//! When to look at the directory: soon after the system says that it changed, and every now and
//! then in any case.

use std::path::{Path, PathBuf};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tracing::{debug, info};

use super::settings::Notices;

/// Asks the system for notices of one directory. Without them, polling does.
pub(super) struct Notice {
    directory: PathBuf,
    watcher: Option<RecommendedWatcher>,
    watched: bool,
}

impl Notice {
    /// `changed` is called from the watcher's own thread; it must not wait.
    pub(super) fn new(
        directory: &Path,
        notices: Notices,
        changed: impl Fn() + Send + 'static,
    ) -> Self {
        let watcher = match notices {
            Notices::PollOnly => None,
            // Also an error says that something happened; the look finds out what.
            Notices::System => notify::recommended_watcher(move |event: notify::Result<_>| {
                if event.is_err() || event.is_ok_and(|it: notify::Event| !it.kind.is_access()) {
                    changed();
                }
            })
            .map_err(|error| info!(cause = %error, "plugins are found by polling alone"))
            .ok(),
        };
        let mut notice = Self { directory: directory.to_owned(), watcher, watched: false };
        notice.keep();
        notice
    }

    /// Watches the directory if that could not be done before, as it was not there, or was
    /// replaced by another one.
    pub(super) fn keep(&mut self) {
        let Some(watcher) = &mut self.watcher else { return };
        if !self.directory.is_dir() {
            if self.watched {
                // It is gone, and so is the watch; that it cannot be ended does no harm.
                let _ = watcher.unwatch(&self.directory);
                self.watched = false;
            }
            return;
        }
        if !self.watched {
            let begun = watcher.watch(&self.directory, RecursiveMode::NonRecursive);
            self.watched = begun
                .map_err(|error| debug!(cause = %error, "the plugin directory is polled for now"))
                .is_ok();
        }
    }
}
