//! API keys.

use exchange::AccessSink as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::room::{Room, acting, any, file, paths, used_by};
use crate::{AdminProblem, Noun};

#[tokio::test]
async fn a_key_is_shown_once_and_kept_as_digest() {
    let room = Room::new().await;
    let view = room.create(Noun::ApiKey, json!({ "id": "laptop" })).await.unwrap();
    let key = view.body["key"].as_str().unwrap();
    let random = key.strip_prefix("pb-").unwrap();
    assert_eq!(random.len(), 43);
    assert!(random.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    assert_eq!(view.body["hint"], key[..7]);
    assert!(!view.body.contains_key("digest"));
    let shown = room.administration.show(Noun::ApiKey, "laptop").unwrap();
    assert!(!shown.body.contains_key("key"));
    let digest = Sha256::digest(key.as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let held = room.board.serving().api_keys["laptop"].clone();
    let expected = resources::KeySource::Digest(format!("sha256:{digest}"));
    assert_eq!(held.key.source, expected);
    assert!(!room.written().await.contains(key));
}

#[tokio::test]
async fn a_key_gets_an_id_and_a_state_if_the_operator_names_none() {
    let room = Room::new().await;
    let first = room.create(Noun::ApiKey, json!({})).await.unwrap();
    let second = room.create(Noun::ApiKey, json!({ "id": null })).await.unwrap();
    let id = first.body["id"].as_str().unwrap();
    let digits = id.strip_prefix("key-").unwrap();
    assert!(digits.len() == 12 && digits.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    assert_eq!(first.body["state"], "active");
    assert_ne!(first.body["id"], second.body["id"]);
    assert_ne!(first.body["key"], second.body["key"]);
}

#[tokio::test]
async fn a_key_is_never_chosen_by_the_operator() {
    let room = Room::new().await;
    let digest = format!("sha256:{}", "0".repeat(64));
    for document in [json!({ "key": "pb-mine" }), json!({ "digest": digest })] {
        let member = document.as_object().unwrap().keys().next().unwrap().clone();
        let found = paths(room.create(Noun::ApiKey, document).await.unwrap_err());
        assert_eq!(found, [member]);
    }
}

#[tokio::test]
async fn a_key_that_is_over_already_is_refused_and_one_that_ends_can_be_changed() {
    let room = Room::new().await;
    let old = json!({ "expires_at": "2001-01-01T00:00:00Z" });
    assert_eq!(paths(room.create(Noun::ApiKey, old.clone()).await.unwrap_err()), ["expires_at"]);
    let young = json!({ "id": "laptop", "expires_at": "9000-01-01T00:00:00Z" });
    room.create(Noun::ApiKey, young).await.unwrap();
    room.patch(any(Noun::ApiKey, "laptop"), old).await.unwrap();
    room.patch(any(Noun::ApiKey, "laptop"), json!({ "name": "over" })).await.unwrap();
}

#[tokio::test]
async fn a_revoked_key_stays_revoked() {
    let room = Room::new().await;
    room.create(Noun::ApiKey, json!({ "id": "laptop" })).await.unwrap();
    let revoke = || async { room.administration.revoke_key(&acting(), "laptop").await };
    let first = revoke().await.unwrap();
    assert_eq!(first.body["state"], "revoked");
    let held = room.board.serving().api_keys["laptop"].clone();
    assert_eq!(held.key.state, resources::KeyState::Revoked);
    let second = revoke().await.unwrap();
    assert_eq!(first.body, second.body);
    let target = any(Noun::ApiKey, "laptop");
    for document in [json!({ "id": "laptop" }), json!({ "state": "active" })] {
        let outcomes = [
            room.replace(target, document.clone()).await,
            room.patch(target, document.clone()).await,
        ];
        for outcome in outcomes {
            let problem = outcome.unwrap_err();
            assert!(problem.to_string().contains("is revoked, which is final; make another"));
            assert!(matches!(problem, AdminProblem::Conflict(_)));
        }
    }
    let room = room.restarted().await;
    assert_eq!(room.shown(Noun::ApiKey, "laptop", "state"), "revoked");
    let actions: Vec<_> = room.audited().await.iter().map(|it| it["action"].clone()).collect();
    assert_eq!(actions, ["api-key.create", "api-key.revoke"]);
    room.remove(target).await.unwrap();
}

#[tokio::test]
async fn a_key_is_disabled_by_its_document_and_revoked_only_by_name() {
    let room = Room::new().await;
    room.create(Noun::ApiKey, json!({ "id": "laptop" })).await.unwrap();
    let target = any(Noun::ApiKey, "laptop");
    let view = room.patch(target, json!({ "state": "disabled" })).await.unwrap();
    assert_eq!(view.body["state"], "disabled");
    for state in [json!("revoked"), json!("gone"), json!(1)] {
        let problem = room.patch(target, json!({ "state": state })).await.unwrap_err();
        assert_eq!(paths(problem), ["state"]);
        let problem = room.create(Noun::ApiKey, json!({ "state": state })).await.unwrap_err();
        assert_eq!(paths(problem), ["state"]);
    }
    let view = room.patch(target, json!({ "state": "active" })).await.unwrap();
    assert_eq!(view.body["state"], "active");
}

#[tokio::test]
async fn only_a_stored_key_can_be_revoked() {
    let room = Room::with_file(file()).await;
    let revoke = |id: &'static str| {
        let administration = room.administration.clone();
        async move { administration.revoke_key(&acting(), id).await.unwrap_err() }
    };
    assert!(matches!(revoke("filed").await, AdminProblem::ReadOnly { .. }));
    assert!(matches!(revoke("none").await, AdminProblem::NotFound { .. }));
}

#[tokio::test]
async fn a_change_keeps_the_key_itself() {
    let room = Room::new().await;
    let made = room.create(Noun::ApiKey, json!({ "id": "laptop" })).await.unwrap();
    let before = room.board.serving().api_keys["laptop"].key.source.clone();
    let changed = room.replace(any(Noun::ApiKey, "laptop"), json!({ "owner": "ops" })).await;
    assert_eq!(changed.unwrap().body["hint"], made.body["hint"]);
    assert_eq!(room.board.serving().api_keys["laptop"].key.source, before);
}

#[tokio::test]
async fn another_key_of_the_same_id_was_not_used_yet() {
    let room = Room::new().await;
    room.create(Noun::ApiKey, json!({ "id": "laptop" })).await.unwrap();
    assert_eq!(room.shown(Noun::ApiKey, "laptop", "last_used_at"), Value::Null);
    room.ledger.record(used_by("laptop"));
    room.ledger.flush(&*room.store).await.unwrap();
    assert!(room.shown(Noun::ApiKey, "laptop", "last_used_at").is_string());
    room.remove(any(Noun::ApiKey, "laptop")).await.unwrap();
    room.create(Noun::ApiKey, json!({ "id": "laptop" })).await.unwrap();
    assert_eq!(room.shown(Noun::ApiKey, "laptop", "last_used_at"), Value::Null);
    let room = room.restarted().await;
    assert_eq!(room.shown(Noun::ApiKey, "laptop", "last_used_at"), Value::Null);
}
