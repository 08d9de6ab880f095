//! Real replies, held against the OpenAPI document.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use super::super::client::{Reply, TestClient, bare, chat};
use super::super::fake::{self, Fake, KEY};
use super::client::{Ask, Client, ask, every_endpoint, filled};
use super::desk::furnish;
use super::shelf::DIGEST;
use crate::openapi::contract::Contract;

/// Sends requests, and checks each reply by what the document says of the operation.
struct Checked {
    client: Client,
    contract: Contract,
    /// Operations of which there was a good reply.
    good: BTreeSet<&'static str>,
}

impl Checked {
    async fn start() -> Self {
        let (client, contract) = (Client::start().await, Contract::read());
        Self { client, contract, good: BTreeSet::new() }
    }

    /// Sends a request of an operation to the ids `main`, `laptop` and `smart`.
    async fn send(&mut self, label: &'static str, change: impl FnOnce(Ask) -> Ask) -> Reply {
        let id = if label.contains("apikeys") { "laptop" } else { "main" };
        let ask = Ask::new(
            &label.replace("{id}", id).replace("{model}", "smart").replace("{name}", "my-cloud"),
        );
        self.check(label, change(ask)).await
    }

    async fn check(&mut self, label: &'static str, ask: Ask) -> Reply {
        let reply = self.client.send(ask).await;
        self.contract.check(label, reply.status, (&reply.headers, &reply.body));
        if reply.status.is_success() {
            self.good.insert(label);
        }
        reply
    }
}

/// The document of each sort of resource, and a change of it.
fn sorts() -> [(&'static str, Value, Value); 3] {
    let candidates = json!([{"provider": "main", "model": "m", "weight": 3}]);
    let provider = json!({
        "id": "main", "adapter": "a", "models": ["m"], "preset": null, "network": "anywhere",
        "credentials": {"api_key": "first-secret"}, "timeouts": {"total_ms": 1000, "idle_ms": null},
    });
    let key = json!({
        "id": "laptop", "name": "Laptop", "tags": ["a"], "expires_at": "2100-01-31T00:00:00Z",
        "limits": {"requests_per_minute": 5}, "endpoints": ["/v1/*", "*"],
    });
    [
        ("/admin/providers", provider, json!({"retries": {"max": 1}})),
        ("/admin/apikeys", key, json!({"state": "disabled"})),
        (
            "/admin/routes",
            json!({"model": "smart", "candidates": candidates}),
            json!({"fallback_on": ["content-filtered"]}),
        ),
    ]
}

/// Sends everything to plugins that can go well.
async fn plugins(checked: &mut Checked) {
    let wasm = |body: &'static str| {
        move |ask: Ask| ask.with("content-type", "application/wasm").body(body)
    };
    checked.send("POST /admin/plugins", wasm("good")).await;
    checked.send("POST /admin/plugins", wasm("waits")).await;
    let shown = checked.send("GET /admin/plugins/{name}", |ask| ask).await;
    let tag = shown.header("etag").unwrap().to_owned();
    checked.send("GET /admin/plugins/{name}", |ask| ask.with("if-none-match", tag)).await;
    checked.check("GET /admin/plugins/{name}", Ask::new("GET /admin/plugins/bundled")).await;
    for (label, document) in [
        ("POST /admin/plugins/{name}/approve", json!({"digest": DIGEST})),
        ("POST /admin/plugins/{name}/rollback", json!({})),
        ("POST /admin/plugins/{name}/canary", json!({"digest": DIGEST, "share_permille": 5})),
        ("POST /admin/plugins/{name}/rollout", json!({"kind": "canary", "share_permille": 5})),
    ] {
        checked.send(label, |ask| ask.document(&document)).await;
    }
    for label in [
        "POST /admin/plugins/{name}/pin",
        "POST /admin/plugins/{name}/unpin",
        "POST /admin/plugins/{name}/promote",
        "DELETE /admin/plugins/{name}",
    ] {
        checked.send(label, |ask| ask.with("if-match", "*")).await;
    }
}

