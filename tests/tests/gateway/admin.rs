//! `/admin`: what operators do, and what callers notice of it.

mod crash;
mod listener;
mod plugins;
mod traffic;
mod walk;

use anyhow::{Context as _, Result, ensure};
use gateway_tests::{TestClient, WholeReply};
use reqwest::Method;
use serde_json::Value;

/// Sends a document; what is there already is changed whatever it is.
async fn send(
    operator: &TestClient,
    method: Method,
    path: &str,
    document: &Value,
) -> Result<WholeReply> {
    let call = operator.call(method.clone(), path);
    let changes = method == Method::PUT || method == Method::PATCH;
    let call = if changes { call.header("if-match", "*") } else { call };
    call.json(document.to_string()).send().await?.whole().await
}

/// Makes a resource.
async fn create(operator: &TestClient, path: &str, document: &Value) -> Result<Value> {
    let reply = send(operator, Method::POST, path, document).await?;
    ensure!(reply.status == 201, "{}: {}", reply.status, reply.text());
    reply.json()
}

/// Does something that answers with a document.
async fn act(operator: &TestClient, path: &str, document: &Value) -> Result<Value> {
    let reply = send(operator, Method::POST, path, document).await?;
    ensure!(reply.status == 200, "{}: {}", reply.status, reply.text());
    reply.json()
}

/// Does something that needs no document.
async fn ask(operator: &TestClient, method: Method, path: &str) -> Result<WholeReply> {
    operator.call(method, path).send().await?.whole().await
}

/// A member that is a text.
fn text(document: &Value, pointer: &str) -> Result<String> {
    let found = document.pointer(pointer).and_then(Value::as_str);
    Ok(found.with_context(|| format!("no {pointer} in {document}"))?.to_owned())
}
