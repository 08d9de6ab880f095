//! What happened to one request, noted as it happens.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use exchange::{Operation, Usage};

use crate::admission::Admission;

/// Notes of one request, shared by the stages and the edge. Uncontended in practice.
#[derive(Debug, Default)]
pub struct Trace(Mutex<TraceData>);

/// The notes.
#[derive(Clone, Debug, Default)]
pub struct TraceData {
    /// The model the caller named, once it is known to be a configured one.
    pub model: Option<Arc<str>>,
    /// What is asked for, once the request has been read.
    pub operation: Option<Operation>,
    /// Provider of the latest attempt.
    pub provider: Option<Arc<str>>,
    /// Model of the latest attempt.
    pub provider_model: Option<Arc<str>>,
    /// Attempts begun.
    pub attempts: u32,
    /// Whether the caller asked for a stream.
    pub streaming: bool,
    /// Time spent waiting for upstreams.
    pub upstream: Duration,
    /// Tokens.
    pub usage: Option<Usage>,
    /// The request's place at the limits of its key, if the key has limits. Who ends the request
    /// settles it.
    pub admission: Option<Arc<Admission>>,
}

impl Trace {
    /// Changes the notes.
    pub fn note(&self, change: impl FnOnce(&mut TraceData)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The notes so far.
    #[must_use]
    pub fn read(&self) -> TraceData {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
