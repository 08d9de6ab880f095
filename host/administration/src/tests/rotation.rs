//! Credentials: set, kept, rotated, put back.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::board::LOCKED;
use super::room::{Room, any, file, paths, provider, seen};
use crate::{AdminProblem, Noun};

const SLOT: &str = "api_key";

async fn furnished(secret: &str) -> Room {
    let room = Room::new().await;
    let credentials = json!({ "adapter": LOCKED, "credentials": { SLOT: secret } });
    room.create(Noun::Provider, provider("main", credentials)).await.unwrap();
    room
}

fn secret(room: &Room) -> Option<String> {
    room.board.secret("main", SLOT)
}

#[tokio::test]
async fn a_secret_is_kept_as_shown_set_as_text_and_taken_away_by_null() {
    let room = Room::new().await;
    let credentials = json!({ "credentials": { "a": "one", "b": "two" } });
    let view = room.create(Noun::Provider, provider("main", credentials)).await.unwrap();
    let shown = view.body["credentials"].clone();
    assert!(shown["a"]["fingerprint"].as_str().unwrap().starts_with("sha256:"));
    assert!(shown["a"]["set_at"].is_string());
    let target = any(Noun::Provider, "main");
    let patch = json!({ "credentials": { "b": null, "c": "three" } });
    let view = room.patch(target, patch).await.unwrap();
    assert_eq!(view.body["credentials"]["a"], shown["a"]);
    let held = |slot| room.board.secret("main", slot);
    assert_eq!((held("a").as_deref(), held("b")), (Some("one"), None));
    let kept = json!({ "credentials": { "a": { "fingerprint": shown["a"]["fingerprint"] } } });
    room.replace(target, provider("main", kept)).await.unwrap();
    assert_eq!((held("a").as_deref(), held("c")), (Some("one"), None));
    let view = room.replace(target, provider("main", json!({}))).await.unwrap();
    assert_eq!((held("a"), view.body.get("credentials")), (None, None));
}

#[tokio::test]
async fn what_shows_another_secret_keeps_nothing() {
    let room = furnished("one").await;
    let target = any(Noun::Provider, "main");
    let table = [
        (json!({ SLOT: { "fingerprint": "sha256:000000000000" } }), "credentials.api_key"),
        (json!({ "other": { "fingerprint": "sha256:000000000000" } }), "credentials.other"),
        (json!({ SLOT: {} , "x": "y" }), ""),
        (json!({ SLOT: { "set_at": "now", "secret": "x" } }), "credentials.api_key.secret"),
        (json!({ SLOT: 7 }), "credentials.api_key"),
        (json!({ SLOT: ["x"] }), "credentials.api_key"),
        (json!("x"), "credentials"),
    ];
    for (credentials, path) in table {
        let document = provider("main", json!({ "adapter": LOCKED, "credentials": credentials }));
        let found = paths(room.replace(target, document).await.unwrap_err());
        let expected = if path.is_empty() { "credentials.api_key" } else { path };
        assert_eq!(found, [expected]);
    }
    assert_eq!(secret(&room).as_deref(), Some("one"));
}

#[tokio::test]
async fn a_rotation_asks_first_and_switches_then() {
    let room = furnished("old").await;
    let view = room.rotate("main", json!({ "credentials": { SLOT: "new" } })).await.unwrap();
    assert_eq!(room.board.probed_with(), [[(SLOT.to_owned(), "new".to_owned())]]);
    assert_eq!(secret(&room).as_deref(), Some("new"));
    assert!(view.body["previous_credentials"]["until"].is_string());
    let previous = &view.body["previous_credentials"]["slots"][SLOT]["fingerprint"];
    assert_ne!(previous, &view.body["credentials"][SLOT]["fingerprint"]);
    let entries = room.audited().await;
    assert_eq!(entries[1]["action"], "provider.rotate-credentials");
    assert_eq!(&entries[1]["before"]["credentials"][SLOT]["fingerprint"], previous);
}

