//! Plugins over HTTP: what is sent, what is refused before anything is done, and entity tags.

use serde_json::{Value, json};

use super::client::{Ask, Client};
use super::shelf::{DIGEST, MAX_COMPONENT_BYTES};

const WASM: &str = "application/wasm";

fn upload(body: impl Into<bytes::Bytes>) -> Ask {
    Ask::new("POST /admin/plugins").with("content-type", WASM).body(body)
}

#[tokio::test]
async fn plugins_are_listed_and_shown_with_what_they_do() {
    let mut client = Client::start().await;
    let list = client.good(Ask::new("GET /admin/plugins").by_viewer()).await.json();
    let names: Vec<_> = list["data"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["bundled", "my-cloud"]);
    assert!(list["data"][0]["etag"].is_null());
    let shown = client.good(Ask::new("GET /admin/plugins/my-cloud").by_viewer()).await;
    let tag = format!("\"{}\"", shown.json()["etag"].as_str().unwrap());
    assert_eq!(shown.header("etag"), Some(tag.as_str()));
    assert_eq!(shown.json()["serving"]["figures"]["stock_misses"], 0);
    let known = Ask::new("GET /admin/plugins/my-cloud").with("if-none-match", tag);
    assert_eq!(client.send(known).await.status, 304);
    client.stop().await;
}

#[tokio::test]
async fn an_upload_is_answered_with_what_became_of_it() {
    let mut client = Client::start().await;
    for (component, status) in [("good", 201), ("waits", 202)] {
        let reply = client.send(upload(component)).await;
        assert_eq!(reply.status, status, "{component}: {}", reply.text());
        assert_eq!(reply.header("location"), Some("/admin/plugins/my-cloud"));
        assert!(reply.header("etag").is_some());
        assert_eq!(reply.json()["name"], "my-cloud");
    }
    let refused = client.send(upload("refused")).await;
    assert_eq!((refused.status.as_u16(), refused.error("code")), (422, json!("plugin_refused")));
    let problem = &refused.json()["error"]["problems"][0];
    assert_eq!(problem["message"], "no trusted signer has signed this file");
    assert_eq!(problem["fix"], "add the signer's public key");
    client.stop().await;
}

#[tokio::test]
async fn signature_and_start_come_with_the_component() {
    let mut client = Client::start().await;
    let mut ask = upload("good");
    ask = ask.with("x-patchbay-signature", "dW50cnVzdGVk");
    client.good(ask).await;
    let sent = client.desk.shelf.sent.lock().unwrap().take().unwrap();
    assert_eq!(sent.signature.as_deref(), Some(b"untrusted".as_slice()));
    assert!(sent.rollout.is_none());
    let query = "?rollout=canary&share_permille=50&auto_calls=100&auto_worse_permille=5";
    let ask = Ask::new(&format!("POST /admin/plugins{query}")).with("content-type", WASM);
    client.good(ask.body("good")).await;
    let sent = client.desk.shelf.sent.lock().unwrap().take().unwrap();
    let rollout = serde_json::to_value(sent.rollout).unwrap();
    let auto = json!({"calls": 100, "worse_permille": 5});
    assert_eq!(rollout, json!({"kind": "canary", "share_permille": 50, "auto": auto}));
    client.stop().await;
}

#[tokio::test]
async fn an_upload_that_cannot_be_one_is_refused() {
    let mut client = Client::start().await;
    for kind in ["", "application/json", "application/octet-stream", "text/plain"] {
        let ask = Ask::new("POST /admin/plugins").body("good");
        let ask = if kind.is_empty() { ask } else { ask.with("content-type", kind) };
        let reply = client.send(ask).await;
        assert_eq!(reply.status, 415, "{kind}");
        assert_eq!(reply.error("code"), "unsupported_media_type");
        assert!(reply.text().contains(WASM), "{}", reply.text());
    }
    let reply = client.send(upload("good").with("x-patchbay-signature", "!")).await;
    assert_eq!(reply.status, 400, "{}", reply.text());
    for (query, member) in [
        ("rollout=sometimes", "kind"),
        ("share_permille=5", "kind"),
        ("rollout=canary", "share_permille"),
        ("rollout=canary&share_permille=0", "share_permille"),
        ("rollout=canary&share_permille=1001", "share_permille"),
        ("rollout=canary&share_permille=many", "share_permille"),
        ("rollout=immediate&share_permille=5", "share_permille"),
        ("rollout=canary&share_permille=5&auto_calls=9", "auto.worse_permille"),
    ] {
        let ask = Ask::new(&format!("POST /admin/plugins?{query}")).with("content-type", WASM);
        let reply = client.send(ask.body("good")).await;
        assert_eq!(reply.status, 400, "{query}");
        assert_eq!(reply.error("param"), member, "{query}: {}", reply.text());
    }
    assert!(client.desk.shelf.sent.lock().unwrap().is_none(), "nothing was taken");
    client.stop().await;
}

