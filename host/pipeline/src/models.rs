//! What a caller may use.

use std::collections::BTreeMap;
use std::sync::Arc;

use routing::{Candidate, RouteTable};

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

/// Every model that can be listed and that the caller may use, sorted by name: what is configured,
/// and what providers said they have. A configured name wins.
pub(crate) fn list(
    snapshot: &Snapshot,
    discovered: &RouteTable,
    caller: &Caller,
) -> Vec<ModelEntry> {
    let known: BTreeMap<_, _> = discovered.iter().chain(snapshot.routes.iter()).collect();
    let allowed = known.into_iter().filter(|(model, _)| caller.may_use(model));
    let entries = allowed.filter_map(|(model, route)| {
        // A provider that was discovered may be configured no longer.
        let is_there =
            |candidate: &&Candidate| snapshot.providers.contains_key(&candidate.provider);
        let candidates = route.candidates().iter().filter(is_there);
        let mut owners: Vec<&str> = candidates.map(|candidate| &*candidate.provider).collect();
        owners.dedup();
        (!owners.is_empty()).then(|| ModelEntry { id: model.clone(), owned_by: owners.join(",") })
    });
    entries.collect()
}
