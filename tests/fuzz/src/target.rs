//! The list of targets.

use crate::{callers, envelope, providers, splitters};

/// Looks at one input and panics if it finds something wrong.
pub type Check = Box<dyn Fn(&[u8]) + Send + Sync>;

/// Makes the check of a target.
pub type Start = Box<dyn Fn() -> Check>;

/// Makes the seeds of a target.
pub type Seeds = Box<dyn Fn() -> Vec<Vec<u8>>>;

/// Something that is fuzzed.
pub struct Target {
    /// `decode-gemini`: names the corpus and the inputs that crash.
    pub name: String,
    /// Prepares the run.
    pub start: Start,
    /// Inputs to begin with.
    pub seeds: Seeds,
}

impl Target {
    /// A target whose check needs no preparation.
    pub fn simple(
        name: &str,
        check: fn(&[u8]),
        seeds: impl Fn() -> Vec<Vec<u8>> + 'static,
    ) -> Self {
        Self::prepared(name.to_owned(), move || Box::new(check), seeds)
    }

    /// A target whose check is made before the run.
    pub fn prepared(
        name: String,
        start: impl Fn() -> Check + 'static,
        seeds: impl Fn() -> Vec<Vec<u8>> + 'static,
    ) -> Self {
        Self { name, start: Box::new(start), seeds: Box::new(seeds) }
    }
}

/// Every target.
pub fn all() -> Vec<Target> {
    let groups = [providers::targets(), callers::targets(), splitters::targets()];
    groups.into_iter().flatten().chain(envelope::targets()).collect()
}