/// The operations on a sort: list, create, show, replace, patch, remove.
fn labels(collection: &str) -> [&'static str; 6] {
    let all = every_endpoint().into_iter();
    let one =
        format!("{collection}/{{{}}}", if collection.ends_with("routes") { "model" } else { "id" });
    let of_sort = all.filter(|label| label.ends_with(collection) || label.ends_with(&one));
    of_sort.collect::<Vec<_>>().try_into().unwrap()
}

#[tokio::test]
async fn every_good_reply_is_described() {
    let mut checked = Checked::start().await;
    for (collection, document, change) in sorts() {
        let [list, create, show, replace, patch, _] = labels(collection);
        checked.send(create, |ask| ask.document(&document)).await;
        checked.send(list, |ask| ask).await;
        checked.check(list, Ask::new(&format!("{list}?limit=1"))).await;
        let shown = checked.send(show, |ask| ask).await;
        let tag = shown.header("etag").unwrap().to_owned();
        let known = checked.send(show, |ask| ask.with("if-none-match", tag.as_str())).await;
        assert_eq!(known.status, 304);
        let filed = show.replace("{id}", "filed").replace("{model}", "filed");
        checked.check(show, Ask::new(&filed)).await;
        checked.send(replace, |ask| ask.with("if-match", tag).document(&shown.json())).await;
        checked.send(patch, |ask| ask.with("if-match", "*").document(&change)).await;
    }
    let rotation = json!({"credentials": {"api_key": "second-secret", "other": "new"}});
    plugins(&mut checked).await;
    for label in every_endpoint() {
        let is_left = label.starts_with("POST") || !label.contains('{');
        if !is_left || checked.good.contains(label) {
            continue;
        }
        let takes = label.ends_with("rotate-credentials");
        checked.send(label, |ask| if takes { ask.document(&rotation) } else { ask }).await;
        if takes {
            let rotated = checked.send("GET /admin/providers/{id}", |ask| ask).await;
            assert!(rotated.json()["previous_credentials"].is_object());
        }
    }
    checked.check("GET /admin/usage", Ask::new("GET /admin/usage?group_by=day,hour")).await;
    for (collection, ..) in sorts().into_iter().rev() {
        let [.., remove] = labels(collection);
        checked.send(remove, |ask| ask.with("if-match", "*")).await;
    }
    assert_eq!(checked.good, every_endpoint().into_iter().collect());
    checked.client.stop().await;
}

#[tokio::test]
async fn every_error_is_described() {
    let mut checked = Checked::start().await;
    for label in every_endpoint() {
        checked.check(label, ask(label)).await;
        checked.check(label, ask(label).by_viewer()).await;
        checked.check(label, ask(label).token("nonsense")).await;
        checked.check(label, Ask::new(&format!("{label}?unknown=1"))).await;
        checked.check(label, ask(label).body("{\"a\":")).await;
        checked.check(label, ask(label).body(vec![b' '; 2 * 1024 * 1024])).await;
    }
    for (collection, document, _) in sorts() {
        let [_, create, show, replace, patch, remove] = labels(collection);
        checked.send(create, |ask| ask.document(&json!({"id": 1, "unknown": 2}))).await;
        checked.send(create, |ask| ask.document(&document)).await;
        checked.send(create, |ask| ask.document(&document)).await;
        checked.send(show, |ask| ask.with("if-none-match", "nonsense")).await;
        for label in [replace, patch, remove] {
            let takes = label != remove;
            let asked = |ask: Ask| if takes { ask.document(&document) } else { ask };
            checked.send(label, asked).await;
            checked.send(label, |ask| asked(ask).with("if-match", "\"999\"")).await;
            let filed = label.replace("{id}", "filed").replace("{model}", "filed");
            checked.check(label, asked(Ask::new(&filed)).with("if-match", "*")).await;
        }
    }
    let wasm =
        |body| Ask::new("POST /admin/plugins").with("content-type", "application/wasm").body(body);
    checked.check("POST /admin/plugins", wasm("refused")).await;
    checked.check("POST /admin/plugins", wasm("good").with("x-patchbay-signature", "!")).await;
    for label in every_endpoint().into_iter().filter(|label| label.contains("{name}")) {
        for tags in ["\"999\"", "*"] {
            let bundled = label.replace("{name}", "bundled");
            checked.check(label, Ask::new(&bundled).with("if-match", tags).body("{}")).await;
        }
    }
    checked.client.desk.store.break_now();
    for label in every_endpoint() {
        let reply = checked.send(label, |ask| ask.with("if-match", "*")).await;
        assert!(reply.status != 500, "{label}");
    }
    checked.client.stop().await;
}

