//! What every change has in common, whatever it changes.

use serde_json::{Value, json};

use super::board::LOCKED;
use super::room::{Room, any, file, members, paths, provider, route, seen, with};
use crate::{AdminProblem, Noun, Precondition, Target};

const NOUNS: [Noun; 3] = [Noun::Provider, Noun::ApiKey, Noun::Route];

/// A document of each sort that fits a room with the file.
fn document(noun: Noun, id: &str) -> Value {
    match noun {
        Noun::Provider => provider(id, json!({})),
        Noun::ApiKey => json!({ "id": id }),
        Noun::Route => route(id, "filed"),
    }
}

#[tokio::test]
async fn what_is_made_is_shown_with_what_the_gateway_knows_of_it() {
    let room = Room::with_file(file()).await;
    for noun in NOUNS {
        let view = room.create(noun, document(noun, "main")).await.unwrap();
        assert_eq!(view.body["origin"], "store");
        assert_eq!(view.body["etag"], view.etag.unwrap().to_string());
        assert_eq!(view.body["created_at"], view.body["updated_at"]);
        assert_eq!(view.body["status"], json!({ "state": "active", "problems": [] }));
        let shown = room.administration.show(noun, "main").unwrap();
        assert_eq!(shown.etag, view.etag);
        for (name, value) in members(document(noun, "main")) {
            assert_eq!(shown.body[&name], value, "{name}");
        }
    }
    assert_eq!(room.board.switches(), 3);
}

#[tokio::test]
async fn what_was_read_can_be_changed_and_written() {
    let room = Room::with_file(file()).await;
    for noun in NOUNS {
        room.create(noun, document(noun, "main")).await.unwrap();
        let read = room.administration.show(noun, "main").unwrap();
        let written = room.replace(seen(noun, "main", &read), read.body.clone().into()).await;
        let written = written.unwrap();
        assert!(written.etag > read.etag);
        let known = ["etag", "updated_at"];
        for (name, value) in read.body.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
            assert_eq!(&written.body[name], value, "{name}");
        }
    }
}

#[tokio::test]
async fn a_change_needs_what_is_there_now() {
    let room = Room::with_file(file()).await;
    for noun in NOUNS {
        let first = room.create(noun, document(noun, "main")).await.unwrap();
        let second = room.patch(seen(noun, "main", &first), json!({})).await.unwrap();
        let stale = seen(noun, "main", &first);
        let outcomes = [
            room.replace(stale, document(noun, "main")).await.map(drop),
            room.patch(stale, json!({})).await.map(drop),
            room.remove(stale).await,
        ];
        for outcome in outcomes {
            let problem = outcome.unwrap_err();
            let current = second.etag.unwrap();
            assert!(matches!(problem, AdminProblem::Stale { current: it, .. } if it == current));
        }
        room.remove(seen(noun, "main", &second)).await.unwrap();
        let problem = room.administration.show(noun, "main").unwrap_err();
        assert!(matches!(problem, AdminProblem::NotFound { .. }));
    }
}

#[tokio::test]
async fn an_id_that_is_none_is_not_found_in_a_path_and_refused_in_a_document() {
    let room = Room::with_file(file()).await;
    let long = "x".repeat(2000);
    for noun in NOUNS {
        for id in ["", "../x", "a b", "ä", "\0", long.as_str()] {
            let outcomes = [
                room.administration.show(noun, id).map(drop),
                room.replace(any(noun, id), document(noun, id)).await.map(drop),
                room.patch(any(noun, id), json!({})).await.map(drop),
                room.remove(any(noun, id)).await,
            ];
            for outcome in outcomes {
                let problem = outcome.unwrap_err();
                assert!(matches!(problem, AdminProblem::NotFound { .. }), "{id:?}");
            }
            // A model's name may hold a path.
            if noun != Noun::Route || id != "../x" {
                let problem = room.create(noun, document(noun, id)).await.unwrap_err();
                let member = if noun == Noun::Route { "model" } else { "id" };
                assert_eq!(paths(problem), [member], "{noun} {id:?}");
            }
        }
    }
    assert_eq!(room.board.switches(), 0);
}

