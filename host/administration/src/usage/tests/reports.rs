//! Reports: which hours, grouped by what.

use std::collections::BTreeMap;

use exchange::{AccessRecord, Operation};
use store::MemoryStore;
use time::{Duration, OffsetDateTime};

use super::scripted::{End, Scripted};
use super::work::{NOON, counts, grouped, query, request, total};
use crate::problem::AdminProblem;
use crate::usage::report::report;
use crate::usage::{UsageCounts, UsageGroup, UsageLedger, UsageQuery};

const DIMENSIONS: [&str; 6] = ["api_key", "provider", "model", "operation", "hour", "day"];

fn parsed(pairs: &[(&str, &str)]) -> Result<UsageQuery, AdminProblem> {
    let pairs: Vec<_> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    UsageQuery::parse(&pairs, NOON)
}

/// Requests that differ in everything that is counted apart.
fn requests() -> Vec<(AccessRecord, OffsetDateTime)> {
    let mut requests = Vec::new();
    for number in 0..1500_i64 {
        let mut record = request(&format!("key-{}", number % 3), &format!("m{}", number % 7));
        record.provider = (number % 5 > 0).then(|| format!("p{}", number % 5).into());
        if number % 11 == 0 {
            record.model = None;
        }
        if number % 2 == 0 {
            record.operation = Some(Operation::Embeddings);
        }
        requests.push((record, NOON + Duration::minutes(7 * number)));
    }
    requests
}

/// The group of a request, reckoned in another way than the report does.
fn group_of(record: &AccessRecord, at: OffsetDateTime, by: &[&str]) -> UsageGroup {
    let or_none =
        |part: &Option<std::sync::Arc<str>>| part.as_deref().unwrap_or("(none)").to_owned();
    let day = format!("{:04}-{:02}-{:02}", at.year(), u8::from(at.month()), at.day());
    let has = |name: &str| by.contains(&name);
    UsageGroup {
        api_key: has("api_key").then(|| or_none(&record.caller)),
        provider: has("provider").then(|| or_none(&record.provider)),
        model: has("model").then(|| or_none(&record.model)),
        operation: has("operation").then(|| record.operation.unwrap().as_str().to_owned()),
        hour: has("hour").then(|| format!("{day}T{:02}:00:00Z", at.hour())),
        day: has("day").then_some(day),
    }
}

