use std::sync::Arc;
use std::time::{Duration, Instant};

use exchange::FailureKind;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn requests(limit: u64) -> MeterLimits {
    MeterLimits { requests_per_minute: Some(limit), ..MeterLimits::default() }
}

fn tokens(limit: u64) -> MeterLimits {
    MeterLimits { tokens_per_minute: Some(limit), ..MeterLimits::default() }
}

fn concurrent(limit: u64) -> MeterLimits {
    MeterLimits { max_concurrent_requests: Some(limit), ..MeterLimits::default() }
}

fn meter(limits: MeterLimits) -> Arc<Meter> {
    Meters::default().meter("k", limits)
}

fn enter(meter: &Arc<Meter>, now: Instant) -> Arc<Admission> {
    meter.enter(now).unwrap().unwrap()
}

/// How many of so many requests are admitted.
fn admitted(meter: &Arc<Meter>, tries: usize, now: Instant) -> usize {
    (0..tries).filter(|_| meter.enter(now).is_ok()).count()
}

fn tokens_left(meter: &Meter, now: Instant) -> u64 {
    meter.levels(now).tokens.unwrap().remaining
}

#[test]
fn a_key_without_limits_has_nothing_to_admit() {
    let now = Instant::now();
    assert!(Meter::unlimited().enter(now).unwrap().is_none());
    assert!(meter(MeterLimits::default()).enter(now).unwrap().is_none());
    assert_eq!(Meter::unlimited().levels(now), Levels::default());
}

#[test]
fn requests_refill_evenly_within_a_minute() {
    let meter = meter(requests(60));
    let now = Instant::now();
    assert_eq!(admitted(&meter, 100, now), 60);
    assert_eq!(admitted(&meter, 100, now + SECOND - Duration::from_nanos(1)), 0);
    assert_eq!(admitted(&meter, 100, now + SECOND), 1);
    assert_eq!(admitted(&meter, 100, now + SECOND * 11), 10);
    assert_eq!(admitted(&meter, 100, now + SECOND * 3600), 60, "no more than a minute's");
}

#[test]
fn nothing_is_lost_by_rounding() {
    let meter = meter(requests(7));
    let start = Instant::now();
    assert_eq!(admitted(&meter, 7, start), 7);
    // A minute in steps in each of which a fraction of a request refills.
    let step = Duration::from_nanos(7_919_003);
    let steps = 60_000_000_000_u64.div_ceil(7_919_003);
    let again: usize =
        (1..=u32::try_from(steps).unwrap()).map(|n| admitted(&meter, 1, start + step * n)).sum();
    assert_eq!(again, 7);
}

#[test]
fn a_refusal_names_the_limit_and_a_wait_that_suffices() {
    let now = Instant::now();
    let meter = meter(requests(7));
    assert_eq!(admitted(&meter, 7, now), 7);
    let refusal = meter.enter(now).unwrap_err();
    assert_eq!(refusal.kind(), FailureKind::RateLimited);
    assert_eq!(refusal.param(), None);
    assert_eq!(
        refusal.message(),
        "this API key's limit of 7 requests per minute is reached: try again in 9s"
    );
    let wait = refusal.retry_after().unwrap();
    assert_eq!(wait, Duration::from_millis(8572));
    assert_eq!(admitted(&meter, 1, now + wait - Duration::from_millis(1)), 0);
    assert_eq!(admitted(&meter, 1, now + wait), 1);
}

#[test]
fn concurrent_requests_are_counted_until_they_are_settled_or_dropped() {
    let now = Instant::now();
    let meter = meter(concurrent(2));
    let (first, second) = (enter(&meter, now), enter(&meter, now));
    let refusal = meter.enter(now).unwrap_err();
    assert!(refusal.message().contains("2 concurrent requests"), "{refusal}");
    assert_eq!(refusal.retry_after(), Some(SECOND));
    first.settle(Spent::Unknown, now);
    let third = enter(&meter, now);
    assert!(meter.enter(now).is_err());
    drop(first);
    assert!(meter.enter(now).is_err(), "what was settled is not given back again");
    drop(second);
    let fourth = enter(&meter, now);
    third.settle(Spent::Nothing, now);
    third.settle(Spent::Nothing, now);
    drop((third, fourth));
    assert_eq!(meter.lock_as_is().in_flight, 0);
}

