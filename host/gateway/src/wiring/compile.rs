//! From what operators wrote to what the pipeline decides by.
//!
//! The configuration file is compiled first, and every problem in it is found at once: a file
//! with one is refused as a whole ([`FileTables`]). What the store holds is joined with it
//! ([`join()`]): a stored resource that does not fit is set aside, and the rest serves.

mod filed;
mod join;
mod keys;
mod program;
mod providers;

use std::num::NonZeroU32;
use std::sync::Arc;

use administration::Filed;
use pipeline::{Caller, KeyDigest, Meters};
use resources::{Document, Problem, Problems, Unresolved};
use routing::ProviderModels;
use secrecy::{ExposeSecret as _, SecretString};
use secrets::{Sources, Template, TemplateProblem};

use crate::configuration::Written;
use crate::wiring::credentials::ProviderSecrets;
use crate::wiring::offer::Offer;
use crate::wiring::sandboxes::Sandboxes;
use providers::ProviderTable;

pub(crate) use join::{Joining, Tables, compile_stored, join};

/// What a configuration file comes to. Never changed.
pub(crate) struct FileTables {
    /// What operators are shown of it.
    pub(crate) filed: Arc<Filed>,
    /// What its providers are reached with.
    pub(crate) secrets: ProviderSecrets,
    /// Its providers.
    pub(crate) providers: ProviderTable,
    /// Whether it says where exchanges are recorded.
    has_recording: bool,
    offered: Vec<ProviderModels>,
    keys: Vec<(KeyDigest, Caller)>,
    routes: Vec<routing::Route>,
}

/// What a file is compiled with.
pub(crate) struct Surroundings<'a> {
    /// What plugins offer.
    pub(crate) offer: &'a Offer,
    /// What programs can be kept in.
    pub(crate) sandboxes: &'a dyn Sandboxes,
    /// Where secrets are looked up.
    pub(crate) sources: &'a Sources,
    /// What each key has used; outlives the tables.
    pub(crate) meters: &'a Meters,
    /// Whether the file says where exchanges are recorded.
    pub(crate) has_recording: bool,
}

impl Surroundings<'_> {
    fn grounds(&self) -> Grounds<'_> {
        Grounds { offer: self.offer, sandboxes: self.sandboxes }
    }
}

/// What a provider has to fit.
#[derive(Clone, Copy)]
struct Grounds<'a> {
    offer: &'a Offer,
    sandboxes: &'a dyn Sandboxes,
}

impl FileTables {
    /// Joins a file's document with the plugins there are and the secrets it refers to.
    ///
    /// # Errors
    /// Every problem at once.
    pub(crate) fn compile(
        document: &Document,
        written: &Written,
        around: &Surroundings<'_>,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems::default();
        let secrets = providers::resolve_secrets(document, around.sources, &mut problems);
        let keys = keys::of_file(document, around, &mut problems);
        let providers = providers::compile(document, around.grounds(), &mut problems);
        for provider in &document.providers {
            providers::check_recording(provider, around.has_recording, &mut problems);
        }
        if !problems.is_empty() {
            return Err(problems.into_vec());
        }
        Ok(Self {
            filed: Arc::new(filed::shown(written, &secrets)),
            secrets,
            providers,
            has_recording: around.has_recording,
            offered: document.providers.iter().map(providers::models).collect(),
            keys,
            routes: document.routes.iter().filter_map(route).collect(),
        })
    }
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
    let timeouts = routing::RouteTimeouts {
        total: route.timeouts.total,
        first_byte: route.timeouts.first_byte,
    };
    let model = route.model.as_str().into();
    let compiled = routing::Route::try_new(model, candidates.collect(), fallback_on)?;
    let compiled = compiled.with_timeouts(timeouts);
    Some(match route.retries {
        Some(retries) => compiled.with_retry(providers::retry_policy(retries)),
        None => compiled,
    })
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
        Self::of_text(&error.to_string())
    }

    /// Of a text that says so.
    fn of_text(text: &str) -> Self {
        let (message, fix) = text.split_once("; ").unwrap_or((text, "correct it"));
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
