//! `kill -9` in the middle of writes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, ensure};
use gateway_tests::{Configuration, Gateway, TestClient};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::send;

/// Writers at once.
const WRITERS: usize = 8;
/// Writes that have to be answered, over all rounds.
const WRITES: usize = 1000;
/// Answers after which a round's gateway is killed: in the middle of others, because every
/// writer has the next one under way.
const KILLED_AFTER: [usize; 8] = [1, 40, 75, 113, 150, 178, 206, 260];

/// What writers know of a key: the document that was answered last, and what was sent since.
#[derive(Clone, Debug, Default)]
struct Known {
    answered: Option<Value>,
    under_way: Option<Value>,
}

type Keys = BTreeMap<String, Known>;

#[tokio::test]
async fn after_kill_9_every_answered_write_is_there_and_none_is_half_there() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut keys = Keys::new();
    let mut answered = 0;
    for (round, most) in KILLED_AFTER.into_iter().enumerate() {
        let count = write_until_killed(folder.path(), (round, most), &mut keys).await?;
        ensure!(count >= most, "the gateway ended by itself after {count} writes");
        answered += count;
        let gateway = Gateway::start_in(folder.path(), configuration()).await?;
        check(&gateway.operator("admin").await?, &mut keys).await?;
    }
    ensure!(answered >= WRITES, "{answered} writes were answered");
    Ok(())
}

fn configuration() -> Configuration {
    Configuration::default().operators()
}

/// Starts a gateway, lets writers write and kills it while they do. How many were answered.
async fn write_until_killed(
    folder: &Path,
    (round, most): (usize, usize),
    keys: &mut Keys,
) -> Result<usize> {
    let gateway = Gateway::start_in(folder, configuration()).await?;
    let operator = gateway.operator("admin").await?;
    let answered = Arc::new(AtomicUsize::new(0));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (operator, answered) = (operator.clone(), Arc::clone(&answered));
        let mine = format!("key-{writer}-");
        let own = keys.iter().filter(|(id, _)| id.starts_with(&mine));
        let own: Keys = own.map(|(id, known)| (id.clone(), known.clone())).collect();
        writers.spawn(async move { write(&operator, (round, writer), own, &answered).await });
    }
    while answered.load(Ordering::SeqCst) < most && !writers.is_empty() {
        tokio::task::yield_now().await;
    }
    gateway.kill().await?;
    while let Some(own) = writers.join_next().await {
        keys.extend(own?);
    }
    Ok(answered.load(Ordering::SeqCst))
}

/// Makes keys and changes them, by turns, until the gateway does not answer any more.
async fn write(
    operator: &TestClient,
    (round, writer): (usize, usize),
    mut keys: Keys,
    answered: &AtomicUsize,
) -> Keys {
    for step in 0.. {
        let id = format!("key-{writer}-{}", (round * 7 + step) % 40);
        let known = keys.entry(id.clone()).or_default();
        let mut document = json!({
            "name": format!("round {round}, step {step}"), "owner": format!("owner {round}/{step}"),
        });
        let (method, path) = match known.answered {
            Some(_) => (Method::PUT, format!("/admin/apikeys/{id}")),
            None => (Method::POST, "/admin/apikeys".to_owned()),
        };
        document["id"] = json!(id);
        known.under_way = Some(document.clone());
        let Ok(reply) = send(operator, method, &path, &document).await else { break };
        if !matches!(reply.status, 200 | 201) {
            // Left for the check: the document is not there.
            known.answered = Some(json!({"status": reply.status, "text": reply.text()}));
            break;
        }
        *known = Known { answered: Some(document), under_way: None };
        answered.fetch_add(1, Ordering::SeqCst);
    }
    keys
}

/// Every key is as it was answered last, or as what was under way; its audit entry with it.
async fn check(operator: &TestClient, keys: &mut Keys) -> Result<()> {
    let entries = audit(operator).await?;
    let status = operator.get("/admin/status").await?.json()?;
    ensure!(status["damaged"] == json!([]) && status["set_aside"] == json!([]), "{status}");
    for (id, known) in &mut *keys {
        let reply = operator.get(&format!("/admin/apikeys/{id}")).await?;
        let found = match reply.status {
            200 => Some(reply.json()?),
            404 => None,
            other => anyhow::bail!("{id}: {other}: {}", reply.text()),
        };
        let is = |document: &Value| found.as_ref().is_some_and(|it| same(it, document));
        let as_answered = match &known.answered {
            Some(answered) => is(answered),
            None => found.is_none(),
        };
        let as_sent = known.under_way.as_ref().is_some_and(is);
        ensure!(as_answered || as_sent, "{id} is {found:?}, and this is known of it: {known:?}");
        let last = entries.iter().find(|entry| entry["target"] == json!(id));
        let told = last.map(|entry| entry["after"]["name"].clone());
        let name = found.as_ref().map(|key| key["name"].clone());
        ensure!(told == name, "{id} is called {name:?}, and the audit log says {told:?}");
        known.under_way = None;
        if as_sent {
            known.answered = found;
        }
    }
    Ok(())
}

fn same(found: &Value, document: &Value) -> bool {
    ["id", "name", "owner"].iter().all(|name| found[name] == document[name])
}

/// The audit log, newest first.
async fn audit(operator: &TestClient) -> Result<Vec<Value>> {
    let mut entries = Vec::new();
    let mut next = "/admin/audit?limit=200".to_owned();
    loop {
        let page = operator.get(&next).await?.json()?;
        entries.extend(page["data"].as_array().context("no page")?.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("/admin/audit?limit=200&cursor={cursor}"),
            None => return Ok(entries),
        }
    }
}