#[tokio::test]
async fn a_secret_that_is_not_accepted_changes_nothing() {
    let room = furnished("old").await;
    let before = room.written().await;
    room.board.refuse("bad");
    let document = json!({ "credentials": { SLOT: "bad" } });
    let problem = room.rotate("main", document.clone()).await.unwrap_err();
    assert!(
        matches!(&problem, AdminProblem::NotVerified(why) if why == "credential: answered 401")
    );
    assert_eq!((secret(&room).as_deref(), room.written().await), (Some("old"), before));
    let unverified = json!({ "credentials": { SLOT: "bad" }, "verify": false });
    room.rotate("main", unverified).await.unwrap();
    assert_eq!(secret(&room).as_deref(), Some("bad"));
    assert_eq!(room.board.probed_with().len(), 1);
}

#[tokio::test]
async fn what_was_replaced_can_be_put_back_once_within_its_time() {
    let room = furnished("old").await;
    let first = room.administration.show(Noun::Provider, "main").unwrap();
    room.rotate("main", json!({ "credentials": { SLOT: "new" } })).await.unwrap();
    // Nothing of it is in memory.
    let room = room.restarted().await;
    let view = room.roll_back("main").await.unwrap();
    assert_eq!(view.body["credentials"], first.body["credentials"]);
    assert!(!view.body.contains_key("previous_credentials"));
    assert_eq!(secret(&room).as_deref(), Some("old"));
    let problem = room.roll_back("main").await.unwrap_err();
    assert!(problem.to_string().contains("has no previous credentials"), "{problem}");
    let room = room.restarted().await;
    assert_eq!(secret(&room).as_deref(), Some("old"));
}

#[tokio::test]
async fn without_grace_nothing_can_be_put_back() {
    let room = furnished("old").await;
    let document = json!({ "credentials": { SLOT: "new" }, "grace_seconds": 0 });
    let view = room.rotate("main", document).await.unwrap();
    assert!(!view.body.contains_key("previous_credentials"));
    assert!(matches!(room.roll_back("main").await.unwrap_err(), AdminProblem::Conflict(_)));
}

#[tokio::test]
async fn a_secret_that_is_set_otherwise_ends_the_way_back() {
    let room = furnished("old").await;
    room.rotate("main", json!({ "credentials": { SLOT: "new" } })).await.unwrap();
    let kept = json!({ "settings": { "a": 1 } });
    let view = room.patch(any(Noun::Provider, "main"), kept).await.unwrap();
    assert!(view.body.contains_key("previous_credentials"));
    let other = json!({ "credentials": { SLOT: "third" } });
    let view = room.patch(any(Noun::Provider, "main"), other).await.unwrap();
    assert!(!view.body.contains_key("previous_credentials"));
}

#[tokio::test]
async fn a_slot_that_held_nothing_holds_nothing_after_the_way_back() {
    let room = Room::new().await;
    room.create(Noun::Provider, provider("main", json!({}))).await.unwrap();
    let view = room.rotate("main", json!({ "credentials": { SLOT: "new" } })).await.unwrap();
    assert_eq!(view.body["previous_credentials"]["slots"], json!({ SLOT: null }));
    let view = room.roll_back("main").await.unwrap();
    assert_eq!((secret(&room), view.body.get("credentials")), (None, None));
}

