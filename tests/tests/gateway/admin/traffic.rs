//! Callers at full load notice nothing of what operators do.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, ensure};
use gateway_tests::{Configuration, Gateway, Script, TestClient, Upstream};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{act, create, send, text};

const CALLERS: usize = 50;
/// Rounds of all that operators do.
const ROUNDS: usize = 12;

/// A reply to a chat that is a list of models, too: what a probe asks for.
const ANSWER: &str = r#"{"id":"c1","object":"chat.completion","created":1,"model":"there","choices":
    [{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],
    "data":[{"id":"there"},{"id":"elsewhere"}]}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_credentials_keys_routes_and_the_master_key_change() -> Result<()> {
    let upstream = Upstream::start(Script::json(ANSWER)).await?;
    let folder = tempfile::tempdir()?;
    let gateway = Gateway::start_in(folder.path(), Configuration::default().operators()).await?;
    let operator = gateway.operator("admin").await?;
    create(&operator, "/admin/providers", &provider(&upstream)).await?;
    create(&operator, "/admin/routes", &route("there")).await?;

    let over = Arc::new(AtomicBool::new(false));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn(call(gateway.client(), Arc::clone(&over)));
    }
    let done = operate(&operator, &gateway).await;
    over.store(true, Ordering::SeqCst);
    let mut requests = 0;
    while let Some(caller) = callers.join_next().await {
        let made = caller??;
        ensure!(made > 0, "a caller made no request");
        requests += made;
    }
    let secrets = done?;
    println!("{requests} requests during {} changes", ROUNDS * 7);

    let shown = upstream.requests();
    let shown: HashSet<&str> =
        shown.iter().filter_map(|it| it.header("authorization")?.strip_prefix("Bearer ")).collect();
    let valid: HashSet<&str> = secrets.iter().map(String::as_str).collect();
    assert!(shown.is_subset(&valid), "{shown:?}");
    assert_eq!(shown, valid, "every secret was used, the probe's use included");
    Ok(())
}

/// Chats until told, and fails at the first answer that is not good.
async fn call(caller: TestClient, over: Arc<AtomicBool>) -> Result<usize> {
    let chat = json!({"model": "smart", "messages": [{"role": "user", "content": "hi"}]});
    let mut made = 0;
    while !over.load(Ordering::SeqCst) {
        let reply = caller.chat(&chat).await?;
        ensure!(reply.status == 200, "request {made}: {}: {}", reply.status, reply.text());
        made += 1;
    }
    Ok(made)
}

/// Every kind of change, by turns. The secrets that were valid at some time.
async fn operate(operator: &TestClient, gateway: &Gateway) -> Result<Vec<String>> {
    let mut secrets = vec!["secret-first".to_owned()];
    for round in 0..ROUNDS {
        let secret = format!("secret-{round}");
        let rotation = json!({"credentials": {"api_key": secret}, "grace_seconds": 0});
        act(operator, "/admin/providers/main/rotate-credentials", &rotation).await?;
        secrets.push(secret);

        let key = create(operator, "/admin/apikeys", &json!({"models": ["smart"]})).await?;
        let (id, key) = (text(&key, "/id")?, text(&key, "/key")?);
        let newcomer = gateway.client_with(Some(&key));
        let chat = json!({"model": "smart", "messages": [{"role": "user", "content": "hi"}]});
        ensure!(newcomer.chat(&chat).await?.status == 200, "a new key serves at once");
        act(operator, &format!("/admin/apikeys/{id}/revoke"), &json!({})).await?;
        ensure!(newcomer.chat(&chat).await?.status == 401, "a revoked key serves no more");

        let there = if round % 2 == 0 { "elsewhere" } else { "there" };
        let changed = send(operator, Method::PUT, "/admin/routes/smart", &route(there)).await?;
        ensure!(changed.status == 200, "{}", changed.text());
        let patch = json!({"timeouts": {"first_byte_ms": 50_000 + round}});
        let changed = send(operator, Method::PATCH, "/admin/providers/main", &patch).await?;
        ensure!(changed.status == 200, "{}", changed.text());
        rotate_master_key(operator).await?;
    }
    Ok(secrets)
}

/// Begins a new master key and waits until everything is sealed with it.
async fn rotate_master_key(operator: &TestClient) -> Result<()> {
    let begun = act(operator, "/admin/master-key/rotate", &json!({})).await?;
    gateway_tests::patiently("everything sealed with the new master key", async {
        loop {
            let state = operator.get("/admin/master-key").await?.json()?;
            ensure!(state["current"] == begun["current"], "{state} is not {begun}");
            if state["remaining"] == 0 {
                return Ok(());
            }
            tokio::task::yield_now().await;
        }
    })
    .await?
}

fn provider(upstream: &Upstream) -> Value {
    json!({
        "id": "main", "adapter": "openai-compatible", "base_url": upstream.base_url(),
        "credentials": {"api_key": "secret-first"}, "models": ["there", "elsewhere"],
    })
}

fn route(there: &str) -> Value {
    json!({"model": "smart", "candidates": [{"provider": "main", "model": there}]})
}
