//! Replaced generations, until their exchanges have ended.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::views::{GenerationView, Phase};
use crate::exchanges::Exchanges;
use crate::lazy::Source;
use crate::registry::Entry;

/// All replaced generations that something uses.
#[derive(Default)]
pub(super) struct Draining(Vec<Drain>);

struct Drain {
    plugin: String,
    view: GenerationView,
    source: Weak<Source>,
    exchanges: Arc<Exchanges>,
    since: Instant,
    /// It had exchanges that did not end at once.
    lingered: bool,
    interrupted: bool,
}

/// What became of a generation.
pub(super) enum Drained {
    /// All of its exchanges have ended by themselves.
    Ended(String, GenerationView),
    /// The time is over: so many exchanges were interrupted.
    Interrupted(String, GenerationView, usize),
}

impl Draining {
    /// Takes a generation that new exchanges do not find any more.
    pub(super) fn add(&mut self, entry: &Entry, signer: Option<String>) {
        let source = &entry.plugin.source;
        self.0.push(Drain {
            plugin: entry.plugin.manifest.name.clone(),
            view: GenerationView::of(entry, signer, Phase::Draining),
            source: Arc::downgrade(source),
            exchanges: Arc::clone(&source.exchanges),
            since: Instant::now(),
            lingered: false,
            interrupted: false,
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Looks at all of them. Those that have had `within` get no further call.
    pub(super) fn look(&mut self, now: Instant, within: Duration) -> Vec<Drained> {
        let mut drained = Vec::new();
        self.0.retain_mut(|drain| {
            let open = drain.exchanges.open();
            let told = || (drain.plugin.clone(), drain.view.clone());
            if drain.source.strong_count() == 0 {
                if drain.lingered && !drain.interrupted {
                    let (plugin, view) = told();
                    drained.push(Drained::Ended(plugin, view));
                }
                return false;
            }
            if open > 0 && !drain.interrupted && now.duration_since(drain.since) >= within {
                drain.exchanges.end();
                let (plugin, view) = told();
                drain.interrupted = true;
                drained.push(Drained::Interrupted(plugin, view, open));
            }
            drain.lingered |= open > 0;
            drain.view.open_exchanges = open;
            true
        });
        drained
    }

    /// Those of one plugin, as they were at the last look.
    pub(super) fn of(&self, plugin: &str) -> Vec<GenerationView> {
        let of_it = self.0.iter().filter(|drain| drain.plugin == plugin);
        of_it.map(|drain| drain.view.clone()).collect()
    }
}
