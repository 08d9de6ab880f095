//! What each endpoint does: authenticate, one call, answer.

pub(crate) mod completions;
pub(crate) mod health;
pub(crate) mod models;
