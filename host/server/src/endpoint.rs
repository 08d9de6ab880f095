//! The closed set of endpoints: path patterns for the router, labels for the record.

use http::Method;

/// What a request's method and path amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// Chat completion.
    Chat,
    /// Embeddings.
    Embeddings,
    /// All models.
    Models,
    /// One model.
    Model,
    /// Alive?
    Health,
    /// Ready?
    Ready,
    /// What the APIs are.
    OpenApi,
    /// A client API that a plugin speaks; the visit knows which.
    InDialect,
    /// One of the admin API, by its label.
    Admin(&'static str),
    /// A known path, another method.
    WrongMethod,
    /// No known path.
    Unknown,
}

impl Endpoint {
    /// Path of [`Endpoint::Chat`].
    pub(crate) const CHAT: &str = "/v1/chat/completions";
    /// Path of [`Endpoint::Embeddings`].
    pub(crate) const EMBEDDINGS: &str = "/v1/embeddings";
    /// Path of [`Endpoint::Models`].
    pub(crate) const MODELS: &str = "/v1/models";
    /// Pattern of [`Endpoint::Model`]: ids contain slashes.
    pub(crate) const MODEL: &str = "/v1/models/{*id}";
    /// Path of [`Endpoint::Health`].
    pub(crate) const HEALTH: &str = "/health";
    /// Path of [`Endpoint::Ready`].
    pub(crate) const READY: &str = "/health/ready";
    /// Path of [`Endpoint::OpenApi`].
    pub(crate) const OPENAPI: &str = "/openapi.json";

    /// The endpoint that the router finds for this method and path. Those of the admin API are
    /// unknown here: the router's own table names them.
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        let (endpoint, expected) = match path {
            Self::CHAT => (Self::Chat, Method::POST),
            Self::EMBEDDINGS => (Self::Embeddings, Method::POST),
            Self::MODELS => (Self::Models, Method::GET),
            Self::HEALTH => (Self::Health, Method::GET),
            Self::READY => (Self::Ready, Method::GET),
            Self::OPENAPI => (Self::OpenApi, Method::GET),
            _ => match path.strip_prefix(Self::MODELS) {
                Some(id) if id.len() > 1 && id.starts_with('/') => (Self::Model, Method::GET),
                _ => return Self::Unknown,
            },
        };
        let is_head_of_get = *method == Method::HEAD && expected == Method::GET;
        if *method == expected || is_head_of_get { endpoint } else { Self::WrongMethod }
    }

    /// How the record names it.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Chat => "POST /v1/chat/completions",
            Self::Embeddings => "POST /v1/embeddings",
            Self::Models => "GET /v1/models",
            Self::Model => "GET /v1/models/{id}",
            Self::Health => "GET /health",
            Self::Ready => "GET /health/ready",
            Self::OpenApi => "GET /openapi.json",
            Self::InDialect => "client API of a plugin",
            Self::Admin(label) => label,
            Self::WrongMethod => "wrong method",
            Self::Unknown => "unknown path",
        }
    }
}
