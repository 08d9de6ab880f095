//! The first calls of a new generation.

use super::*;
use crate::life::EventKind;
use crate::{Grant, Isolation};

fn tried(first: &Guest) -> Rig {
    let mut rig = Rig::new();
    rig.install("plain.wasm", first);
    rig
}

/// Enough good calls for a trial, and time passes.
async fn pass(rig: &mut Rig) {
    rig.exchange("plain", 100).await.unwrap();
    rig.keeper().watch(Instant::now() + HOUR);
    assert_eq!(rig.phase("plain"), Some(Phase::Serving));
}

#[tokio::test]
async fn a_trap_on_the_tenth_call_rolls_back_by_itself() {
    let mut rig = tried(&plugin("plain", "1").frugal());
    pass(&mut rig).await;
    rig.install("plain.wasm", &trapping("plain", "2", 10));
    assert_eq!(rig.phase("plain"), Some(Phase::Watch));
    rig.exchange("plain", 8).await.unwrap();
    rig.watch();
    assert_eq!(rig.phase("plain"), Some(Phase::Watch));
    let digest = rig.view().plugin("plain").unwrap().serving.clone().unwrap().digest;

    // The generation has had nine calls: this one's first trap is its tenth or later.
    let mut rig = tried(&plugin("plain", "1").frugal());
    pass(&mut rig).await;
    rig.install("plain.wasm", &trapping("plain", "2", 10));
    rig.exchange("plain", 9).await.unwrap_err();
    rig.watch();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
    let view = rig.view();
    assert_eq!(view.quarantine[0].digest, digest);
    assert_eq!(rig.phase("plain"), Some(Phase::Quarantined));
    assert_eq!(rig.events(EventKind::RolledBack), 1);

    // Across a restart, and although the file still holds it.
    rig.restart();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
    rig.look();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
    assert_eq!(rig.pending("plain.wasm").phase, Phase::Quarantined);

    rig.keeper().approve("plain", &digest).unwrap();
    assert_eq!(rig.version("plain").await.unwrap(), "2");
    assert!(rig.view().quarantine.is_empty());
}

#[tokio::test]
async fn a_quarantined_version_is_refused_under_another_file_name() {
    let mut rig = tried(&plugin("plain", "1"));
    let bad = trapping("plain", "2", 2);
    rig.install("plain.wasm", &bad);
    rig.exchange("plain", 1).await.unwrap_err();
    rig.watch();
    assert_eq!(rig.version("plain").await.unwrap(), "1", "on trial itself, and better");
    fs::remove_file(rig.path("plain.wasm")).unwrap();
    rig.install("other.wasm", &bad);
    assert_eq!(rig.pending("other.wasm").phase, Phase::Quarantined);
}

#[tokio::test]
async fn timeouts_count_like_traps() {
    let mut rig = tried(&plugin("plain", "1"));
    let slow = plugin("plain", "2").body("push", "(loop $l (br $l)) unreachable").call_ms(200);
    rig.install("plain.wasm", &slow);
    rig.exchange("plain", 1).await.unwrap_err();
    rig.watch();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
}

#[tokio::test]
async fn a_failure_that_the_plugin_reports_is_no_trap() {
    let mut rig = tried(&plugin("plain", "1"));
    let picky = plugin("plain", "2")
        .answer_with("push", |image| image.failed("invalid-request", "no tools"));
    rig.install("plain.wasm", &picky);
    for _ in 0..5 {
        rig.exchange("plain", 1).await.unwrap_err();
    }
    rig.watch();
    assert_eq!(rig.version("plain").await.unwrap(), "2");
}

#[tokio::test]
async fn without_an_earlier_version_the_bundled_one_comes_back() {
    let mut rig = Rig::new();
    let bundled = plugin("plain", "bundled").build().leak();
    rig.registry.install_bundled(bundled, Grant::default()).unwrap();
    rig.install("plain.wasm", &trapping("plain", "1", 2));
    rig.exchange("plain", 1).await.unwrap_err();
    rig.watch();
    assert_eq!(rig.version("plain").await.unwrap(), "bundled");
    assert_eq!(rig.view().quarantine.len(), 1);
}

#[tokio::test]
async fn the_only_version_there_is_serves_on() {
    let mut rig = tried(&trapping("plain", "1", 2));
    rig.exchange("plain", 1).await.unwrap_err();
    rig.watch();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
    assert!(rig.view().quarantine.is_empty());
    assert_eq!(rig.events(EventKind::Failing), 1);
}

#[tokio::test]
async fn a_pinned_version_is_not_rolled_back() {
    let mut rig = tried(&plugin("plain", "1"));
    rig.install("plain.wasm", &trapping("plain", "2", 2));
    rig.keeper().pin("plain", true).unwrap();
    rig.exchange("plain", 1).await.unwrap_err();
    rig.watch();
    assert_eq!(rig.version("plain").await.unwrap(), "2");
}

#[tokio::test]
async fn after_its_trial_a_version_is_the_last_good_one() {
    let reused = Grant { isolation: Isolation::Reuse, ..Grant::default() };
    let mut rig = Rig::with(|settings| {
        settings.grants.insert("plain".into(), reused);
    });
    rig.install("plain.wasm", &plugin("plain", "1").frugal());
    assert!(rig.view().plugin("plain").unwrap().last_good.is_none());
    pass(&mut rig).await;
    let view = rig.view();
    let plugin = view.plugin("plain").unwrap();
    let serving = plugin.serving.as_ref().unwrap();
    assert_eq!(plugin.last_good.as_ref(), Some(&serving.digest));
    assert_eq!((serving.isolation, serving.figures.calls), ("reuse", 101));
    assert!(serving.figures.peak_memory_bytes >= 65536);
    assert_eq!(rig.events(EventKind::Passed), 1);
    rig.restart();
    assert_eq!(rig.phase("plain"), Some(Phase::Serving), "it is not tried again");
}
