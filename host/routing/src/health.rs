//! What routing asks about a candidate before it is tried.

use crate::route::Candidate;

/// Health of candidates at one moment. Breakers answer here.
pub trait Health {
    /// Whether the candidate may be tried now. Candidates that may not are tried last, in the
    /// order they would have had, so that a wrong verdict about all of them stops nobody.
    fn admits(&self, candidate: &Candidate) -> bool;
}

/// Admits every candidate.
#[derive(Clone, Copy, Debug)]
pub struct AlwaysHealthy;

impl Health for AlwaysHealthy {
    fn admits(&self, _: &Candidate) -> bool {
        true
    }
}
