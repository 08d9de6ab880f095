//! What operators send: providers, API keys, routes, new credentials.
//!
//! Their readers are written by hand (`resources`, `administration`), so the schemas are, too.
//! Ranges are the readers' constants; the rest is held against the readers by tests. Where a
//! member may be left out it may be null as well. What a schema cannot say, or could only say in
//! a way that nobody would read, is in a description: that one deadline is not over another, that
//! settings hold no references.

mod plugins;

use administration::Administration;
use resources::{
    ApiKey, Candidate, KeyLimits, Limits, MEMBERS_OF_VIEWS, Provider, Retries, Sandbox, Timeouts,
};
use serde_json::{Value, json};

use super::operation::schema;
use super::shapes::{
    MODEL_NAME, Members, PLUGIN_NAME, SLUG, closed, members, nullable, or_null, ranges, text, whole,
};

/// A text on one line. A credential that begins like JSON may have several.
const ONE_LINE: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$";
const SECRET: &str = "^([^\\u0000-\\u001f\\u007f-\\u009f]+|[ \\t\\r\\n]*\\{[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*)$";

/// An id in a document that has a path.
const OF_PATH: &str = "That of the path; may be left out.";

/// A reference, which only the configuration file may hold.
const REFERENCE: &str = "\\$\\{(env|file):";

/// Where a provider is.
const BASE_URL: &str = "^[hH][tT][tT][pP][sS]?://[^/?#@\\s\\\\]+(/[^?#\\s]*)?$";

/// An absolute path. That it has no `..` is in its description.
const ABSOLUTE: &str = "^/[^\\u0000]*$";

/// A host and a port; the port's range is the reader's.
const FAR_HOST: &str = "^([A-Za-z0-9._-]{1,253}|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$";

/// A sort of resource: its name, what it is, which members a new one must have, and all of them.
type Sort = (&'static str, &'static str, &'static [&'static str], fn(Origin) -> Members);

const SORTS: [Sort; 3] = [
    ("Provider", "A provider.", &["id", "adapter", "models"], provider_members),
    ("ApiKey", "An API key.", &[], key_members),
    ("Route", "A route.", &["model", "candidates"], route_members),
];

/// Every schema of a document, by name.
pub(super) fn schemas() -> Vec<(String, Value)> {
    let mut all = parts();
    all.extend(plugins::schemas());
    for (noun, what, required, members) in SORTS {
        let of_path = ["id", "model"];
        let known: Vec<_> = required.iter().filter(|it| !of_path.contains(it)).copied().collect();
        let mut new = closed(what, required, members(Origin::New));
        let mut document = closed(what, &known, members(Origin::Known));
        if noun == "Provider" {
            new["not"] = two_dialects();
            document["not"] = two_dialects();
        }
        let patch = "Members to be changed (JSON merge patch, RFC 7396); null takes one away.";
        let patch = closed(patch, &[], members(Origin::Known));
        all.extend([
            (format!("New{noun}"), new),
            (format!("{noun}Document"), document),
            (format!("{noun}Patch"), patch),
        ]);
    }
    all
}

/// What those are made of, and what actions take.
fn parts() -> Vec<(String, Value)> {
    const OF_EXCHANGE: &str = "Deadlines of one exchange. `connect_ms` is not over `total_ms`.";
    const OF_ROUTE: &str = "Deadlines of a route; they make a provider's shorter, never longer. \
                            `first_byte_ms` is not over `total_ms`.";
    const OF_LIMITS: &str = "Sizes of one exchange; all but the first are for programs.";
    const OF_KEY: &str = "How much a key may use; what is left out is not limited.";
    let of_exchange = ["connect_ms", "first_byte_ms", "idle_ms", "total_ms"];
    let all = [
        ("Rotation", rotation()),
        ("Timeouts", timeouts(&of_exchange, OF_EXCHANGE)),
        ("RouteTimeouts", timeouts(&["total_ms", "first_byte_ms"], OF_ROUTE)),
        ("Retries", retries()),
        ("Limits", ranges(&Limits::RANGES, OF_LIMITS)),
        ("Sandbox", sandbox()),
        ("KeyLimits", ranges(&KeyLimits::RANGES, OF_KEY)),
        ("Candidate", candidate()),
    ];
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Whether there is something that a document can refer to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    New,
    Known,
}

