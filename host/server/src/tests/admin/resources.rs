//! Providers, API keys and routes: made, read, changed and removed.

use serde_json::{Value, json};

use super::super::client::Reply;
use super::client::{Ask, Client};

/// A sort of resource: its collection, how one is made, and what is changed about it.
struct Sort {
    collection: &'static str,
    path: &'static str,
    document: Value,
    change: (&'static str, Value),
}

fn sorts() -> [Sort; 3] {
    let candidates = json!([{"provider": "filed", "model": "m", "weight": 1, "order": 0}]);
    [
        Sort {
            collection: "/admin/providers",
            path: "/admin/providers/main",
            document: json!({"id": "main", "adapter": "a", "models": ["m"]}),
            change: ("models", json!(["n"])),
        },
        Sort {
            collection: "/admin/apikeys",
            path: "/admin/apikeys/laptop",
            document: json!({"id": "laptop", "name": "Laptop", "models": ["*"]}),
            change: ("name", json!("Old laptop")),
        },
        Sort {
            collection: "/admin/routes",
            path: "/admin/routes/org%2Fsmart",
            document: json!({"model": "org/smart", "candidates": candidates}),
            change: ("fallback_on", json!(["context-too-long"])),
        },
    ]
}

fn etag(reply: &Reply) -> String {
    reply.header("etag").expect("an entity tag").to_owned()
}

async fn make(client: &mut Client, sort: &Sort) -> Reply {
    let ask = Ask::new(&format!("POST {}", sort.collection)).document(&sort.document);
    client.good(ask).await
}

#[tokio::test]
async fn what_is_made_is_there_under_its_location_and_tag() {
    let mut client = Client::start().await;
    for sort in sorts() {
        let made = make(&mut client, &sort).await;
        assert_eq!(made.status, 201);
        assert_eq!(made.header("location"), Some(sort.path));
        let shown = client.good(Ask::new(&format!("GET {}", sort.path)).by_viewer()).await;
        assert_eq!(etag(&shown), etag(&made));
        assert_eq!(shown.header("content-type"), Some("application/json"));
        let body = shown.json();
        for (name, value) in sort.document.as_object().unwrap() {
            assert_eq!(&body[name], value, "{}", sort.path);
        }
        assert_eq!(body["origin"], "store");
        assert_eq!(format!("\"{}\"", body["etag"].as_str().unwrap()), etag(&made));
        let again = Ask::new(&format!("POST {}", sort.collection)).document(&sort.document);
        let again = client.send(again).await;
        assert_eq!((again.status.as_u16(), again.error("code")), (409, json!("conflict")));
    }
    client.stop().await;
}

#[tokio::test]
async fn what_is_known_already_is_not_sent_again() {
    let mut client = Client::start().await;
    for sort in sorts() {
        let tag = etag(&make(&mut client, &sort).await);
        let label = format!("GET {}", sort.path);
        for (tags, expected) in [
            (tag.clone(), 304),
            (format!("W/{tag}"), 304),
            (format!("\"0\", {tag}"), 304),
            ("*".to_owned(), 304),
            ("\"0\"".to_owned(), 200),
        ] {
            let reply = client.send(Ask::new(&label).with("if-none-match", tags.as_str())).await;
            assert_eq!(reply.status, expected, "{label} {tags}");
            assert_eq!(reply.body.is_empty(), expected == 304);
            assert_eq!(etag(&reply), tag);
        }
    }
    client.stop().await;
}

#[tokio::test]
async fn a_head_is_that_of_the_get() {
    let mut client = Client::start().await;
    for sort in sorts() {
        let tag = etag(&make(&mut client, &sort).await);
        for path in [sort.collection, sort.path] {
            let get = client.good(Ask::new(&format!("GET {path}"))).await;
            let head = client.good(Ask::new(&format!("HEAD {path}"))).await;
            assert!(head.body.is_empty());
            assert_eq!(head.header("content-length"), get.header("content-length"));
            assert_eq!(head.header("etag"), get.header("etag"));
        }
        let head = client.good(Ask::new(&format!("HEAD {}", sort.path))).await;
        assert_eq!(etag(&head), tag);
    }
    client.stop().await;
}

#[tokio::test]
async fn a_change_needs_the_tag_of_what_it_changes() {
    let mut client = Client::start().await;
    for sort in sorts() {
        let first = etag(&make(&mut client, &sort).await);
        let (name, value) = &sort.change;
        let patch = json!({ *name: value });
        let ask = |method: &str, tags: &str| {
            let ask = Ask::new(&format!("{method} {}", sort.path));
            let ask = if tags.is_empty() { ask } else { ask.with("if-match", tags) };
            match method {
                "PUT" => ask.document(&sort.document),
                "PATCH" => ask.document(&patch),
                _ => ask,
            }
        };
        for method in ["PUT", "PATCH", "DELETE"] {
            let reply = client.send(ask(method, "")).await;
            assert_eq!(reply.status, 428, "{method} {}", sort.path);
            assert_eq!(reply.error("code"), "if_match_required");
            let reply = client.send(ask(method, "\"999\"")).await;
            assert_eq!(reply.status, 412, "{method} {}", sort.path);
            assert_eq!(reply.error("code"), "stale_etag");
        }
        let patched = client.good(ask("PATCH", &first)).await;
        assert_eq!(&patched.json()[name], value);
        let second = etag(&patched);
        assert_ne!(second, first);
        assert_eq!(client.send(ask("PUT", &first)).await.status, 412, "the first tag is over");
        let replaced = client.good(ask("PUT", &format!("{first}, {second}"))).await;
        assert_ne!(&replaced.json()[name], value, "PUT replaces the document");
        let removed = client.good(ask("DELETE", &etag(&replaced))).await;
        assert_eq!((removed.status.as_u16(), removed.body.len()), (204, 0));
        assert_eq!(removed.header("content-length"), None);
        assert_eq!(client.send(ask("DELETE", "*")).await.status, 404);
        let gone = client.send(Ask::new(&format!("GET {}", sort.path))).await;
        assert_eq!((gone.status.as_u16(), gone.error("code")), (404, json!("resource_not_found")));
    }
    client.stop().await;
}

#[tokio::test]
async fn what_was_read_can_be_written_back() {
    let mut client = Client::start().await;
    for sort in sorts() {
        make(&mut client, &sort).await;
        let read = client.good(Ask::new(&format!("GET {}", sort.path))).await;
        let write = Ask::new(&format!("PUT {}", sort.path)).document(&read.json());
        let written = client.good(write.with("if-match", etag(&read))).await;
        for name in sort.document.as_object().unwrap().keys() {
            assert_eq!(written.json()[name], read.json()[name]);
        }
    }
    client.stop().await;
}

#[tokio::test]
async fn of_two_operators_with_the_same_tag_one_is_told() {
    let mut client = Client::start().await;
    let [sort, ..] = sorts();
    let tag = etag(&make(&mut client, &sort).await);
    let patch = |model: &str| {
        let ask = Ask::new(&format!("PATCH {}", sort.path)).with("if-match", tag.as_str());
        ask.document(&json!({"models": [model]}))
    };
    assert_eq!(client.send(patch("mine")).await.status, 200);
    let theirs = client.send(patch("theirs")).await;
    assert_eq!(theirs.status, 412);
    let kept = client.good(Ask::new(&format!("GET {}", sort.path))).await;
    assert_eq!(kept.json()["models"], json!(["mine"]));
    client.stop().await;
}

#[tokio::test]
async fn what_the_file_says_is_shown_and_not_changed() {
    let mut client = Client::start().await;
    for (collection, document) in [
        ("providers", json!({"id": "filed", "adapter": "a", "models": ["m"]})),
        ("apikeys", json!({"id": "filed"})),
        ("routes", json!({"model": "filed", "candidates": [{"provider": "filed", "model": "m"}]})),
    ] {
        let path = format!("/admin/{collection}/filed");
        let shown = client.good(Ask::new(&format!("GET {path}"))).await;
        assert_eq!(shown.json()["origin"], "file");
        assert_eq!(shown.header("etag"), None);
        for method in ["PUT", "PATCH", "DELETE"] {
            for tags in ["", "*", "\"1\""] {
                let ask = Ask::new(&format!("{method} {path}"));
                let ask = if tags.is_empty() { ask } else { ask.with("if-match", tags) };
                let ask = if method == "DELETE" { ask } else { ask.document(&document) };
                let reply = client.send(ask).await;
                assert_eq!(reply.status, 409, "{method} {path} {tags}: {}", reply.text());
            }
        }
    }
    client.stop().await;
}

#[tokio::test]
async fn a_list_goes_on_where_its_cursor_says() {
    let mut client = Client::start().await;
    for id in ["a", "b", "c"] {
        let document = json!({"id": id, "adapter": "a", "models": ["m"]});
        client.good(Ask::new("POST /admin/providers").document(&document)).await;
    }
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    for _ in 0..2 {
        let path = format!("GET /admin/providers?limit=2{cursor}");
        let page = client.good(Ask::new(&path).by_viewer()).await.json();
        assert_eq!(page["object"], "list");
        let data = page["data"].as_array().unwrap();
        ids.extend(data.iter().map(|it| it["id"].as_str().unwrap().to_owned()));
        cursor = page["next_cursor"].as_str().map_or(String::new(), |it| format!("&cursor={it}"));
    }
    assert_eq!(ids, ["a", "b", "c", "filed"]);
    assert_eq!(cursor, "", "there is no third page");
    client.stop().await;
}

#[tokio::test]
async fn a_key_is_shown_once_and_revoked_for_good() {
    let mut client = Client::start().await;
    let [_, sort, _] = sorts();
    let made = make(&mut client, &sort).await;
    let key = made.json()["key"].as_str().unwrap().to_owned();
    assert!(key.starts_with("pb-") && key.len() == 46, "{}", key.len());
    let shown = client.good(Ask::new(&format!("GET {}", sort.path))).await;
    assert!(!shown.text().contains(&key));
    assert_eq!(shown.json()["hint"].as_str(), key.get(..7));
    for _ in 0..2 {
        let revoked = client.good(Ask::new(&format!("POST {}/revoke", sort.path))).await;
        assert_eq!(revoked.json()["state"], "revoked");
    }
    let back = Ask::new(&format!("PATCH {}", sort.path)).with("if-match", "*");
    let back = client.send(back.document(&json!({"state": "active"}))).await;
    assert_eq!(back.status, 409);
    client.stop().await;
}

#[tokio::test]
async fn a_provider_is_tested_and_its_credential_rotated_and_rolled_back() {
    let mut client = Client::start().await;
    let document = json!({
        "id": "main", "adapter": "a", "models": ["m"], "credentials": {"api_key": "first-secret"},
    });
    let made = client.good(Ask::new("POST /admin/providers").document(&document)).await;
    assert!(!made.text().contains("first-secret"));
    let fingerprint = |reply: &Reply| reply.json()["credentials"]["api_key"]["fingerprint"].clone();
    let first = fingerprint(&made);
    for id in ["main", "filed"] {
        let report = client.good(Ask::new(&format!("POST /admin/providers/{id}/test"))).await;
        assert_eq!(report.json()["good"], true);
        assert_eq!(report.json()["tls"]["verdict"], "not-applicable");
    }
    let rotation = json!({"credentials": {"api_key": "second-secret"}});
    let rotate = Ask::new("POST /admin/providers/main/rotate-credentials").document(&rotation);
    let stale = rotate.clone().with("if-match", "\"999\"");
    assert_eq!(client.send(stale).await.status, 412);
    let rotated = client.good(rotate).await;
    assert_ne!(fingerprint(&rotated), first);
    assert!(!rotated.text().contains("-secret"));
    let back = Ask::new("POST /admin/providers/main/rollback-credentials");
    let back = client.good(back.with("if-match", etag(&rotated))).await;
    assert_eq!(fingerprint(&back), first);
    client.stop().await;
}
