//! No secret is written or returned, whatever happens.

use serde_json::{Value, json};

use super::room::{Room, acting, any, provider};
use crate::{AdminProblem, Noun, PageRequest, View};

const SECRET: &str = "PLAINTEXT-OF-A-SECRET";
const OTHER: &str = "PLAINTEXT-OF-ANOTHER";

/// What an action answered, as an edge or a log could show it.
fn told(outcome: Result<View, AdminProblem>) -> String {
    match outcome {
        Ok(view) => format!("{view:?} {}", Value::Object(view.body.clone())),
        Err(AdminProblem::Invalid(problems)) => format!("{problems:?}"),
        Err(problem) => format!("{problem} {problem:?}"),
    }
}

fn assert_silent(text: &str) {
    assert!(!text.contains("PLAINTEXT"), "{text}");
}

#[tokio::test]
async fn no_answer_record_or_debug_text_holds_a_secret() {
    let room = Room::new().await;
    let target = any(Noun::Provider, "main");
    let slots = |secret: &str| json!({ "credentials": { "api_key": secret } });
    assert_silent(&told(room.create(Noun::Provider, provider("main", slots(SECRET))).await));
    assert_silent(&told(room.patch(target, slots(OTHER)).await));
    assert_silent(&told(room.rotate("main", slots(SECRET)).await));
    assert_silent(&told(room.roll_back("main").await));
    room.board.refuse(SECRET);
    assert_silent(&told(room.rotate("main", slots(SECRET)).await));
    let bad = [
        format!("{SECRET}\n"),
        format!("${{env:{SECRET}}}"),
        format!("${{file:/{SECRET}}}"),
        SECRET.repeat(4000),
    ];
    for secret in &bad {
        assert_silent(&told(room.create(Noun::Provider, provider("x", slots(secret))).await));
        assert_silent(&told(room.patch(target, slots(secret)).await));
        assert_silent(&told(room.rotate("main", slots(secret)).await));
    }
    for credentials in [json!(SECRET), json!([SECRET]), json!({ "api_key": [SECRET] })] {
        let document = json!({ "credentials": credentials });
        assert_silent(&told(room.patch(target, document.clone()).await));
        assert_silent(&told(room.rotate("main", document).await));
    }
    let page = PageRequest::try_new(None, None).unwrap();
    assert_silent(&format!("{:?}", room.administration.list(Noun::Provider, &page).unwrap()));
    assert_silent(&format!("{:?}", room.administration.holdings()));
    assert_silent(&format!("{:?}", room.administration.workings.now_held()));
    assert_silent(&room.written().await);
    assert_eq!(room.board.secret("main", "api_key").as_deref(), Some(OTHER));
}

#[tokio::test]
async fn a_keys_text_is_in_no_record_and_no_debug_text() {
    let room = Room::new().await;
    let view = room.create(Noun::ApiKey, json!({ "id": "laptop" })).await.unwrap();
    let key = view.body["key"].as_str().unwrap();
    assert!(!format!("{view:?}").contains(key));
    assert!(!format!("{:?}", room.administration.workings.now_held()).contains(key));
    assert!(!room.written().await.contains(key));
    room.administration.revoke_key(&acting(), "laptop").await.unwrap();
    let entries = room.audited().await;
    for entry in &entries {
        for document in [&entry["before"], &entry["after"]] {
            assert!(document.get("key").is_none() && document.get("digest").is_none());
        }
    }
    assert_eq!(entries.len(), 2);
}