/// The members that an operator may write, beside `credentials`.
pub(super) fn provider_settings() -> Members {
    let plugin = |description: &str| nullable(text(PLUGIN_NAME, description));
    let settings = json!({
        "type": "object",
        "description": "Settings of the adapter and the dialect, as their plugins say. Plugins \
            see them, so they hold no references.",
    });
    members([
        ("id", text(SLUG, "Its id; the first half of `provider-id/model`.")),
        ("adapter", text(PLUGIN_NAME, "The plugin that reaches it.")),
        ("preset", plugin("What the adapter knows of it beforehand.")),
        ("dialect", plugin("The wire format that it speaks. Not beside `dialects`.")),
        (
            "dialects",
            nullable(json!({
                "type": "array", "items": text(PLUGIN_NAME, ""), "minItems": 1, "uniqueItems": true,
                "description": "The wire formats that it speaks, the preferred one first.",
            })),
        ),
        (
            "base_url",
            nullable(json!({
                "type": "string", "pattern": BASE_URL, "format": "uri",
                "description": "Where it is, without user name, query and fragment. Programs have none.",
            })),
        ),
        (
            "models",
            json!({
                "description": "The models that it offers, or `discover`: those that it lists itself.",
                "oneOf": [
                    { "type": "string", "const": "discover" },
                    { "type": "array", "items": text(MODEL_NAME, ""), "minItems": 1, "uniqueItems": true },
                ],
            }),
        ),
        ("settings", nullable(settings)),
        ("timeouts", or_null("Timeouts")),
        ("retries", or_null("Retries")),
        (
            "network",
            nullable(json!({
                "type": "string", "enum": ["default", "anywhere"],
                "description": "Which addresses it may resolve to: `default` leaves out link-local \
                    and cloud metadata addresses.",
            })),
        ),
        ("limits", or_null("Limits")),
        (
            "record",
            nullable(json!({
                "type": "boolean",
                "description": "Whether its exchanges are recorded, for comparing versions of \
                    plugins; wants `[recording]` in the configuration file.",
            })),
        ),
        ("sandbox", sandbox_member()),
    ])
}

/// The members that an operator may write.
pub(super) fn key_settings() -> Members {
    let words = |most: usize, description: &str| {
        json!({
            "type": "string", "minLength": 1, "maxLength": most, "pattern": ONE_LINE,
            "description": description,
        })
    };
    let endpoint = json!({
        "type": "string", "pattern": "^(\\*|/[!-~]*)$", "maxLength": ApiKey::MAX_ENDPOINT_CHARS,
    });
    members([
        ("id", nullable(text(SLUG, "For logs and reports; made up if left out."))),
        ("name", nullable(words(ApiKey::MAX_WORDS_CHARS, "What people call it."))),
        ("owner", nullable(words(ApiKey::MAX_WORDS_CHARS, "Who answers for it."))),
        (
            "tags",
            nullable(json!({
                "type": "array", "items": words(ApiKey::MAX_TAG_CHARS, ""), "maxItems": ApiKey::MAX_TAGS,
                "description": "Words to find it by.",
            })),
        ),
        (
            "expires_at",
            nullable(json!({
                "type": "string", "format": "date-time",
                "description": "From then on it is refused; to come when the key is made.",
            })),
        ),
        (
            "models",
            nullable(json!({
                "type": "array", "items": text(MODEL_NAME, ""),
                "description": "Public names that it may use, `*` standing for any characters; all \
                    if left out.",
            })),
        ),
        (
            "endpoints",
            nullable(json!({
                "type": "array", "items": endpoint,
                "description": "Paths that it may call, `*` standing for any characters; all if left \
                    out.",
            })),
        ),
        ("limits", or_null("KeyLimits")),
        (
            "state",
            nullable(json!({
                "type": "string", "enum": ["active", "disabled"],
                "description": "Whether it is accepted; `active` if left out. To revoke it is an \
                    action of its own.",
            })),
        ),
    ])
}

