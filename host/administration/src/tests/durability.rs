//! Crashes, broken stores, callers that go away, records that cannot be read.

use std::sync::Arc;

use serde_json::{Value, json};
use store::{Batch, Kind, Put};
use tokio::sync::Semaphore;

use super::board::LOCKED;
use super::room::{Room, acting, any, file, provider, route};
use crate::{AdminProblem, Noun};

/// Everything that serves, as text.
fn held(room: &Room) -> String {
    let holdings = room.administration.holdings();
    let mut held = String::new();
    for provider in holdings.providers.values() {
        let slots: std::collections::BTreeMap<_, _> = provider
            .secrets
            .iter()
            .map(|(slot, secret)| (slot, secrecy::ExposeSecret::expose_secret(&**secret)))
            .collect();
        held += &format!("{:?} {:?} {slots:?}\n", provider.document, provider.provider);
    }
    for key in holdings.api_keys.values() {
        held += &format!("{key:?}\n");
    }
    for route in holdings.routes.values() {
        held += &format!("{route:?}\n");
    }
    held
}

/// Every view of what is stored.
fn shown(room: &Room) -> Vec<Value> {
    let page = crate::PageRequest::try_new(None, None).unwrap();
    let nouns = [Noun::Provider, Noun::ApiKey, Noun::Route];
    let lists = nouns.map(|noun| room.administration.list(noun, &page).unwrap().data);
    lists.into_iter().flatten().map(Value::Object).collect()
}

#[tokio::test]
async fn after_a_crash_everything_is_as_it_was_answered() {
    let room = Room::new().await;
    let credentials = json!({ "adapter": LOCKED, "credentials": { "api_key": "k" } });
    room.create(Noun::Provider, provider("main", credentials)).await.unwrap();
    room.create(Noun::Provider, provider("gone", json!({}))).await.unwrap();
    room.create(Noun::ApiKey, json!({ "id": "laptop", "tags": ["a"] })).await.unwrap();
    room.create(Noun::ApiKey, json!({ "id": "lost" })).await.unwrap();
    room.create(Noun::Route, route("org/smart:1", "main")).await.unwrap();
    room.administration.revoke_key(&acting(), "lost").await.unwrap();
    room.patch(any(Noun::ApiKey, "laptop"), json!({ "owner": "ops" })).await.unwrap();
    room.rotate("main", json!({ "credentials": { "api_key": "k2" } })).await.unwrap();
    room.remove(any(Noun::Provider, "gone")).await.unwrap();
    let restarted = room.restarted().await;
    assert_eq!(held(&restarted), held(&room));
    assert_eq!(shown(&restarted), shown(&room));
}

