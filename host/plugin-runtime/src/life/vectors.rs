//! Self-test vectors: what a plugin promises about itself, run before it serves.
//!
//! A vector is a JSON object in the manifest's `self_test`: a `kind`, the arguments of the
//! function that it is about, and `expect`. Each member of `expect` has to be equal to that of
//! the answer as JSON; members that `expect` does not name do not matter, and of `headers` only
//! the named ones are compared. `expect.failure` expects a failure of the plugin's own.
//!
//! A reply is decoded whole, byte by byte and at odd slicings, and each time the same documents
//! are expected. Vectors run inside the limits that exchanges run in, through the same ports.

mod compare;
mod decode;
mod given;
mod replay;
mod run;

use std::time::{Duration, Instant};

use serde_json::value::RawValue;
use thiserror::Error;

use crate::load::Face;

pub use replay::{Divergence, replay};

pub(super) use given::Vector;

/// Most vectors of one plugin.
const MAX_VECTORS: usize = 64;

/// The first vector that fails.
#[derive(Debug, Error)]
#[error("self_test[{index}]{name}: {problem}; mend the plugin or the vector")]
pub struct VectorProblem {
    /// Place in the manifest's list.
    pub index: usize,
    /// In brackets, if the vector has a name.
    name: String,
    problem: Box<Mismatch>,
}

impl VectorProblem {
    /// Where it differs, and how.
    #[must_use]
    pub fn member(&self) -> Option<&str> {
        match &*self.problem {
            Mismatch::Differs { member, .. } => Some(member),
            Mismatch::Shape(_)
            | Mismatch::Face { .. }
            | Mismatch::TooMany
            | Mismatch::NoTime(_)
            | Mismatch::NoRuntime(_) => None,
        }
    }
}

/// Why a vector fails.
#[derive(Debug, Error)]
pub(super) enum Mismatch {
    /// It is not a vector.
    #[error("it is not a vector: {0}")]
    Shape(String),
    /// Another kind of plugin has this function.
    #[error("kind {kind:?} does not fit this plugin")]
    Face { kind: &'static str },
    /// There are more than may be.
    #[error("there are more than {MAX_VECTORS} vectors")]
    TooMany,
    /// All vectors together take too long.
    #[error("all vectors together took longer than {0:?}")]
    NoTime(Duration),
    /// No runtime to call the plugin on.
    #[error("the plugin cannot be called: {0}")]
    NoRuntime(std::io::Error),
    /// The answer differs.
    #[error("{member}{how}: expected {expected}, got {found}")]
    Differs {
        /// Path of the member.
        member: String,
        /// How the bytes were cut, if that matters.
        how: String,
        expected: String,
        found: String,
    },
}

/// Runs the vectors of a manifest. Takes as long as they take; not for a task's thread.
///
/// # Errors
/// The first one that fails.
pub(super) fn prove(
    vectors: &[Box<RawValue>],
    face: &Face,
    within: Duration,
) -> Result<(), VectorProblem> {
    if vectors.is_empty() {
        return Ok(());
    }
    // On a thread of its own: whoever loads plugins may be inside a runtime already.
    std::thread::scope(|scope| {
        let proving = scope.spawn(|| prove_here(vectors, face, within));
        proving.join().unwrap_or_else(|_| {
            Err(failed(0, None, Mismatch::Shape("the runtime panicked; its log says where".into())))
        })
    })
}

fn prove_here(
    vectors: &[Box<RawValue>],
    face: &Face,
    within: Duration,
) -> Result<(), VectorProblem> {
    if vectors.len() > MAX_VECTORS {
        return Err(failed(MAX_VECTORS, None, Mismatch::TooMany));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| failed(0, None, Mismatch::NoRuntime(error)))?;
    let until = Instant::now() + within;
    for (index, json) in vectors.iter().enumerate() {
        let vector: Vector = serde_json::from_str(json.get())
            .map_err(|error| failed(index, None, Mismatch::Shape(error.to_string())))?;
        let name = vector.name.clone();
        let ran = runtime.block_on(run::run(vector, face, until));
        ran.map_err(|problem| {
            let problem = match problem {
                Mismatch::NoTime(_) => Mismatch::NoTime(within),
                other => other,
            };
            failed(index, name.as_deref(), problem)
        })?;
    }
    Ok(())
}

fn failed(index: usize, name: Option<&str>, problem: Mismatch) -> VectorProblem {
    let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
    VectorProblem { index, name, problem: Box::new(problem) }
}