#[test]
fn a_refused_request_takes_nothing() {
    let now = Instant::now();
    let limits = MeterLimits {
        requests_per_minute: Some(5),
        tokens_per_minute: Some(100),
        max_concurrent_requests: Some(2),
    };
    let meter = meter(limits);
    let (first, second) = (enter(&meter, now), enter(&meter, now));
    assert!(meter.enter(now).is_err(), "two are in flight");
    assert_eq!(meter.levels(now).requests.unwrap().remaining, 3);
    first.reserve(80, now).unwrap();
    let refusal = second.reserve(30, now).unwrap_err();
    assert_eq!(
        refusal.message(),
        "this API key's limit of 100 tokens per minute is reached, this request may need 30: try again in 6s"
    );
    assert_eq!(refusal.retry_after(), Some(SECOND * 6));
    let levels = meter.levels(now);
    assert_eq!(levels.requests.unwrap().remaining, 4, "its place is free again");
    assert_eq!(levels.tokens.unwrap().remaining, 20);
    second.settle(Spent::Counted(1000), now);
    assert_eq!(tokens_left(&meter, now), 20, "it has ended already");
    assert_eq!(meter.lock_as_is().in_flight, 1);
}

#[test]
fn tokens_are_reserved_and_then_settled_by_what_was_counted() {
    let now = Instant::now();
    for (reserved, spent, expected) in [
        (40, Spent::Counted(40), 60),
        (40, Spent::Counted(10), 90),
        (40, Spent::Counted(70), 30),
        (40, Spent::Nothing, 100),
        (40, Spent::Unknown, 60),
        (0, Spent::Counted(100), 0),
        (5000, Spent::Unknown, 0),
        (5000, Spent::Counted(20), 80),
    ] {
        let meter = meter(tokens(100));
        let admission = enter(&meter, now);
        admission.reserve(reserved, now).unwrap();
        assert_eq!(tokens_left(&meter, now), 100 - reserved.min(100));
        admission.settle(spent, now);
        assert_eq!(tokens_left(&meter, now), expected, "{reserved} {spent:?}");
        drop(admission);
        assert_eq!(tokens_left(&meter, now), expected, "{reserved} {spent:?}");
    }
}

#[test]
fn what_is_counted_over_the_limit_has_to_be_waited_for() {
    let now = Instant::now();
    let meter = meter(tokens(60));
    enter(&meter, now).settle(Spent::Counted(360), now);
    let level = meter.levels(now).tokens.unwrap();
    assert_eq!((level.remaining, level.reset), (0, SECOND * 360));
    let refusal = enter(&meter, now).reserve(1, now).unwrap_err();
    assert_eq!(refusal.retry_after(), Some(SECOND * 301));
    // A provider that counts nonsense does not lock the key for good.
    enter(&meter, now).settle(Spent::Counted(u64::MAX), now);
    assert_eq!(meter.levels(now).tokens.unwrap().reset, SECOND * 61 * 60);
}

#[test]
fn what_is_given_back_does_not_overflow_the_limit() {
    let now = Instant::now();
    let meter = meter(tokens(60));
    let admission = enter(&meter, now);
    admission.reserve(60, now).unwrap();
    let later = now + SECOND * 30;
    assert_eq!(tokens_left(&meter, later), 30);
    admission.settle(Spent::Nothing, later);
    assert_eq!(tokens_left(&meter, later), 60);
}

#[test]
fn times_that_come_out_of_order_refill_nothing_twice() {
    let start = Instant::now();
    let meter = meter(requests(60));
    assert_eq!(admitted(&meter, 60, start), 60);
    assert_eq!(admitted(&meter, 9, start + SECOND * 2), 2);
    assert_eq!(admitted(&meter, 9, start + SECOND), 0);
    assert_eq!(admitted(&meter, 9, start + SECOND * 2), 0);
}

