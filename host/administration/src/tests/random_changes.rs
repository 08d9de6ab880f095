//! Random changes against a model of what there should be.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use super::room::{Room, acting};
use crate::{AdminProblem, Noun, PageRequest, Precondition, Target, View};

const NOUNS: [Noun; 3] = [Noun::Provider, Noun::ApiKey, Noun::Route];
const IDS: [&str; 3] = ["a", "b", "c"];
const SEEDS: u64 = 20;
const CHANGES: usize = 150;

/// What is known of a resource.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    etag: u64,
    /// The member that changes.
    mark: Value,
    revoked: bool,
    /// Of a route: its provider.
    needs: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Create,
    Replace,
    Patch,
    Remove,
    Revoke,
}

#[derive(Clone, Debug)]
struct Step {
    verb: Verb,
    noun: Noun,
    id: &'static str,
    precondition: Precondition,
    /// Of a route: its provider.
    needs: &'static str,
    number: usize,
}

/// How a change ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Done,
    Invalid,
    NotFound,
    Exists,
    InUse,
    Stale,
    Conflict,
    Other,
}

type Model = BTreeMap<(Noun, &'static str), Known>;

impl Step {
    fn random(random: &mut StdRng, model: &Model, number: usize) -> Self {
        let verbs =
            [Verb::Create, Verb::Create, Verb::Replace, Verb::Patch, Verb::Remove, Verb::Revoke];
        let pick = |from: &[&'static str], random: &mut StdRng| *from.choose(random).unwrap();
        let verb = *verbs.choose(random).unwrap();
        let noun = if verb == Verb::Revoke { Noun::ApiKey } else { *NOUNS.choose(random).unwrap() };
        let id = pick(&IDS, random);
        let current = model.get(&(noun, id)).map_or(1, |known| known.etag);
        let precondition = match random.random_range(0..4) {
            0 => Precondition::Revision(random.random_range(1..=current)),
            1 => Precondition::Revision(current),
            _ => Precondition::Exists,
        };
        Self { verb, noun, id, precondition, needs: pick(&IDS, random), number }
    }

    fn mark(&self) -> Value {
        let name = format!("n{}", self.number);
        match self.noun {
            Noun::Provider => json!([name]),
            Noun::ApiKey => json!(name),
            Noun::Route => json!([{ "provider": self.needs, "model": name }]),
        }
    }

    fn document(&self) -> Value {
        match self.noun {
            Noun::Provider => json!({ "id": self.id, "adapter": "open", "models": self.mark() }),
            Noun::ApiKey => json!({ "id": self.id, "name": self.mark() }),
            Noun::Route => json!({ "model": self.id, "candidates": self.mark() }),
        }
    }

    /// How it should end.
    fn expected(&self, model: &Model) -> End {
        let known = model.get(&(self.noun, self.id));
        let lacks_provider =
            self.noun == Noun::Route && !model.contains_key(&(Noun::Provider, self.needs));
        let is_needed =
            self.noun == Noun::Provider && model.values().any(|known| known.needs == Some(self.id));
        match (self.verb, known) {
            (Verb::Create, Some(_)) => End::Exists,
            (Verb::Create, None) if lacks_provider => End::Invalid,
            (Verb::Create, None) => End::Done,
            (_, None) => End::NotFound,
            (Verb::Revoke, Some(_)) => End::Done,
            (_, Some(known)) if !self.precondition.admits(known.etag) => End::Stale,
            (Verb::Remove, _) if is_needed => End::InUse,
            (Verb::Remove, _) => End::Done,
            (_, Some(known)) if known.revoked => End::Conflict,
            (Verb::Replace | Verb::Patch, _) if lacks_provider => End::Invalid,
            (Verb::Replace | Verb::Patch, _) => End::Done,
        }
    }

    async fn take(&self, room: &Room) -> Result<Option<View>, AdminProblem> {
        let target = Target { noun: self.noun, id: self.id, precondition: self.precondition };
        let member = member(self.noun);
        match self.verb {
            Verb::Create => room.create(self.noun, self.document()).await.map(Some),
            Verb::Replace => room.replace(target, self.document()).await.map(Some),
            Verb::Patch => room.patch(target, json!({ member: self.mark() })).await.map(Some),
            Verb::Remove => room.remove(target).await.map(|()| None),
            Verb::Revoke => room.administration.revoke_key(&acting(), self.id).await.map(Some),
        }
    }

    /// Notes what it did. Returns whether there should be an entry of the audit log.
    fn note(&self, model: &mut Model, view: Option<View>) -> bool {
        let key = (self.noun, self.id);
        let Some(etag) = view.and_then(|view| view.etag) else {
            return model.remove(&key).is_some();
        };
        let newest = model.values().map(|known| known.etag).max().unwrap_or_default();
        if self.verb == Verb::Revoke {
            let known = model.get_mut(&key).unwrap();
            let was_revoked = std::mem::replace(&mut known.revoked, true);
            assert_eq!(etag == known.etag, was_revoked);
            known.etag = etag;
            return !was_revoked;
        }
        assert!(etag > newest, "a revision does not grow");
        let needs = (self.noun == Noun::Route).then_some(self.needs);
        model.insert(key, Known { etag, mark: self.mark(), revoked: false, needs });
        true
    }
}

fn member(noun: Noun) -> &'static str {
    match noun {
        Noun::Provider => "models",
        Noun::ApiKey => "name",
        Noun::Route => "candidates",
    }
}

fn end_of(outcome: &Result<Option<View>, AdminProblem>) -> End {
    match outcome {
        Ok(_) => End::Done,
        Err(AdminProblem::Invalid(_)) => End::Invalid,
        Err(AdminProblem::NotFound { .. }) => End::NotFound,
        Err(AdminProblem::Exists { .. }) => End::Exists,
        Err(AdminProblem::InUse { .. }) => End::InUse,
        Err(AdminProblem::Stale { .. }) => End::Stale,
        Err(AdminProblem::Conflict(_)) => End::Conflict,
        Err(_) => End::Other,
    }
}

/// What a room shows, in the form of the model.
fn shown(room: &Room) -> BTreeMap<(Noun, String), (u64, Value, bool)> {
    let mut found = BTreeMap::new();
    let page = PageRequest::try_new(None, None).unwrap();
    for noun in NOUNS {
        for body in room.administration.list(noun, &page).unwrap().data {
            let id = body.get("id").or(body.get("model")).unwrap().as_str().unwrap().to_owned();
            let etag = body["etag"].as_str().unwrap().parse().unwrap();
            let revoked = body.get("state").is_some_and(|state| state == "revoked");
            let mut mark = body[member(noun)].clone();
            if noun == Noun::Route {
                let candidate = &mark[0];
                mark = json!([{ "provider": candidate["provider"], "model": candidate["model"] }]);
            }
            found.insert((noun, id), (etag, mark, revoked));
        }
    }
    found
}

fn assert_agree(room: &Room, model: &Model, seed: u64) {
    let expected: BTreeMap<_, _> = model
        .iter()
        .map(|((noun, id), it)| ((*noun, (*id).to_owned()), (it.etag, it.mark.clone(), it.revoked)))
        .collect();
    assert_eq!(shown(room), expected, "seed {seed}");
    let serving = room.board.serving();
    let count = |noun| model.keys().filter(|(it, _)| *it == noun).count();
    let served = (serving.providers.len(), serving.api_keys.len(), serving.routes.len());
    assert_eq!(served, (count(Noun::Provider), count(Noun::ApiKey), count(Noun::Route)));
}

#[tokio::test]
async fn random_changes_end_as_the_rules_say_and_are_there_after_a_restart() {
    let mut ends = std::collections::HashSet::new();
    for seed in 0..SEEDS {
        let (mut random, mut model) = (StdRng::seed_from_u64(seed), Model::new());
        let (mut room, mut entries) = (Room::new().await, 0);
        for number in 0..CHANGES {
            let step = Step::random(&mut random, &model, number);
            let expected = step.expected(&model);
            let outcome = step.take(&room).await;
            assert_eq!(end_of(&outcome), expected, "seed {seed}: {step:?} {outcome:?}");
            ends.insert(format!("{expected:?}"));
            if let Ok(view) = outcome {
                entries += usize::from(step.note(&mut model, view));
            }
            assert_agree(&room, &model, seed);
            if number % 25 == 0 {
                room = room.restarted().await;
                assert_agree(&room, &model, seed);
            }
        }
        assert_eq!(room.audited().await.len(), entries, "seed {seed}");
    }
    assert_eq!(ends.len(), 7, "some end was never met: {ends:?}");
}
