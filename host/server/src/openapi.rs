//! The OpenAPI 3.1 document of both APIs, made from what the code is made of.
//!
//! Owns how each endpoint is described. The admin API's part goes through the router's own
//! table, so that an endpoint without a description fails a test; schemas of replies come from
//! the types that are written, ranges in documents from the constants of their readers, statuses
//! and codes of errors from the failure table. What is written by hand here is held against the
//! real readers and real replies by tests.
//!
//! Documents that operators send are closed (`additionalProperties: false`), as their readers
//! are, and so are the replies to operators. Callers' requests are open: members that the gateway
//! does not know go to the provider.

mod admin;
mod bodies;
mod caller;
#[cfg(test)]
pub(crate) mod contract;
mod documents;
mod operation;
mod parameters;
mod refusals;
mod replies;
mod schemas;
mod shapes;
mod views;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Value, json};

use self::operation::Operation;
use crate::reply;
use crate::visit::Visit;

/// The document as `GET /openapi.json` sends it.
static SERVED: LazyLock<Bytes> = LazyLock::new(|| openapi().to_json().into());

/// What the APIs are: an OpenAPI 3.1 document.
#[derive(Debug, Serialize)]
pub struct OpenApi {
    openapi: &'static str,
    info: Value,
    servers: Value,
    tags: Value,
    paths: Paths,
    components: Components,
}

/// Operations by path and method.
type Paths = BTreeMap<&'static str, BTreeMap<String, Operation>>;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Components {
    security_schemes: Value,
    parameters: Value,
    headers: Value,
    responses: Value,
    schemas: Value,
}

/// Describes the callers' API and the admin API, as this version has them.
#[must_use]
pub fn openapi() -> OpenApi {
    let operations: Vec<_> = caller::operations().into_iter().chain(admin::operations()).collect();
    let responses = refusals::responses(operations.iter().map(|(_, operation)| operation));
    let mut paths = Paths::new();
    for (label, operation) in operations {
        if let Some((method, path)) = label.split_once(' ') {
            paths.entry(path).or_default().insert(method.to_ascii_lowercase(), operation);
        }
    }
    OpenApi {
        openapi: "3.1.0",
        info: info(),
        servers: json!([{ "url": "/", "description": "The gateway that serves this document." }]),
        tags: tags(),
        paths,
        components: Components {
            security_schemes: security_schemes(),
            parameters: parameters::components(),
            headers: replies::headers(),
            responses,
            schemas: schemas::components(),
        },
    }
}

impl OpenApi {
    /// The document as JSON, on one line.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts, numbers, maps and lists have a JSON")
    }

    /// The document as YAML, as it stands in `md-docs/openapi.yaml`.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        yaml_serde::to_string(self).expect("what has a JSON has a YAML")
    }
}

/// `GET /openapi.json`. No key: it says what there is, not what is behind it.
pub(crate) async fn show(visit: Visit) -> axum::response::Response {
    let headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ]);
    reply::whole(visit, StatusCode::OK, headers, SERVED.clone())
}

fn info() -> Value {
    json!({
        "title": "Patchbay",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "An OpenAI-compatible gateway whose providers are sandboxed plugins.",
        "description": "The API of callers below /v1, and the admin API of operators below \
            /admin.\n\nEvery reply has `x-request-id`; a request may bring one. A known URL with \
            another method is answered with 405 and `allow`, an unknown one with 404 and the code \
            `unknown_url`. Where there is GET there is HEAD. The admin API is there if the \
            configuration has `[admin]`, and with `admin.listen` only at that address. A query \
            parameter that an endpoint of the admin API does not know is an error (400).",
        "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
    })
}

fn tags() -> Value {
    json!([
        { "name": "inference", "description": "Requests to models, for callers." },
        { "name": "models", "description": "What a caller's key may use." },
        { "name": "health", "description": "For whoever watches the process; without a key." },
        { "name": "providers", "description": "Upstream accounts and their credentials." },
        { "name": "api-keys", "description": "Who may call, what, and how much." },
        { "name": "routes", "description": "Public model names and what stands behind them." },
        { "name": "plugins", "description": "What reaches providers and speaks their formats." },
        { "name": "operation", "description": "How the gateway is, and what was done with it." },
    ])
}

fn security_schemes() -> Value {
    json!({
        "apiKey": {
            "type": "http",
            "scheme": "bearer",
            "description": "A caller's API key: `pb-…`.",
        },
        "apiKeyHeader": {
            "type": "apiKey",
            "in": "header",
            "name": "x-api-key",
            "description": "A caller's API key, where there is no `Authorization`.",
        },
        "operatorToken": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An operator's token; `patchbay token` makes one. Role `viewer` reads, \
                role `admin` does everything.",
        },
    })
}

#[cfg(test)]
mod tests;
