//! Plugins come, change and go while the gateway runs, as an operator does it.

use anyhow::{Context as _, Result, ensure};
use gateway_tests::{Configuration, Gateway, TestClient, WholeReply, component};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ask, create, send, text};

const PLUGINS: &str = "/admin/plugins";

/// A key that has signed nothing here.
const SIGNER: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

/// A signature by that key, of something else.
const SIGNATURE: &str = concat!(
    "dW50cnVzdGVkIGNvbW1lbnQ6IHNpZ25hdHVyZSBmcm9tIG1pbmlzaWduIHNlY3JldCBrZXkKUldRZjZMUkNHQTlp",
    "NTlTTE9GeHo2Tnh2QVNYREplUnR1Wnlrd1FlcGJERUd0ODdpZzFCTnBXYVZXdU5ybTczWWlJaUpicTcxV2krZFA5",
    "ZUtMOE9DMzUxdndJYXNTU2JYeHdBPQp0cnVzdGVkIGNvbW1lbnQ6IHRpbWVzdGFtcDoxNTU1Nzc5OTY2CWZpbGU6",
    "dGVzdApRdEtNWFd5WWN3ZHBaQWxQRjd0RTJFTkprUmQxdWp2S2psajFtOVJ0SFRCblpQYTVXS1U1dVdSczVHb1A1",
    "TS9WcUU4MVFGdU1LSTVrL1NmTlFVYU9BQT09Cg==",
);

fn trusting(trust: &str) -> Configuration {
    Configuration::default().operators().plugins(trust)
}

/// The plugin `vendor` in some version, with more changes of its manifest.
fn vendor(version: &str, change: impl FnOnce(&mut Value)) -> Result<Vec<u8>> {
    component("cohere", |manifest| {
        manifest["name"] = "vendor".into();
        manifest["version"] = version.into();
        change(manifest);
    })
}

async fn upload(operator: &TestClient, query: &str, component: Vec<u8>) -> Result<WholeReply> {
    let call = operator.call(Method::POST, &format!("{PLUGINS}{query}"));
    call.header("content-type", "application/wasm").body(component).send().await?.whole().await
}

async fn installed(operator: &TestClient, component: Vec<u8>) -> Result<Value> {
    let reply = upload(operator, "", component).await?;
    ensure!(reply.status == 201, "{}: {}", reply.status, reply.text());
    reply.json()
}

async fn act(operator: &TestClient, action: &str, document: &Value) -> Result<Value> {
    super::act(operator, &format!("{PLUGINS}/vendor/{action}"), document).await
}

async fn shown(operator: &TestClient) -> Result<Value> {
    operator.get(&format!("{PLUGINS}/vendor")).await?.json()
}

fn provider() -> Value {
    json!({
        "id": "main", "adapter": "vendor", "base_url": "http://127.0.0.1:9",
        "credentials": {"api_key": "sk-secret"}, "models": ["m"],
    })
}

fn state_of(document: &Value) -> Option<&str> {
    document.pointer("/status/state").and_then(Value::as_str)
}

