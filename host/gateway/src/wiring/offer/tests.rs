use std::path::Path;

use super::*;

/// What the plugins of this repository say of themselves.
fn offered() -> Offer {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    let mut offer = Offer::default();
    for plugin in std::fs::read_dir(plugins).unwrap() {
        let manifest = plugin.unwrap().path().join("plugin.json");
        if manifest.exists() {
            offer.add(&Manifest::parse(&std::fs::read(manifest).unwrap()).unwrap());
        }
    }
    assert!(offer.adapters.len() > 5 && offer.dialects.len() > 5);
    offer
}

#[test]
fn the_schema_of_every_plugin_can_be_used() {
    let offer = offered();
    let adapters = offer.adapters.iter().map(|(name, adapter)| (name, &adapter.settings));
    for (name, settings) in adapters.chain(&offer.dialects) {
        assert_eq!(settings.unusable(), None, "{name}");
    }
}

#[test]
fn the_settings_of_every_preset_are_good_for_its_readers() {
    let offer = offered();
    for (name, adapter) in &offer.adapters {
        for (preset, facts) in &adapter.presets {
            let dialect = facts.dialect.as_ref().or(adapter.default_dialect.as_ref()).unwrap();
            for reader in [&adapter.settings, &offer.dialects[dialect]] {
                assert_eq!(reader.problems(&facts.settings), [], "{name} {preset}");
            }
        }
    }
}
