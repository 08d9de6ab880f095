//! Filters, each and together.

use store::MemoryStore;
use time::{Duration, OffsetDateTime};

use super::log::{DEED, Deed, Log, NOON, filter, ids, query};
use crate::audit_log::AuditAction;
use crate::audit_log::reading::{chunk, page};
use crate::moment;

const ACTORS: [&str; 2] = ["olivia", "Olivia"];
const TARGETS: [&str; 3] = ["main", "org/model:1", "main2"];

/// An entry for each action, actor and target, a minute apart.
async fn everything() -> (Log, Vec<(String, Deed<'static>)>) {
    let (log, mut written) = (Log::default(), Vec::new());
    for action in AuditAction::ALL {
        for actor in ACTORS {
            for target in TARGETS {
                let at = NOON + Duration::minutes(written.len().try_into().unwrap());
                let deed = Deed { actor, action, target, at };
                written.push((log.write(deed).await, deed));
            }
        }
    }
    (log, written)
}

async fn found(store: &MemoryStore, pairs: &[(&str, &str)]) -> Vec<String> {
    let mut pairs = pairs.to_vec();
    let of_export = chunk(store, &filter(&pairs).unwrap(), None).await.unwrap();
    assert_eq!(of_export.next, None);
    pairs.push(("limit", "200"));
    let page = page(store, &query(&pairs).unwrap()).await.unwrap();
    let mut of_page = ids(&page.data);
    of_page.reverse();
    assert_eq!(of_page, ids(&of_export.entries), "a page and an export differ");
    of_page
}

#[tokio::test]
async fn each_filter_alone_and_every_two_of_them_find_what_meets_both() {
    type Meets = fn(&Deed<'_>) -> bool;
    let (log, written) = everything().await;
    let (since, until) = (NOON + Duration::minutes(20), NOON + Duration::minutes(60));
    let (since, until) = (moment::text(since), moment::text(until));
    let table: [((&str, &str), Meets); 11] = [
        (("actor", "olivia"), |it| it.actor == "olivia"),
        (("actor", "nobody"), |_| false),
        (("action", "route.update"), |it| it.action == AuditAction::RouteUpdate),
        (("action", "store.backup"), |it| it.action == AuditAction::StoreBackup),
        (("noun", "provider"), |it| it.action.as_str().starts_with("provider.")),
        (("noun", "api-key"), |it| it.action.as_str().starts_with("api-key.")),
        (("noun", "master-key"), |it| it.action == AuditAction::MasterKeyRotate),
        (("id", "main"), |it| it.target == "main"),
        (("id", "org/model:1"), |it| it.target == "org/model:1"),
        (("since", &since), |it| it.at >= NOON + Duration::minutes(20)),
        (("until", &until), |it| it.at < NOON + Duration::minutes(60)),
    ];
    for (one, meets_one) in &table {
        for (other, meets_other) in &table {
            let mut pairs = vec![*one];
            if one.0 != other.0 {
                pairs.push(*other);
            } else if one.1 != other.1 {
                continue;
            }
            let expected = written.iter().filter(|(_, it)| meets_one(it) && meets_other(it));
            let expected: Vec<_> = expected.map(|(id, _)| id.clone()).collect();
            assert_eq!(found(&log.store, &pairs).await, expected, "{pairs:?}");
        }
    }
    let all = [
        ("actor", "olivia"),
        ("action", "api-key.update"),
        ("noun", "api-key"),
        ("id", "main2"),
        ("since", since.as_str()),
        ("until", until.as_str()),
    ];
    assert_eq!(found(&log.store, &all).await.len(), 1);
}

#[tokio::test]
async fn since_is_included_and_until_is_not() {
    let log = Log::of_minutes(5).await;
    let stored = log.ids().await;
    let at = |minute: i64| moment::text(NOON + Duration::minutes(minute));
    let (one, three) = (at(1), at(3));
    assert_eq!(found(&log.store, &[("since", &one), ("until", &three)]).await, stored[1..3]);
    let in_another_zone = "2026-01-31T14:01:00+02:00";
    assert_eq!(found(&log.store, &[("since", in_another_zone)]).await, stored[1..]);
}

#[tokio::test]
async fn an_entry_of_a_wrong_clock_hides_no_other_entry() {
    let log = Log::of_minutes(3).await;
    let wrong = [OffsetDateTime::UNIX_EPOCH, NOON + Duration::days(36500)];
    for at in wrong {
        log.write(Deed { at, ..DEED }).await;
    }
    for minute in 3..6 {
        log.write(Deed { at: NOON + Duration::minutes(minute), ..DEED }).await;
    }
    let stored = log.ids().await;
    let right = [&stored[..3], &stored[5..]].concat();
    let (since, until) = (moment::text(NOON), moment::text(NOON + Duration::hours(1)));
    assert_eq!(found(&log.store, &[("since", &since), ("until", &until)]).await, right);
}

#[tokio::test]
async fn a_search_ends_where_entries_are_beyond_its_times() {
    let log = Log::of_minutes(5).await;
    for _ in 0..3000 {
        log.write(Deed { at: NOON + Duration::days(2), ..DEED }).await;
    }
    // A chunk that looks at all of them would end before the last one and say that there are more.
    let until = moment::text(NOON + Duration::hours(1));
    let chunk = chunk(&log.store, &filter(&[("until", &until)]).unwrap(), None).await.unwrap();
    assert_eq!((chunk.entries.len(), chunk.next), (5, None));
}

#[test]
fn a_filter_that_can_find_nothing_by_mistake_is_refused() {
    let table: [(&[(&str, &str)], &str); 7] = [
        (
            &[("action", "provider.paint")],
            "there is no action \"provider.paint\" in the audit log; use provider.create, ",
        ),
        (
            &[("noun", "providers")],
            "there is no noun \"providers\" in the audit log; use provider, api-key",
        ),
        (&[("noun", "")], "there is no noun \"\" in the audit log; "),
        (&[("since", "2026-01-31")], "since is no time; "),
        (
            &[("since", "2026-01-31T00:00:00Z"), ("until", "2026-01-31T00:00:00Z")],
            "since is not before until; ",
        ),
        (
            &[("target", "main")],
            "there is no query parameter \"target\" here; use actor, action, noun, id, since, until",
        ),
        (&[("actor", "a"), ("actor", "b")], "the query parameter actor stands twice; "),
    ];
    for (pairs, message) in table {
        for problem in [query(pairs).unwrap_err(), filter(pairs).unwrap_err()] {
            assert!(problem.to_string().starts_with(message), "{problem}");
        }
    }
    for name in ["limit", "cursor"] {
        assert!(filter(&[(name, "1")]).is_err(), "an export has no {name}");
    }
}

#[test]
fn every_action_has_a_name_and_a_noun_that_can_be_asked_for() {
    for action in AuditAction::ALL {
        let name = action.as_str();
        assert_eq!(serde_json::to_value(action).unwrap(), name);
        assert!(filter(&[("action", name), ("noun", action.noun())]).is_ok(), "{name}");
    }
}
