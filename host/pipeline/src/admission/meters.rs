//! The accounts of all keys.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::meter::{Account, Meter, MeterLimits};

/// Fewer accounts than that are not looked through for dead ones.
const MIN_PRUNED: usize = 64;

/// Knows the account of each key, so that the next snapshot goes on with it. An account is
/// forgotten with the last snapshot and the last request that knew its key.
#[derive(Default)]
pub struct Meters(Mutex<Registry>);

#[derive(Default)]
struct Registry {
    accounts: HashMap<Box<str>, Weak<Account>>,
    editions: u64,
    /// As many accounts are looked through for dead ones.
    prune_at: usize,
}

impl Meters {
    /// The meter of a key with these limits, to be put into a snapshot. They count from the first
    /// request of that snapshot on; a meter that is dropped instead changes nothing. With other
    /// limits than before, the same share of them is left.
    #[must_use]
    pub fn meter(&self, id: &str, limits: MeterLimits) -> Arc<Meter> {
        let mut registry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        registry.editions += 1;
        let edition = registry.editions;
        let account = registry.account(id);
        Arc::new(Meter::new(limits, edition, account))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).accounts.len()
    }
}

impl Registry {
    fn account(&mut self, id: &str) -> Arc<Account> {
        if let Some(account) = self.accounts.get(id).and_then(Weak::upgrade) {
            return account;
        }
        if self.accounts.len() >= self.prune_at {
            self.accounts.retain(|_, account| account.strong_count() > 0);
            self.prune_at = (self.accounts.len() * 2).max(MIN_PRUNED);
        }
        let account = Account::open();
        self.accounts.insert(id.into(), Arc::downgrade(&account));
        account
    }
}

impl fmt::Debug for Meters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meters")
    }
}
