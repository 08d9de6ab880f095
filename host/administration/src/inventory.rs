//! What the store holds at this moment. Never changed: a change makes another one.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use secrets::Vault;
use store::{Damage, Revision, Store};

use crate::board::Noun;
use crate::entry::{Entry, Resource};
use crate::holdings::Holdings;
use crate::loading;
use crate::problem::AdminProblem;

/// Everything that was read from the store: what can serve, and what is kept beside it. Cloning
/// is cheap.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// What can serve.
    pub holdings: Holdings,
    entries: Arc<BTreeMap<(Noun, String), Arc<Entry>>>,
    damaged: Arc<[Damage]>,
    latest: Revision,
}

impl Inventory {
    /// Reads the store and opens the secrets in it. A record that cannot be read is set aside and
    /// reported by `GET /admin/status`; a provider whose secret does not open is kept without it.
    ///
    /// # Errors
    /// If the store cannot be read at all.
    pub async fn load(store: &dyn Store, vault: &Vault) -> Result<Self, AdminProblem> {
        loading::load(store, vault).await
    }

    /// Whether the store holds a secret, so that a new master key would be of no use to it. A
    /// provider's record that cannot be read may hold one.
    ///
    /// # Errors
    /// If the store cannot be read at all.
    pub async fn holds_secrets(store: &dyn Store) -> Result<bool, AdminProblem> {
        loading::holds_secrets(store).await
    }

    /// Of the entries that were read.
    pub(crate) fn new(entries: Vec<Entry>, damaged: Vec<Damage>) -> Self {
        let latest = entries.iter().map(|entry| entry.written_by).max().unwrap_or(0);
        let inventory = Self { damaged: damaged.into(), latest, ..Self::default() };
        entries.into_iter().fold(inventory, |mut inventory, entry| {
            inventory.insert(entry);
            inventory
        })
    }

    /// The entry of an id.
    pub(crate) fn get(&self, noun: Noun, id: &str) -> Option<&Arc<Entry>> {
        self.entries.get(&(noun, id.to_owned()))
    }

    /// The entries of a sort in the order of ids, from the one after an id on.
    pub(crate) fn after(
        &self,
        noun: Noun,
        id: Option<&str>,
    ) -> impl Iterator<Item = (&str, &Arc<Entry>)> {
        let start = match id {
            Some(id) => Bound::Excluded((noun, id.to_owned())),
            None => Bound::Included((noun, String::new())),
        };
        let following = self.entries.range((start, Bound::Unbounded));
        following
            .take_while(move |((found, _), _)| *found == noun)
            .map(|((_, id), entry)| (id.as_str(), entry))
    }

    /// The records that cannot be read.
    pub(crate) fn damaged(&self) -> &[Damage] {
        &self.damaged
    }

    /// Whether the record of an id is there but cannot be read.
    pub(crate) fn is_damaged(&self, noun: Noun, id: &str) -> bool {
        self.damaged.iter().any(|damage| damage.kind == noun.kind() && damage.key == id)
    }

    /// The latest commit that is known here.
    pub(crate) fn latest(&self) -> Revision {
        self.latest
    }

    /// With this entry in place of the one of its id.
    pub(crate) fn with(&self, entry: Entry) -> Self {
        let mut next = self.clone();
        next.insert(entry);
        next
    }

    /// Without the entry of an id, or the damage of it.
    pub(crate) fn without(&self, noun: Noun, id: &str) -> Self {
        let mut next = self.clone();
        if self.get(noun, id).is_some() {
            Arc::make_mut(&mut next.entries).remove(&(noun, id.to_owned()));
            let holdings = &mut next.holdings;
            match noun {
                Noun::Provider => drop(Arc::make_mut(&mut holdings.providers).remove(id)),
                Noun::ApiKey => drop(Arc::make_mut(&mut holdings.api_keys).remove(id)),
                Noun::Route => drop(Arc::make_mut(&mut holdings.routes).remove(id)),
            }
        }
        if self.is_damaged(noun, id) {
            let concerns = |damage: &&Damage| damage.kind == noun.kind() && damage.key == id;
            let others = self.damaged.iter().filter(|damage| !concerns(damage));
            next.damaged = others.cloned().collect();
        }
        next
    }

    /// The same after an operator's commit that wrote the entry of this id, if it is still there.
    /// Holdings stay as they are, so that what was compiled of them stays the same.
    pub(crate) fn committed(mut self, (noun, id): (Noun, &str), revision: Revision) -> Self {
        self.latest = self.latest.max(revision);
        if let Some(entry) = Arc::make_mut(&mut self.entries).get_mut(&(noun, id.to_owned())) {
            let entry = Arc::make_mut(entry);
            entry.written_by = revision;
            entry.etag = revision;
        }
        self
    }

    /// The same with entries that the gateway itself wrote: what serves has not changed, and the
    /// entity tags stay.
    pub(crate) fn rewritten(&self, entries: Vec<Entry>, revision: Revision) -> Self {
        let mut next = self.clone();
        next.latest = next.latest.max(revision);
        let known = Arc::make_mut(&mut next.entries);
        for entry in entries {
            let key = (entry.resource.noun(), entry.resource.id().to_owned());
            known.insert(key, Arc::new(Entry { written_by: revision, ..entry }));
        }
        next
    }

    fn insert(&mut self, entry: Entry) {
        let holdings = &mut self.holdings;
        match &entry.resource {
            Resource::Provider(provider) => {
                let held = Arc::clone(&provider.held);
                Arc::make_mut(&mut holdings.providers).insert(held.provider.id.clone(), held);
            }
            Resource::ApiKey(key) => {
                let held = Arc::clone(&key.held);
                Arc::make_mut(&mut holdings.api_keys).insert(held.key.id.clone(), held);
            }
            Resource::Route(held) => {
                let held = Arc::clone(held);
                Arc::make_mut(&mut holdings.routes).insert(held.route.model.clone(), held);
            }
        }
        let key = (entry.resource.noun(), entry.resource.id().to_owned());
        Arc::make_mut(&mut self.entries).insert(key, Arc::new(entry));
    }
}
