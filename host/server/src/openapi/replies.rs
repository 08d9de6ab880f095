//! Good replies and their headers.

use serde_json::{Map, Value, json};

use super::operation::{named, reference, schema};

/// A JSON reply of a schema, with an example.
pub(super) fn json(description: &str, name: &str, example: Value) -> Value {
    with(description, &[], json!({ "application/json": json_content(name, example) }))
}

/// A JSON reply that also has these headers.
pub(super) fn json_with(
    description: &str,
    headers: &[&str],
    (name, example): (&str, Value),
) -> Value {
    with(description, headers, json!({ "application/json": json_content(name, example) }))
}

/// A reply that is a JSON document or, where the request asks for it, a stream of events.
pub(super) fn json_or_events(
    description: &str,
    (name, example): (&str, Value),
    events: &str,
) -> Value {
    let text = json!({
        "schema": { "type": "string", "description": "Server-sent events, each with JSON as data." },
        "example": events,
    });
    let content = json!({
        "application/json": json_content(name, example), "text/event-stream": text,
    });
    with(description, &OF_INFERENCE, content)
}

/// A reply of the headers and the content.
pub(super) fn with(description: &str, more: &[&str], content: Value) -> Value {
    let names = ["x-request-id", "server-timing"].iter().chain(more);
    let headers: Map<_, _> =
        names.map(|name| ((*name).to_owned(), reference("headers", name))).collect();
    let mut reply = json!({ "description": description, "headers": headers });
    if !content.is_null() {
        reply["content"] = content;
    }
    reply
}

/// Headers of a model's reply.
pub(super) const OF_INFERENCE: [&str; 9] = [
    "x-patchbay-provider",
    "x-patchbay-attempts",
    "x-patchbay-dropped-params",
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
];

fn json_content(name: &str, example: Value) -> Value {
    json!({ "schema": schema(name), "examples": named(&[("good", example)]) })
}

/// Every header, by its name.
pub(super) fn headers() -> Value {
    let text = || json!({ "type": "string" });
    let number = || json!({ "type": "integer", "minimum": 0 });
    let always = ["x-request-id", "server-timing"];
    let known = [
        ("x-request-id", "The request's id: the caller's own if it is well-formed.", text()),
        ("server-timing", "What the gateway itself took, in milliseconds.", text()),
        ("etag", "Entity tag, for `If-Match`. Those of the configuration file have none.", text()),
        ("location", "Path of what was made.", text()),
        ("content-disposition", "A name for the file.", text()),
        ("x-patchbay-checksum", "`sha256:` and the digest of the file.", text()),
        ("x-patchbay-provider", "The provider that answered.", text()),
        ("x-patchbay-attempts", "Attempts until there was an answer.", number()),
        ("x-patchbay-dropped-params", "Members that the provider's dialect cannot say.", text()),
        ("x-patchbay-token-count", "Whether the provider counted, or it is an estimate.", text()),
        ("x-ratelimit-limit-requests", "Requests a minute, if they are limited.", number()),
        ("x-ratelimit-remaining-requests", "What is left of them.", number()),
        ("x-ratelimit-reset-requests", "How long until all of them are left: `6m0s`.", text()),
        ("x-ratelimit-limit-tokens", "Tokens a minute, if they are limited.", number()),
        ("x-ratelimit-remaining-tokens", "What is left of them.", number()),
        ("x-ratelimit-reset-tokens", "How long until all of them are left: `120ms`.", text()),
        (
            "x-should-retry",
            "Whether the same request can fare better later.",
            json!({ "enum": ["true", "false"], "type": "string" }),
        ),
        ("retry-after", "Seconds to wait, where waiting helps.", number()),
        ("retry-after-ms", "The same in milliseconds.", number()),
        ("allow", "The methods that the URL takes.", text()),
        ("www-authenticate", "`Bearer`", text()),
    ];
    let header = |(name, description, schema): (&str, &str, Value)| {
        let mut header = json!({ "description": description, "schema": schema });
        if always.contains(&name) {
            header["required"] = json!(true);
        }
        (name.to_owned(), header)
    };
    Value::Object(known.into_iter().map(header).collect())
}
