//! The admin API's operations: one for each line of the router's table.

mod examples;
mod plugins;

use exchange::FailureKind;
use serde_json::{Value, json};

use super::operation::{Access, Form, Operation};
use super::refusals::OF_OPERATORS;
use super::replies;
use crate::admin;

/// Each operation, with its method and path. A route that has no description is left out; a
/// test finds that.
pub(super) fn operations() -> Vec<(&'static str, Operation)> {
    let labels = admin::table().into_iter().map(|route| route.label);
    labels.filter_map(|label| described(label).map(|operation| (label, operation))).collect()
}

#[rustfmt::skip]
fn described(label: &str) -> Option<Operation> {
    use FailureKind as K;
    let (method, path) = label.split_once(' ')?;
    let rest = path.strip_prefix("/admin/")?;
    let sort = Sort::ALL.iter().find(|sort| rest.split('/').next() == Some(sort.collection));
    if let Some(sort) = sort {
        return match (method, rest.strip_prefix(sort.collection)?) {
            ("GET", "") => Some(list(sort)),
            ("POST", "") => Some(create(sort)),
            (_, "/{id}" | "/{model}") => one(sort, method),
            ("POST", action) => action_on_one(action),
            _ => None,
        };
    }
    if let Some(rest) = rest.strip_prefix("plugins") {
        return plugins::described(method, rest);
    }
    let master_key = || replies::json("Which one, and how far secrets are wrapped by it.", "MasterKeyView", examples::master_key());
    Some(match label {
        "GET /admin/master-key" => reads("getMasterKey", "operation", "Which master key is used").reply(200, master_key()).failing(&[]),
        "POST /admin/master-key/rotate" => writes("rotateMasterKey", "operation", "Begin a new master key")
            .described("Secrets are wrapped anew in the background. Refused (409) where the key is in the environment.")
            .reply(200, master_key()).failing(&[K::Conflict, K::StoreUnavailable]),
        "GET /admin/audit" => reads("listAuditEntries", "operation", "What operators did, newest first")
            .described("A page looks at 2000 entries at most, so with filters it may hold fewer than `limit`.")
            .taking(&["actor", "action", "noun", "target", "since", "until", "limit", "cursor"])
            .reply(200, replies::json("A page.", "AuditPage", examples::audit_page())).failing(&[K::StoreUnavailable]),
        "GET /admin/audit/export" => reads("exportAuditEntries", "operation", "What operators did, oldest first, whole")
            .taking(&["actor", "action", "noun", "target", "since", "until"])
            .reply(200, examples::export()).failing(&[K::StoreUnavailable]),
        "GET /admin/usage" => reads("getUsage", "operation", "What callers used")
            .described("More than 10 000 rows are refused (400): ask for less at once.")
            .taking(&["from", "to", "group-by"])
            .reply(200, replies::json("The counts.", "UsageReport", examples::usage())).failing(&[K::StoreUnavailable]),
        "GET /admin/status" => reads("getStatus", "operation", "How the gateway is")
            .reply(200, replies::json("How it is.", "StatusView", examples::status())).failing(&[]),
        "POST /admin/backup" => writes("backUp", "operation", "The store as a file")
            .described("Ends early if the file cannot be read to its end: compare the checksum.")
            .reply(200, examples::backup()).failing(&[K::StoreUnavailable]),
        _ => return None,
    })
}