#[tokio::test]
async fn a_bad_request_for_a_rotation_is_told_whole() {
    let room = furnished("old").await;
    let good = json!({ SLOT: "new" });
    let table = [
        (json!([]), vec![""]),
        (json!({}), vec!["credentials"]),
        (json!({ "credentials": {} }), vec!["credentials"]),
        (json!({ "credentials": "new" }), vec!["credentials"]),
        (json!({ "credentials": { SLOT: null } }), vec!["credentials.api_key"]),
        (json!({ "credentials": { SLOT: "${file:/etc/passwd}" } }), vec!["credentials.api_key"]),
        (json!({ "credentials": { "A": "new" } }), vec!["credentials.A"]),
        (json!({ "credentials": good, "grace_seconds": -1 }), vec!["grace_seconds"]),
        (json!({ "credentials": good, "grace_seconds": 604_801 }), vec!["grace_seconds"]),
        (json!({ "credentials": good, "grace_seconds": 1.5 }), vec!["grace_seconds"]),
        (json!({ "credentials": good, "verify": "no" }), vec!["verify"]),
        (
            json!({ "credentials": 1, "verify": 1, "grace": 1 }),
            vec!["credentials", "verify", "grace"],
        ),
    ];
    for (document, expected) in table {
        let found = paths(room.rotate("main", document.clone()).await.unwrap_err());
        assert_eq!(found, expected, "{document}");
    }
    assert_eq!((room.board.probed_with().len(), room.board.switches()), (0, 1));
}

#[tokio::test]
async fn what_is_not_in_the_store_is_not_rotated() {
    let room = Room::with_file(file()).await;
    let document = || json!({ "credentials": { SLOT: "new" } });
    let problem = room.rotate("filed", document()).await.unwrap_err();
    assert!(matches!(problem, AdminProblem::ReadOnly { .. }));
    let problem = room.rotate("none", document()).await.unwrap_err();
    assert!(matches!(problem, AdminProblem::NotFound { .. }));
    let problem = room.roll_back("filed").await.unwrap_err();
    assert!(matches!(problem, AdminProblem::ReadOnly { .. }));
}

#[tokio::test]
async fn a_change_while_the_provider_is_asked_wins() {
    let gate = Arc::new(Semaphore::new(0));
    let room = furnished("old").await;
    let room = room.restarted_with(|board| board.probe_gate = Some(Arc::clone(&gate))).await;
    let document = json!({ "credentials": { SLOT: "new" } });
    let change = async {
        // Nobody waits for the probe.
        let patch = json!({ "settings": { "a": 1 } });
        room.patch(any(Noun::Provider, "main"), patch).await.unwrap();
        gate.add_permits(1);
    };
    let (rotated, ()) = tokio::join!(room.rotate("main", document), change);
    assert!(matches!(rotated.unwrap_err(), AdminProblem::Stale { .. }));
    assert_eq!(secret(&room).as_deref(), Some("old"));
    let settings = room.shown(Noun::Provider, "main", "settings");
    assert_eq!(settings, json!({ "a": 1 }));
}

#[tokio::test]
async fn a_rotation_may_say_what_it_has_seen() {
    let room = furnished("old").await;
    let view = room.administration.show(Noun::Provider, "main").unwrap();
    room.patch(any(Noun::Provider, "main"), json!({})).await.unwrap();
    let target = seen(Noun::Provider, "main", &view);
    let acting = super::room::acting();
    let document = json!({ "credentials": { SLOT: "new" } });
    let outcomes = [
        room.administration.rotate_credentials(&acting, target, document).await,
        room.administration.roll_back_credentials(&acting, target).await,
    ];
    for outcome in outcomes {
        assert!(matches!(outcome.unwrap_err(), AdminProblem::Stale { .. }));
    }
}

#[tokio::test]
async fn a_probe_tells_of_a_provider_wherever_it_comes_from() {
    let room = Room::with_file(file()).await;
    room.create(Noun::Provider, provider("main", json!({}))).await.unwrap();
    assert!(room.administration.test_provider("main").await.unwrap().good);
    assert!(room.administration.test_provider("filed").await.unwrap().good);
    let problem = room.administration.test_provider("none").await.unwrap_err();
    assert!(matches!(problem, AdminProblem::NotFound { .. }));
    assert_eq!(room.shown(Noun::Provider, "main", "credentials"), Value::Null);
}
