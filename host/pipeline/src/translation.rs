//! A request in canonical form, and the way back to the caller's dialect.

use std::sync::Arc;

use bytes::Bytes;
use exchange::{Entrance, Extra, Failure, IngressExchange, Operation, RequestId, ResponseHead};

use crate::request::{Asked, CallerRequest};

/// What a caller asks, canonically.
pub(crate) struct Canonical {
    pub(crate) operation: Operation,
    pub(crate) body: Bytes,
    /// How the answer is put into the caller's dialect; none for OpenAI's own endpoints.
    pub(crate) translation: Option<Translation>,
}

/// The caller's dialect in one request.
pub(crate) struct Translation {
    entrance: Entrance,
    streaming: bool,
    extra: Extra,
    request_id: RequestId,
}

impl Canonical {
    /// Reads a request: as it is at OpenAI's own endpoints, else through the plugin of the
    /// endpoint's dialect.
    ///
    /// # Errors
    /// What the plugin says is wrong with the request.
    pub(crate) async fn of(request: &CallerRequest) -> Result<Self, Failure> {
        let (entrance, head) = match &request.asked {
            Asked::Canonical(operation) => {
                let (operation, body) = (*operation, request.body.clone());
                return Ok(Self { operation, body, translation: None });
            }
            Asked::InDialect { entrance, head } => (entrance, head),
        };
        let (body, request_id) = (request.body.clone(), request.request_id.clone());
        let decoded = entrance.plugin.decode(head, body, request_id).await?;
        let translation = Translation {
            entrance: entrance.clone(),
            streaming: decoded.streaming,
            extra: decoded.extra,
            request_id: request.request_id.clone(),
        };
        let (operation, body) = (decoded.operation, decoded.canonical);
        Ok(Self { operation, body, translation: Some(translation) })
    }
}

impl Translation {
    /// The dialect's name.
    pub(crate) fn dialect(&self) -> &Arc<str> {
        &self.entrance.dialect
    }

    /// Starts writing a reply.
    ///
    /// # Errors
    /// The plugin's.
    pub(crate) async fn begin(&self) -> Result<(Box<dyn IngressExchange>, ResponseHead), Failure> {
        let mut writing = self.entrance.plugin.open(self.request_id.clone());
        let head = writing.begin(self.extra.clone(), self.streaming).await?;
        Ok((writing, head))
    }

    /// Writes a reply that is one document.
    ///
    /// # Errors
    /// The plugin's.
    pub(crate) async fn whole(&self, document: Bytes) -> Result<(ResponseHead, Bytes), Failure> {
        let (mut writing, head) = self.begin().await?;
        let start = writing.push(vec![document]).await?;
        let end = writing.finish(None).await?;
        let body = match (start.is_empty(), end.is_empty()) {
            (_, true) => start,
            (true, false) => end,
            (false, false) => [start, end].concat().into(),
        };
        Ok((head, body))
    }

    /// The dialect's words for a stream that fails, written by an instance of their own.
    pub(crate) async fn last_words(&self, failure: &Failure) -> Option<Bytes> {
        let (mut writing, _) = self.begin().await.ok()?;
        writing.finish(Some(failure)).await.ok()
    }
}
