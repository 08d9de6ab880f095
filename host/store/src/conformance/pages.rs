//! What a page has.

use super::{Subject, committed, keys, page, put, put_of};
use crate::{Batch, Kind};

async fn fill(store: &Subject, names: &[&str]) {
    let puts = names.iter().map(|it| put_of(Kind::Route, Some(it), "1")).collect();
    committed(store, Batch { puts, ..Batch::default() }).await;
    // Neighbours on both sides, which must not show.
    committed(store, put(Kind::Provider, "zz", "1")).await;
    committed(store, put(Kind::Usage, "aa", "1")).await;
}

fn named(names: &[&str], more: bool) -> (Vec<String>, bool) {
    (names.iter().map(|it| (*it).to_owned()).collect(), more)
}

pub(super) async fn follow_each_other(store: Subject) {
    assert_eq!(page(&store, None, 2, false).await, named(&[], false));
    fill(&store, &["a", "b", "c", "d"]).await;
    assert_eq!(page(&store, None, 2, false).await, named(&["a", "b"], true));
    assert_eq!(page(&store, Some("b"), 2, false).await, named(&["c", "d"], false));
    assert_eq!(page(&store, Some("d"), 2, false).await, named(&[], false));
    // A cursor outlives its record.
    assert_eq!(page(&store, Some("bb"), 9, false).await, named(&["c", "d"], false));
}

pub(super) async fn go_backwards(store: Subject) {
    assert_eq!(page(&store, None, 2, true).await, named(&[], false));
    fill(&store, &["a", "b", "c", "d"]).await;
    assert_eq!(page(&store, None, 3, true).await, named(&["d", "c", "b"], true));
    assert_eq!(page(&store, Some("b"), 3, true).await, named(&["a"], false));
    assert_eq!(page(&store, Some("a"), 3, true).await, named(&[], false));
    assert_eq!(page(&store, Some("bb"), 1, true).await, named(&["b"], true));
}

pub(super) async fn have_a_record(store: Subject) {
    fill(&store, &["a", "b"]).await;
    assert_eq!(page(&store, None, 0, false).await, named(&["a"], true));
    assert_eq!(page(&store, None, usize::MAX, false).await, named(&["a", "b"], false));
}

pub(super) async fn order_is_of_bytes(store: Subject) {
    let sorted = ["A", "a", "a/b", "aa", "b", "é", "\u{10ffff}"];
    let mut names = sorted;
    names.reverse();
    fill(&store, &names).await;
    assert_eq!(keys(&store, Kind::Route).await, sorted);
    assert_eq!(page(&store, Some("a"), 2, false).await, named(&["a/b", "aa"], true));
    assert_eq!(page(&store, Some("é"), 1, false).await, named(&["\u{10ffff}"], false));
}
