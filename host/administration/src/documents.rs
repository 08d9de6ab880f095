//! Operators' documents, read as resources that stand alone.

use resources::{ApiKey, KeySource, Problem, Provider, Route};
use serde_json::{Map, Value};

type Members = Map<String, Value>;

/// Reads a provider; `credentials` are not in the document.
///
/// # Errors
/// Every problem at once, paths within the document; so for all of these.
pub(crate) fn provider(document: &Members) -> Result<Provider, Vec<Problem>> {
    Provider::from_document(&Value::Object(document.clone()))
}

/// Reads an API key that is recognised by a digest.
pub(crate) fn api_key(document: &Members, digest: &str) -> Result<ApiKey, Vec<Problem>> {
    let source = KeySource::Digest(digest.to_owned());
    ApiKey::from_document(&Value::Object(document.clone()), source)
}

/// Reads a route; whether its providers are there is the board's to say.
pub(crate) fn route(document: &Members) -> Result<Route, Vec<Problem>> {
    Route::from_document(&Value::Object(document.clone()))
}
