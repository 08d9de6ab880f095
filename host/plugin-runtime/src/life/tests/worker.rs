//! The thread and its handle.

use super::*;
use crate::{ChildCompiler, PluginLife, Upload};

fn started(limits: LifeLimits) -> (Rig, PluginLife) {
    let mut rig = Rig::with(|settings| settings.limits = limits);
    rig.keeper = None;
    rig.registry = registry();
    let life = PluginLife::start(rig.settings.clone(), Arc::clone(&rig.registry)).unwrap();
    (rig, life)
}

/// Waits until a version serves.
async fn until_serves(rig: &Rig, life: &PluginLife, name: &str, version: &str) {
    let mut changes = life.changes();
    let found = tokio::time::timeout(Duration::from_secs(60), async {
        while rig.version(name).await.as_deref() != Some(version) {
            changes.changed().await.unwrap();
        }
    });
    assert!(found.await.is_ok(), "{name} {version} never serves: {:?}", life.view());
}

#[tokio::test]
async fn the_system_tells_of_a_new_file() {
    let (rig, life) = started(LifeLimits {
        notices: Notices::System,
        coalesce: Duration::from_millis(1),
        ..LIFE
    });
    // The next poll is an hour away.
    rig.put("plain.wasm", &plugin("plain", "1").build());
    until_serves(&rig, &life, "plain", "1").await;
    rig.put("plain.wasm", &plugin("plain", "2").build());
    until_serves(&rig, &life, "plain", "2").await;
    life.stop();
    life.ended().await;
}

#[tokio::test]
async fn polling_alone_is_enough() {
    let (rig, life) = started(LifeLimits { poll: Duration::from_millis(5), ..LIFE });
    rig.put("plain.wasm", &plugin("plain", "1").build());
    until_serves(&rig, &life, "plain", "1").await;
    fs::remove_dir_all(&rig.settings.directory).unwrap();
    fs::create_dir(&rig.settings.directory).unwrap();
    rig.put("plain.wasm", &plugin("plain", "2").build());
    until_serves(&rig, &life, "plain", "2").await;
}

#[tokio::test]
async fn a_failing_generation_is_rolled_back_by_the_thread() {
    let (rig, life) = started(LifeLimits { tick: Duration::from_millis(5), ..LIFE });
    let upload =
        |guest: &Guest| Upload { component: guest.build(), signature: None, rollout: None };
    life.upload(upload(&plugin("plain", "1"))).await.unwrap();
    life.upload(upload(&trapping("plain", "2", 2))).await.unwrap();
    rig.exchange("plain", 1).await.unwrap_err();
    until_serves(&rig, &life, "plain", "1").await;
    // Looks of the thread come one after the other: this one is after the roll-back.
    life.pin("plain").await.unwrap();
    assert_eq!(life.view().quarantine.len(), 1);
}

#[tokio::test]
async fn a_roll_back_does_not_wait_for_the_compilation_of_another_plugin() {
    let limits = LifeLimits { tick: Duration::from_millis(1), ..LIFE };
    let mut rig = Rig::with(|settings| settings.limits = limits);
    let cache = rig.home.path().join("code");
    rig.keeper = None;
    rig.registry = registry_with(Compilation { child: None, cache: Some(cache.clone()) });
    rig.start();
    rig.install("plain.wasm", &plugin("plain", "1"));
    rig.install("plain.wasm", &trapping("plain", "2", 2));
    rig.keeper = None;
    // Compiles nothing until it is told to give up.
    let end = rig.home.path().join("end");
    let script = format!("until [ -e '{}' ]; do sleep 0.01; done; exit 1", end.display());
    let child = ChildCompiler {
        program: "/bin/sh".into(),
        arguments: vec!["-c".into(), script.into(), "compiler".into()],
    };
    rig.registry = registry_with(Compilation { child: Some(child), cache: Some(cache) });
    let life = PluginLife::start(rig.settings.clone(), Arc::clone(&rig.registry)).unwrap();
    let component = plugin("slow", "1").build();
    let upload = Upload { component, signature: None, rollout: None };
    let uploading = tokio::spawn({
        let life = life.clone();
        async move { life.upload(upload).await }
    });
    rig.exchange("plain", 1).await.unwrap_err();
    until_serves(&rig, &life, "plain", "1").await;
    assert!(!uploading.is_finished());
    fs::write(end, "").unwrap();
    uploading.await.unwrap().unwrap_err();
}

#[tokio::test]
async fn actions_go_through_the_handle() {
    let (rig, life) = started(LIFE);
    let upload =
        |guest: &Guest| Upload { component: guest.build(), signature: None, rollout: None };
    for number in ["1", "2"] {
        life.upload(upload(&plugin("plain", number))).await.unwrap();
    }
    assert_eq!(rig.version("plain").await.unwrap(), "2");
    assert_eq!(life.view().plugin("plain").unwrap().serving.as_ref().unwrap().figures.calls, 1);
    life.roll_back("plain", None).await.unwrap();
    life.pin("plain").await.unwrap();
    life.unpin("plain").await.unwrap();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
    life.remove("plain").await.unwrap();
    assert!(life.view().plugins.is_empty());
    life.stop();
    life.ended().await;
    assert!(matches!(life.pin("plain").await, Err(crate::LifeProblem::Stopped)));
}

#[tokio::test]
async fn the_thread_ends_with_the_last_handle() {
    let (rig, life) = started(LifeLimits { notices: Notices::System, ..LIFE });
    let mut changes = life.changes();
    drop(life);
    while changes.changed().await.is_ok() {}
    drop(rig);
}
