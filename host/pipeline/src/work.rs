//! A request on its way through the attempts.

use std::sync::Arc;

use bytes::Bytes;
use exchange::Operation;
use openai_api::envelope::RequestEnvelope;

use crate::patience::Patience;
use crate::request::CallerRequest;
use crate::translation::Translation;

/// A request whose envelope has been read.
pub(crate) struct Work<'a> {
    pub(crate) request: &'a CallerRequest,
    pub(crate) operation: Operation,
    /// The canonical body.
    pub(crate) body: &'a Bytes,
    pub(crate) envelope: &'a RequestEnvelope<'a>,
    pub(crate) translation: Option<&'a Arc<Translation>>,
    /// How long the route waits for an answer.
    pub(crate) patience: Patience,
}

impl Work<'_> {
    /// Whether the reply's usage document is handed on: always to a translator.
    pub(crate) fn wants_usage(&self) -> bool {
        self.translation.is_some() || self.envelope.wants_usage()
    }
}
