//! The adapter, natively: no gateway, no WebAssembly.

use my_plugin::MyPlugin;
use patchbay_sdk::{FailureKind, ProcessAdapter, testing};

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn the_program_gets_the_model_and_a_place_for_the_prompt() {
    let mut call = testing::chat("small");
    call.settings = r#"{"program": "/usr/bin/my-program"}"#.into();
    let process = MyPlugin::prepare(&call).unwrap();
    assert_eq!(process.program, "/usr/bin/my-program");
    assert_eq!(process.arguments[0].text, "--model=small");
    assert!(process.arguments[1].takes_body);
}

#[test]
fn without_a_program_the_operator_is_told() {
    let failure = MyPlugin::prepare(&testing::chat("small")).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured);
    assert!(failure.message().contains("program"), "{failure}");
}