#[tokio::test]
async fn a_plugin_is_installed_updated_shared_promoted_and_removed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gateway = Gateway::start_in(folder.path(), trusting("{ unsigned = true }")).await?;
    let operator = gateway.operator("admin").await?;
    let first = installed(&operator, vendor("1.0.0", |_| {})?).await?;
    assert_eq!(
        (&first["serving"]["version"], &first["origin"]),
        (&json!("1.0.0"), &json!("installed"))
    );
    create(&operator, "/admin/providers", &provider()).await?;
    installed(&operator, vendor("1.1.0", |_| {})?).await?;
    let back = act(&operator, "rollback", &json!({})).await?;
    assert_eq!(back["serving"]["digest"], first["serving"]["digest"]);

    let newer = back["versions"][1]["digest"].clone();
    let plan = json!({"digest": newer, "share_permille": 100});
    let canary = act(&operator, "canary", &plan).await?;
    assert_eq!(canary["canary"]["generation"]["version"], "1.1.0");
    assert_eq!(canary["canary"]["plan"]["share_permille"], 100);
    assert_eq!(canary["serving"]["version"], "1.0.0");
    gateway.kill().await?;

    let gateway = Gateway::start_in(folder.path(), trusting("{ unsigned = true }")).await?;
    let operator = gateway.operator("admin").await?;
    let kept = shown(&operator).await?;
    assert_eq!(kept["canary"]["generation"]["version"], "1.1.0", "{kept}");
    assert_eq!(kept["etag"], canary["etag"], "a restart is no change");
    let promoted = act(&operator, "promote", &json!({})).await?;
    assert_eq!(
        (&promoted["serving"]["version"], &promoted["canary"]),
        (&json!("1.1.0"), &Value::Null)
    );

    act(&operator, "pin", &json!({})).await?;
    let held = upload(&operator, "", vendor("1.2.0", |_| {})?).await?;
    assert_eq!(held.status, 202, "{}", held.text());
    assert_eq!(held.json()?["phase"], "held");
    assert_eq!(act(&operator, "unpin", &json!({})).await?["serving"]["version"], "1.2.0");

    is_removed(&operator).await?;
    let main = operator.get("/admin/providers/main").await?.json()?;
    assert_eq!(state_of(&main), Some("set-aside"), "{main}");
    let status = operator.get("/admin/status").await?.json()?;
    assert_eq!(status["set_aside"][0]["id"], "main", "{status}");
    assert_eq!(
        actions(&operator).await?,
        [
            "plugin.remove",
            "plugin.unpin",
            "plugin.upload",
            "plugin.pin",
            "plugin.promote",
            "plugin.canary",
            "plugin.roll-back",
            "plugin.upload",
            "plugin.upload",
        ]
    );
    installed(&operator, vendor("1.0.0", |_| {})?).await?;
    let main = operator.get("/admin/providers/main").await?.json()?;
    assert_eq!(state_of(&main), Some("active"), "{main}");
    Ok(())
}

/// Removes the plugin `vendor`, which has to say that the operator has seen it.
async fn is_removed(operator: &TestClient) -> Result<()> {
    let path = format!("{PLUGINS}/vendor");
    assert_eq!(ask(operator, Method::DELETE, &path).await?.status, 428);
    let removal = operator.call(Method::DELETE, &path).header("if-match", "*");
    assert_eq!(removal.send().await?.whole().await?.status, 204);
    assert_eq!(operator.get(&path).await?.status, 404);
    Ok(())
}

async fn actions(operator: &TestClient) -> Result<Vec<String>> {
    let audit = operator.get("/admin/audit?noun=plugin").await?.json()?;
    let entries = audit["data"].as_array().context("no list")?.iter();
    entries.map(|entry| text(entry, "/action")).collect()
}

#[tokio::test]
async fn a_version_that_asks_for_more_waits_until_it_is_approved() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gateway = Gateway::start_in(folder.path(), trusting("{ unsigned = true }")).await?;
    let operator = gateway.operator("admin").await?;
    installed(&operator, vendor("1.0.0", |_| {})?).await?;
    let more = vendor("2.0.0", |it| it["credentials"][0]["uses"] = json!(["bearer", "query:key"]))?;
    let reply = upload(&operator, "", more).await?;
    assert_eq!(reply.status, 202, "{}", reply.text());
    let waiting = reply.json()?;
    assert_eq!(
        (&waiting["phase"], &waiting["serving"]["version"]),
        (&json!("needs-approval"), &json!("1.0.0"))
    );
    assert_eq!(waiting["pending"][0]["widened"][0]["asked"], "api_key as query:key");
    let other = json!({"digest": waiting["serving"]["digest"]});
    let refused =
        send(&operator, Method::POST, &format!("{PLUGINS}/vendor/approve"), &other).await?;
    assert_eq!(refused.status, 409, "{}", refused.text());
    let approved = act(&operator, "approve", &json!({"digest": waiting["digest"]})).await?;
    assert_eq!(approved["serving"]["version"], "2.0.0", "{approved}");
    Ok(())
}

#[tokio::test]
async fn a_provider_whose_plugin_wants_other_settings_is_set_aside_until_they_fit() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gateway = Gateway::start_in(folder.path(), trusting("{ unsigned = true }")).await?;
    let operator = gateway.operator("admin").await?;
    installed(&operator, vendor("1.0.0", |_| {})?).await?;
    create(&operator, "/admin/providers", &provider()).await?;
    let stricter = vendor("2.0.0", |it| {
        it["settings"]["properties"]["region"] = json!({"type": "string"});
        it["settings"]["required"] = json!(["region"]);
    })?;
    installed(&operator, stricter).await?;
    let main = operator.get("/admin/providers/main").await?.json()?;
    assert_eq!(state_of(&main), Some("set-aside"), "{main}");
    assert_eq!(main["status"]["problems"][0]["path"], "settings", "{main}");
    let patch = json!({"settings": {"region": "here"}});
    let mended = send(&operator, Method::PATCH, "/admin/providers/main", &patch).await?.json()?;
    assert_eq!(state_of(&mended), Some("active"), "{mended}");
    Ok(())
}

