//! The plugin guide shows what is in the repository.

const GUIDE: &str = include_str!("../../../md-docs/plugin-guide.md");

/// The code blocks of a language, in order.
fn blocks(language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    GUIDE
        .split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn the_first_adapter_in_the_guide_is_the_examples_code() {
    let rust = blocks("rust");
    let adapter = include_str!("../../../examples/first-adapter/src/lib.rs");
    let test = include_str!("../../../examples/first-adapter/tests/adapter.rs");
    assert_eq!(rust, [adapter, test]);
    assert!(adapter.lines().count() <= 25, "the first adapter has grown");

    let toml = include_str!("../../../examples/first-adapter/Cargo.toml");
    assert_eq!(blocks("toml")[0], toml);
    let manifest = include_str!("../../../examples/first-adapter/plugin.json");
    assert_eq!(blocks("json")[0], manifest);
    patchbay_sdk::testing::assert_manifest(manifest);
}

#[test]
fn every_failure_kind_is_in_the_guide() {
    for kind in patchbay_sdk::FailureKind::ALL {
        assert!(GUIDE.contains(&format!("| `{}` |", kind.as_str())), "{kind:?}");
    }
}
