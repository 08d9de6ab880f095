//! The state on disk: whole at any moment, and enough to start from.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::{LifeProblem, PluginLife};

#[tokio::test]
async fn a_crash_in_any_step_leaves_a_state_that_starts() {
    for step in [
        Phase::Capture,
        Phase::Trust,
        Phase::Inspect,
        Phase::Compile,
        Phase::Prove,
        Phase::Keep,
        Phase::Switch,
    ] {
        let mut rig = Rig::new();
        rig.install("plain.wasm", &plugin("plain", "1"));
        rig.keeper().crash_after = Some(step);
        rig.install("plain.wasm", &plugin("plain", "2"));
        assert_eq!(rig.version("plain").await.unwrap(), "1", "{step}");
        rig.restart();
        let first = rig.version("plain").await.unwrap();
        let expected = if step == Phase::Switch { "2" } else { "1" };
        assert_eq!(first, expected, "{step}");
        rig.look();
        assert_eq!(rig.version("plain").await.unwrap(), "2", "{step}");
        assert!(rig.view().pending.is_empty(), "{step}");
    }
}

#[tokio::test]
async fn a_crash_at_the_first_installation_leaves_a_state_that_starts() {
    for step in [Phase::Keep, Phase::Switch] {
        let mut rig = Rig::new();
        rig.keeper().crash_after = Some(step);
        rig.install("plain.wasm", &plugin("plain", "1"));
        rig.restart();
        rig.look();
        assert_eq!(rig.version("plain").await.unwrap(), "1", "{step}");
    }
}

#[tokio::test]
async fn the_last_good_version_serves_where_the_file_was_spoilt() {
    let mut rig = Rig::new();
    rig.install("plain.wasm", &plugin("plain", "1"));
    rig.keeper = None;
    fs::write(rig.path("plain.wasm"), "rubbish").unwrap();
    rig.restart();
    rig.look();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
    assert_eq!(rig.pending("plain.wasm").phase, Phase::Inspect);
}

#[tokio::test]
async fn a_spoilt_archive_falls_back_to_what_is_whole() {
    let mut rig = Rig::new();
    rig.install("plain.wasm", &plugin("plain", "1"));
    rig.install("plain.wasm", &plugin("plain", "2"));
    let newest = rig.view().plugin("plain").unwrap().serving.clone().unwrap().digest;
    let kept = rig.settings.state.join("versions").join(format!("{newest}.wasm"));
    fs::write(kept, plugin("plain", "3").build()).unwrap();
    fs::write(rig.path("plain.wasm"), "rubbish").unwrap();
    rig.restart();
    rig.look();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
}

#[test]
fn a_file_that_went_while_the_gateway_was_down_serves_no_more() {
    let mut rig = Rig::new();
    rig.install("plain.wasm", &plugin("plain", "1"));
    fs::remove_file(rig.path("plain.wasm")).unwrap();
    rig.restart();
    rig.look();
    assert!(rig.registry.dialect("plain").is_none());
}

#[tokio::test]
async fn a_tampered_cache_is_compiled_anew() {
    let mut rig = Rig::new();
    let cache = rig.settings.state.join("code");
    let compilation = Compilation { child: None, cache: Some(cache.clone()) };
    rig.keeper = None;
    rig.registry = registry_with(compilation.clone());
    rig.start();
    rig.install("plain.wasm", &plugin("plain", "1"));
    for entry in fs::read_dir(&cache).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "code") {
            let mut code = fs::read(&path).unwrap();
            let middle = code.len() / 2;
            code[middle] ^= 1;
            fs::write(&path, code).unwrap();
        }
    }
    rig.keeper = None;
    rig.registry = registry_with(compilation);
    rig.start();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
}

#[test]
fn a_state_of_something_else_is_refused_and_not_written_over() {
    for text in ["rubbish", "{}", "{\"format\":2,\"plugins\":{},\"quarantine\":{}}"] {
        let mut rig = Rig::new();
        rig.keeper = None;
        let path = rig.settings.state.join("state.json");
        fs::write(&path, text).unwrap();
        let refused = PluginLife::start(rig.settings.clone(), registry()).err().unwrap();
        assert!(matches!(refused, LifeProblem::State { .. }), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn one_directory_is_one_gateways() {
    let rig = Rig::new();
    let refused = PluginLife::start(rig.settings.clone(), registry()).err().unwrap();
    assert!(matches!(refused, LifeProblem::InUse(_)), "{refused}");
}

#[tokio::test]
async fn a_trial_goes_on_after_a_restart() {
    let mut rig = Rig::new();
    rig.install("plain.wasm", &plugin("plain", "1"));
    rig.restart();
    assert_eq!(rig.phase("plain"), Some(Phase::Watch));
    rig.install("plain.wasm", &trapping("plain", "2", 2));
    rig.restart();
    rig.look();
    rig.exchange("plain", 1).await.unwrap_err();
    rig.watch();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
}

#[tokio::test]
async fn a_version_with_which_the_gateway_breaks_down_again_and_again_is_given_up() {
    let mut rig = Rig::new();
    rig.install("plain.wasm", &plugin("plain", "1"));
    rig.install("plain.wasm", &plugin("plain", "2"));
    for _ in 0..5 {
        rig.restart();
        rig.keeper().close();
    }
    assert_eq!(rig.version("plain").await.unwrap(), "2", "good ends");
    for version in ["2", "2", "1"] {
        rig.restart();
        rig.look();
        assert_eq!(rig.version("plain").await.unwrap(), version);
    }
    assert!(rig.view().quarantine[0].cause.contains("broke down 3 times"));
    assert_eq!(rig.pending("plain.wasm").phase, Phase::Quarantined);
}

#[test]
fn the_state_is_private() {
    let mut rig = Rig::new();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&rig.settings.state), 0o700);
    fs::set_permissions(&rig.settings.state, fs::Permissions::from_mode(0o775)).unwrap();
    rig.restart();
    assert_eq!(mode(&rig.settings.state), 0o700);
}

#[test]
fn a_rehearsal_changes_nothing() {
    let mut rig = Rig::new();
    rig.install("plain.wasm", &plugin("plain", "1"));
    let state = fs::read(rig.settings.state.join("state.json")).unwrap();
    rig.put("plain.wasm", &plugin("plain", "2").build());
    rig.put("bad.wasm", b"rubbish");
    let registry = registry();
    let view = PluginLife::rehearse(rig.settings.clone(), Arc::clone(&registry)).unwrap();
    assert_eq!(view.plugin("plain").unwrap().serving.as_ref().unwrap().version, "2");
    assert_eq!(view.pending.len(), 1);
    assert!(registry.dialect("plain").is_some());
    assert_eq!(fs::read(rig.settings.state.join("state.json")).unwrap(), state);
    assert_eq!(fs::read_dir(rig.settings.state.join("versions")).unwrap().count(), 1);
}

#[tokio::test]
async fn without_a_place_for_the_state_plugins_serve_all_the_same() {
    let mut rig = Rig::with(|settings| {
        fs::write(settings.directory.join("occupied"), "").unwrap();
        settings.state = settings.directory.join("occupied/state");
    });
    rig.install("plain.wasm", &plugin("plain", "1"));
    rig.install("plain.wasm", &plugin("plain", "2"));
    rig.keeper().roll_back("plain", None).unwrap();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
}
