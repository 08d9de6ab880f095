//! The audit log: an entry with each change, and none without one.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use store::{Kind, PageQuery, Record};

use super::room::{Room, acting, any, file, provider, route, seen};
use crate::audit_log::AuditAction;
use crate::{AuditEntry, AuditQuery, Noun, Precondition, Target};

const SECRETS: [&str; 4] = [
    "PLAINTEXT-OF-THE-FIRST",
    "PLAINTEXT-OF-THE-SECOND",
    "PLAINTEXT-OF-THE-THIRD",
    "PLAINTEXT-OF-THE-FOURTH",
];

fn credentials(secret: &str) -> Value {
    json!({ "credentials": { "api_key": secret } })
}

async fn latest_entry(room: &Room) -> Record {
    let query = PageQuery { after: None, limit: 1, descending: true };
    room.store.page(Kind::Audit, query).await.unwrap().records.remove(0)
}

/// Asserts that the latest entry is of this action, and that its commit wrote the record.
async fn assert_of_one_commit(room: &Room, action: &str, kind: Kind, id: &str) {
    let entry = latest_entry(room).await;
    let body: Value = serde_json::from_slice(&entry.body).unwrap();
    assert_eq!((&body["action"], &body["target"]), (&json!(action), &json!(id)));
    assert_eq!(entry.key, format!("{:020}", entry.revision));
    match room.store.get(kind, id).await.unwrap() {
        Some(record) => assert_eq!(record.revision, entry.revision, "{action}"),
        None => assert!(action.ends_with(".delete"), "{action}"),
    }
}

