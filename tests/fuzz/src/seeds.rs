//! Seeds out of the plugins' own fixtures, so that a run begins where their tests are.

use std::fs;
use std::path::{Path, PathBuf};

use patchbay_sdk::testing::{chat_cases, embeddings_cases};
use serde_json::Value;

/// Files below a folder of a plugin's tests: `files("gemini-dialect", "replies")`.
pub fn files(plugin: &str, folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    let mut found = Vec::new();
    walk(&root.join(plugin).join("tests").join(folder), &mut found);
    found
}

fn walk(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            walk(&path, found);
        } else if let Ok(bytes) = fs::read(&path) {
            found.push((path, bytes));
        }
    }
}

/// The shared canonical requests, as short as they can be written.
pub fn canonical_requests() -> Vec<Vec<u8>> {
    let cases = chat_cases().into_iter().chain(embeddings_cases());
    let requests = cases.map(|mut case| {
        case.request["model"] = "m".into();
        case.request.to_string().into_bytes()
    });
    // One case is about a line of many kilobytes; engines learn nothing from it.
    requests.filter(|request| request.len() < 4096).collect()
}

/// Canonical documents that the plugins' tests expect: one reply each, a line a document.
pub fn canonical_replies() -> Vec<(bool, Vec<u8>)> {
    let folders = [
        ("anthropic-messages", "golden/replies"),
        ("bedrock-converse", "golden/replies"),
        ("cohere-chat", "golden/replies"),
        ("gemini-dialect", "golden/replies"),
        ("ollama-chat", "golden/replies"),
        ("tgi-dialect", "golden/replies"),
        ("openai-responses", "golden/chunks"),
        ("openai-responses", "golden/completions"),
    ];
    let files = folders.into_iter().flat_map(|(plugin, folder)| files(plugin, folder));
    files.filter_map(|(_, bytes)| reply(&bytes)).collect()
}

fn reply(golden: &[u8]) -> Option<(bool, Vec<u8>)> {
    let value: Value = serde_json::from_slice(golden).ok()?;
    let documents = match value {
        Value::Array(documents) => documents,
        document => vec![document],
    };
    let streaming = documents.iter().any(|it| it["object"] == "chat.completion.chunk");
    let lines: Vec<_> = documents.iter().map(Value::to_string).collect();
    Some((streaming, lines.join("\n").into_bytes()))
}

/// Bodies of failures as vendors send them, a line each.
pub fn errors() -> Vec<Vec<u8>> {
    let lines = include_str!("../seeds/errors.txt").lines();
    lines.map(|line| line.as_bytes().to_vec()).collect()
}