/// The members that an operator may write.
pub(super) fn route_settings() -> Members {
    members([
        (
            "model",
            text(MODEL_NAME, "What callers say. Does not begin with a provider's id and a slash."),
        ),
        (
            "candidates",
            json!({
                "type": "array", "items": schema("Candidate"), "minItems": 1,
                "description": "What is tried.",
            }),
        ),
        (
            "fallback_on",
            nullable(json!({
                "type": "array",
                "items": { "type": "string", "enum": ["context-too-long", "content-filtered"] },
                "description": "Failures of the request itself after which the next candidate is tried.",
            })),
        ),
        ("timeouts", or_null("RouteTimeouts")),
        ("retries", or_null("Retries")),
    ])
}

fn provider_members(origin: Origin) -> Members {
    let mut all = provider_settings();
    let secret = secret("A secret. It is stored sealed and never shown.");
    let known = json!({
        "type": "object",
        "description": "A secret as it was shown: it stays.",
        "properties": { "fingerprint": { "type": "string" }, "set_at": {} },
        "required": ["fingerprint"],
        "additionalProperties": false,
    });
    let slot = match origin {
        Origin::New => vec![secret, json!({ "type": "null" })],
        Origin::Known => vec![secret, known, json!({ "type": "null" })],
    };
    let slots = json!({
        "type": "object",
        "description": "Secrets by slot of the adapter; null is no secret.",
        "propertyNames": { "pattern": SLUG },
        "additionalProperties": { "anyOf": slot },
    });
    all.insert("credentials".to_owned(), nullable(slots));
    if origin == Origin::Known {
        all.insert("id".to_owned(), nullable(text(SLUG, OF_PATH)));
    }
    with_shown(all, &Provider::MEMBERS_OF_VIEW)
}

/// What a document may not have, as schema.
fn two_dialects() -> Value {
    json!({
        "required": ["dialect", "dialects"],
        "properties": {
            "dialect": { "type": "string" },
            "dialects": { "type": "array", "items": {} },
        },
    })
}

fn key_members(origin: Origin) -> Members {
    let mut all = key_settings();
    if origin == Origin::Known {
        all.insert("id".to_owned(), nullable(text(SLUG, OF_PATH)));
    }
    with_shown(all, &ApiKey::MEMBERS_OF_VIEW)
}

fn route_members(origin: Origin) -> Members {
    let mut all = route_settings();
    if origin == Origin::Known {
        all.insert("model".to_owned(), nullable(text(MODEL_NAME, OF_PATH)));
    }
    with_shown(all, &[])
}

/// What a view adds may be written back.
fn with_shown(mut all: Members, own: &[&str]) -> Members {
    for name in MEMBERS_OF_VIEWS.iter().chain(own) {
        let ignored = json!({ "description": "As it was shown; means nothing here." });
        all.insert((*name).to_owned(), ignored);
    }
    all
}

fn rotation() -> Value {
    let slots = json!({
        "type": "object",
        "description": "New secrets by slot.",
        "propertyNames": { "pattern": SLUG },
        "additionalProperties": secret("The new secret."),
        "minProperties": 1,
    });
    let mut grace = whole(
        0..=Administration::MAX_GRACE_SECONDS,
        "How long the replaced secret can be put back.",
    );
    grace["default"] = json!(Administration::DEFAULT_GRACE_SECONDS);
    let verify = json!({
        "type": "boolean", "default": true,
        "description": "Whether the provider is asked with the new secret first.",
    });
    let all =
        [("credentials", slots), ("grace_seconds", nullable(grace)), ("verify", nullable(verify))];
    closed("New credentials of a provider.", &["credentials"], members(all))
}

