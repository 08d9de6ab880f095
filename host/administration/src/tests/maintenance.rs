//! What happens without an operator.

use exchange::AccessSink as _;
use serde_json::json;
use time::{Duration, OffsetDateTime};
use tokio_util::sync::CancellationToken;

use super::room::{Room, acting, provider, used_by};
use crate::Noun;

async fn rotated() -> Room {
    let room = Room::new().await;
    let credentials = json!({ "credentials": { "api_key": "old" } });
    room.create(Noun::Provider, provider("main", credentials)).await.unwrap();
    let document = json!({ "credentials": { "api_key": "new" }, "grace_seconds": 60 });
    room.rotate("main", document).await.unwrap();
    room
}

#[tokio::test]
async fn a_replaced_secret_is_destroyed_when_its_time_is_over_and_not_before() {
    let room = rotated().await;
    let seen = room.administration.show(Noun::Provider, "main").unwrap();
    let now = OffsetDateTime::now_utc();
    let destroy = |at| room.administration.workings.destroy_previous(at);
    destroy(now + Duration::seconds(50)).await.unwrap();
    assert!(room.written().await.contains("\"previous\""));
    destroy(now + Duration::seconds(61)).await.unwrap();
    let record = room.store.get(store::Kind::Provider, "main").await.unwrap().unwrap();
    assert!(!String::from_utf8(record.body).unwrap().contains("previous"));
    assert_eq!(room.board.switches(), 2);
    let shown = room.administration.show(Noun::Provider, "main").unwrap();
    assert_eq!(shown.etag, seen.etag);
    assert!(!shown.body.contains_key("previous_credentials"));
    assert_eq!(room.board.secret("main", "api_key").as_deref(), Some("new"));
    let entries = room.audited().await;
    assert_eq!((entries.len(), &entries[2]["actor"]), (3, &json!("patchbay")));
    assert!(entries[2]["before"].get("previous_credentials").is_some());
    assert!(entries[2]["after"].get("previous_credentials").is_none());
    let room = room.restarted().await;
    assert!(room.roll_back("main").await.is_err());
    assert_eq!(room.administration.show(Noun::Provider, "main").unwrap().etag, seen.etag);
}

#[tokio::test]
async fn the_background_wraps_and_ends_when_it_is_told() {
    let room = rotated().await;
    let stop = CancellationToken::new();
    let work = room.administration.maintain(stop.clone());
    let operator = async {
        room.administration.rotate_master_key(&acting()).await.unwrap();
        while room.administration.master_key().remaining > 0 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    tokio::join!(work, operator);
    assert_eq!(room.administration.master_key().rewrapped, 2);
}

#[tokio::test]
async fn what_was_counted_is_written_at_the_end() {
    let room = Room::new().await;
    room.create(Noun::ApiKey, json!({ "id": "laptop" })).await.unwrap();
    let stop = CancellationToken::new();
    stop.cancel();
    room.ledger.record(used_by("laptop"));
    room.administration.maintain(stop).await;
    let room = room.restarted().await;
    assert!(room.shown(Noun::ApiKey, "laptop", "last_used_at").is_string());
}
