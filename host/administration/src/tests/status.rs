//! How the gateway is.

use serde_json::json;

use super::room::{Room, file, provider, route};
use crate::{CountView, Filed, Noun};

#[tokio::test]
async fn the_status_counts_what_there_is_and_names_what_is_set_aside() {
    let room = Room::with_file(file()).await;
    room.create(Noun::Provider, provider("main", json!({}))).await.unwrap();
    room.create(Noun::Route, route("smart", "filed")).await.unwrap();
    let status = room.administration.status();
    assert_eq!(status.providers, CountView { file: 1, store: 1, set_aside: 0 });
    assert_eq!(status.api_keys, CountView { file: 1, store: 0, set_aside: 0 });
    assert_eq!(status.store_revision, 2);
    assert_eq!(status.master_key, room.vault.current_key());
    assert!(status.checks.iter().all(|check| check.good && check.reason.is_none()));
    let status = room.restarted_beside(Filed::default()).await.administration.status();
    assert_eq!(status.routes, CountView { file: 0, store: 1, set_aside: 1 });
    assert_eq!((status.set_aside[0].noun, status.set_aside[0].id.as_str()), (Noun::Route, "smart"));
    assert_eq!(status.set_aside[0].problems[0].path, "candidates[0].provider");
}

#[tokio::test]
async fn a_gateway_without_a_provider_says_what_to_do() {
    let status = Room::new().await.administration.status();
    let check = status.checks.iter().find(|check| check.name == "providers").unwrap();
    assert!(!check.good);
    assert!(check.reason.as_ref().unwrap().contains("; create one with POST /admin/providers"));
}