#[tokio::test]
async fn a_component_has_a_limit_of_its_own() {
    let mut client = Client::start().await;
    client.good(upload(vec![0; MAX_COMPONENT_BYTES])).await;
    let reply = client.send(upload(vec![0; MAX_COMPONENT_BYTES + 1])).await;
    assert_eq!((reply.status.as_u16(), reply.error("code")), (413, json!("payload_too_large")));
    client.stop().await;
}

#[tokio::test]
async fn a_document_of_an_action_is_read_member_by_member() {
    let mut client = Client::start().await;
    for (action, document, member) in [
        ("approve", json!({}), "digest"),
        ("approve", json!({"digest": "1.0.0"}), "digest"),
        ("approve", json!({"digest": DIGEST, "force": true}), "force"),
        ("rollback", json!({"digest": 7}), "digest"),
        ("rollback", json!({"to": DIGEST}), "to"),
        ("canary", json!({"digest": DIGEST}), "share_permille"),
        ("canary", json!({"digest": DIGEST, "share_permille": 0.5}), "share_permille"),
        ("canary", json!({"digest": DIGEST, "share_permille": 5, "auto": 1}), "auto"),
        ("canary", json!({"share_permille": 5}), "digest"),
        ("rollout", json!({}), "kind"),
        ("rollout", json!({"kind": "slowly"}), "kind"),
        ("rollout", json!({"kind": "canary"}), "share_permille"),
    ] {
        let ask = Ask::new(&format!("POST /admin/plugins/my-cloud/{action}")).document(&document);
        let reply = client.send(ask).await;
        assert_eq!(reply.status, 400, "{action} {document}");
        assert_eq!(reply.error("param"), member, "{action} {document}: {}", reply.text());
    }
    client.stop().await;
}

#[tokio::test]
async fn a_tag_holds_until_the_plugin_is_changed() {
    let mut client = Client::start().await;
    let shown = client.good(Ask::new("GET /admin/plugins/my-cloud")).await;
    let tag = shown.header("etag").unwrap().to_owned();
    let pin = || Ask::new("POST /admin/plugins/my-cloud/pin");
    let pinned = client.good(pin().with("if-match", tag.as_str())).await;
    assert_eq!(pinned.json()["pinned"], true);
    let stale = client.send(pin().with("if-match", tag.as_str())).await;
    assert_eq!((stale.status.as_u16(), stale.error("code")), (412, json!("stale_etag")));
    client.good(pin()).await;
    let remove = || Ask::new("DELETE /admin/plugins/my-cloud");
    assert_eq!(client.send(remove()).await.status, 428);
    assert_eq!(client.send(remove().with("if-match", tag)).await.status, 412);
    let tag = pinned.header("etag").unwrap();
    assert_eq!(client.good(remove().with("if-match", tag)).await.status, 204);
    assert_eq!(client.send(Ask::new("GET /admin/plugins/my-cloud")).await.status, 404);
    let bundled = Ask::new("DELETE /admin/plugins/bundled");
    assert_eq!(client.send(bundled).await.status, 409);
    client.stop().await;
}

#[tokio::test]
async fn each_action_is_audited_and_what_was_refused_is_not() {
    let mut client = Client::start().await;
    let on_one = |action: &str, document: Value| {
        let ask = Ask::new(&format!("POST /admin/plugins/my-cloud/{action}"));
        if document.is_null() { ask } else { ask.document(&document) }
    };
    let plan = json!({"digest": DIGEST, "share_permille": 50});
    client.good(upload("good")).await;
    client.send(upload("refused")).await;
    client.send(Ask::new("POST /admin/plugins/bundled/pin")).await;
    client.good(on_one("approve", json!({"digest": DIGEST}))).await;
    client.good(on_one("pin", Value::Null)).await;
    client.good(on_one("unpin", Value::Null)).await;
    client.good(on_one("rollback", json!({}))).await;
    client.good(on_one("canary", plan)).await;
    client.good(on_one("promote", Value::Null)).await;
    client.good(on_one("rollout", json!({"kind": "immediate"}))).await;
    client.good(Ask::new("DELETE /admin/plugins/my-cloud").with("if-match", "*")).await;
    let page = client.good(Ask::new("GET /admin/audit?noun=plugin").by_viewer()).await.json();
    let data = page["data"].as_array().unwrap();
    let actions: Vec<_> = data.iter().rev().map(|it| it["action"].as_str().unwrap()).collect();
    let expected = [
        "plugin.upload",
        "plugin.approve",
        "plugin.pin",
        "plugin.unpin",
        "plugin.roll-back",
        "plugin.canary",
        "plugin.promote",
        "plugin.rollout",
        "plugin.remove",
    ];
    assert_eq!(actions, expected);
    assert!(data.iter().all(|it| it["target"] == "my-cloud" && it["actor"] == "alice"));
    assert_eq!(
        (&data[6]["before"]["pinned"], &data[6]["after"]["pinned"]),
        (&json!(false), &json!(true))
    );
    assert!(data[0]["after"].is_null() && data[0]["before"].is_object());
    client.stop().await;
}
