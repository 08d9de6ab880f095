//! What a commit does.

use super::{Subject, body, committed, conflict, expecting, keys, put, put_of};
use crate::{Batch, Expectation, Kind, PageQuery};

pub(super) async fn is_read(store: Subject) {
    assert_eq!(body(&store, Kind::Route, "a").await, None);
    let first = committed(&store, put(Kind::Route, "a", "{\"n\":1}")).await;
    assert_eq!(body(&store, Kind::Route, "a").await.as_deref(), Some("{\"n\":1}"));
    let second = committed(&store, put(Kind::Route, "a", "{\"n\":2}")).await;
    let record = store.get(Kind::Route, "a").await.expect("it reads").expect("it is there");
    assert_eq!((record.revision, record.body.as_slice()), (second, b"{\"n\":2}".as_slice()));
    assert!(second > first);
    let loaded = store.load(Kind::Route).await.expect("it loads");
    assert_eq!(loaded.records, [record]);
}

pub(super) async fn revisions_grow(store: Subject) {
    assert_eq!(committed(&store, Batch::default()).await, 1, "the first commit is 1");
    assert_eq!(committed(&store, put(Kind::Route, "a", "1")).await, 2);
    let removal = Batch { removals: vec![(Kind::Route, "a".to_owned())], ..Batch::default() };
    assert_eq!(committed(&store, removal).await, 3);
    assert_eq!(committed(&store, put(Kind::Route, "a", "1")).await, 4);
}

pub(super) async fn makes_a_key(store: Subject) {
    for _ in 0..3 {
        let puts = vec![put_of(Kind::Audit, None, "1"), put_of(Kind::Usage, None, "2")];
        committed(&store, Batch { puts, ..Batch::default() }).await;
    }
    let expected = ["00000000000000000001", "00000000000000000002", "00000000000000000003"];
    assert_eq!(keys(&store, Kind::Audit).await, expected);
    assert_eq!(keys(&store, Kind::Usage).await, expected);
}

pub(super) async fn all_or_nothing(store: Subject) {
    committed(&store, put(Kind::Route, "old", "0")).await;
    let batch = Batch {
        expectations: vec![(Kind::Route, "old".to_owned(), Expectation::Absent)],
        puts: vec![put_of(Kind::Route, Some("new"), "1"), put_of(Kind::Audit, None, "1")],
        removals: vec![(Kind::Route, "old".to_owned())],
    };
    conflict(store.commit(batch.clone()).await);
    assert_eq!(keys(&store, Kind::Route).await, ["old"]);
    assert!(keys(&store, Kind::Audit).await.is_empty());
    let revision = committed(&store, Batch { expectations: Vec::new(), ..batch }).await;
    assert_eq!(revision, 2, "a refused commit takes no revision");
    assert_eq!(keys(&store, Kind::Route).await, ["new"]);
    assert_eq!(keys(&store, Kind::Audit).await.len(), 1);
}

pub(super) async fn expectations_decide(store: Subject) {
    let absent = |key| expecting(put(Kind::Route, "a", "1"), Kind::Route, key, Expectation::Absent);
    let written = |revision| {
        let expectation = Expectation::Revision(revision);
        expecting(put(Kind::Route, "a", "2"), Kind::Route, "a", expectation)
    };
    assert_eq!(conflict(store.commit(written(1)).await), ("a".to_owned(), None));
    let first = committed(&store, absent("a")).await;
    assert_eq!(conflict(store.commit(absent("a")).await), ("a".to_owned(), Some(first)));
    let second = committed(&store, written(first)).await;
    assert_eq!(conflict(store.commit(written(first)).await), ("a".to_owned(), Some(second)));
    // What is expected may be another record than what is written.
    committed(&store, absent("b")).await;
}

pub(super) async fn one_rival_wins(store: Subject) {
    let first = committed(&store, put(Kind::Route, "a", "0")).await;
    let rivals: Vec<_> = (0..16)
        .map(|number| {
            let store = store.clone();
            let batch = put(Kind::Route, "a", &number.to_string());
            let expectation = Expectation::Revision(first);
            let batch = expecting(batch, Kind::Route, "a", expectation);
            tokio::spawn(async move { store.commit(batch).await.is_ok() })
        })
        .collect();
    let mut winners = 0;
    for rival in rivals {
        winners += usize::from(rival.await.expect("no rival panics"));
    }
    assert_eq!(winners, 1);
    let record = store.get(Kind::Route, "a").await.expect("it reads").expect("it is there");
    assert_eq!(record.revision, first + 1);
}

pub(super) async fn removes(store: Subject) {
    committed(&store, put(Kind::Route, "a", "1")).await;
    let removals = vec![(Kind::Route, "a".to_owned()), (Kind::Route, "never".to_owned())];
    committed(&store, Batch { removals, ..Batch::default() }).await;
    assert_eq!(body(&store, Kind::Route, "a").await, None);
    assert!(keys(&store, Kind::Route).await.is_empty());
}

pub(super) async fn kinds_are_apart(store: Subject) {
    for kind in Kind::ALL {
        committed(&store, put(kind, "same", &format!("{:?}", kind.name()))).await;
    }
    for kind in Kind::ALL {
        assert_eq!(keys(&store, kind).await, ["same"]);
        let found = body(&store, kind, "same").await;
        assert_eq!(found, Some(format!("{:?}", kind.name())));
        let query = PageQuery { after: None, limit: 9, descending: true };
        assert_eq!(store.page(kind, query).await.expect("it pages").records.len(), 1);
    }
}

pub(super) async fn readers_see_whole_commits(store: Subject) {
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 1..=40 {
                let body = number.to_string();
                let puts = ["a", "b", "c"].map(|it| put_of(Kind::Route, Some(it), &body));
                committed(&store, Batch { puts: puts.to_vec(), ..Batch::default() }).await;
            }
        })
    };
    while !writer.is_finished() {
        let records = store.load(Kind::Route).await.expect("it loads").records;
        assert!(records.is_empty() || records.len() == 3, "{} of 3 records", records.len());
        assert!(records.windows(2).all(|it| it[0].revision == it[1].revision), "{records:?}");
        tokio::task::yield_now().await;
    }
    writer.await.expect("the writer does not panic");
}
