//! What every backend has to keep, as tests that take a backend.
//!
//! A backend's own tests call [`every_rule`] with a way to make an empty store, and, if it keeps
//! anything over a restart, [`every_rule_of_durability`] with a way to open one directory again and
//! again. Both panic at the first broken promise and say which.

mod commits;
mod durability;
mod pages;
mod refusals;

pub use durability::every_rule_of_durability;

use std::pin::Pin;
use std::sync::Arc;

use crate::{Batch, Expectation, Kind, PageQuery, Put, Revision, Store, StoreProblem};

/// A store to be tried.
pub type Subject = Arc<dyn Store>;

type Rule = fn(Subject) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tries every rule on an empty store of its own.
pub async fn every_rule<F: Future<Output = Subject>>(make: impl Fn() -> F) {
    let rules: Vec<(&str, Rule)> = vec![
        ("what was committed is read", |it| Box::pin(commits::is_read(it))),
        ("revisions grow by one", |it| Box::pin(commits::revisions_grow(it))),
        ("a key may be left to the commit", |it| Box::pin(commits::makes_a_key(it))),
        ("all of a batch or nothing", |it| Box::pin(commits::all_or_nothing(it))),
        ("expectations decide", |it| Box::pin(commits::expectations_decide(it))),
        ("one of many rivals wins", |it| Box::pin(commits::one_rival_wins(it))),
        ("removing what is not there is no error", |it| Box::pin(commits::removes(it))),
        ("kinds are apart", |it| Box::pin(commits::kinds_are_apart(it))),
        ("readers see whole commits", |it| Box::pin(commits::readers_see_whole_commits(it))),
        ("pages follow each other", |it| Box::pin(pages::follow_each_other(it))),
        ("pages go backwards", |it| Box::pin(pages::go_backwards(it))),
        ("a page has at least one record", |it| Box::pin(pages::have_a_record(it))),
        ("keys are in the order of their bytes", |it| Box::pin(pages::order_is_of_bytes(it))),
        ("what is not well-formed is refused", |it| Box::pin(refusals::malformed(it))),
        ("the longest is kept", |it| Box::pin(refusals::the_longest_is_kept(it))),
        ("a backup verifies", |it| Box::pin(durability::backup_verifies(it))),
        ("a backup replaces no file", |it| Box::pin(durability::backup_replaces_nothing(it))),
    ];
    for (name, rule) in rules {
        // Seen only if the rule is broken.
        tracing::info!(rule = name, "trying");
        rule(make().await).await;
    }
}

/// A batch that puts one record.
fn put(kind: Kind, key: &str, body: &str) -> Batch {
    Batch { puts: vec![put_of(kind, Some(key), body)], ..Batch::default() }
}

fn put_of(kind: Kind, key: Option<&str>, body: &str) -> Put {
    Put { kind, key: key.map(str::to_owned), body: body.as_bytes().to_vec() }
}

fn expecting(mut batch: Batch, kind: Kind, key: &str, expectation: Expectation) -> Batch {
    batch.expectations.push((kind, key.to_owned(), expectation));
    batch
}

async fn committed(store: &Subject, batch: Batch) -> Revision {
    store.commit(batch).await.expect("the commit is accepted")
}

async fn body(store: &Subject, kind: Kind, key: &str) -> Option<String> {
    let record = store.get(kind, key).await.expect("the store reads");
    record.map(|it| String::from_utf8(it.body).expect("bodies come back as they were"))
}

async fn keys(store: &Subject, kind: Kind) -> Vec<String> {
    let loaded = store.load(kind).await.expect("the store loads");
    assert!(loaded.damaged.is_empty(), "{:?}", loaded.damaged);
    loaded.records.into_iter().map(|it| it.key).collect()
}

async fn page(
    store: &Subject,
    after: Option<&str>,
    limit: usize,
    descending: bool,
) -> (Vec<String>, bool) {
    let query = PageQuery { after: after.map(str::to_owned), limit, descending };
    let page = store.page(Kind::Route, query).await.expect("the store pages");
    (page.records.into_iter().map(|it| it.key).collect(), page.more)
}

#[expect(clippy::panic, reason = "a suite fails by panicking")]
fn conflict(result: Result<Revision, StoreProblem>) -> (String, Option<Revision>) {
    match result {
        Err(StoreProblem::Conflict { key, found, .. }) => (key, found),
        other => panic!("a conflict was to be expected, not {other:?}"),
    }
}
