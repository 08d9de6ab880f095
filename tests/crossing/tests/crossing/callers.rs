//! The dialects towards callers.

#[path = "callers/anthropic.rs"]
mod anthropic;
#[path = "callers/canonical.rs"]
mod canonical;
#[path = "callers/completions.rs"]
mod completions;
#[path = "callers/responses.rs"]
mod responses;

use crate::caller::Caller;

/// All of them.
pub(crate) const ALL: [&dyn Caller; 4] = [
    &canonical::Canonical,
    &anthropic::Anthropic,
    &responses::Responses,
    &completions::Completions,
];
