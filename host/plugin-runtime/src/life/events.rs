//! What happened to plugins, for operators: the latest events.

use std::collections::VecDeque;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tracing::{info, warn};

use crate::digest::Digest;

/// Something that happened to a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Counts up from one; gaps mean that older events are gone.
    pub number: u64,
    /// RFC 3339.
    pub at: String,
    /// What happened.
    pub kind: EventKind,
    /// Name of the plugin, once its manifest was read.
    pub plugin: Option<String>,
    /// The version.
    pub digest: Option<Digest>,
    /// One sentence for people.
    pub text: String,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// A version did not pass a step; what served before serves on.
    Refused,
    /// A version serves from now on.
    Switched,
    /// A version serves a share of the exchanges.
    CanaryStarted,
    /// The canary serves all exchanges from now on.
    Promoted,
    /// An earlier version serves again.
    RolledBack,
    /// A version passed its trial.
    Passed,
    /// A version is refused from now on.
    Quarantined,
    /// A generation fails, and there is none to go back to.
    Failing,
    /// An operator approved, pinned, or changed how versions start.
    Changed,
    /// A plugin serves no more.
    Removed,
    /// All exchanges of a replaced generation have ended.
    Drained,
    /// Exchanges of a replaced generation were interrupted.
    Interrupted,
    /// Something could not be remembered.
    NotKept,
}

impl EventKind {
    /// Its name for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Switched => "switched",
            Self::CanaryStarted => "canary-started",
            Self::Promoted => "promoted",
            Self::RolledBack => "rolled-back",
            Self::Passed => "passed",
            Self::Quarantined => "quarantined",
            Self::Failing => "failing",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Drained => "drained",
            Self::Interrupted => "interrupted",
            Self::NotKept => "not-kept",
        }
    }

    fn is_good(self) -> bool {
        match self {
            Self::Switched
            | Self::CanaryStarted
            | Self::Promoted
            | Self::Passed
            | Self::Changed
            | Self::Removed
            | Self::Drained => true,
            Self::Refused
            | Self::RolledBack
            | Self::Quarantined
            | Self::Failing
            | Self::Interrupted
            | Self::NotKept => false,
        }
    }
}

/// The latest events; the oldest goes when there are too many.
#[derive(Debug)]
pub(super) struct Events {
    ring: VecDeque<Event>,
    most: usize,
    last: u64,
}

impl Events {
    pub(super) fn new(most: usize) -> Self {
        Self { ring: VecDeque::new(), most, last: 0 }
    }

    /// Notes an event, and logs it.
    pub(super) fn note(
        &mut self,
        kind: EventKind,
        (plugin, digest): (Option<&str>, Option<&Digest>),
        text: impl Into<String>,
    ) {
        let text = text.into();
        let (name, sha256) = (plugin, digest.map(Digest::as_str));
        if kind.is_good() {
            info!(plugin.name = name, plugin.sha256 = sha256, "{text}");
        } else {
            warn!(plugin.name = name, plugin.sha256 = sha256, "{text}");
        }
        self.last += 1;
        while self.ring.len() >= self.most.max(1) {
            self.ring.pop_front();
        }
        let (plugin, digest) = (plugin.map(Into::into), digest.cloned());
        self.ring.push_back(Event { number: self.last, at: now(), kind, plugin, digest, text });
    }

    pub(super) fn all(&self) -> Vec<Event> {
        self.ring.iter().cloned().collect()
    }
}

/// The moment, as people and machines read it.
pub(super) fn now() -> String {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(0).unwrap_or(now).format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_event_goes_first() {
        let mut events = Events::new(2);
        for text in ["a", "b", "c"] {
            events.note(EventKind::Changed, (None, None), text);
        }
        let kept: Vec<_> = events.all().into_iter().map(|it| (it.number, it.text)).collect();
        assert_eq!(kept, [(2, "b".to_owned()), (3, "c".to_owned())]);
    }
}
