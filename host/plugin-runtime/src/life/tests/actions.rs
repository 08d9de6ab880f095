//! What operators do.

use super::*;
use crate::{LifeProblem, Upload, Uploaded};

fn upload(guest: &Guest) -> Upload {
    Upload { component: guest.build(), signature: None, rollout: None }
}

fn serving(rig: &mut Rig, name: &str) -> crate::Digest {
    rig.view().plugin(name).unwrap().serving.clone().unwrap().digest
}

#[tokio::test]
async fn an_upload_lies_in_the_directory_and_serves() {
    let mut rig = Rig::new();
    let uploaded = rig.keeper().upload(upload(&plugin("plain", "1"))).unwrap();
    assert_eq!(uploaded, Uploaded { name: "plain".to_owned(), waits: None });
    assert_eq!(rig.version("plain").await.unwrap(), "1");
    assert!(rig.path("plain.wasm").is_file());
    rig.keeper().upload(upload(&plugin("plain", "2"))).unwrap();
    assert_eq!(rig.version("plain").await.unwrap(), "2");
    rig.look();
    assert_eq!(rig.version("plain").await.unwrap(), "2");
    // A file of another name belongs to the plugin it holds.
    rig.put("other.wasm", &plugin("third", "1").build());
    rig.look();
    rig.keeper().upload(upload(&plugin("other", "1"))).unwrap();
    assert_eq!(rig.version("third").await.unwrap(), "1");
    assert_eq!(rig.version("other").await.unwrap(), "1");
}

#[tokio::test]
async fn an_upload_goes_through_the_same_steps() {
    let mut rig = Rig::new();
    rig.install("vendor.wasm", &plugin("plain", "1"));
    let bad = plugin("plain", "2").start("unreachable");
    let refused = rig.keeper().upload(upload(&bad)).unwrap_err();
    assert!(matches!(refused, LifeProblem::Load(_)), "{refused}");
    assert_eq!(rig.version("plain").await.unwrap(), "1");
    let rubbish = Upload { component: b"x".to_vec(), signature: None, rollout: None };
    rig.keeper().upload(rubbish).unwrap_err();
    assert_eq!(fs::read_dir(&rig.settings.directory).unwrap().count(), 2);
}

#[tokio::test]
async fn a_refused_upload_leaves_the_directory_as_it_was() {
    let mut rig = Rig::new();
    let first = plugin("plain", "1").build();
    rig.put("vendor.wasm", &first);
    rig.look();
    for (name, file) in [("plain", "vendor.wasm"), ("other", "other.wasm")] {
        let before = fs::read(rig.path(file)).ok();
        let signed = Some(b"x".to_vec());
        let bad = plugin(name, "2").start("unreachable");
        let bad = Upload { signature: signed, ..upload(&bad) };
        rig.keeper().upload(bad).unwrap_err();
        assert_eq!(fs::read(rig.path(file)).ok(), before, "{name}");
        assert!(!rig.path(&format!("{file}.minisig")).exists(), "{name}");
        assert!(rig.view().pending.is_empty(), "{name}");
    }
    rig.look();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
    rig.restart();
    rig.look();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
    assert!(rig.view().pending.is_empty());
}

#[tokio::test]
async fn an_upload_that_waits_for_an_operator_stays() {
    let mut rig = Rig::new();
    rig.install("plain.wasm", &plugin("plain", "1"));
    rig.keeper().pin("plain", true).unwrap();
    let uploaded = rig.keeper().upload(upload(&plugin("plain", "2"))).unwrap();
    assert!(uploaded.waits.unwrap().contains("pinned"));
    assert_eq!(rig.pending("plain.wasm").phase, Phase::Held);
    rig.keeper().pin("plain", false).unwrap();
    assert_eq!(rig.version("plain").await.unwrap(), "2");
}

#[tokio::test]
async fn going_back_lasts_until_something_new_comes() {
    let mut rig = Rig::new();
    for number in ["1", "2", "3"] {
        rig.install("plain.wasm", &plugin("plain", number));
    }
    rig.keeper().roll_back("plain", None).unwrap();
    assert_eq!(rig.version("plain").await.unwrap(), "2");
    let first = rig.view().plugin("plain").unwrap().versions[0].digest.clone();
    rig.keeper().roll_back("plain", Some(&first)).unwrap();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
    rig.restart();
    rig.look();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
    assert_eq!(rig.pending("plain.wasm").phase, Phase::Held);
    rig.install("plain.wasm", &plugin("plain", "4"));
    assert_eq!(rig.version("plain").await.unwrap(), "4");
    let unknown = crate::Digest::of(b"nothing");
    let refused = rig.keeper().roll_back("plain", Some(&unknown)).unwrap_err();
    assert!(matches!(refused, LifeProblem::UnknownVersion(_)), "{refused}");
}

