//! What counts of a plugin when it is changed: for its entity tag and the audit log.
//!
//! Not in it is what a plugin does by itself while it serves as it should: counters, the number of
//! its generation, whether its trial has passed. So a tag stays valid while traffic flows, and is
//! the same after a restart.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::views::{PluginOriginView, PluginView};

/// The decisive state, as the audit log shows it.
pub(super) fn decisive(plugin: &PluginView) -> Value {
    let PluginView { serving, canary, .. } = plugin;
    let serving = serving
        .as_ref()
        .map(|it| json!({ "version": it.version, "digest": it.digest, "signer": it.signer }));
    let canary = canary.as_ref().map(|it| {
        let generation = &it.generation;
        json!({
            "version": generation.version, "digest": generation.digest, "plan": it.plan,
        })
    });
    let pending = plugin.pending.iter().map(
        |it| json!({ "file": it.file, "digest": it.digest, "phase": it.phase, "cause": it.cause }),
    );
    let versions = plugin.versions.iter().map(
        |it| json!({ "version": it.version, "digest": it.digest, "quarantined": it.quarantined }),
    );
    let quarantine = plugin.quarantine.iter().map(|it| &it.digest);
    json!({
        "origin": plugin.origin,
        "file": plugin.file,
        "pinned": plugin.pinned,
        "rollout": plugin.rollout,
        "approved": plugin.approved,
        "serving": serving,
        "canary": canary,
        "pending": pending.collect::<Vec<_>>(),
        "versions": versions.collect::<Vec<_>>(),
        "quarantine": quarantine.collect::<Vec<_>>(),
    })
}

/// The revision of the entity tag; `None` if nothing of the plugin is installed, so nothing can
/// be changed.
pub(super) fn revision(plugin: &PluginView) -> Option<u64> {
    let installed = plugin.origin == PluginOriginView::Installed
        || plugin.approved.is_some()
        || !(plugin.versions.is_empty() && plugin.pending.is_empty());
    if !installed {
        return None;
    }
    let digest = Sha256::digest(decisive(plugin).to_string());
    let first = digest.first_chunk().copied().unwrap_or_default();
    // Zero is a tag that is never given out.
    Some(u64::from_be_bytes(first).max(1))
}

/// With its entity tag.
pub(super) fn tagged(mut plugin: PluginView) -> PluginView {
    plugin.etag = revision(&plugin).map(|it| it.to_string());
    plugin
}