/// A sort of resource, and what its parts are called.
struct Sort {
    collection: &'static str,
    tag: &'static str,
    noun: &'static str,
    /// Ids of the operations: list, create, get, replace, patch, delete.
    ids: [&'static str; 6],
    /// Summaries of them.
    summaries: [&'static str; 6],
    parameter: &'static str,
    example: fn() -> Value,
    document: fn() -> Value,
    patch: fn() -> Value,
}

impl Sort {
    const ALL: [Self; 3] = [
        Self {
            collection: "providers",
            tag: "providers",
            noun: "Provider",
            ids: [
                "listProviders",
                "createProvider",
                "getProvider",
                "replaceProvider",
                "patchProvider",
                "deleteProvider",
            ],
            summaries: [
                "List providers",
                "Make a provider",
                "Show a provider",
                "Replace a provider",
                "Change members of a provider",
                "Remove a provider",
            ],
            parameter: "provider-id",
            example: examples::provider_view,
            document: examples::provider,
            patch: || json!({ "models": ["gpt-4o-mini"], "preset": null }),
        },
        Self {
            collection: "apikeys",
            tag: "api-keys",
            noun: "ApiKey",
            ids: [
                "listApiKeys",
                "createApiKey",
                "getApiKey",
                "replaceApiKey",
                "patchApiKey",
                "deleteApiKey",
            ],
            summaries: [
                "List API keys",
                "Make an API key",
                "Show an API key",
                "Replace an API key",
                "Change members of an API key",
                "Remove an API key",
            ],
            parameter: "api-key-id",
            example: examples::key_view,
            document: examples::key,
            patch: || json!({ "limits": { "requests_per_minute": 120 } }),
        },
        Self {
            collection: "routes",
            tag: "routes",
            noun: "Route",
            ids: [
                "listRoutes",
                "createRoute",
                "getRoute",
                "replaceRoute",
                "patchRoute",
                "deleteRoute",
            ],
            summaries: [
                "List routes",
                "Make a route",
                "Show a route",
                "Replace a route",
                "Change members of a route",
                "Remove a route",
            ],
            parameter: "model",
            example: examples::route_view,
            document: examples::route,
            patch: || json!({ "fallback_on": ["context-too-long"] }),
        },
    ];

    fn view(&self) -> String {
        format!("{}View", self.noun)
    }
}

fn list(sort: &Sort) -> Operation {
    let [id, ..] = sort.ids;
    let [summary, ..] = sort.summaries;
    let example = json!({ "object": "list", "data": [(sort.example)()], "next_cursor": null });
    reads(id, sort.tag, summary)
        .taking(&["limit", "cursor"])
        .reply(200, replies::json("A page.", &format!("{}List", sort.noun), example))
        .failing(&[])
}

fn create(sort: &Sort) -> Operation {
    let [_, id, ..] = sort.ids;
    let [_, summary, ..] = sort.summaries;
    let mut example = (sort.example)();
    let mut view = sort.view();
    if sort.noun == "ApiKey" {
        example["key"] = json!(examples::KEY);
        view = format!("New{view}");
    }
    let reply = replies::json_with("What was made.", &["etag", "location"], (&view, example));
    writes(id, sort.tag, summary)
        .body(&format!("New{}", sort.noun), &[("new", (sort.document)())])
        .reply(201, reply)
        .failing(&[FailureKind::Conflict, FailureKind::StoreUnavailable])
}

/// What is done with one resource, by method.
fn one(sort: &Sort, method: &str) -> Option<Operation> {
    use FailureKind as K;
    let [_, _, get, replace, patch, delete] = sort.ids;
    let [_, _, shown, replaced, patched, removed] = sort.summaries;
    let changing =
        |id, summary| writes(id, sort.tag, summary).taking(&[sort.parameter, "if-match"]);
    let of_changes = [
        K::ResourceNotFound,
        K::Conflict,
        K::StaleEtag,
        K::PreconditionRequired,
        K::StoreUnavailable,
    ];
    let view = sort.view();
    let reply = |description| replies::json_with(description, &["etag"], (&view, (sort.example)()));
    Some(match method {
        "GET" => reads(get, sort.tag, shown)
            .taking(&[sort.parameter, "if-none-match"])
            .reply(200, reply("As it is."))
            .reply(304, replies::with("Nothing has changed.", &["etag"], Value::Null))
            .failing(&[K::ResourceNotFound, K::Conflict]),
        "PUT" => changing(replace, replaced)
            .body(&format!("{}Document", sort.noun), &[("document", (sort.document)())])
            .reply(200, reply("As it is now."))
            .failing(&of_changes),
        "PATCH" => changing(patch, patched)
            .body(&format!("{}Patch", sort.noun), &[("patch", (sort.patch)())])
            .reply(200, reply("As it is now."))
            .failing(&of_changes),
        "DELETE" => changing(delete, removed)
            .reply(204, replies::with("It is gone.", &[], Value::Null))
            .failing(&of_changes),
        _ => return None,
    })
}

fn action_on_one(action: &str) -> Option<Operation> {
    use FailureKind as K;
    let provider = || {
        replies::json_with("As it is now.", &["etag"], ("ProviderView", examples::provider_view()))
    };
    Some(match action {
        "/{id}/test" => writes("testProvider", "providers", "Ask a provider for real")
            .described("200 whatever was found: the report says which step failed.")
            .taking(&["provider-id"])
            .reply(200, replies::json("What was found.", "ProbeView", examples::probe()))
            .failing(&[K::ResourceNotFound]),
        "/{id}/rotate-credentials" => writes("rotateCredentials", "providers", "New credentials")
            .described(
                "The provider is asked with the new ones first, and nothing changes if it \
                does not accept them (422). The old ones can be put back for `grace_seconds`.",
            )
            .taking(&["provider-id", "if-match-optional"])
            .body("Rotation", &[("new", examples::rotation())])
            .reply(200, provider())
            .failing(&[
                K::ResourceNotFound,
                K::Conflict,
                K::StaleEtag,
                K::CredentialNotVerified,
                K::StoreUnavailable,
            ]),
        "/{id}/rollback-credentials" => {
            writes("rollBackCredentials", "providers", "The previous credentials")
                .described("409 if there are none, or if their time is over.")
                .taking(&["provider-id", "if-match-optional"])
                .reply(200, provider())
                .failing(&[K::ResourceNotFound, K::Conflict, K::StaleEtag, K::StoreUnavailable])
        }
        "/{id}/revoke" => writes("revokeApiKey", "api-keys", "Make an API key invalid for good")
            .described("From the next request on. May be repeated.")
            .taking(&["api-key-id"])
            .reply(
                200,
                replies::json_with("As it is now.", &["etag"], ("ApiKeyView", examples::revoked())),
            )
            .failing(&[K::ResourceNotFound, K::Conflict, K::StoreUnavailable]),
        _ => return None,
    })
}

/// For any operator.
fn reads(id: &'static str, tag: &'static str, summary: &'static str) -> Operation {
    Operation::new(id, (Access::Operator, tag), summary)
}

/// For the role `admin`.
fn writes(id: &'static str, tag: &'static str, summary: &'static str) -> Operation {
    Operation::new(id, (Access::Administrator, tag), summary)
}

impl Operation {
    /// Fails as every operation of the admin API does, and for these reasons.
    fn failing(self, more: &[FailureKind]) -> Self {
        let mut kinds = OF_OPERATORS.to_vec();
        kinds.extend(self.needs_role().then_some(FailureKind::RoleNotAllowed));
        kinds.extend(more);
        self.refused(Form::Admin, kinds)
    }
}
