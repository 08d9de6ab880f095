//! From a document to what the pipeline decides by, with every problem at once.

mod keys;
mod providers;

use std::num::NonZeroU32;
use std::sync::Arc;

use pipeline::Snapshot;
use resources::{Document, Problem, Problems, Unresolved};
use routing::RouteTable;
use secrecy::{ExposeSecret as _, SecretString};
use secrets::{Sources, Template, TemplateProblem};

use crate::wiring::credentials::ProviderSecrets;
use crate::wiring::offer::Offer;

/// What a configuration comes to.
pub(crate) struct Compiled {
    /// What requests are decided by.
    pub(crate) snapshot: Snapshot,
    /// What providers are reached with.
    pub(crate) secrets: ProviderSecrets,
}

/// Joins a document with the plugins there are and the secrets it refers to.
///
/// # Errors
/// Every problem at once.
pub(crate) fn compile(
    document: &Document,
    offer: &Offer,
    sources: &Sources,
) -> Result<Compiled, Vec<Problem>> {
    let mut problems = Problems::default();
    let secrets = providers::resolve_secrets(document, sources, &mut problems);
    let keys = keys::ring(document, sources, &mut problems);
    let providers = providers::compile(document, offer, &mut problems);
    if !problems.is_empty() {
        return Err(problems.into_vec());
    }
    let offered: Vec<_> = document.providers.iter().map(providers::models).collect();
    let snapshot = Snapshot {
        keys,
        routes: RouteTable::new(document.routes.iter().filter_map(route).collect(), &offered),
        providers,
    };
    Ok(Compiled { snapshot, secrets })
}

/// A document's routes have candidates.
fn route(route: &resources::Route) -> Option<routing::Route> {
    let candidates = route.candidates.iter().map(|candidate| routing::Candidate {
        provider: candidate.provider.as_str().into(),
        model: candidate.model.as_str().into(),
        weight: NonZeroU32::new(candidate.weight).unwrap_or(NonZeroU32::MIN),
        order: candidate.order,
    });
    let fallback_on = routing::FallbackOn {
        context_too_long: route.fallback_on.context_too_long,
        content_filtered: route.fallback_on.content_filtered,
    };
    routing::Route::try_new(route.model.as_str().into(), candidates.collect(), fallback_on)
}

/// What is wrong with one member, and how to mend it.
struct Complaint {
    message: String,
    fix: String,
}

impl Complaint {
    fn new(message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { message: message.into(), fix: fix.into() }
    }

    /// Of an error that says "what is wrong; what to do".
    fn of(error: &dyn std::error::Error) -> Self {
        let text = error.to_string();
        let (message, fix) = text.split_once("; ").unwrap_or((&text, "correct it"));
        Self::new(message, fix)
    }
}

/// Looks a secret up.
fn resolve(secret: &Unresolved, sources: &Sources) -> Result<Arc<SecretString>, Complaint> {
    let template: Template =
        secret.expose().parse().map_err(|it: TemplateProblem| Complaint::of(&it))?;
    let resolved = sources.resolve(&template).map_err(|problem| Complaint::of(&problem))?;
    // A key file of JSON has lines; everything else is a header's or an environment's value.
    let is_json = resolved.expose_secret().trim_start().starts_with('{');
    let is_wrong = |c: char| c.is_control() && !(is_json && matches!(c, '\n' | '\r' | '\t'));
    if resolved.expose_secret().chars().any(is_wrong) {
        let fix = "write the secret without line breaks";
        return Err(Complaint::new("holds a control character", fix));
    }
    Ok(Arc::new(resolved))
}

#[cfg(test)]
mod tests;
