//! Plugins come and go while exchanges are open.

use exchange::Ending;

use super::*;
use crate::LoadError;

/// A normalizer whose encoded body tells its version.
fn version(name: &str, version: &str) -> Guest {
    Guest::egress(name)
        .answer_with("encode", |image| image.encoded(version, None))
        .manifest(|manifest| manifest["version"] = version.into())
}

#[tokio::test]
async fn an_open_exchange_keeps_its_generation() {
    let registry = registry();
    install(&registry, &version("plain", "1"));
    let mut before = open(&registry, "plain");
    before.begin(identity(), &ok_head()).await.unwrap();
    let unused = open(&registry, "plain");
    let first = dialect(&registry, "plain").generation();

    install(&registry, &version("plain", "2"));
    assert_ne!(dialect(&registry, "plain").generation(), first);
    assert_eq!(encode(&registry, "plain").await.unwrap(), "2");
    assert!(before.finish(Ending::Clean).await.is_ok());
    let mut unused = unused;
    assert_eq!(unused.encode(Bytes::new()).await.unwrap().body, "1");
}

#[tokio::test]
async fn a_generation_that_nothing_uses_is_dropped_with_its_instances() {
    let registry = registry();
    install(&registry, &version("plain", "1"));
    encode(&registry, "plain").await.unwrap();
    for number in 2..20 {
        install(&registry, &version("plain", &number.to_string()));
    }
    // One generation is left, with no more than one instance: it has not been used.
    eventually("old instances are gone", || registry.runtime().live_instances() <= 1);
}

#[tokio::test]
async fn a_bad_plugin_replaces_nothing() {
    let registry = registry();
    install(&registry, &version("plain", "1"));
    let good = dialect(&registry, "plain").generation();
    let bad = [
        version("plain", "2").start("unreachable").build(),
        version("plain", "2").without_manifest().build(),
        b"rubbish".to_vec(),
    ];
    for bytes in bad {
        registry.install(&bytes, Origin::Installed(None), Grant::default()).unwrap_err();
        assert_eq!(dialect(&registry, "plain").generation(), good);
        assert_eq!(encode(&registry, "plain").await.unwrap(), "1");
    }
}

#[tokio::test]
async fn an_installed_plugin_serves_instead_of_the_bundled_one() {
    let registry = registry();
    install(&registry, &version("plain", "installed"));
    let bundled = version("plain", "bundled").build();
    registry.install(&bundled, Origin::Bundled, Grant::default()).unwrap();
    assert_eq!(encode(&registry, "plain").await.unwrap(), "installed");
    assert_eq!(registry.list().len(), 1);

    assert!(registry.remove("plain"));
    assert_eq!(encode(&registry, "plain").await.unwrap(), "bundled");
    assert!(!registry.remove("plain"), "a bundled plugin stays");
}

#[test]
fn a_removed_plugin_serves_no_more() {
    let registry = registry();
    install(&registry, &Guest::egress("plain"));
    install(&registry, &Guest::http("vendor"));
    assert!(registry.remove("plain") && registry.remove("vendor"));
    assert!(registry.dialect("plain").is_none());
    assert!(registry.adapter("vendor").is_none());
    assert!(registry.list().is_empty());
}

#[test]
fn a_dialect_is_spoken_by_one_plugin() {
    let registry = registry();
    install(&registry, &Guest::egress("plain"));
    let rival = Guest::egress("rival").manifest(|it| it["dialect"]["name"] = "plain".into());
    let refusal = registry.install(&rival.build(), Origin::Bundled, Grant::default()).unwrap_err();
    assert!(matches!(refusal, LoadError::DialectTaken { .. }), "{refusal}");
    assert!(refusal.to_string().contains("\"plain\""));
}

#[test]
fn the_catalogue_tells_kinds_apart() {
    let registry = registry();
    install(&registry, &Guest::egress("plain"));
    install(&registry, &Guest::http("vendor"));
    assert!(registry.dialect("vendor").is_none());
    assert!(registry.adapter("plain").is_none());
    assert!(registry.default_dialect("plain").is_none());
    assert!(registry.supports("plain", Operation::Chat));
    assert!(!registry.supports("plain", Operation::Embeddings));
    assert!(!registry.supports("vendor", Operation::Chat));
}

#[test]
fn the_status_names_file_version_and_digest() {
    let registry = registry();
    let bytes = version("plain", "3.2.1").build();
    let id = registry.install(&bytes, Origin::Bundled, Grant::default()).unwrap();
    let status = status(&registry, "plain");
    assert_eq!(status.version, "3.2.1");
    assert_eq!(status.origin, Origin::Bundled);
    assert_eq!(status.generation, id);
    assert_eq!(status.sha256.len(), 64);
    assert!(!status.uses_wasi);
}
