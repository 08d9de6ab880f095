//! What a request brings besides its operator, read as its endpoint declares.

use std::sync::Arc;

use administration::{AdminProblem, PageRequest, PluginUpload, Precondition};
use axum::body::Body;
use axum::extract::{FromRequestParts as _, RawPathParams};
use bytes::Bytes;
use exchange::{Failure, FailureKind};
use http::request::Parts;
use http::{HeaderMap, HeaderName, header};
use serde_json::Value;
use url::form_urlencoded;

use super::document;
use super::entity_tags::EntityTags;
use super::refusal::Refusal;
use crate::edge::{Edge, EdgeLimits};
use crate::request_body;
use crate::visit::Visit;

/// Most bytes of a document, where the edge's own limit is not lower.
const MAX_DOCUMENT_BYTES: u64 = 1024 * 1024;

/// What an endpoint takes. Whatever else a request brings is refused, so that nothing is taken
/// for heard that was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// No query; no body but `{}`.
    Nothing,
    /// `limit` and `cursor`.
    Page,
    /// Query parameters that the action itself knows, and refuses where it does not.
    Filters,
    /// A JSON object.
    Document,
    /// A plugin, and how it starts in the query.
    Component,
}

/// A request, read.
pub(crate) struct Asked {
    id: Option<String>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    document: Value,
    component: Bytes,
}

/// The file that minisign wrote beside a plugin, in base64.
const SIGNATURE: HeaderName = HeaderName::from_static("x-patchbay-signature");

impl Asked {
    /// Reads a request. Its body is not looked at before the rest is good.
    ///
    /// # Errors
    /// What the endpoint does not take.
    pub(crate) async fn read(
        (mut head, body): (Parts, Body),
        input: Input,
        edge: &Arc<Edge>,
        visit: &mut Visit,
    ) -> Result<Self, Refusal> {
        let id = id(&mut head).await?;
        let query = query(&head, input)?;
        if input == Input::Component {
            check_component_type(&head.headers)?;
        }
        let limits = EdgeLimits { max_body_bytes: max_body_bytes(input, edge), ..edge.limits };
        let body = request_body::read(&head.headers, body, &limits, visit).await?;
        let mut component = Bytes::new();
        let document = match input {
            Input::Document => document::read(&head.headers, &body)?,
            Input::Component => {
                component = body;
                Value::Null
            }
            _ if body.trim_ascii().is_empty() || body.trim_ascii() == b"{}" => Value::Null,
            _ => {
                return Err(Refusal::bad_request("this endpoint takes no body; send none"));
            }
        };
        Ok(Self { id, query, headers: head.headers, document, component })
    }

    /// The id in the path, decoded.
    pub(crate) fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// The query, decoded, in its order.
    pub(crate) fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// Which page is asked for.
    ///
    /// # Errors
    /// If there is no such page.
    pub(crate) fn page(&self) -> Result<PageRequest, AdminProblem> {
        let text = |name| {
            let found = self.query.iter().find(|(found, _)| found == name);
            found.map(|(_, value)| value.as_str())
        };
        PageRequest::try_new(text("limit"), text("cursor"))
    }

    /// The component, and what came with it.
    ///
    /// # Errors
    /// If one of them is malformed.
    pub(crate) fn into_upload(self) -> Result<PluginUpload, AdminProblem> {
        let signature = self.headers.get(SIGNATURE).map(|value| value.as_bytes());
        PluginUpload::read(self.component.into(), signature, &self.query)
    }

    /// The document; null where the endpoint takes none.
    pub(crate) fn into_document(self) -> Value {
        self.document
    }

    /// Takes the document out, so that the rest can still be asked.
    pub(crate) fn take_document(&mut self) -> Value {
        self.document.take()
    }

    /// `If-Match`, if it is there, for a resource that is at `current` now.
    ///
    /// # Errors
    /// If it does not hold strong entity tags.
    pub(crate) fn if_match(&self, current: Option<u64>) -> Result<Option<Precondition>, Refusal> {
        let tags = EntityTags::read(&self.headers, &header::IF_MATCH)?;
        tags.map(|tags| tags.into_precondition(current)).transpose()
    }

    /// Whether `If-None-Match` says that the operator has what is there.
    ///
    /// # Errors
    /// If it does not hold entity tags.
    pub(crate) fn has_already(&self, current: Option<u64>) -> Result<bool, Refusal> {
        let tags = EntityTags::read(&self.headers, &header::IF_NONE_MATCH)?;
        Ok(tags.is_some_and(|tags| tags.has(current)))
    }
}

/// The one parameter of a path, decoded.
async fn id(head: &mut Parts) -> Result<Option<String>, Refusal> {
    let parameters = RawPathParams::from_request_parts(head, &()).await.map_err(|_| {
        Refusal::bad_request("the id in the URL is not UTF-8; percent-encode its UTF-8 bytes")
    })?;
    Ok(parameters.iter().next().map(|(_, id)| id.to_owned()))
}

fn query(head: &Parts, input: Input) -> Result<Vec<(String, String)>, Refusal> {
    let text = head.uri.query().unwrap_or_default();
    let pairs: Vec<_> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    let (known, fix): (&[&str], _) = match input {
        Input::Filters => return Ok(pairs),
        Input::Page => (&["limit", "cursor"], "use limit, cursor"),
        Input::Component => (
            &PluginUpload::PARAMETERS,
            "use rollout, share_permille, auto_calls, auto_worse_permille",
        ),
        Input::Nothing | Input::Document => (&[], "this URL takes none"),
    };
    for (position, (name, _)) in pairs.iter().enumerate() {
        let refused = if !known.contains(&name.as_str()) {
            format!("there is no query parameter {name:?} here; {fix}")
        } else if pairs.iter().take(position).any(|(earlier, _)| earlier == name) {
            format!("the query parameter {name} stands twice; say it once")
        } else {
            continue;
        };
        return Err(Refusal::bad_request(refused));
    }
    Ok(pairs)
}

/// A plugin has a limit of its own, which callers' requests do not have to have.
fn max_body_bytes(input: Input, edge: &Edge) -> u64 {
    match (input, &edge.admin) {
        (Input::Component, Some(admin)) => admin.administration.max_component_bytes(),
        _ => edge.limits.max_body_bytes.min(MAX_DOCUMENT_BYTES),
    }
}

/// Before the body is read: whoever sends something else is told at once.
fn check_component_type(headers: &HeaderMap) -> Result<(), Failure> {
    let essence = headers.get(header::CONTENT_TYPE).map(|value| {
        let essence = value.as_bytes().split(|b| *b == b';').next().unwrap_or_default();
        essence.trim_ascii().eq_ignore_ascii_case(b"application/wasm")
    });
    if essence == Some(true) {
        return Ok(());
    }
    let text = "this URL takes a plugin; send the component itself with content-type \
                application/wasm";
    Err(Failure::new(FailureKind::UnsupportedMediaType, text))
}

/// A change whose operator does not say what it is a change of.
pub(crate) fn if_match_required() -> Refusal {
    let text = "this change needs an if-match header; send the ETag of what you have read, or * \
                for whatever is there";
    Failure::new(FailureKind::PreconditionRequired, text).into()
}
