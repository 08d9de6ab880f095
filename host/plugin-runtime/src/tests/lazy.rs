//! Bundled plugins: inspected at once, compiled when they are needed.

use super::*;
use crate::LoadError;

fn bundle(registry: &Registry, guest: &Guest) -> Result<exchange::GenerationId, LoadError> {
    registry.install_bundled(Box::leak(guest.build().into_boxed_slice()), Grant::default())
}

#[tokio::test]
async fn a_bundled_plugin_is_compiled_at_its_first_use() {
    let registry = registry();
    bundle(&registry, &Guest::egress("plain")).unwrap();
    assert_eq!(status(&registry, "plain").stats.stock_depth, 0, "no instance was made");
    assert_serves(&registry, "plain").await;
    let calls = status(&registry, "plain").stats.calls;
    assert!(calls > 0);
    assert_serves(&registry, "plain").await;
    assert!(status(&registry, "plain").stats.calls > calls, "the same generation goes on");
}

#[tokio::test]
async fn requests_that_come_at_once_wait_for_one_compilation() {
    let registry = registry();
    bundle(&registry, &Guest::egress("plain")).unwrap();
    let uses = (0..8).map(|_| encode(&registry, "plain"));
    for answer in futures_util::future::join_all(uses).await {
        assert_eq!(answer.unwrap(), "encoded");
    }
    // One instance proves that it starts; had each request made its own generation, the
    // counters of all but one would be lost.
    assert_eq!(status(&registry, "plain").stats.calls, 8);
}

#[test]
fn what_is_prepared_is_ready_before_it_is_used() {
    let registry = registry();
    bundle(&registry, &Guest::egress("plain")).unwrap();
    bundle(&registry, &Guest::http("web")).unwrap();
    bundle(&registry, &Guest::egress("other")).unwrap();
    registry.prepare(["web", "nobody"], ["plain"]).unwrap();
    let made = |name| status(&registry, name).stats.stock_depth > 0;
    assert!(made("plain") && made("web") && !made("other"));
}

#[tokio::test]
async fn one_that_does_not_start_is_named_and_harms_nobody() {
    let registry = registry();
    bundle(&registry, &Guest::egress("plain")).unwrap();
    bundle(&registry, &Guest::egress("broken").start("unreachable")).unwrap();
    let (name, refused) = registry.prepare([], ["broken"]).unwrap_err();
    assert_eq!(name, "broken");
    assert!(matches!(refused, LoadError::Start(_)), "{refused}");
    let failure = encode(&registry, "broken").await.unwrap_err();
    assert_fault(&failure, "no instance can be made");
    assert_serves(&registry, "plain").await;
}

#[test]
fn a_bundled_plugin_that_is_none_is_refused_at_once() {
    let refused = registry().install_bundled(b"(component)", Grant::default()).unwrap_err();
    assert!(matches!(refused, LoadError::NotWebAssembly), "{refused}");
}