#[test]
fn threads_together_never_get_more_than_the_limit() {
    const THREADS: usize = 8;
    let now = Instant::now();
    let limits = MeterLimits {
        requests_per_minute: Some(1000),
        tokens_per_minute: Some(5000),
        max_concurrent_requests: None,
    };
    let meter = meter(limits);
    let work = || {
        let mut tokens = 0;
        let mut requests = 0;
        for n in 0..1000_u64 {
            let Ok(admission) = meter.enter(now) else { continue };
            let admission = admission.unwrap();
            let needed = n % 13;
            match (admission.reserve(needed, now), n % 3) {
                (Err(_), _) => continue,
                (Ok(()), 0) => admission.settle(Spent::Nothing, now),
                (Ok(()), 1) => {
                    admission.settle(Spent::Counted(needed / 2), now);
                    tokens += needed / 2;
                }
                (Ok(()), _) => tokens += needed,
            }
            requests += 1;
        }
        (requests, tokens)
    };
    let (requests, tokens) = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        let sums = threads.into_iter().map(|thread| thread.join().unwrap());
        sums.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    });
    let levels = meter.levels(now);
    assert_eq!(levels.requests.unwrap().remaining, 1000 - requests);
    assert_eq!(levels.tokens.unwrap().remaining, 5000 - tokens);
    assert!(requests > 0 && tokens > 0);
    assert_eq!(meter.lock_as_is().in_flight, 0);
}

#[test]
fn threads_together_are_never_more_than_may_be_at_the_same_time() {
    let now = Instant::now();
    let meter = meter(concurrent(3));
    let inside = std::sync::atomic::AtomicU64::new(0);
    let most = std::sync::atomic::AtomicU64::new(0);
    let work = || {
        for _ in 0..1000 {
            if let Ok(Some(admission)) = meter.enter(now) {
                use std::sync::atomic::Ordering::SeqCst;
                most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
                inside.fetch_sub(1, SeqCst);
                drop(admission);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(work);
        }
    });
    assert!((1..=3).contains(&most.into_inner()));
    assert_eq!(meter.lock_as_is().in_flight, 0);
}

#[test]
fn the_next_snapshot_goes_on_with_the_balance() {
    let now = Instant::now();
    let meters = Meters::default();
    let before = meters.meter("k", requests(60));
    assert_eq!(admitted(&before, 45, now), 45);
    let same = meters.meter("k", requests(60));
    assert_eq!(same.levels(now).requests.unwrap().remaining, 15);
    let other = meters.meter("other", requests(60));
    assert_eq!(other.levels(now).requests.unwrap().remaining, 60);
}

#[test]
fn another_limit_leaves_the_same_share() {
    let now = Instant::now();
    for (limit, expected) in [(120, 60), (60, 30), (10, 5), (1, 0)] {
        let meters = Meters::default();
        let before = meters.meter("k", requests(60));
        assert_eq!(admitted(&before, 30, now), 30);
        let after = meters.meter("k", requests(limit));
        assert_eq!(after.levels(now).requests.unwrap().remaining, expected);
        // A request that began with the snapshot before goes by the new limit.
        assert_eq!(before.levels(now).requests.unwrap().limit, limit);
    }
}

#[test]
fn a_meter_that_never_served_changes_nothing() {
    let now = Instant::now();
    let meters = Meters::default();
    let serving = meters.meter("k", requests(60));
    assert_eq!(admitted(&serving, 30, now), 30);
    drop(meters.meter("k", requests(1)));
    assert_eq!(admitted(&serving, 60, now), 30);
}

#[test]
fn a_limit_may_come_and_go_while_requests_are_in_flight() {
    let now = Instant::now();
    let meters = Meters::default();
    let limited = meters.meter("k", concurrent(1));
    let admission = enter(&limited, now);
    let freed = meters.meter("k", MeterLimits::default());
    assert!(freed.enter(now).unwrap().is_none());
    let again = meters.meter("k", MeterLimits { tokens_per_minute: Some(10), ..concurrent(1) });
    assert!(again.enter(now).is_err(), "the first one is still there");
    admission.settle(Spent::Counted(4), now);
    let second = enter(&again, now);
    assert_eq!(tokens_left(&again, now), 6);
    drop(second);
}

#[test]
fn accounts_of_keys_that_are_gone_are_forgotten() {
    let meters = Meters::default();
    let kept = meters.meter("kept", requests(60));
    assert_eq!(admitted(&kept, 1, Instant::now()), 1);
    for n in 0..1000 {
        drop(meters.meter(&format!("gone-{n}"), requests(1)));
    }
    assert!(meters.len() < 200, "{}", meters.len());
    let same = meters.meter("kept", requests(60));
    assert_eq!(same.levels(Instant::now()).requests.unwrap().remaining, 59);
}
