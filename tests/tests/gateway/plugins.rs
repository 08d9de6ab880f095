//! Plugins that are installed while traffic flows.

mod killed;
mod upgrades;

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use gateway_tests::{Configuration, Provider, Script, TestClient, Upstream};
use serde_json::json;
use text_guests::Guest;

use crate::gateway::scenario::{CHAT, question_to};

/// The dialect under test, and the plugin that speaks it.
const DIALECT: &str = "telling";

/// Bytes of the upstream; the plugin answers each with its version.
const PIECES: [&str; 4] = ["a", "b", "c", "d"];

/// A normalizer that makes its version of whatever the upstream says.
fn telling(version: usize) -> Vec<u8> {
    let document = |delta: serde_json::Value, finish: Option<&str>| {
        json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        })
        .to_string()
    };
    let text = document(json!({ "content": word(version) }), None);
    let last = document(json!({}), Some("stop"));
    Guest::egress(DIALECT)
        .answer_with("push", |image| image.documents(&[&text]))
        .answer_with("finish", |image| image.documents(&[&text, &last]))
        .manifest(|manifest| manifest["version"] = format!("{version}.0.0").into())
        .frugal()
        .build()
}

/// What a version says, once for each piece and once at the end.
fn word(version: usize) -> String {
    format!("v{version};")
}

/// Puts a plugin in place at once, as a careful tool does.
fn install(directory: &Path, component: &[u8]) -> Result<()> {
    let unfinished = directory.join(".unfinished");
    fs::write(&unfinished, component)?;
    Ok(fs::rename(unfinished, directory.join(format!("{DIALECT}.wasm")))?)
}

/// A gateway's configuration with a provider for each upstream, named as its only model.
fn configuration(directory: &Path, upstreams: &[(&str, &Upstream)]) -> Configuration {
    let start = Configuration::default().plugins_in(directory);
    upstreams.iter().fold(start, |configuration, (model, upstream)| {
        let provider = Provider::openai(model, &upstream.base_url(), &[model]);
        configuration.provider(&provider.with(&format!("dialect = \"{DIALECT}\"")))
    })
}

async fn upstream() -> Result<Upstream> {
    Upstream::start(Script::pieces(PIECES)).await
}

fn streamed(model: &str) -> String {
    let mut question = question_to(model, "Which version?");
    question["stream"] = true.into();
    question.to_string()
}

/// The version that answers a stream.
///
/// # Errors
/// The request failed, or more than one version answered it.
async fn version(client: &TestClient) -> Result<usize> {
    told(&client.post(CHAT, streamed("m")).await?.content()?)
}

/// The one version whose words these are.
fn told(content: &str) -> Result<usize> {
    let words: Vec<&str> = content.split_terminator(';').collect();
    let one = words.first().copied().unwrap_or_default();
    ensure!(words.len() > 1 && words.iter().all(|word| *word == one), "mixed: {content}");
    Ok(one.trim_start_matches('v').parse()?)
}

/// Asks until this version answers. Every answer on the way has to be good.
async fn until(client: &TestClient, wanted: usize) -> Result<()> {
    while version(client).await? != wanted {}
    Ok(())
}
