//! What a caller may use.

use std::sync::Arc;

use crate::caller::Caller;
use crate::snapshot::Snapshot;

/// One entry of `GET /v1/models`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelEntry {
    /// The public name.
    pub id: Arc<str>,
    /// Ids of the providers behind it, comma-separated, most preferred first.
    pub owned_by: String,
}

/// Every model that can be listed and that the caller may use, sorted by name.
pub(crate) fn list(snapshot: &Snapshot, caller: &Caller) -> Vec<ModelEntry> {
    let allowed = snapshot.routes.iter().filter(|(model, _)| caller.may_use(model));
    let entries = allowed.map(|(model, route)| {
        let mut owners: Vec<&str> = route.candidates().iter().map(|c| &*c.provider).collect();
        owners.dedup();
        ModelEntry { id: model.clone(), owned_by: owners.join(",") }
    });
    entries.collect()
}
