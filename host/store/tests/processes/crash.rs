//! `kill -9` at any moment.
//!
//! The other process commits batches of three records, some of which remove three earlier ones,
//! and tells each answer. It is killed, and the store is opened: every answered batch must have had
//! its whole effect, and the one that was on its way its whole effect or none.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

use store::{Batch, Kind, Loaded, Put, Revision, SledStore, Store};

use crate::{given_path, other, tell};

const ROUND: &str = "ROUND_OF_CRASHES";

/// Bounds of the whole test.
const MAX_ROUNDS: usize = 40;
const MIN_ROUNDS: usize = 5;
const MAX_TIME: Duration = Duration::from_secs(12);

/// Every fourth batch removes the first of its four.
const GROUP: usize = 4;

/// What is between the quotes of a body after its name; now and then so much that sled puts the
/// page into a file of its own.
fn filling(number: usize) -> String {
    "x".repeat(if number.is_multiple_of(5) { 40_000 } else { 200 })
}

fn body_of(name: &str, number: usize) -> Vec<u8> {
    format!("\"{name} {}\"", filling(number)).into_bytes()
}

/// The batch of this number, given the revisions of those before it.
fn batch(round: &str, number: usize, revisions: &[Revision]) -> Batch {
    let name = format!("{round}-{number}");
    let body = body_of(&name, number);
    let put = |kind, key| Put { kind, key, body: body.clone() };
    let puts = vec![
        put(Kind::Route, Some(name.clone())),
        put(Kind::Provider, Some(name.clone())),
        put(Kind::Audit, None),
    ];
    let mut removals = Vec::new();
    if number % GROUP == GROUP - 1 {
        let first = number + 1 - GROUP;
        let name = format!("{round}-{first}");
        removals.push((Kind::Route, name.clone()));
        removals.push((Kind::Provider, name));
        removals.push((Kind::Audit, format!("{:020}", revisions[first])));
    }
    Batch { puts, removals, ..Batch::default() }
}

/// Numbers that are there after so many batches.
fn numbers_after(batches: usize) -> BTreeSet<usize> {
    let is_removed = |it: usize| it.is_multiple_of(GROUP) && it + GROUP <= batches;
    (0..batches).filter(|it| !is_removed(*it)).collect()
}

async fn commit_until_killed(path: &Path) {
    let round = std::env::var(ROUND).unwrap();
    let store = SledStore::open(path).unwrap();
    let mut revisions = Vec::new();
    loop {
        let batch = batch(&round, revisions.len(), &revisions);
        let revision = store.commit(batch).await.unwrap();
        tell(&format!("answered {revision}"));
        revisions.push(revision);
    }
}

/// Lets the other process work up to some moment, and returns the revisions that it was answered.
fn crash(path: &Path, round: usize) -> Vec<Revision> {
    let chance = RandomState::new().hash_one(round);
    let name = "crash::every_answered_batch_is_whole_after_kill_9";
    let mut command = other(name, path, &[]);
    let mut child = command.env(ROUND, round.to_string()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut answered = Vec::new();
    let enough = usize::try_from(chance % 40).unwrap();
    let mut is_killed = false;
    for line in lines {
        if let Some(revision) = line.unwrap().strip_prefix("answered ") {
            answered.push(revision.parse().unwrap());
        }
        if !is_killed && answered.len() >= enough {
            // Nothing is waited for: this chooses a moment within a commit, or within opening.
            std::thread::sleep(Duration::from_micros((chance >> 32) % 20_000));
            child.kill().unwrap();
            is_killed = true;
        }
    }
    child.wait().unwrap();
    assert!(is_killed, "it ended by itself after {answered:?}");
    answered
}

/// Names with their revisions, after a look at each body.
fn names(loaded: Loaded) -> BTreeMap<String, Revision> {
    assert!(loaded.damaged.is_empty(), "{:?}", loaded.damaged);
    let name_of = |body: Vec<u8>| {
        let text = String::from_utf8(body).unwrap();
        let (name, filling) = text.trim_matches('"').split_once(' ').unwrap();
        let (_, number) = name.split_once('-').unwrap();
        assert_eq!(filling.len(), self::filling(number.parse().unwrap()).len(), "{name}");
        name.to_owned()
    };
    loaded.records.into_iter().map(|it| (name_of(it.body), it.revision)).collect()
}

/// What is there, if it is the same for all kinds.
async fn found(path: &Path) -> BTreeMap<String, Revision> {
    let store = SledStore::open(path).unwrap();
    let routes = names(store.load(Kind::Route).await.unwrap());
    let providers = names(store.load(Kind::Provider).await.unwrap());
    let audit = names(store.load(Kind::Audit).await.unwrap());
    assert_eq!(routes, providers, "a batch is half there");
    assert_eq!(routes, audit, "a batch is half there");
    routes
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answered_batch_is_whole_after_kill_9() {
    if let Some(path) = given_path() {
        return commit_until_killed(&path).await;
    }
    let directory = tempfile::tempdir().unwrap();
    let begin = Instant::now();
    let mut earlier = BTreeMap::new();
    let mut answers = 0;
    for round in 0..MAX_ROUNDS {
        if round >= MIN_ROUNDS && begin.elapsed() > MAX_TIME {
            break;
        }
        let answered = crash(directory.path(), round);
        answers += answered.len();
        let mut found = found(directory.path()).await;

        let (prefix, all) = (format!("{round}-"), found.clone());
        let of_round = |it: &str| it.strip_prefix(&prefix).map(|it| it.parse().unwrap());
        let numbers: BTreeSet<usize> = found.keys().filter_map(|it| of_round(it)).collect();
        let ends = [numbers_after(answered.len()), numbers_after(answered.len() + 1)];
        assert!(ends.contains(&numbers), "round {round}: {answered:?}, but {numbers:?}");
        for (number, revision) in answered.iter().enumerate() {
            let revision = numbers.contains(&number).then_some(revision);
            assert_eq!(found.get(&format!("{round}-{number}")), revision, "round {round}");
        }
        found.retain(|it, _| of_round(it).is_none());
        assert_eq!(found, earlier, "round {round}: an earlier round has changed");
        earlier = all;
    }
    assert!(answers > MIN_ROUNDS, "only {answers} commits were answered");
}