/// Each failure of a request to a model, and replies to whoever needs no key.
#[tokio::test]
async fn every_reply_to_a_caller_is_described() {
    use exchange::{Failure, FailureKind};
    let contract = Contract::read();
    let check = |label: &str, reply: Reply| {
        contract.check(label, reply.status, (&reply.headers, &reply.body));
    };
    for kind in FailureKind::ALL {
        let of_operators = contract.document()["components"]["responses"].as_object().unwrap();
        let of_operators = of_operators.iter().filter(|(name, _)| !name.starts_with("Admin"));
        let known = of_operators.into_iter().any(|(_, response)| {
            !response["content"]["application/json"]["examples"][kind.rule().label].is_null()
        });
        if !known {
            continue;
        }
        let mut client = TestClient::new(Fake::failing(move || Failure::new(kind, "it failed")));
        check("POST /v1/chat/completions", client.send(chat("{}")).await);
    }
    for fake in [Fake::echo(), Fake::echo().not_ready()] {
        let mut client = TestClient::new(fake);
        for path in ["/health", "/health/ready", "/openapi.json", "/v1/models"] {
            let reply = client.send(bare(Method::GET, path)).await;
            check(&format!("GET {path}"), reply);
        }
        for id in ["smart", "main/org/big", "main%2Forg%2Fbig", "nobody", "%ff"] {
            let reply = client.send(bare(Method::GET, &format!("/v1/models/{id}"))).await;
            check("GET /v1/models/{id}", reply);
        }
    }
}

#[tokio::test]
async fn a_url_takes_the_methods_that_are_described_and_no_other() {
    let contract = Contract::read();
    let (edge, _desk) = furnish(Fake::echo()).await;
    let mut client = TestClient::of(edge);
    let described: BTreeSet<_> = contract.labels().into_iter().collect();
    let of_plugins = |path: &str| {
        let text = contract.document()["paths"][path].to_string();
        text.contains("Spoken by the plugin")
    };
    for path in contract.document()["paths"].as_object().unwrap().keys() {
        if of_plugins(path) {
            continue;
        }
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let label = format!("{method} {path}");
            let url = filled(path, "a");
            let reply = client.send(bare(method, &url)).await;
            assert_eq!(reply.status != 405, described.contains(&label), "{label}");
            if reply.status == 405 {
                let allowed = reply.header("allow").unwrap().split(',').map(str::trim);
                let allowed = allowed.filter(|it| *it != "HEAD");
                let mut allowed: Vec<_> = allowed.map(|it| format!("{it} {path}")).collect();
                allowed.sort();
                let expected = described.iter().filter(|it| it.ends_with(&format!(" {path}")));
                assert_eq!(allowed, Vec::from_iter(expected.cloned()));
                let one = described.iter().find(|it| it.ends_with(&format!(" {path}"))).unwrap();
                contract.check(one, reply.status, (&reply.headers, &reply.body));
            } else {
                assert_ne!(reply.record.endpoint, "unknown path", "{label}");
            }
        }
    }
}

#[tokio::test]
async fn the_document_is_served_without_a_key_at_every_address() {
    let mut client = Client::start().await;
    let reply = client.good(Ask::new("GET /openapi.json").token("")).await;
    assert_eq!(&reply.json(), Contract::read().document());
    assert_eq!(reply.record.endpoint, "GET /openapi.json");
    client.stop().await;
    let mut client = TestClient::with_limits(Fake::echo(), fake::limits());
    let reply = client.send(bare(Method::GET, "/openapi.json")).await;
    assert_eq!(reply.status, 200);
    assert!(!reply.text().contains(KEY));
}