#[tokio::test]
async fn a_store_that_fails_changes_nothing() {
    let (room, store) = Room::breakable().await;
    let credentials = json!({ "credentials": { "api_key": "old" } });
    room.create(Noun::Provider, provider("main", credentials)).await.unwrap();
    room.create(Noun::ApiKey, json!({ "id": "laptop" })).await.unwrap();
    let (held_before, shown_before) = (held(&room), shown(&room));
    store.break_now();
    let document = json!({ "credentials": { "api_key": "new" } });
    let outcomes = [
        room.create(Noun::Provider, provider("other", json!({}))).await.map(drop),
        room.replace(any(Noun::Provider, "main"), provider("main", json!({}))).await.map(drop),
        room.patch(any(Noun::ApiKey, "laptop"), json!({ "name": "x" })).await.map(drop),
        room.remove(any(Noun::ApiKey, "laptop")).await,
        room.rotate("main", document).await.map(drop),
        room.administration.revoke_key(&acting(), "laptop").await.map(drop),
    ];
    for outcome in outcomes {
        let problem = outcome.unwrap_err();
        assert!(matches!(problem, AdminProblem::Store(_)));
        assert!(problem.to_string().starts_with("nothing was changed: "));
    }
    assert_eq!((held(&room), shown(&room)), (held_before, shown_before));
    assert_eq!((room.board.switches(), room.board.serving().providers.len()), (2, 1));
    let check = &room.administration.status().checks[0];
    assert_eq!((check.name.as_str(), check.good), ("store", false));
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_change_half_done() {
    let gate = Arc::new(Semaphore::new(0));
    let room = Room::new().await.restarted_with(|it| it.gate = Some(Arc::clone(&gate))).await;
    {
        let create = room.create(Noun::Provider, provider("main", json!({})));
        tokio::pin!(create);
        // The caller is there until the change waits for the plugins.
        tokio::select! {
            biased;
            _ = &mut create => panic!("the gate is shut"),
            () = async { for _ in 0..100 { tokio::task::yield_now().await; } } => {}
        }
    }
    assert_eq!(room.board.switches(), 0);
    gate.add_permits(2);
    // The next change comes after it.
    room.create(Noun::ApiKey, json!({ "id": "laptop" })).await.unwrap();
    assert_eq!(room.board.switches(), 2);
    assert!(room.administration.show(Noun::Provider, "main").is_ok());
    let restarted = room.restarted().await;
    assert_eq!(held(&restarted), held(&room));
}

#[tokio::test]
async fn a_shutdown_waits_for_a_change_that_has_begun() {
    let gate = Arc::new(Semaphore::new(0));
    let room = Room::new().await.restarted_with(|it| it.gate = Some(Arc::clone(&gate))).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let create = room.create(Noun::Provider, provider("main", json!({})));
    let end = async {
        tokio::task::yield_now().await;
        stop.cancel();
        tokio::task::yield_now().await;
        gate.add_permits(1);
    };
    let (made, (), ()) = tokio::join!(create, room.administration.maintain(stop.clone()), end);
    made.unwrap();
    assert_eq!(room.board.switches(), 1);
}

async fn put(room: &Room, kind: Kind, key: &str, body: &str) {
    let (key, body) = (Some(key.to_owned()), body.as_bytes().to_vec());
    let puts = vec![Put { kind, key, body }];
    room.store.commit(Batch { puts, ..Batch::default() }).await.unwrap();
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_set_aside_and_the_rest_serves() {
    let room = Room::new().await;
    room.create(Noun::Provider, provider("good", json!({}))).await.unwrap();
    let good = room.store.get(Kind::Provider, "good").await.unwrap().unwrap();
    let good = String::from_utf8(good.body).unwrap();
    let table = [
        ("empty", "{}".to_owned(), "no record of this sort"),
        ("text", "\"x\"".to_owned(), "no record of this sort"),
        ("zero", good.replace("\"version\":1", "\"version\":0"), "version is 0"),
        ("newer", good.replace("\"version\":1", "\"version\":2"), "up to 1; use a newer one"),
        ("more", good.replace("\"version\":1", "\"version\":1,\"more\":1"), "no record of this"),
        ("moved", good.clone(), "is that of \"good\""),
        ("wrong", good.replace("\"models\":[\"m\"]", "\"models\":[]"), "is not well-formed"),
    ];
    for (key, body, _) in &table {
        put(&room, Kind::Provider, key, body).await;
    }
    put(&room, Kind::ApiKey, "k", "{}").await;
    put(&room, Kind::Route, "r", "{}").await;
    let room = room.restarted().await;
    assert_eq!(room.board.serving().providers.len(), 1);
    let status = room.administration.status();
    assert_eq!(status.damaged.len(), table.len() + 2);
    for (key, _, reason) in &table {
        let damage = status.damaged.iter().find(|it| it.key == *key).unwrap();
        assert!(damage.reason.contains(reason), "{key}: {}", damage.reason);
    }
}

#[tokio::test]
async fn a_damaged_record_is_not_written_over_but_can_be_removed() {
    let room = Room::new().await;
    put(&room, Kind::Provider, "main", "{}").await;
    let room = room.restarted().await;
    let outcomes = [
        room.create(Noun::Provider, provider("main", json!({}))).await.map(drop),
        room.patch(any(Noun::Provider, "main"), json!({})).await.map(drop),
    ];
    for outcome in outcomes {
        let problem = outcome.unwrap_err().to_string();
        assert!(problem.contains("is damaged; remove it with DELETE and If-Match: *"), "{problem}");
    }
    room.remove(any(Noun::Provider, "main")).await.unwrap();
    assert_eq!(room.administration.status().damaged.len(), 0);
    room.create(Noun::Provider, provider("main", json!({}))).await.unwrap();
    let room = room.restarted().await;
    assert_eq!(room.administration.status().damaged.len(), 0);
    assert_eq!(room.board.serving().providers.len(), 1);
}

#[tokio::test]
async fn a_secret_that_does_not_open_is_reported_and_can_be_set_again() {
    let room = Room::new().await;
    for id in ["a", "b"] {
        let credentials = json!({ "adapter": LOCKED, "credentials": { "api_key": id } });
        room.create(Noun::Provider, provider(id, credentials)).await.unwrap();
    }
    // The sealed secret of the one is put in the place of the other's.
    let body = |record: store::Record| serde_json::from_slice::<Value>(&record.body).unwrap();
    let a = body(room.store.get(Kind::Provider, "a").await.unwrap().unwrap());
    let mut b = body(room.store.get(Kind::Provider, "b").await.unwrap().unwrap());
    b["particulars"] = a["particulars"].clone();
    put(&room, Kind::Provider, "b", &b.to_string()).await;
    let room = room.restarted().await;
    assert_eq!(room.board.secret("a", "api_key").as_deref(), Some("a"));
    assert_eq!(room.board.secret("b", "api_key"), None);
    let status = room.shown(Noun::Provider, "b", "status");
    assert_eq!(status["state"], "set-aside");
    let problems = status["problems"].as_array().unwrap();
    assert!(problems.iter().any(|it| it["path"] == "credentials.api_key"), "{problems:?}");
    room.rotate("b", json!({ "credentials": { "api_key": "again" } })).await.unwrap();
    assert_eq!(room.board.secret("b", "api_key").as_deref(), Some("again"));
    let status = room.shown(Noun::Provider, "b", "status");
    assert_eq!(status, json!({ "state": "active", "problems": [] }));
}

#[tokio::test]
async fn a_backup_tells_in_its_log_that_it_was_made() {
    let room = Room::with_file(file()).await;
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("backup");
    let summary = room.administration.back_up(&acting(), &to).await.unwrap();
    assert_eq!((summary.records, summary.revision), (1, 1));
    assert_eq!(room.audited().await[0]["action"], "store.backup");
}

#[tokio::test]
async fn of_many_operators_at_once_every_answered_change_is_there_after_a_crash() {
    let room = Room::new().await;
    let changes: Vec<_> = (0..60)
        .map(|number| {
            let administration = Arc::clone(&room.administration);
            tokio::spawn(async move {
                let id = format!("p{}", number % 20);
                let target = any(Noun::Provider, &id);
                let patch = json!({ "settings": { format!("n{number}"): true } });
                match number / 20 {
                    0 => {
                        let document = provider(&id, json!({ "settings": { "n": number } }));
                        administration.create(&acting(), Noun::Provider, document).await.map(drop)
                    }
                    1 => administration.patch(&acting(), target, patch).await.map(drop),
                    _ if number % 3 == 0 => administration.remove(&acting(), target).await,
                    _ => {
                        let id = json!({ "id": format!("k{number}") });
                        administration.create(&acting(), Noun::ApiKey, id).await.map(drop)
                    }
                }
            })
        })
        .collect();
    for change in changes {
        change.await.unwrap().unwrap();
    }
    assert_eq!(room.audited().await.len(), 60);
    let restarted = room.restarted().await;
    assert_eq!(held(&restarted), held(&room));
    assert_eq!(shown(&restarted), shown(&room));
}