#[tokio::test]
async fn every_choice_of_groups_adds_up_to_what_was_counted() {
    let (store, ledger) = (MemoryStore::new(), UsageLedger::default());
    let requests = requests();
    for (record, at) in &requests {
        ledger.count(record, *at);
    }
    for choice in 0..64_usize {
        let by: Vec<_> = DIMENSIONS
            .into_iter()
            .enumerate()
            .filter(|(bit, _)| choice >> bit & 1 == 1)
            .map(|it| it.1)
            .collect();
        let mut expected = BTreeMap::<_, u64>::new();
        for (record, at) in &requests {
            *expected.entry(group_of(record, *at, &by)).or_default() += 1;
        }
        let report = grouped(&store, &ledger, &by.join(",")).await;
        let found: Vec<_> = report.data.into_iter().map(|row| (row.group, row.counts)).collect();
        let expected: Vec<_> = expected.into_iter().map(|(group, n)| (group, counts(n))).collect();
        assert_eq!(found, expected, "{by:?}");
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one row a line of a table")]
async fn from_is_the_first_hour_and_to_is_behind_the_last_one() {
    let (store, ledger) = (MemoryStore::new(), UsageLedger::default());
    let times = [
        "2026-01-30T22:59:59.999Z",
        "2026-01-30T23:00:00Z",
        "2026-01-30T23:59:59.999Z",
        "2026-01-31T00:00:00Z",
        "2026-01-31T00:59:59.999999999Z",
        "2026-01-31T01:00:00Z",
    ];
    for at in times {
        let at = OffsetDateTime::parse(at, &time::format_description::well_known::Rfc3339).unwrap();
        ledger.count(&request("laptop", "m"), at);
    }
    let table = [
        (
            "2026-01-30T23:00:00Z",
            "2026-01-31T00:00:00Z",
            2,
            "2026-01-30T23:00:00Z",
            "2026-01-31T00:00:00Z",
        ),
        (
            "2026-01-30T23:59:59Z",
            "2026-01-31T00:00:01Z",
            4,
            "2026-01-30T23:00:00Z",
            "2026-01-31T01:00:00Z",
        ),
        (
            "2026-01-31T00:00:00+01:00",
            "2026-01-31T01:00:00+01:00",
            2,
            "2026-01-30T23:00:00Z",
            "2026-01-31T00:00:00Z",
        ),
        (
            "2026-01-31T00:30:00Z",
            "2026-01-31T00:30:00.001Z",
            2,
            "2026-01-31T00:00:00Z",
            "2026-01-31T01:00:00Z",
        ),
        (
            "2026-01-30T22:00:00Z",
            "2026-01-31T02:00:00Z",
            6,
            "2026-01-30T22:00:00Z",
            "2026-01-31T02:00:00Z",
        ),
        (
            "2026-01-31T02:00:00Z",
            "2026-01-31T03:00:00Z",
            0,
            "2026-01-31T02:00:00Z",
            "2026-01-31T03:00:00Z",
        ),
    ];
    for (from, to, requests, first, behind) in table {
        let query = query(&[("from", from), ("to", to), ("group_by", "")]);
        let report = report(&store, &ledger, &query).await.unwrap();
        assert_eq!(
            report.data.iter().map(|row| row.counts.requests).sum::<u64>(),
            requests,
            "{from}"
        );
        assert_eq!((report.from.as_str(), report.to.as_str()), (first, behind));
    }
    let days = grouped(&store, &ledger, "day").await.data;
    let days: Vec<_> =
        days.iter().map(|row| (row.group.day.as_deref().unwrap(), row.counts.requests)).collect();
    assert_eq!(days, [("2026-01-30", 3), ("2026-01-31", 3)]);
}

#[test]
fn a_query_says_what_it_can_be_asked() {
    let default = parsed(&[]).unwrap();
    let same = [
        parsed(&[("from", "2026-01-30T12:00:00Z"), ("to", "2026-01-31T12:00:00Z")]).unwrap(),
        parsed(&[("group_by", "model, api_key,model")]).unwrap(),
    ];
    assert!(same.iter().all(|query| *query == default));
    let table: [(&[(&str, &str)], &str); 8] = [
        (&[("from", "2026-01-31T12:00:00Z")], "from is not before to; "),
        (
            &[("from", "2026-02-01T00:00:00Z"), ("to", "2026-01-01T00:00:00Z")],
            "from is not before to; ",
        ),
        (&[("from", "yesterday")], "from is no time; "),
        (&[("from", "2024-12-01T00:00:00Z")], "the span from from to to is longer than 400 days; "),
        (&[("group_by", "colour")], "use cannot be grouped by \"colour\"; use api_key, provider"),
        (&[("group_by", "model,")], "use cannot be grouped by \"\"; "),
        (&[("group_by", "Model")], "use cannot be grouped by \"Model\"; "),
        (&[("limit", "5")], "there is no query parameter \"limit\" here; use from, to, group_by"),
    ];
    for (pairs, message) in table {
        let problem = parsed(pairs).unwrap_err().to_string();
        assert!(problem.starts_with(message), "{problem}");
    }
}

#[tokio::test]
async fn a_row_has_the_members_that_were_asked_for_and_the_counts() {
    let (store, ledger) = (MemoryStore::new(), UsageLedger::default());
    let mut record = request("laptop", "m");
    record.provider = None;
    ledger.count(&record, NOON);
    let report = grouped(&store, &ledger, "provider,day").await;
    let shown = serde_json::to_value(&report).unwrap();
    assert_eq!(shown["object"], "usage");
    assert_eq!(
        shown["data"],
        serde_json::json!([{
            "provider": "(none)", "day": "2026-01-31", "requests": 1, "failed_requests": 0,
            "prompt_tokens": 10, "completion_tokens": 5, "cached_tokens": 4, "reasoning_tokens": 3,
        }])
    );
}

#[tokio::test]
async fn a_report_of_more_than_ten_thousand_rows_is_refused() {
    let (store, ledger) = (MemoryStore::new(), UsageLedger::default());
    for number in 0..10_000 {
        ledger.count(&request("laptop", &format!("m{number}")), NOON);
    }
    assert_eq!(grouped(&store, &ledger, "model").await.data.len(), 10_000);
    ledger.count(&request("laptop", "one more"), NOON);
    let query = query(&[("from", "2026-01-31T00:00:00Z"), ("to", "2026-02-01T00:00:00Z")]);
    let problem = report(&store, &ledger, &query).await.unwrap_err();
    assert!(problem.to_string().starts_with("the report has more than 10000 rows; "));
    assert_eq!(total(&store, &ledger).await, counts(10_001));
}

#[tokio::test]
async fn a_report_goes_without_what_the_store_does_not_take_now() {
    let (store, ledger) = (Scripted::default(), UsageLedger::default());
    ledger.count(&request("laptop", "m"), NOON);
    ledger.flush(&store).await.unwrap();
    ledger.count(&request("laptop", "m"), NOON);
    store.next(&[End::Refused]);
    assert_eq!(total(&store, &ledger).await, counts(1));
    assert_eq!(total(&store, &ledger).await, counts(2));
    assert_eq!(total(&MemoryStore::new(), &UsageLedger::default()).await, UsageCounts::default());
}