#[tokio::test]
async fn every_problem_of_a_document_is_told_at_once() {
    let room = Room::new().await;
    let document = json!({
        "id": "Main", "adapter": 7, "models": [], "nonsense": 1,
        "credentials": { "api_key": "${env:HOME}", "Bad": "x" },
    });
    let mut found = paths(room.create(Noun::Provider, document).await.unwrap_err());
    found.sort();
    let expected =
        ["adapter", "credentials.Bad", "credentials.api_key", "id", "models", "nonsense"];
    assert_eq!(found, expected);
    for document in [json!([]), json!("main"), json!(null), json!(1)] {
        for noun in NOUNS {
            assert_eq!(paths(room.create(noun, document.clone()).await.unwrap_err()), [""]);
        }
    }
}

#[tokio::test]
async fn the_file_wins_and_is_changed_in_the_file() {
    let room = Room::with_file(file()).await;
    for noun in NOUNS {
        let view = room.administration.show(noun, "filed").unwrap();
        assert_eq!((view.etag, &view.body["origin"]), (None, &json!("file")));
        for name in ["etag", "created_at", "updated_at"] {
            assert_eq!(view.body[name], Value::Null, "{name}");
        }
        let problem = room.create(noun, document(noun, "filed")).await.unwrap_err();
        assert!(matches!(problem, AdminProblem::Exists { .. }));
        let outcomes = [
            room.replace(any(noun, "filed"), document(noun, "filed")).await.map(drop),
            room.patch(any(noun, "filed"), json!({})).await.map(drop),
            room.remove(any(noun, "filed")).await,
        ];
        for outcome in outcomes {
            assert!(matches!(outcome.unwrap_err(), AdminProblem::ReadOnly { .. }));
        }
    }
}

#[tokio::test]
async fn a_stored_twin_of_a_filed_resource_can_be_removed() {
    let room = Room::new().await;
    room.create(Noun::Provider, provider("filed", json!({}))).await.unwrap();
    room.create(Noun::Route, route("smart", "filed")).await.unwrap();
    let room = room.restarted_beside(file()).await;
    assert_eq!(room.administration.status().set_aside.len(), 1);
    room.remove(any(Noun::Provider, "filed")).await.unwrap();
    assert_eq!(room.administration.status().set_aside.len(), 0);
    assert_eq!(room.shown(Noun::Provider, "filed", "origin"), "file");
}

