//! Pages of what there is.

use serde_json::json;

use super::room::{Room, file, provider};
use crate::{Noun, PageRequest};

async fn furnished() -> Room {
    let room = Room::with_file(file()).await;
    for id in ["a", "b", "g", "h", "z"] {
        room.create(Noun::Provider, provider(id, json!({}))).await.unwrap();
    }
    room
}

#[tokio::test]
async fn file_and_store_are_listed_together_in_the_order_of_ids() {
    let room = furnished().await;
    for limit in 1..=7 {
        let (mut ids, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let limit_text = limit.to_string();
            let page = PageRequest::try_new(Some(&limit_text), cursor.as_deref()).unwrap();
            let list = room.administration.list(Noun::Provider, &page).unwrap();
            assert!(!list.data.is_empty() && list.data.len() <= limit);
            ids.extend(list.data.iter().map(|it| it["id"].as_str().unwrap().to_owned()));
            cursor = list.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(ids, ["a", "b", "filed", "g", "h", "z"], "{limit}");
    }
}

#[tokio::test]
async fn a_list_shows_what_get_shows() {
    let room = furnished().await;
    let page = PageRequest::try_new(None, None).unwrap();
    for noun in [Noun::Provider, Noun::ApiKey, Noun::Route] {
        for body in room.administration.list(noun, &page).unwrap().data {
            let id = body.get("id").or(body.get("model")).unwrap().as_str().unwrap();
            assert_eq!(room.administration.show(noun, id).unwrap().body, body);
        }
    }
}

#[tokio::test]
async fn a_page_after_what_was_removed_goes_on_from_there() {
    let room = furnished().await;
    let page = PageRequest::try_new(Some("1"), None).unwrap();
    let cursor = room.administration.list(Noun::Provider, &page).unwrap().next_cursor;
    room.remove(super::room::any(Noun::Provider, "a")).await.unwrap();
    let page = PageRequest::try_new(Some("1"), cursor.as_deref()).unwrap();
    let list = room.administration.list(Noun::Provider, &page).unwrap();
    assert_eq!(list.data[0]["id"], "b");
}

#[tokio::test]
async fn sorts_are_listed_apart() {
    let room = furnished().await;
    let page = PageRequest::try_new(None, None).unwrap();
    for (noun, number) in [(Noun::Provider, 6), (Noun::ApiKey, 1), (Noun::Route, 1)] {
        assert_eq!(room.administration.list(noun, &page).unwrap().data.len(), number);
    }
}
