use std::fs;
use std::path::PathBuf;

use super::*;

const RELEASED_WIT: &str = "package a:b@0.1.0;
    interface types { record call { model: string } }
    interface host { log: func(message: string); }
    interface egress { use types.{call}; encode: func(call: call) -> string; }
    world normalizer { import host; export egress; }";

fn verdict(change: impl FnOnce(&str) -> String) -> Result<Verdict> {
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, text: &str| -> PathBuf {
        let path = folder.path().join(name);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("all.wit"), text).unwrap();
        path
    };
    let released = written("released", RELEASED_WIT);
    let now = written("now", &change(RELEASED_WIT));
    compare(&released, &now)
}

#[test]
fn the_same_contract_fits() {
    assert_eq!(verdict(str::to_owned).unwrap(), Verdict::Compatible(1));
}

#[test]
fn a_new_import_fits() {
    let more = |text: &str| {
        text.replace("log: func", "now: func() -> u64; log: func").replace("@0.1.0", "@0.1.1")
    };
    assert_eq!(verdict(more).unwrap(), Verdict::Compatible(1));
}

#[test]
fn a_new_world_fits() {
    let more = |text: &str| format!("{text} world other {{ import host; }}");
    assert_eq!(verdict(more).unwrap(), Verdict::Compatible(1));
}

#[test]
fn a_new_record_member_breaks() {
    let more = |text: &str| text.replace("model: string", "model: string, streaming: bool");
    let error = verdict(more).unwrap_err();
    assert!(error.to_string().contains("world normalizer breaks plugins of 0.1.0"), "{error}");
}

#[test]
fn a_new_export_breaks() {
    let more = |text: &str| text.replace("encode: func", "plan: func(); encode: func");
    assert!(verdict(more).is_err());
}

#[test]
fn a_world_that_is_gone_breaks() {
    let error = verdict(|text| text.replace("world normalizer", "world other")).unwrap_err();
    assert!(error.to_string().contains("world normalizer is gone"), "{error}");
}

#[test]
fn an_incompatible_version_number_may_break() {
    let broken =
        |text: &str| text.replace("model: string", "model: u8").replace("@0.1.0", "@0.2.0");
    let declared = Verdict::Declared { released: "0.1.0".into(), now: "0.2.0".into() };
    assert_eq!(verdict(broken).unwrap(), declared);
}

#[test]
fn the_line_of_a_version_ends_with_its_first_number_above_zero() {
    assert_eq!(line_of("0.1.7"), ["0", "1"]);
    assert_eq!(line_of("2.3.0"), ["2"]);
    assert_eq!(line_of("0.0.3"), ["0", "0", "3"]);
}

#[test]
fn the_contract_of_this_checkout_parses() {
    parse(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../wit"))).unwrap();
}
