//! Plugins that are not loaded, each with the reason and how to mend it.

use serde_json::json;

use super::*;
use crate::{LoadError, PluginKind};

fn load(bytes: &[u8]) -> Result<exchange::GenerationId, LoadError> {
    registry().install(bytes, Origin::Bundled, Grant::default())
}

fn refusal(guest: &Guest) -> LoadError {
    load(&guest.build()).unwrap_err()
}

#[test]
fn what_is_no_webassembly_is_refused() {
    for bytes in [&b""[..], b"\0as", b"(component)", b"#!/bin/sh\n"] {
        let refusal = load(bytes).unwrap_err();
        assert!(matches!(refusal, LoadError::NotWebAssembly), "{refusal}");
    }
}

#[test]
fn a_core_module_is_refused() {
    let refusal = load(&Guest::egress("plain").core_module()).unwrap_err();
    assert!(matches!(refusal, LoadError::CoreModule), "{refusal}");
    assert!(refusal.to_string().contains("make a component of it"));
}

#[test]
fn precompiled_code_is_refused() {
    let registry = registry();
    let code =
        registry.runtime().engine().precompile_component(&Guest::egress("plain").build()).unwrap();
    let refusal = registry.install(&code, Origin::Bundled, Grant::default()).unwrap_err();
    assert!(matches!(refusal, LoadError::Precompiled), "{refusal}");
}

#[test]
fn a_truncated_file_is_refused() {
    let whole = Guest::egress("plain").build();
    let mut refused_as_truncated = 0;
    for length in (8..whole.len()).step_by(97) {
        match load(&whole[..length]).unwrap_err() {
            LoadError::Truncated { bytes } => {
                assert_eq!(bytes, length);
                refused_as_truncated += 1;
            }
            // It ends between two sections: nothing in the file itself says so.
            refusal => assert!(matches!(refusal, LoadError::NoManifest), "{refusal}"),
        }
    }
    assert!(refused_as_truncated > 10);
}

#[test]
fn a_spoilt_file_is_refused_and_nothing_panics() {
    let registry = registry();
    let whole = Guest::egress("plain").build();
    for at in (8..whole.len()).step_by(151) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        // Some bytes are free, in names and data; what matters is that nothing breaks.
        let _ = registry.install(&bytes, Origin::Bundled, Grant::default());
    }
}

#[test]
fn a_file_over_the_limit_is_refused() {
    let registry = registry_with(Limits { component_bytes: 100, ..LIMITS });
    let refusal = registry
        .install(&Guest::egress("plain").build(), Origin::Bundled, Grant::default())
        .unwrap_err();
    assert!(matches!(refusal, LoadError::TooLarge { most: 100 }), "{refusal}");
}

#[test]
fn a_plugin_without_manifest_is_refused() {
    let refusal = refusal(&Guest::egress("plain").without_manifest());
    assert!(matches!(refusal, LoadError::NoManifest), "{refusal}");
}

#[test]
fn the_outermost_manifest_counts() {
    let inner = "(@custom \"patchbay:manifest\" \"{}\")";
    let guest = Guest::egress("outer").items(inner);
    assert!(load(&guest.build()).is_ok());
    let mut twice = guest.build();
    text_guests::add_manifest(&mut twice, b"{}");
    let refusal = load(&twice).unwrap_err();
    assert!(matches!(refusal, LoadError::SeveralManifests), "{refusal}");
}

#[test]
fn a_manifest_within_the_core_module_is_found() {
    let manifest = text_guests::manifests::normalizer("inner").to_string();
    let escaped = manifest.replace('"', "\\\"");
    let section = format!("(@custom \"patchbay:manifest\" \"{escaped}\")");
    let guest = Guest::egress("inner").items(&section).without_manifest();
    assert!(load(&guest.build()).is_ok());
}

#[test]
fn a_manifest_for_another_contract_is_refused() {
    let guest = Guest::egress("plain").manifest(|it| it["contract"] = json!("0.2"));
    let refusal = refusal(&guest);
    let LoadError::Manifest(problem) = &refusal else {
        panic!("{refusal}");
    };
    assert!(problem.to_string().contains("\"0.2\""));
}

#[test]
fn a_manifest_over_the_limit_is_refused() {
    let long = "x".repeat(LIMITS.manifest_bytes);
    let guest = Guest::egress("plain").manifest(|it| it["description"] = json!(long));
    let refusal = refusal(&guest);
    assert!(matches!(refusal, LoadError::NeedsTooMuch { .. }), "{refusal}");
}

#[test]
fn the_manifests_kind_has_to_match_the_exports() {
    let http = text_guests::manifests::http_adapter("plain");
    let refusal = refusal(&Guest::egress("plain").manifest(|it| *it = http));
    let LoadError::KindMismatch { said, exported } = refusal else {
        panic!("{refusal}");
    };
    assert_eq!(said, PluginKind::HttpAdapter);
    assert_eq!(exported, PluginKind::Normalizer);
}

#[test]
fn a_component_without_a_known_world_is_refused() {
    let mut component = wat::parse_str("(component)").unwrap();
    text_guests::add_manifest(
        &mut component,
        text_guests::manifests::normalizer("x").to_string().as_bytes(),
    );
    let refusal = load(&component).unwrap_err();
    assert!(refusal.to_string().contains("it exports: nothing"), "{refusal}");
}

