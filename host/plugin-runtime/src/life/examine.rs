//! The steps that need no directory, for authors.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::asks::Asks;
use super::problem::LifeProblem;
use super::settings::LifeLimits;
use super::vectors;
use crate::engine::Runtime;
use crate::grant::Grant;
use crate::load::Candidate;
use crate::manifest::Manifest;

/// A component that would serve.
#[derive(Clone, Debug)]
pub struct Examined {
    /// What it says of itself.
    pub manifest: Arc<Manifest>,
    /// What it asks for.
    pub asks: Asks,
}

/// Takes a component through inspection, compilation and self-test as the gateway does, and lets
/// it go. Compiles: not for a task's thread.
///
/// # Errors
/// What stops it.
pub fn examine(runtime: &Runtime, component: &[u8], grant: Grant) -> Result<Examined, LifeProblem> {
    const PROOF: Duration = LifeLimits::STANDARD.proof;
    let candidate = Candidate::inspect(runtime, component)?;
    let asks = Asks::of(&candidate);
    let plugin = candidate.load(runtime, grant, Cow::Owned(component.to_vec()))?;
    plugin.make()?;
    vectors::prove(&plugin.manifest.self_test, &plugin.face, PROOF)?;
    Ok(Examined { manifest: Arc::clone(&plugin.manifest), asks })
}