#[tokio::test]
async fn an_id_is_taken_once_and_never_renamed() {
    let room = Room::with_file(file()).await;
    for noun in NOUNS {
        room.create(noun, document(noun, "main")).await.unwrap();
        let problem = room.create(noun, document(noun, "main")).await.unwrap_err();
        assert!(matches!(problem, AdminProblem::Exists { .. }));
        let problem = room.replace(any(noun, "main"), document(noun, "other")).await.unwrap_err();
        let member = if noun == Noun::Route { "model" } else { "id" };
        assert_eq!(paths(problem), [member]);
        let mut nameless = members(document(noun, "main"));
        nameless.remove(member);
        room.replace(any(noun, "main"), nameless.into()).await.unwrap();
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_the_boards_problems() {
    let room = Room::new().await;
    let locked = provider("main", json!({ "adapter": LOCKED }));
    assert_eq!(paths(room.create(Noun::Provider, locked).await.unwrap_err()), ["credentials"]);
    let problem = room.create(Noun::Route, route("smart", "none")).await.unwrap_err();
    assert_eq!(paths(problem), ["candidates[0].provider"]);
    assert_eq!((room.board.switches(), room.audited().await.len()), (0, 0));
}

#[tokio::test]
async fn what_another_one_needs_stays_and_the_answer_names_it() {
    let room = Room::new().await;
    let locked = json!({ "adapter": LOCKED, "credentials": { "api_key": "k" } });
    room.create(Noun::Provider, provider("main", locked)).await.unwrap();
    room.create(Noun::Route, route("smart", "main")).await.unwrap();
    room.create(Noun::Route, route("other/model", "main")).await.unwrap();
    let used = |problem: AdminProblem| match problem {
        AdminProblem::InUse { by, .. } => by,
        other => panic!("{other}"),
    };
    let by = used(room.remove(any(Noun::Provider, "main")).await.unwrap_err());
    assert_eq!(by, ["route \"other/model\"", "route \"smart\""]);
    let by = used(room.create(Noun::Provider, provider("other", json!({}))).await.unwrap_err());
    assert_eq!(by, ["route \"other/model\""]);
    assert_eq!(room.board.serving().providers.len(), 1);
    room.remove(any(Noun::Route, "smart")).await.unwrap();
    room.remove(any(Noun::Route, "other/model")).await.unwrap();
    room.remove(any(Noun::Provider, "main")).await.unwrap();
}

#[tokio::test]
async fn what_is_set_aside_already_is_in_nobodys_way() {
    let room = Room::with_file(file()).await;
    room.create(Noun::Route, route("smart", "filed")).await.unwrap();
    // The file lost its provider.
    let room = room.restarted().await.restarted_beside(crate::Filed::default()).await;
    assert_eq!(room.shown(Noun::Route, "smart", "status")["state"], "set-aside");
    room.create(Noun::ApiKey, json!({ "id": "laptop" })).await.unwrap();
    room.create(Noun::Provider, provider("filed", json!({}))).await.unwrap();
    assert_eq!(room.shown(Noun::Route, "smart", "status")["state"], "active");
}

#[tokio::test]
async fn a_patch_changes_members_and_null_takes_them_away() {
    let room = Room::new().await;
    let settings = json!({ "settings": { "a": 1, "b": { "c": 2, "d": 3 } } });
    room.create(Noun::Provider, provider("main", settings)).await.unwrap();
    let patch =
        json!({ "settings": { "a": null, "b": { "c": 5 }, "e": [1] }, "network": "anywhere" });
    let view = room.patch(any(Noun::Provider, "main"), patch).await.unwrap();
    assert_eq!(view.body["settings"], json!({ "b": { "c": 5, "d": 3 }, "e": [1] }));
    assert_eq!(view.body["network"], "anywhere");
    assert_eq!(view.body["adapter"], "open");
    let view = room.patch(any(Noun::Provider, "main"), json!({ "network": null })).await.unwrap();
    assert!(!view.body.contains_key("network"));
    let problem = room.patch(any(Noun::Provider, "main"), json!({ "adapter": null })).await;
    assert_eq!(paths(problem.unwrap_err()), ["adapter"]);
}

#[tokio::test]
async fn every_change_is_an_entry_of_the_audit_log() {
    let room = Room::with_file(file()).await;
    for noun in NOUNS {
        room.create(noun, document(noun, "main")).await.unwrap();
        room.patch(any(noun, "main"), json!({})).await.unwrap();
        room.remove(any(noun, "main")).await.unwrap();
    }
    let entries = room.audited().await;
    let actions: Vec<_> = entries.iter().map(|it| it["action"].as_str().unwrap()).collect();
    let expected = ["provider", "api-key", "route"]
        .map(|noun| ["create", "update", "delete"].map(|verb| format!("{noun}.{verb}")));
    assert_eq!(actions, expected.concat());
    for entry in &entries {
        assert_eq!((&entry["actor"], &entry["target"]), (&json!("olivia"), &json!("main")));
    }
    let [made, changed, removed] = [&entries[0], &entries[1], &entries[2]];
    assert_eq!(made["before"], Value::Null);
    assert_eq!(made["after"], changed["before"]);
    assert_eq!(changed["after"], removed["before"]);
    assert_eq!(removed["after"], Value::Null);
}

#[tokio::test]
async fn what_could_not_be_kept_is_refused() {
    let room = Room::new().await;
    let text = "x".repeat(300 * 1024);
    let document = provider("main", json!({ "settings": { "text": text } }));
    assert_eq!(paths(room.create(Noun::Provider, document).await.unwrap_err()), [""]);
    let slots: serde_json::Map<_, _> =
        (0..16).map(|number| (format!("s{number}"), json!("k".repeat(60 * 1024)))).collect();
    let document = provider("main", json!({ "credentials": slots }));
    assert_eq!(paths(room.create(Noun::Provider, document).await.unwrap_err()), [""]);
}

#[tokio::test]
async fn of_two_operators_who_read_the_same_one_wins() {
    let room = Room::with_file(file()).await;
    for noun in NOUNS {
        let made = room.create(noun, document(noun, "main")).await.unwrap();
        let target = seen(noun, "main", &made);
        let change = |name: &str| match noun {
            Noun::Provider => json!({ "settings": { "by": name } }),
            Noun::ApiKey => json!({ "name": name }),
            Noun::Route => json!({ "timeouts": { "total_ms": name.len() } }),
        };
        let outcomes = tokio::join!(
            room.patch(target, change("a")),
            room.patch(target, change("bb")),
            room.patch(target, change("ccc")),
        );
        let outcomes = [outcomes.0, outcomes.1, outcomes.2];
        let (done, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!((done.len(), refused.len()), (1, 2));
        for problem in refused.into_iter().filter_map(Result::err) {
            assert!(matches!(problem, AdminProblem::Stale { .. }));
        }
    }
}

#[tokio::test]
async fn of_two_operators_who_make_the_same_one_wins() {
    let room = Room::with_file(file()).await;
    for noun in NOUNS {
        let (first, second) = tokio::join!(
            room.create(noun, document(noun, "main")),
            room.create(noun, document(noun, "main")),
        );
        let problem = first.and(second).unwrap_err();
        assert!(matches!(problem, AdminProblem::Exists { .. }));
    }
}

#[tokio::test]
async fn an_entity_tag_is_never_used_again() {
    let room = Room::new().await;
    let first = room.create(Noun::Provider, provider("main", json!({}))).await.unwrap();
    room.remove(any(Noun::Provider, "main")).await.unwrap();
    let room = room.restarted().await;
    let second = room.create(Noun::Provider, provider("main", json!({}))).await.unwrap();
    assert!(second.etag > first.etag);
    let precondition = Precondition::Revision(first.etag.unwrap());
    let target = Target { noun: Noun::Provider, id: "main", precondition };
    assert!(matches!(room.remove(target).await.unwrap_err(), AdminProblem::Stale { .. }));
}

#[tokio::test]
async fn a_document_may_hold_what_a_view_adds_to_no_effect() {
    let room = Room::with_file(file()).await;
    for noun in NOUNS {
        let added = json!({
            "origin": "file", "etag": 3, "created_at": "never", "updated_at": [], "status": {},
        });
        let view = room.create(noun, with(document(noun, "main"), added)).await.unwrap();
        assert_eq!(view.body["origin"], "store");
        assert_eq!(view.body["status"]["state"], "active");
    }
}

#[tokio::test]
async fn a_stored_provider_that_a_filed_route_names_stays() {
    let mut filed = crate::Filed::default();
    filed.routes.insert("smart".to_owned(), members(route("smart", "main")));
    let room = Room::with_file(filed).await;
    room.create(Noun::Provider, provider("main", json!({}))).await.unwrap();
    let problem = room.remove(any(Noun::Provider, "main")).await.unwrap_err();
    let text = "provider \"main\" is in use by route \"smart\"; change that first";
    assert_eq!(problem.to_string(), text);
}