#[tokio::test]
async fn what_is_no_plugin_is_refused_and_leaves_nothing_behind() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gateway = Gateway::start_in(folder.path(), trusting("{ unsigned = true }")).await?;
    let operator = gateway.operator("admin").await?;
    installed(&operator, vendor("1.0.0", |_| {})?).await?;
    let failing = vendor("1.1.0", |it| {
        let expected = json!({"head": {"path": "/nowhere"}});
        it["self_test"] =
            json!([{"name": "no", "function": "probe", "input": {}, "expect": expected}]);
    })?;
    let truncated = vendor("1.1.0", |_| {})?.split_off(200);
    for (component, words) in
        [(precompiled(), "precompiled"), (b"MZ".to_vec(), "; "), (truncated, "; "), (failing, "; ")]
    {
        let reply = upload(&operator, "", component).await?;
        assert_eq!(reply.status, 422, "{}", reply.text());
        let error = reply.json()?["error"].clone();
        assert_eq!(error["code"], "plugin_refused");
        assert!(text(&error, "/message")?.contains(words), "{error}");
        assert!(!text(&error, "/problems/0/fix")?.is_empty(), "{error}");
    }
    let list = operator.get(PLUGINS).await?.json()?;
    assert_eq!(list["pending"], json!([]), "{list}");
    assert_eq!(shown(&operator).await?["serving"]["version"], "1.0.0");
    assert_eq!(actions(&operator).await?, ["plugin.upload"]);
    Ok(())
}

/// The head of code that wasmtime has compiled for some machine.
fn precompiled() -> Vec<u8> {
    let mut elf = vec![0; 64];
    let fields: [(usize, &[u8]); 7] = [
        (0, b"\x7fELF\x02\x01\x01"),
        (7, &[200]),
        (16, &[1, 0]),
        (20, &[1]),
        (48, &[2]),
        (52, &[64]),
        (58, &[64]),
    ];
    for (at, bytes) in fields {
        elf.splice(at..at + bytes.len(), bytes.iter().copied());
    }
    elf
}

#[tokio::test]
async fn only_an_administrator_installs_and_only_what_is_signed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let trust = format!("{{ signers = [\"{SIGNER}\"] }}");
    let gateway = Gateway::start_in(folder.path(), trusting(&trust)).await?;
    let viewer = gateway.operator("viewer").await?;
    assert_eq!(upload(&viewer, "", vendor("1.0.0", |_| {})?).await?.status, 403);
    assert_eq!(ask(&viewer, Method::POST, &format!("{PLUGINS}/cohere/pin")).await?.status, 403);
    let list = viewer.get(PLUGINS).await?.json()?;
    let bundled = list["data"].as_array().context("no list")?;
    assert!(bundled.iter().any(|it| it["name"] == "cohere" && it["origin"] == "bundled"));

    let operator = gateway.operator("admin").await?;
    for signature in [None, Some("cnViYmlzaA=="), Some(SIGNATURE)] {
        let call = operator.call(Method::POST, PLUGINS).header("content-type", "application/wasm");
        let call = signature.iter().fold(call, |call, it| call.header("x-patchbay-signature", it));
        let reply = call.body(vendor("1.0.0", |_| {})?).send().await?.whole().await?;
        assert_eq!(reply.status, 422, "{}", reply.text());
        assert_eq!(reply.json()?["error"]["param"], "x-patchbay-signature");
    }
    assert_eq!(operator.get(&format!("{PLUGINS}/vendor")).await?.status, 404);
    let bundled = ask(&operator, Method::POST, &format!("{PLUGINS}/cohere/pin")).await?;
    assert_eq!(bundled.status, 409, "{}", bundled.text());
    Ok(())
}

#[tokio::test]
async fn a_gateway_that_trusts_nobody_says_how_to_install() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gateway = Gateway::start_in(folder.path(), Configuration::default().operators()).await?;
    let operator = gateway.operator("admin").await?;
    let reply = upload(&operator, "", vendor("1.0.0", |_| {})?).await?;
    assert_eq!(reply.status, 409, "{}", reply.text());
    assert!(reply.text().contains("plugins.trust"), "{}", reply.text());
    let typed = operator.call(Method::POST, PLUGINS).json("{}").send().await?.whole().await?;
    assert_eq!(typed.status, 415, "{}", typed.text());
    Ok(())
}