fn candidate() -> Value {
    let all = [
        ("provider", text(SLUG, "Id of the provider.")),
        ("model", text(MODEL_NAME, "The model, as the provider knows it.")),
        (
            "weight",
            nullable(whole(
                Candidate::WEIGHTS,
                "Share of the traffic among candidates of the same order; 1.",
            )),
        ),
        ("order", nullable(whole(Candidate::ORDERS, "Lower ones are tried first; 0."))),
    ];
    closed("One provider and model to try.", &["provider", "model"], members(all))
}

fn timeouts(names: &[&str], description: &str) -> Value {
    let all =
        names.iter().map(|name| ((*name).to_owned(), nullable(whole(Timeouts::RANGE_MS, ""))));
    closed(description, &[], all.collect())
}

fn retries() -> Value {
    let all = [
        ("max", nullable(whole(Retries::RANGE, "Tries after the first one."))),
        (
            "base_ms",
            nullable(whole(
                Retries::RANGE_MS,
                "Longest wait before the first retry, doubled with each.",
            )),
        ),
        ("max_wait_ms", nullable(whole(Retries::RANGE_MS, "A longer wait is not worth it."))),
    ];
    closed("When a failed try is repeated, before anything was answered.", &[], members(all))
}

fn sandbox_member() -> Value {
    json!({
        "description": "What its programs are kept in: a driver, or a table; the preset's, else \
            the strongest that works, if left out. Only for programs.",
        "anyOf": [
            { "type": "string", "enum": Sandbox::DRIVERS },
            schema("Sandbox"),
            { "type": "null" },
        ],
    })
}

fn sandbox() -> Value {
    let driver = json!({
        "type": "string", "enum": Sandbox::DRIVERS,
        "description": "The driver that is demanded; the strongest that works if left out.",
    });
    let list = |items: Value, description: &str| {
        nullable(json!({ "type": "array", "items": items, "description": description }))
    };
    let mut layers = list(text(PLUGIN_NAME, ""), "Layers without which nothing is run.");
    layers["uniqueItems"] = json!(true);
    let mut all = members([
        ("driver", nullable(driver)),
        ("layers", layers),
        (
            "digest",
            nullable(text("^sha256:[0-9a-fA-F]{64}$", "SHA-256 that the program must have.")),
        ),
        (
            "package",
            nullable(text(
                "^[a-z0-9][a-z0-9+.-]{1,127}(=[A-Za-z0-9.+:~-]{1,128})?$",
                "Debian package that must own the program, with its version where it matters.",
            )),
        ),
        (
            "read_only",
            list(text(ABSOLUTE, ""), "Paths that it may read beside the system's, without `..`."),
        ),
        (
            "directory",
            nullable(text(ABSOLUTE, "Its working directory; a private one if left out.")),
        ),
        (
            "credential",
            nullable(json!({
                "type": "string", "enum": ["variable", "file"],
                "description": "How it gets its credential: as a variable's value, or in a private \
                    file, whose path is the variable's value.",
            })),
        ),
        (
            "network",
            list(text(FAR_HOST, ""), "Far ends that it may reach, `host:port`; none if left out."),
        ),
    ]);
    let limits = Sandbox::RANGES.iter();
    all.extend(
        limits.map(|(name, range)| ((*name).to_owned(), nullable(whole(range.clone(), "")))),
    );
    closed("What a provider's programs are kept in.", &[], all)
}

fn secret(description: &str) -> Value {
    json!({
        "type": "string", "minLength": 1, "maxLength": Administration::MAX_SECRET_BYTES,
        "pattern": SECRET, "not": { "pattern": REFERENCE }, "description": description,
    })
}
