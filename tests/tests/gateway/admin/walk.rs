//! From nothing to a chat and back, as an operator does it.

use anyhow::Result;
use gateway_tests::{Configuration, Gateway, Script, Upstream};
use reqwest::Method;
use serde_json::{Value, json};

use super::{act, ask, create, send, text};

/// A reply to a chat that is a list of models, too: what a probe asks for.
const ANSWER: &str = r#"{"id":"c1","object":"chat.completion","created":1,"model":"there","choices":
    [{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],
    "usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5},"data":[{"id":"there"}]}"#;

fn provider(upstream: &Upstream) -> Value {
    json!({
        "id": "main", "adapter": "openai-compatible", "base_url": upstream.base_url(),
        "credentials": {"api_key": "sk-first-secret"}, "models": ["there"],
    })
}

#[tokio::test]
async fn everything_that_a_chat_needs_is_entered_used_changed_and_taken_away() -> Result<()> {
    let upstream = Upstream::start(Script::json(ANSWER)).await?;
    let folder = tempfile::tempdir()?;
    let gateway = Gateway::start_in(folder.path(), Configuration::default().operators()).await?;
    let operator = gateway.operator("admin").await?;
    let ready = gateway.client_with(None).get("/health/ready").await?;
    assert_eq!(ready.status, 503, "no provider yet: {}", ready.text());

    let made = create(&operator, "/admin/providers", &provider(&upstream)).await?;
    assert!(!made.to_string().contains("sk-first-secret"), "{made}");
    let probe = act(&operator, "/admin/providers/main/test", &json!({})).await?;
    assert_eq!(probe["good"], true, "{probe}");
    let candidates = json!([{"provider": "main", "model": "there"}]);
    let route = json!({"model": "team/smart", "candidates": candidates});
    create(&operator, "/admin/routes", &route).await?;
    let key = create(&operator, "/admin/apikeys", &json!({"models": ["team/smart"]})).await?;
    let (id, key) = (text(&key, "/id")?, text(&key, "/key")?);

    let caller = gateway.client_with(Some(&key));
    let chat = json!({"model": "team/smart", "messages": [{"role": "user", "content": "hi"}]});
    assert_eq!(caller.chat(&chat).await?.status, 200);
    let rotation = json!({"credentials": {"api_key": "sk-second-secret"}, "grace_seconds": 60});
    act(&operator, "/admin/providers/main/rotate-credentials", &rotation).await?;
    assert_eq!(caller.chat(&chat).await?.status, 200);
    let seen: Vec<String> = upstream.requests().iter().map(authorization).collect();
    assert_eq!(seen.first().map(String::as_str), Some("Bearer sk-first-secret"));
    assert_eq!(seen.last().map(String::as_str), Some("Bearer sk-second-secret"));

    let gone = ask(&operator, Method::DELETE, "/admin/providers/main").await?;
    assert_eq!(gone.status, 428, "{}", gone.text());
    let removal = operator.call(Method::DELETE, "/admin/providers/main").header("if-match", "*");
    let in_use = removal.send().await?.whole().await?;
    assert_eq!(in_use.status, 409);
    assert!(in_use.text().contains("team/smart"), "{}", in_use.text());

    act(&operator, &format!("/admin/apikeys/{id}/revoke"), &json!({})).await?;
    assert_eq!(caller.chat(&chat).await?.status, 401);
    let usage = operator.get("/admin/usage?group_by=api_key,provider,model").await?.json()?;
    assert_eq!(usage["data"][0]["requests"], 2, "{usage}");
    assert_eq!(usage["data"][0]["prompt_tokens"], 6, "{usage}");
    let audit = operator.get("/admin/audit").await?;
    let actions = audit.json()?;
    let actions: Vec<&str> = actions["data"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|entry| entry["action"].as_str())
        .collect();
    assert_eq!(
        actions,
        [
            "api-key.revoke",
            "provider.rotate-credentials",
            "api-key.create",
            "route.create",
            "provider.create"
        ]
    );
    for secret in ["sk-first-secret", "sk-second-secret", key.as_str()] {
        assert!(!audit.text().contains(secret), "{}", audit.text());
        assert!(!gateway.log().contains(secret), "a secret in the log");
    }
    Ok(())
}

#[tokio::test]
async fn two_operators_cannot_lose_each_others_change() -> Result<()> {
    let upstream = Upstream::start(Script::json(ANSWER)).await?;
    let folder = tempfile::tempdir()?;
    let gateway = Gateway::start_in(folder.path(), Configuration::default().operators()).await?;
    let operator = gateway.operator("admin").await?;
    create(&operator, "/admin/providers", &provider(&upstream)).await?;
    let etag = operator.get("/admin/providers/main").await?.header("etag").to_owned();

    let change = |models: Value| {
        let patch = json!({"models": models}).to_string();
        let call = operator.call(Method::PATCH, "/admin/providers/main");
        call.header("if-match", &etag).json(patch).send()
    };
    let (one, other) = tokio::join!(change(json!(["a"])), change(json!(["b"])));
    let mut statuses = [one?.status, other?.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    Ok(())
}

#[tokio::test]
async fn a_viewer_reads_and_changes_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gateway = Gateway::start_in(folder.path(), Configuration::default().operators()).await?;
    let viewer = gateway.operator("viewer").await?;
    for path in ["providers", "apikeys", "routes", "plugins", "usage", "audit", "status"] {
        assert_eq!(viewer.get(&format!("/admin/{path}")).await?.status, 200, "{path}");
    }
    let refused = send(&viewer, Method::POST, "/admin/apikeys", &json!({"id": "mine"})).await?;
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_eq!(viewer.get("/admin/apikeys/mine").await?.status, 404);
    // An API key is no operator's token, and a token no API key.
    assert_eq!(gateway.client().get("/admin/status").await?.status, 401);
    assert_eq!(viewer.get("/v1/models").await?.status, 401);
    Ok(())
}

#[tokio::test]
async fn what_was_entered_serves_after_a_restart() -> Result<()> {
    let upstream = Upstream::start(Script::json(ANSWER)).await?;
    let folder = tempfile::tempdir()?;
    let gateway = Gateway::start_in(folder.path(), Configuration::default().operators()).await?;
    let operator = gateway.operator("admin").await?;
    create(&operator, "/admin/providers", &provider(&upstream)).await?;
    let key = text(&create(&operator, "/admin/apikeys", &json!({})).await?, "/key")?;
    gateway.kill().await?;

    let gateway = Gateway::start_in(folder.path(), Configuration::default().operators()).await?;
    let chat = json!({"model": "main/there", "messages": [{"role": "user", "content": "hi"}]});
    let reply = gateway.client_with(Some(&key)).chat(&chat).await?;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let seen = upstream.requests().last().map(authorization);
    assert_eq!(seen.as_deref(), Some("Bearer sk-first-secret"));
    Ok(())
}

#[tokio::test]
async fn a_store_that_a_running_gateway_owns_is_refused_to_a_second_one() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let configuration = Configuration::default().operators();
    let first = Gateway::start_in(folder.path(), configuration.clone()).await?;
    let Err(refused) = Gateway::start_in(folder.path(), configuration).await else {
        anyhow::bail!("two gateways own one store");
    };
    assert!(refused.to_string().contains("data/store"), "{refused:#}");
    assert_eq!(first.client_with(None).get("/health").await?.status, 200);
    Ok(())
}

fn authorization(request: &gateway_tests::Received) -> String {
    request.header("authorization").unwrap_or_default().to_owned()
}
