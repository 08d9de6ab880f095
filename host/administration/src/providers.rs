//! Providers: from an operator's document to what is stored and serves.

use std::sync::Arc;

use resources::{Problems, member_path};
use secrets::Vault;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::administration::Administration;
use crate::board::{Filed, Noun};
use crate::change::not_found;
use crate::credentials::{self, Sealer};
use crate::documents;
use crate::entry::StoredProvider;
use crate::holdings::{HeldProvider, Holdings};
use crate::problem::AdminProblem;
use crate::views::ProbeView;

/// Reads a document, and seals the secrets in it.
///
/// # Errors
/// Every problem of the document at once; or the vault cannot be used.
pub(crate) async fn draft(
    vault: &Vault,
    mut document: Map<String, Value>,
    before: Option<&StoredProvider>,
    now: OffsetDateTime,
) -> Result<StoredProvider, AdminProblem> {
    let mut problems = Problems::default();
    let known = before.map(|before| &before.credentials);
    let edits = credentials::take(&mut document, known, &mut problems);
    let provider = match documents::provider(&document) {
        Ok(provider) if problems.is_empty() => provider,
        Ok(_) => return Err(AdminProblem::Invalid(problems.into_vec())),
        Err(mut found) => {
            found.extend(problems.into_vec());
            return Err(AdminProblem::Invalid(found));
        }
    };
    let sealer = Sealer::new(vault, provider.id.as_str(), known, now);
    let (credentials, secrets) = credentials::apply(sealer, edits, before).await?;
    let unopened = before.map_or_else(Vec::new, |before| {
        let closed = credentials.slots.keys().filter(|slot| !secrets.contains_key(*slot));
        let paths: Vec<_> = closed.map(|slot| member_path("credentials", slot)).collect();
        before.unopened.iter().filter(|problem| paths.contains(&problem.path)).cloned().collect()
    });
    let held = Arc::new(HeldProvider { document, provider, secrets });
    Ok(StoredProvider { held, credentials, unopened })
}

/// The routes that name a provider, those of the file among them: `route "smart"`.
pub(crate) fn used_by(filed: &Filed, holdings: &Holdings, provider: &str) -> Vec<String> {
    let stored = holdings.routes.iter().filter(|(_, held)| {
        held.route.candidates.iter().any(|candidate| candidate.provider.as_str() == provider)
    });
    let filed = filed.routes.iter().filter(|(_, document)| {
        let candidates = document.get("candidates").and_then(Value::as_array);
        let mut named = candidates.into_iter().flatten().filter_map(|it| it.get("provider"));
        named.any(|named| named == provider)
    });
    let stored = stored.map(|(model, _)| model.as_str());
    let mut models: Vec<_> = stored.chain(filed.map(|(model, _)| model.as_str())).collect();
    models.sort_unstable();
    models.dedup();
    models.into_iter().map(|model| format!("{} {model:?}", Noun::Route)).collect()
}

impl Administration {
    /// Asks a provider for real, with the secrets that are valid, wherever it comes from.
    ///
    /// # Errors
    /// [`AdminProblem::NotFound`]; that a step failed is no error.
    pub async fn test_provider(&self, id: &str) -> Result<ProbeView, AdminProblem> {
        let board = &self.workings.parts.board;
        if let Some(report) = board.probe_filed(id).await {
            return Ok(report.into());
        }
        let inventory = self.workings.now_held();
        let held = inventory.holdings.providers.get(id);
        let held = held.ok_or_else(|| not_found(Noun::Provider, id))?;
        Ok(board.probe(held, &held.secrets).await.into())
    }
}