#[tokio::test]
async fn what_was_gone_back_from_can_be_approved() {
    let mut rig = Rig::new();
    rig.install("plain.wasm", &plugin("plain", "1"));
    let nothing = rig.keeper().roll_back("plain", None).unwrap_err();
    assert!(matches!(nothing, LifeProblem::NothingBefore(_)), "{nothing}");
    rig.install("plain.wasm", &plugin("plain", "2"));
    let second = serving(&mut rig, "plain");
    rig.keeper().roll_back("plain", None).unwrap();
    rig.restart();
    rig.look();
    rig.keeper().approve("plain", &second).unwrap();
    assert_eq!(rig.version("plain").await.unwrap(), "2");
}

#[tokio::test]
async fn a_pinned_plugin_stays() {
    let mut rig = Rig::new();
    rig.install("plain.wasm", &plugin("plain", "1"));
    rig.keeper().pin("plain", true).unwrap();
    rig.install("plain.wasm", &plugin("plain", "2"));
    assert_eq!(rig.version("plain").await.unwrap(), "1");
    assert_eq!(rig.pending("plain.wasm").phase, Phase::Held);
    rig.restart();
    rig.look();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
    rig.keeper().pin("plain", false).unwrap();
    assert_eq!(rig.version("plain").await.unwrap(), "2");
}

#[test]
fn a_removed_plugin_is_forgotten() {
    let mut rig = Rig::new();
    rig.install("vendor.wasm", &Guest::http("vendor"));
    rig.put("vendor.wasm.minisig", b"x");
    rig.look();
    rig.keeper().remove("vendor").unwrap();
    assert!(rig.registry.adapter("vendor").is_none());
    assert!(rig.view().plugins.is_empty());
    let left: Vec<_> = fs::read_dir(&rig.settings.directory).unwrap().collect();
    assert_eq!(left.len(), 1, "the state alone");
    assert_eq!(fs::read_dir(rig.settings.state.join("versions")).unwrap().count(), 0);
    let unknown = rig.keeper().remove("vendor").unwrap_err();
    assert!(matches!(unknown, LifeProblem::Unknown(_)), "{unknown}");
}

#[test]
fn actions_on_what_is_not_there_are_refused() {
    let mut rig = Rig::new();
    let digest = crate::Digest::of(b"x");
    let keeper = rig.keeper();
    for refused in [
        keeper.pin("x", true),
        keeper.promote("x"),
        keeper.roll_back("x", None),
        keeper.approve("x", &digest),
        keeper.remove("x"),
    ] {
        assert!(refused.unwrap_err().to_string().contains("; "));
    }
}

#[test]
fn a_view_is_plain_json() {
    let mut rig = Rig::new();
    rig.install("plain.wasm", &plugin("plain", "1"));
    rig.install("bad.wasm", &plugin("bad", "1").without_manifest());
    let json = serde_json::to_value(rig.view()).unwrap();
    assert_eq!(json["plugins"][0]["serving"]["phase"], "watch");
    assert_eq!(json["plugins"][0]["rollout"], "at-once");
    assert_eq!(json["pending"][0]["phase"], "inspect");
    assert_eq!(json["events"][0]["kind"], "switched");
    assert_eq!(json["events"][1]["kind"], "refused");
}

#[test]
fn what_is_not_on_the_disk_is_not_answered_as_done() {
    let mut rig = Rig::new();
    rig.install("plain.wasm", &plugin("plain", "1"));
    let state = rig.settings.state.join("state.json");
    fs::remove_file(&state).unwrap();
    fs::create_dir(&state).unwrap();
    let refused = rig.keeper().durably(|keeper| keeper.pin("plain", true)).unwrap_err();
    assert!(matches!(refused, LifeProblem::Write { .. }), "{refused}");
    fs::remove_dir(&state).unwrap();
    rig.keeper().durably(|keeper| keeper.pin("plain", true)).unwrap();
    rig.restart();
    assert!(rig.view().plugin("plain").unwrap().pinned);
}
