//! Makes a component of a core module, and insists that it carries a manifest.

use anyhow::{Context, Result, bail};
use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

/// Changes when the same module would make another component.
pub(crate) const ENCODER: &str = "wit-component 0.254";

/// The custom section that holds what the plugin asks for, as JSON.
const MANIFEST: &str = "patchbay:manifest";

/// A validated component around a module that was compiled with Patchbay's bindings.
///
/// # Errors
/// When the module carries no contract, imports what no component can give it, or has no
/// readable manifest.
pub(crate) fn from_module(core: &[u8]) -> Result<Vec<u8>> {
    let component = ComponentEncoder::default()
        .validate(true)
        .module(core)
        .context("this is no core module with Patchbay's bindings: does it use the SDK's export!?")?
        .encode()
        .context("cannot make a component of it")?;
    check_manifest(&component)?;
    Ok(component)
}

/// Exactly one manifest, and it is a JSON object.
fn check_manifest(component: &[u8]) -> Result<()> {
    let manifests = manifests(component)?;
    let manifest = match manifests.as_slice() {
        [one] => one,
        [] => bail!("there is no custom section {MANIFEST}: does it use the SDK's export!?"),
        several => bail!("there are {} custom sections {MANIFEST}, say it once", several.len()),
    };
    let value: serde_json::Value =
        serde_json::from_slice(manifest).with_context(|| format!("{MANIFEST} is not JSON"))?;
    if !value.is_object() {
        bail!("{MANIFEST} is not a JSON object");
    }
    Ok(())
}

fn manifests(component: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        if let Payload::CustomSection(section) = payload.context("cannot read the component")?
            && section.name() == MANIFEST
        {
            found.push(section.data().to_vec());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(sections: &str) -> Vec<u8> {
        wat::parse_str(format!("(module {sections})")).unwrap()
    }

    fn refusal(sections: &str) -> String {
        format!("{:#}", from_module(&module(sections)).unwrap_err())
    }

    #[test]
    fn the_manifest_survives_in_the_component() {
        let core = module(r#"(@custom "patchbay:manifest" "{\"name\":\"a\"}")"#);
        let component = from_module(&core).unwrap();
        assert_eq!(manifests(&component).unwrap(), [br#"{"name":"a"}"#]);
    }

    #[test]
    fn a_plugin_without_a_manifest_is_refused() {
        assert!(refusal("").contains("no custom section patchbay:manifest"));
    }

    #[test]
    fn a_manifest_that_is_not_an_object_is_refused() {
        assert!(refusal(r#"(@custom "patchbay:manifest" "{\"name")"#).contains("is not JSON"));
        assert!(refusal(r#"(@custom "patchbay:manifest" "[]")"#).contains("not a JSON object"));
    }

    #[test]
    fn two_manifests_are_refused() {
        let twice = r#"(@custom "patchbay:manifest" "{}") (@custom "patchbay:manifest" "{}")"#;
        assert!(refusal(twice).contains("2 custom sections"));
    }

    #[test]
    fn bytes_that_are_no_module_are_refused() {
        assert!(from_module(b"not wasm").is_err());
    }
}
