//! What is not taken.

use super::{Subject, body, committed, keys, put, put_of};
use crate::{Batch, Kind, MAX_BATCH_CHANGES, MAX_BODY_BYTES, MAX_KEY_BYTES, StoreProblem};

pub(super) async fn malformed(store: Subject) {
    let puts = |puts| Batch { puts, ..Batch::default() };
    let many = (0..=MAX_BATCH_CHANGES).map(|it| put_of(Kind::Route, Some(&it.to_string()), "1"));
    let large = format!("\"{}\"", "x".repeat(MAX_BODY_BYTES - 2));
    let heavy = (0..17).map(|it| put_of(Kind::Route, Some(&it.to_string()), &large));
    let cases = [
        ("empty key", put(Kind::Route, "", "1")),
        ("long key", put(Kind::Route, &"k".repeat(MAX_KEY_BYTES + 1), "1")),
        ("NUL in a key", put(Kind::Route, "a\0b", "1")),
        ("a body that is not JSON", put(Kind::Route, "a", "{")),
        ("no body", put(Kind::Route, "a", "")),
        ("long body", put(Kind::Route, "a", &format!("{large} "))),
        ("key twice", puts(vec![put_of(Kind::Route, Some("a"), "1"); 2])),
        ("two keys by the commit", puts(vec![put_of(Kind::Audit, None, "1"); 2])),
        ("too many changes", puts(many.collect())),
        ("too many bytes", puts(heavy.collect())),
        (
            "put and removed",
            Batch { removals: vec![(Kind::Route, "a".to_owned())], ..put(Kind::Route, "a", "1") },
        ),
    ];
    for (name, batch) in cases {
        let answer = store.commit(batch).await;
        assert!(matches!(answer, Err(StoreProblem::Malformed { .. })), "{name}: {answer:?}");
    }
    assert!(keys(&store, Kind::Route).await.is_empty());
    assert_eq!(committed(&store, put(Kind::Route, "a", "1")).await, 1, "nothing was written");
}

pub(super) async fn the_longest_is_kept(store: Subject) {
    let key = "é".repeat(MAX_KEY_BYTES / 2);
    let large = format!("\"{}\"", "x".repeat(MAX_BODY_BYTES - 2));
    committed(&store, put(Kind::Route, &key, &large)).await;
    assert_eq!(body(&store, Kind::Route, &key).await, Some(large));
    assert_eq!(keys(&store, Kind::Route).await, [key]);
}
