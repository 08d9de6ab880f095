//! A version that does not pass a step changes nothing.

use std::ffi::OsString;

use serde_json::json;

use super::*;
use crate::{ChildCompiler, Grant, SocketImports};

/// With version 1 serving; then another file comes.
async fn refused(change: impl FnOnce(&Rig) -> Vec<u8>) -> Pending {
    let mut rig = Rig::new();
    rig.install("plain.wasm", &plugin("plain", "1"));
    let bytes = change(&rig);
    rig.put("plain.wasm", &bytes);
    rig.look();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
    rig.restart();
    rig.look();
    assert_eq!(rig.version("plain").await.unwrap(), "1", "across a restart");
    rig.pending("plain.wasm")
}

#[tokio::test]
async fn precompiled_code_in_disguise_is_not_trusted() {
    let pending = refused(|rig| {
        let engine = rig.registry.runtime().engine();
        engine.precompile_component(&plugin("plain", "2").build()).unwrap()
    })
    .await;
    assert_eq!(pending.phase, Phase::Trust);
    assert!(pending.cause.contains("precompiled"), "{}", pending.cause);
}

#[tokio::test]
async fn what_is_no_plugin_does_not_pass_inspection() {
    let pending = refused(|_| b"\0asm rubbish".to_vec()).await;
    assert_eq!(pending.phase, Phase::Inspect);
    let pending = refused(|_| plugin("plain", "2").without_manifest().build()).await;
    assert_eq!(pending.phase, Phase::Inspect);
}

#[tokio::test]
async fn a_version_that_does_not_start_is_not_compiled() {
    let pending = refused(|_| plugin("plain", "2").start("unreachable").build()).await;
    assert_eq!(pending.phase, Phase::Compile);
    assert_eq!(pending.version.as_deref(), Some("2"));
}

#[tokio::test]
async fn a_failing_self_test_is_shown_with_its_vector() {
    let pending = refused(|_| {
        let vector = json!({ "kind": "encode", "canonical": {}, "expect": { "body": "other" } });
        plugin("plain", "2").manifest(|it| it["self_test"] = json!([vector])).build()
    })
    .await;
    assert_eq!(pending.phase, Phase::Prove);
    assert!(pending.cause.starts_with("self_test[0]: body: expected \"other\""), "{pending:?}");
}

#[tokio::test]
async fn a_compile_bomb_ends_with_its_process() {
    let mut rig = Rig::new();
    let cache = rig.home.path().join("code");
    rig.registry = registry_with(Compilation { child: None, cache: Some(cache.clone()) });
    rig.keeper = None;
    rig.start();
    rig.install("plain.wasm", &plugin("plain", "1"));
    rig.keeper = None;
    let arguments = ["-c", "kill -9 $$", "compiler"].map(OsString::from);
    let child = Some(ChildCompiler { program: "/bin/sh".into(), arguments: arguments.into() });
    rig.registry = registry_with(Compilation { child, cache: Some(cache) });
    rig.start();
    rig.install("plain.wasm", &plugin("plain", "2"));
    assert_eq!(rig.pending("plain.wasm").phase, Phase::Compile);
    assert_eq!(rig.version("plain").await.unwrap(), "1", "from the cache");
}

/// An adapter with one slot more than the guests' own.
fn wider() -> Guest {
    Guest::http("vendor").manifest(|it| {
        it["version"] = "2".into();
        it["credentials"]
            .as_array_mut()
            .unwrap()
            .push(json!({ "slot": "other", "uses": ["query:key"] }));
    })
}

#[test]
fn a_version_that_asks_for_more_waits_for_an_operator() {
    let mut rig = Rig::new();
    rig.install("vendor.wasm", &Guest::http("vendor"));
    rig.install("vendor.wasm", &wider());
    let pending = rig.pending("vendor.wasm");
    assert_eq!(pending.phase, Phase::NeedsApproval);
    assert_eq!(pending.widened[0].to_string(), "credentials other as query:key");
    assert_eq!(rig.phase("vendor"), Some(Phase::NeedsApproval));
    let serves = |rig: &mut Rig| {
        rig.view().plugin("vendor").unwrap().serving.as_ref().unwrap().version.clone()
    };
    assert_eq!(serves(&mut rig), "1.0.0");

    rig.restart();
    rig.look();
    assert_eq!((rig.pending("vendor.wasm").phase, &*serves(&mut rig)), (pending.phase, "1.0.0"));
    rig.keeper().approve("vendor", &pending.digest.unwrap()).unwrap();
    assert_eq!(serves(&mut rig), "2");
    rig.restart();
    assert_eq!(serves(&mut rig), "2");
    // What was approved stays approved.
    rig.install("vendor.wasm", &Guest::http("vendor"));
    rig.install("vendor.wasm", &wider());
    assert_eq!(serves(&mut rig), "2");
}

#[test]
fn what_was_approved_is_remembered_when_the_file_is_gone() {
    let mut rig = Rig::new();
    rig.install("vendor.wasm", &Guest::http("vendor"));
    fs::remove_file(rig.path("vendor.wasm")).unwrap();
    rig.look();
    rig.restart();
    rig.install("vendor.wasm", &wider());
    assert_eq!(rig.pending("vendor.wasm").phase, Phase::NeedsApproval);
}

#[test]
fn imports_that_no_grant_allows_are_refused_by_name() {
    const PACKAGE: &str = "package wasi:sockets@0.2.0 { interface tcp { ping: func(); } }";
    const CORE: &str = "(import \"wasi:sockets/tcp@0.2.0\" \"ping\" (func))";
    let guest = plugin("plain", "1").imports(PACKAGE, &["wasi:sockets/tcp@0.2.0"], CORE);
    let mut rig = Rig::new();
    rig.install("plain.wasm", &guest);
    let pending = rig.pending("plain.wasm");
    assert_eq!(pending.phase, Phase::Inspect);
    assert!(pending.cause.contains("wasi:sockets/tcp"), "{}", pending.cause);

    let inert = Grant { sockets: SocketImports::Inert, ..Grant::default() };
    rig.settings.grants.insert("plain".into(), inert);
    rig.restart();
    rig.look();
    // The interface is not one of the real ones, so it goes no further than linking.
    assert_eq!(rig.pending("plain.wasm").phase, Phase::Compile);
}