#[test]
fn an_export_of_another_version_of_the_contract_is_refused() {
    let text = "(component (instance $i) (export \"patchbay:plugin/egress@0.9.0\" (instance $i)))";
    let mut component = wat::parse_str(text).unwrap();
    text_guests::add_manifest(
        &mut component,
        text_guests::manifests::normalizer("x").to_string().as_bytes(),
    );
    let refusal = load(&component).unwrap_err();
    assert!(matches!(refusal, LoadError::ContractVersion(_)), "{refusal}");
}

#[test]
fn exports_with_other_types_are_refused() {
    let text = "(component (instance $i) (export \"patchbay:plugin/egress@0.1.0\" (instance $i)))";
    let mut component = wat::parse_str(text).unwrap();
    text_guests::add_manifest(
        &mut component,
        text_guests::manifests::normalizer("x").to_string().as_bytes(),
    );
    let refusal = load(&component).unwrap_err();
    assert!(matches!(refusal, LoadError::Types(_)), "{refusal}");
}

/// A normalizer that imports one function of an interface.
fn importing(interface: &str) -> Guest {
    let (package, rest) = interface.split_once('/').unwrap();
    let (name, version) = rest.split_once('@').unwrap();
    let packages = format!("package {package}@{version} {{ interface {name} {{ go: func(); }} }}");
    let core = format!("(import \"{interface}\" \"go\" (func))");
    Guest::egress("reaching").imports(&packages, &[interface], &core)
}

#[test]
fn an_import_beyond_the_contract_is_refused_by_name() {
    for import in [
        "evil:sockets/tcp@0.2.0",
        "wasi:sockets/tcp@0.2.0",
        "wasi:http/outgoing-handler@0.2.0",
        "wasi:keyvalue/store@0.2.0",
        "wasi:clocks/wall-clock@0.3.0",
        "patchbay:other/host@0.1.0",
    ] {
        let refusal = refusal(&importing(import));
        let LoadError::Import { import: named, .. } = &refusal else {
            panic!("{import}: {refusal}");
        };
        assert_eq!(named, import);
    }
}

#[test]
fn an_import_of_a_plain_function_is_refused_by_name() {
    let text = "(component (import \"env\" (func)) (instance $i) \
                (export \"patchbay:plugin/egress@0.1.0\" (instance $i)))";
    let mut component = wat::parse_str(text).unwrap();
    text_guests::add_manifest(
        &mut component,
        text_guests::manifests::normalizer("x").to_string().as_bytes(),
    );
    let refusal = load(&component).unwrap_err();
    assert!(refusal.to_string().contains("imports \"env\""), "{refusal}");
}

#[test]
fn more_memory_than_the_limit_is_refused_at_load() {
    let pages = LIMITS.instance.memory_bytes / 65536 + 1;
    let memory = format!("(memory $more {pages})");
    let refusal = refusal(&Guest::egress("large").items(&memory));
    assert!(refusal.to_string().contains("bytes of memory: 8519680"), "{refusal}");
}

#[test]
fn a_larger_table_than_the_limit_is_refused_at_load() {
    let refusal = refusal(&Guest::egress("large").items("(table 100000 funcref)"));
    assert!(refusal.to_string().contains("elements in a table: 100000"), "{refusal}");
}

#[test]
fn more_memories_and_tables_than_the_limit_are_refused_at_load() {
    let refused = refusal(&Guest::egress("many").items(&"(memory 0)".repeat(5)));
    assert!(refused.to_string().contains("memories: 6"), "{refused}");
    let refused = refusal(&Guest::egress("many").items(&"(table 1 funcref)".repeat(17)));
    assert!(refused.to_string().contains("tables:"), "{refused}");
}

#[test]
fn asking_for_more_than_is_granted_is_refused() {
    for limits in [json!({ "memory_bytes": 1u64 << 40 }), json!({ "call_ms": 3_600_000 })] {
        let guest = Guest::egress("greedy").manifest(|it| it["limits"] = limits);
        let refusal = refusal(&guest);
        assert!(matches!(refusal, LoadError::NeedsTooMuch { .. }), "{refusal}");
    }
}

#[test]
fn a_loop_in_the_start_function_ends_at_the_deadline() {
    let guest = Guest::egress("slow").start("(loop $l (br $l))").call_ms(300);
    let refusal = refusal(&guest);
    assert!(refusal.to_string().contains("start of plugin slow did not return"), "{refusal}");
}

#[test]
fn a_trap_in_the_start_function_is_refused() {
    let refusal = refusal(&Guest::egress("bad").start("unreachable"));
    assert!(refusal.to_string().contains("no instance can be made"), "{refusal}");
}

#[test]
fn the_runtime_works_without_the_pool() {
    // More address space than a process has.
    let registry = registry_with(Limits { live_instances: 100_000, ..LIMITS });
    assert_eq!(registry.runtime().allocator(), crate::Allocator::OnDemand);
    install(&registry, &Guest::egress("plain"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(assert_serves(&registry, "plain"));
}