/// Does everything that changes something once, with [`SECRETS`], and returns the key's text.
/// `after` is called behind each change of a resource.
async fn everything(room: &Room, check: bool) -> String {
    let main = any(Noun::Provider, "main");
    let laptop = any(Noun::ApiKey, "laptop");
    let smart = any(Noun::Route, "smart");
    let [first, second, third, fourth] = SECRETS.map(credentials);
    let check = async |action, kind, id| {
        if check {
            assert_of_one_commit(room, action, kind, id).await;
        }
    };
    room.create(Noun::Provider, provider("main", first)).await.unwrap();
    check("provider.create", Kind::Provider, "main").await;
    room.replace(main, provider("main", second)).await.unwrap();
    check("provider.update", Kind::Provider, "main").await;
    room.patch(main, third).await.unwrap();
    check("provider.update", Kind::Provider, "main").await;
    room.rotate("main", fourth).await.unwrap();
    check("provider.rotate-credentials", Kind::Provider, "main").await;
    room.roll_back("main").await.unwrap();
    check("provider.rollback-credentials", Kind::Provider, "main").await;
    let key = room.create(Noun::ApiKey, json!({ "id": "laptop" })).await.unwrap();
    check("api-key.create", Kind::ApiKey, "laptop").await;
    room.patch(laptop, json!({ "owner": "ops" })).await.unwrap();
    check("api-key.update", Kind::ApiKey, "laptop").await;
    room.administration.revoke_key(&acting(), "laptop").await.unwrap();
    check("api-key.revoke", Kind::ApiKey, "laptop").await;
    room.remove(laptop).await.unwrap();
    check("api-key.delete", Kind::ApiKey, "laptop").await;
    room.create(Noun::Route, route("smart", "main")).await.unwrap();
    check("route.create", Kind::Route, "smart").await;
    room.replace(smart, route("smart", "main")).await.unwrap();
    check("route.update", Kind::Route, "smart").await;
    room.remove(smart).await.unwrap();
    check("route.delete", Kind::Route, "smart").await;
    room.administration.rotate_master_key(&acting()).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    room.administration.back_up(&acting(), &directory.path().join("backup")).await.unwrap();
    room.remove(main).await.unwrap();
    check("provider.delete", Kind::Provider, "main").await;
    key.body["key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_change_and_its_entry_are_one_commit() {
    let room = Room::new().await;
    everything(&room, true).await;
    let found: HashSet<_> =
        room.audited().await.iter().map(|it| it["action"].to_string()).collect();
    // What is done to plugins is not in the store.
    let of_store = AuditAction::ALL.into_iter().filter(|action| action.noun() != "plugin");
    let of_store = of_store.map(|action| format!("{:?}", action.as_str()));
    assert_eq!(found, of_store.collect());
}

#[tokio::test]
async fn an_entry_says_who_did_what_to_which_one_in_which_request() {
    let room = Room::new().await;
    everything(&room, false).await;
    let page = room.administration.audit(&AuditQuery::parse(&[]).unwrap()).await.unwrap();
    let mut ids: Vec<_> = page.data.iter().map(|entry| entry.id.clone()).collect();
    assert!(ids.is_sorted_by(|newer, older| newer > older));
    ids.dedup();
    assert_eq!(ids.len(), 15);
    for entry in &page.data {
        let AuditEntry { actor, request_id, noun, action, .. } = entry;
        assert_eq!((actor.as_str(), request_id.as_str()), ("olivia", "req-1"));
        assert_eq!(*noun, action.noun());
        let (before, after) = (entry.before.is_some(), entry.after.is_some());
        let expected = match action.as_str().split_once('.').unwrap().1 {
            "create" => (false, true),
            "delete" => (true, false),
            "backup" => (false, false),
            _ => (true, true),
        };
        assert_eq!((before, after), expected, "{}", action.as_str());
    }
}

#[tokio::test]
async fn what_is_refused_or_only_read_leaves_no_entry() {
    let room = Room::with_file(file()).await;
    let old = room.create(Noun::Provider, provider("main", json!({}))).await.unwrap();
    room.create(Noun::Route, route("smart", "main")).await.unwrap();
    room.create(Noun::ApiKey, json!({ "id": "laptop" })).await.unwrap();
    room.patch(any(Noun::Provider, "main"), json!({ "models": ["n"] })).await.unwrap();
    room.administration.revoke_key(&acting(), "laptop").await.unwrap();
    room.board.refuse("bad");
    let entries = room.audited().await.len();
    let stale = seen(Noun::Provider, "main", &old);
    let refused = [
        room.create(Noun::Provider, provider("main", json!({}))).await.map(drop),
        room.create(Noun::Provider, json!({ "id": "/" })).await.map(drop),
        room.create(Noun::Route, route("other", "nowhere")).await.map(drop),
        room.patch(stale, json!({ "models": ["o"] })).await.map(drop),
        room.replace(any(Noun::Provider, "filed"), provider("filed", json!({}))).await.map(drop),
        room.patch(any(Noun::ApiKey, "laptop"), json!({ "name": "x" })).await.map(drop),
        room.remove(any(Noun::Provider, "main")).await,
        room.remove(any(Noun::Route, "none")).await,
        room.rotate("main", credentials("bad")).await.map(drop),
        room.roll_back("main").await.map(drop),
        room.administration.revoke_key(&acting(), "none").await.map(drop),
    ];
    for (number, outcome) in refused.into_iter().enumerate() {
        assert!(outcome.is_err(), "{number}");
    }
    room.administration.revoke_key(&acting(), "laptop").await.unwrap();
    room.administration.test_provider("main").await.unwrap();
    room.administration.show(Noun::Provider, "main").unwrap();
    let _ = room.administration.status();
    assert_eq!(room.audited().await.len(), entries);
}

#[tokio::test]
async fn a_store_that_does_not_take_the_entry_does_not_take_the_change() {
    let (room, store) = Room::breakable().await;
    room.create(Noun::Provider, provider("main", json!({}))).await.unwrap();
    store.break_now();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("backup");
    assert!(room.administration.back_up(&acting(), &path).await.is_err());
    assert!(!path.exists(), "a backup without its entry");
    assert!(room.patch(any(Noun::Provider, "main"), json!({ "models": ["n"] })).await.is_err());
    assert_eq!(room.shown(Noun::Provider, "main", "models"), json!(["m"]));
    assert!(room.administration.audit(&AuditQuery::parse(&[]).unwrap()).await.is_err());
}

/// Asserts that no form of a secret stands in what is stored.
fn assert_silent(written: &str, secret: &str) {
    let bytes = secret.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let forms = [
        secret.to_owned(),
        secret.chars().rev().collect(),
        STANDARD.encode(bytes),
        STANDARD_NO_PAD.encode(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
        hex.to_uppercase(),
        hex,
        format!("{bytes:?}").replace(' ', ""),
    ];
    for form in forms {
        assert!(!written.contains(&form), "{form}");
    }
}

#[tokio::test]
async fn no_secret_stands_in_the_log_or_anywhere_in_the_store() {
    let room = Room::new().await;
    let key = everything(&room, false).await;
    let filed = room.create(Noun::Provider, provider("again", credentials(SECRETS[0]))).await;
    filed.unwrap();
    let written = room.written().await;
    for secret in SECRETS.into_iter().chain([key.as_str(), &key[3..]]) {
        assert_silent(&written, secret);
    }
    let members = ["key", "digest", "sealed", "api_key\":\""];
    for entry in room.audited().await {
        let text = json!([entry["before"], entry["after"]]).to_string();
        for member in members {
            assert!(!text.contains(&format!("\"{member}\":")), "{member} in {text}");
        }
    }
    let rotated = room.audited().await;
    let fingerprint = |entry: &Value| entry["credentials"]["api_key"]["fingerprint"].to_string();
    let entry = rotated.iter().find(|it| it["action"] == "provider.rotate-credentials").unwrap();
    assert_ne!(fingerprint(&entry["before"]), fingerprint(&entry["after"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_at_the_same_time_leave_a_log_that_has_no_gap() {
    let room = Arc::new(Room::new().await);
    for id in ["a", "b", "c"] {
        room.create(Noun::ApiKey, json!({ "id": id })).await.unwrap();
    }
    let tasks: Vec<_> = (0..60)
        .map(|number| {
            let room = Arc::clone(&room);
            tokio::spawn(async move {
                let id = ["a", "b", "c"][number % 3];
                let view = room.administration.show(Noun::ApiKey, id).unwrap();
                let revision = view.etag.unwrap();
                let precondition = match number % 2 {
                    0 => Precondition::Exists,
                    _ => Precondition::Revision(revision),
                };
                let target = Target { noun: Noun::ApiKey, id, precondition };
                let name = json!({ "name": format!("n{number}") });
                usize::from(room.patch(target, name).await.is_ok())
            })
        })
        .collect();
    let mut changes = 3;
    for task in tasks {
        changes += task.await.unwrap();
    }
    let entries = room.audited().await;
    assert_eq!(entries.len(), changes);
    let mut last = BTreeMap::new();
    for entry in &entries {
        let before = last.insert(entry["target"].to_string(), entry["after"].clone());
        assert_eq!(entry["before"], before.unwrap_or_default(), "{entry}");
    }
    for (id, after) in last {
        let id = id.trim_matches('"');
        assert_eq!(room.shown(Noun::ApiKey, id, "name"), after["name"]);
    }
}
