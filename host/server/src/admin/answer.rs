//! Good answers to operators.

use administration::View;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::entity_tags::entity_tag;
use crate::body::Chunks;
use crate::reply;
use crate::visit::Visit;

/// What an action came to, before it is written.
pub(crate) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    content: Content,
}

enum Content {
    Nothing,
    Document(Bytes),
    Chunks { chunks: Chunks, length: Option<u64> },
}

impl Answer {
    /// 200 with a document.
    pub(crate) fn document(document: &impl Serialize) -> Self {
        let bytes =
            serde_json::to_vec(document).expect("texts, numbers, maps and lists have a JSON");
        let content = Content::Document(bytes.into());
        Self { status: StatusCode::OK, headers: HeaderMap::new(), content }
            .with(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
    }

    /// 200 with a resource and its entity tag.
    pub(crate) fn view(view: &View) -> Self {
        let answer = Self::document(&view.body);
        match view.etag {
            Some(revision) => answer.with(header::ETAG, entity_tag(revision)),
            None => answer,
        }
    }

    /// With another status.
    pub(crate) fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// 201 with a resource, its entity tag and where it is.
    pub(crate) fn created(view: &View, location: HeaderValue) -> Self {
        let answer = Self::view(view).with(header::LOCATION, location);
        Self { status: StatusCode::CREATED, ..answer }
    }

    /// 204.
    pub(crate) fn nothing() -> Self {
        let status = StatusCode::NO_CONTENT;
        Self { status, headers: HeaderMap::new(), content: Content::Nothing }
    }

    /// 304: the operator has it already.
    pub(crate) fn not_modified(revision: Option<u64>) -> Self {
        let answer = Self { status: StatusCode::NOT_MODIFIED, ..Self::nothing() };
        match revision {
            Some(revision) => answer.with(header::ETAG, entity_tag(revision)),
            None => answer,
        }
    }

    /// 200 with what comes bit by bit.
    pub(crate) fn chunks(kind: &'static str, chunks: Chunks, length: Option<u64>) -> Self {
        let content = Content::Chunks { chunks, length };
        Self { status: StatusCode::OK, headers: HeaderMap::new(), content }
            .with(header::CONTENT_TYPE, HeaderValue::from_static(kind))
    }

    /// With a header.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Writes it.
    pub(crate) fn send(self, visit: Visit) -> Response {
        let Self { status, mut headers, content } = self;
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match content {
            Content::Nothing => reply::bodiless(visit, status, headers),
            Content::Document(bytes) => reply::whole(visit, status, headers, bytes),
            Content::Chunks { chunks, length } => reply::in_chunks(visit, headers, chunks, length),
        }
    }
}
