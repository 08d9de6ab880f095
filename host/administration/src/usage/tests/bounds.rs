//! Whatever is named, rows are bounded, and nothing is left out of the totals.

use std::collections::HashSet;
use std::sync::Arc;

use exchange::Operation;
use sha2::{Digest as _, Sha256};
use store::{Broken, Kind, MAX_KEY_BYTES, MemoryStore, Store as _};

use super::work::{NOON, counts, grouped, request, rows, total};
use crate::usage::UsageLedger;
use crate::usage::row::{Hour, RowKey};

/// As the ledger has it.
const MAX_ROWS: usize = 20_000;

#[tokio::test]
async fn models_beyond_twenty_thousand_rows_are_counted_together() {
    let (store, ledger) = (MemoryStore::new(), UsageLedger::default());
    for number in 0..30_000 {
        ledger.count(&request("laptop", &format!("m{number}")), NOON);
    }
    // One that has its row goes on counting there.
    ledger.count(&request("laptop", "m0"), NOON);
    ledger.flush(&store).await.unwrap();
    assert_eq!(rows(&store).await, MAX_ROWS + 1);
    assert_eq!(total(&store, &ledger).await, counts(30_001));
    let stored = store.load(Kind::Usage).await.unwrap().records;
    let of = |model: &str| {
        let wanted = format!("\"model\":\"{model}\"");
        let rows = stored.iter().map(|it| String::from_utf8_lossy(&it.body));
        rows.filter(|body| body.contains(&wanted)).map(|it| it.into_owned()).collect::<Vec<_>>()
    };
    assert!(of("(other)")[0].contains("\"requests\":10000,"), "{:?}", of("(other)"));
    assert!(of("m0")[0].contains("\"requests\":2,"), "{:?}", of("m0"));
}

#[tokio::test]
async fn a_store_that_takes_nothing_does_not_make_memory_grow_without_end() {
    let good = Arc::new(MemoryStore::new());
    let broken = Broken::new(Arc::clone(&good) as _);
    broken.break_now();
    let ledger = UsageLedger::default();
    let (mut requests, hours) = (0, 3);
    for hour in 0..hours {
        for number in 0..25_000 {
            let record = request(&format!("key-{number}"), &format!("m{hour}-{number}"));
            ledger.count(&record, NOON + time::Duration::hours(hour));
            requests += 1;
            if number % 5000 == 0 {
                assert!(ledger.flush(&broken).await.is_err());
            }
        }
    }
    ledger.flush(&*good).await.unwrap();
    // Beyond twice the bound one row for each hour and operation.
    let most = 2 * MAX_ROWS + usize::try_from(hours).unwrap();
    assert!(rows(&*good).await <= most, "{}", rows(&*good).await);
    assert_eq!(total(&*good, &ledger).await, counts(requests));
    let by_hour = grouped(&*good, &ledger, "hour").await;
    assert!(by_hour.data.iter().all(|row| row.counts == counts(25_000)));
    // What is written makes room again.
    ledger.count(&request("laptop", "new"), NOON - time::Duration::hours(1));
    ledger.flush(&*good).await.unwrap();
    let row = RowKey::of(&request("laptop", "new"), Hour::of(NOON - time::Duration::hours(1)));
    let row = good.get(Kind::Usage, &row.unwrap().stored()).await.unwrap();
    assert!(row.is_some());
}

#[test]
fn no_two_rows_have_one_key_and_each_key_is_one_that_a_store_takes() {
    let long = "m".repeat(256);
    let longer = format!("{long}n");
    // What stands for the long one, taken for a name.
    let digest = Sha256::digest(&long).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let digest = format!("#{digest}");
    let parts = [
        "",
        "a",
        "b",
        "a|b",
        "a%7cb",
        "|",
        "%",
        "%25",
        "#",
        "#a",
        "(none)",
        "(other)",
        "\0",
        "\u{1}",
        "é|",
        "\u{85}",
        &long,
        &longer,
        &digest,
        &"é".repeat(100),
        &"%".repeat(100),
    ];
    let mut keys = HashSet::new();
    let mut number = 0;
    for hour in [NOON, NOON + time::Duration::hours(1)] {
        for api_key in parts {
            for provider in parts.iter().map(Some).chain([None]) {
                for model in parts.iter().map(Some).chain([None]) {
                    let row = RowKey {
                        hour: Hour::of(hour),
                        api_key: api_key.into(),
                        provider: provider.map(|it| (*it).into()),
                        model: model.map(|it| (*it).into()),
                        operation: Operation::Chat,
                    };
                    let key = row.stored();
                    assert!(key.len() <= MAX_KEY_BYTES && !key.contains('\0'), "{key:?}");
                    assert!(key.starts_with(&row.hour.prefix()));
                    keys.insert(key);
                    number += 1;
                }
            }
        }
    }
    assert_eq!(keys.len(), number);
}
