//! Which keys are accepted, from one snapshot to the next.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use exchange::{FailureKind, Operation};
use pipeline::{Caller, KeyDigest, KeyRefusal, KeyRing, MeterLimits, Meters, Snapshot};

use super::fakes::{Bench, Script, ask_for, bench, failed};

/// Puts another ring in place and leaves the rest.
fn replace_keys(bench: &Bench, caller: Caller) {
    let keys = Arc::new(KeyRing::new([(KeyDigest::of("pb-1"), caller)]));
    let before = Snapshot::clone(&bench.pipeline.snapshot());
    bench.pipeline.replace(Snapshot { keys, ..before });
}

fn told(bench: &Bench) -> Option<String> {
    let failure = bench.pipeline.authenticate("pb-1").err()?;
    assert_eq!(failure.kind(), FailureKind::Unauthenticated);
    failure.message().split(':').next().map(str::to_owned)
}

#[tokio::test]
async fn a_revoked_key_is_refused_from_the_next_request_on() {
    let bench = bench(vec![]);
    assert_eq!(told(&bench).unwrap(), "this API key is not known here");
    replace_keys(&bench, Caller::new("k"));
    assert_eq!(told(&bench), None);
    let revoked = Caller { refused: Some(KeyRefusal::Revoked), ..Caller::new("k") };
    replace_keys(&bench, revoked);
    assert_eq!(told(&bench).unwrap(), "this API key was revoked");
    let disabled = Caller { refused: Some(KeyRefusal::Disabled), ..Caller::new("k") };
    replace_keys(&bench, disabled);
    assert_eq!(told(&bench).unwrap(), "this API key is disabled");
}

#[tokio::test]
async fn an_expired_key_is_told_so() {
    let bench = bench(vec![]);
    let expiring = |expires_at| Caller { expires_at: Some(expires_at), ..Caller::new("k") };
    replace_keys(&bench, expiring(SystemTime::now() + Duration::from_hours(1)));
    assert_eq!(told(&bench), None);
    replace_keys(&bench, expiring(SystemTime::now() - Duration::from_hours(1)));
    assert_eq!(told(&bench).unwrap(), "this API key has expired");
}

#[tokio::test(start_paused = true)]
async fn a_change_of_keys_leaves_the_rest_and_forgives_nothing() {
    let bench = bench(vec![Script::Reply(200, vec![Ok(r#"{"choices":[]}"#)])]);
    let meters = Meters::default();
    let limits = MeterLimits { requests_per_minute: Some(1), ..MeterLimits::default() };
    let caller = || Caller { meter: meters.meter("k", limits), ..Caller::new("k") };
    replace_keys(&bench, caller());
    let routes = Arc::clone(&bench.pipeline.snapshot().routes);
    let ask = async || {
        let caller = bench.pipeline.authenticate("pb-1").unwrap();
        bench.ask(Operation::Chat, caller, ask_for("m", false).to_string()).await
    };
    assert!(ask().await.is_ok());
    replace_keys(&bench, caller());
    assert_eq!(failed(ask().await).kind(), FailureKind::RateLimited);
    assert!(Arc::ptr_eq(&routes, &bench.pipeline.snapshot().routes));
}
