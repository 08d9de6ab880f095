//! Operations on plugins.

use exchange::FailureKind as K;
use serde_json::{Value, json};

use super::super::operation::Operation;
use super::super::replies;
use super::{examples, reads, writes};

const TAG: &str = "plugins";

/// How a change of a plugin fails.
const OF_CHANGES: [K; 5] =
    [K::ResourceNotFound, K::Conflict, K::StaleEtag, K::PluginRefused, K::StoreUnavailable];

/// The operation behind a method and what follows `/admin/plugins`.
pub(super) fn described(method: &str, rest: &str) -> Option<Operation> {
    Some(match (method, rest) {
        ("GET", "") => reads("listPlugins", TAG, "All plugins, how they serve, and what waits")
            .reply(200, replies::json("All of them.", "PluginList", examples::plugins()))
            .failing(&[]),
        ("POST", "") => upload(),
        ("GET", "/{name}") => reads("getPlugin", TAG, "Show a plugin")
            .taking(&["plugin", "if-none-match"])
            .reply(200, shown("As it is."))
            .reply(304, replies::with("Nothing has changed.", &["etag"], Value::Null))
            .failing(&[K::ResourceNotFound]),
        ("DELETE", "/{name}") => writes("deletePlugin", TAG, "Remove a plugin")
            .described(
                "Its file, its versions and what was approved. A bundled one of the name serves \
                again. Stored providers that it leaves without a plugin are set aside.",
            )
            .taking(&["plugin", "if-match"])
            .reply(204, replies::with("It is gone.", &[], Value::Null))
            .failing(&[
                K::ResourceNotFound,
                K::Conflict,
                K::StaleEtag,
                K::PreconditionRequired,
                K::StoreUnavailable,
            ]),
        ("POST", action) => action_on_one(action)?
            .taking(&["plugin", "if-match-optional"])
            .reply(200, shown("As it is now."))
            .failing(&OF_CHANGES),
        _ => return None,
    })
}

fn upload() -> Operation {
    writes("uploadPlugin", TAG, "Install a plugin, or a version of one")
        .described(
            "It goes through the steps that a file in the directory goes through: trust, \
            inspection, compilation, self-test. Answered when it is on the disk and serves (201), \
            or waits for an operator (202); a refused one (422) leaves nothing behind.",
        )
        .taking(&["signature", "rollout", "share", "auto-calls", "auto-worse"])
        .raw_body("application/wasm", "The component, at most 64 MiB.")
        .reply(201, made("It serves, or takes its share."))
        .reply(202, made("It waits for an operator: see `phase` and `cause`."))
        .failing(&[K::UnsupportedMediaType, K::Conflict, K::PluginRefused, K::StoreUnavailable])
}

fn action_on_one(action: &str) -> Option<Operation> {
    Some(match action {
        "/{name}/approve" => writes("approvePlugin", TAG, "Approve what a version asks for")
            .described("Or take it out of quarantine. A version that waits goes on.")
            .body("PluginApproval", &[("approval", json!({ "digest": examples::DIGEST }))]),
        "/{name}/pin" => writes("pinPlugin", TAG, "Let the serving version stay")
            .described("Whatever comes; new versions wait."),
        "/{name}/unpin" => writes("unpinPlugin", TAG, "Let new versions serve again"),
        "/{name}/rollback" => writes("rollBackPlugin", TAG, "Go back to an earlier version")
            .described(
                "From a canary to the old version, else to a kept version. The version that is \
                left does not come again by itself.",
            )
            .body(
                "PluginRollback",
                &[("before", json!({})), ("named", json!({ "digest": examples::DIGEST }))],
            ),
        "/{name}/canary" => writes("startPluginCanary", TAG, "Give a kept version a share")
            .described("Which exchanges it takes, the request's id decides.")
            .body("PluginCanary", &[("canary", examples::canary())]),
        "/{name}/promote" => writes("promotePlugin", TAG, "Let the canary serve all exchanges"),
        "/{name}/rollout" => writes("setPluginRollout", TAG, "Say how new versions start").body(
            "PluginRollout",
            &[
                ("immediate", json!({ "kind": "immediate" })),
                ("canary", json!({ "kind": "canary", "share_permille": 50 })),
            ],
        ),
        _ => return None,
    })
}

fn shown(description: &str) -> Value {
    replies::json_with(description, &["etag"], ("PluginView", examples::plugin()))
}

fn made(description: &str) -> Value {
    replies::json_with(description, &["etag", "location"], ("PluginView", examples::plugin()))
}
