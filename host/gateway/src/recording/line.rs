//! One exchange as one line of JSON.
//!
//! Holds what plugins were asked with, in the form that self-test vectors have: `call`,
//! `canonical`, `head`, `extra`, the reply. Of headers only those on a list are in it.

use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use exchange::{
    Call, Ending, Extra, RecordedExchange, RecordedReply, RecordedRequest, RequestHead, SentSecrets,
};
use http::HeaderMap;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::mask::{Body, Mask};
use crate::configuration::RecordedTexts;

/// Version of the form. Lines of another one are not read.
pub(super) const VERSION: u64 = 1;

/// Headers of requests that say how a body is meant.
const OF_REQUESTS: [&str; 5] =
    ["accept", "anthropic-beta", "anthropic-version", "content-type", "openai-beta"];

/// Headers of replies that dialects look at.
const OF_REPLIES: [&str; 6] = [
    "content-type",
    "date",
    "retry-after",
    "retry-after-ms",
    "x-amzn-errortype",
    "x-prompt-tokens",
];

/// Writes an exchange, its end of line included.
pub(super) fn of(exchange: &RecordedExchange, texts: RecordedTexts, now: SystemTime) -> String {
    let mask = Mask { texts, secrets: &exchange.secrets };
    let at = OffsetDateTime::from(now).format(&Rfc3339).unwrap_or_default();
    let mut line = json!({
        "version": VERSION,
        "recorded_at": at,
        "texts": match texts { RecordedTexts::Masked => "masked", RecordedTexts::Kept => "kept" },
        "provider": &*exchange.provider,
        "adapter": exchange.adapter,
        "dialect": exchange.dialect,
        "call": call(&exchange.call, &exchange.secrets),
        "extra": extra(&exchange.extra, &mask),
    });
    let parts = [
        ("canonical", exchange.canonical.as_ref().and_then(|body| mask.document(body))),
        ("head", exchange.head.as_ref().map(|it| head(it, it.path_and_query(), &mask))),
        ("ingress", exchange.ingress.as_ref().and_then(|request| ingress(request, &mask))),
        ("reply", exchange.reply.as_ref().and_then(|answer| reply(answer, &mask))),
    ];
    if let Value::Object(members) = &mut line {
        let there = parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), part?)));
        members.extend(there);
    }
    let mut text = line.to_string();
    text.push('\n');
    text
}

fn call(call: &Call, secrets: &SentSecrets) -> Value {
    let settings = secrets.redact_text(&call.settings);
    json!({
        "operation": call.operation.as_str(),
        "model": &*call.model,
        "streaming": call.streaming,
        "settings": serde_json::from_str::<Value>(&settings).unwrap_or_default(),
    })
}

fn extra(extra: &Extra, mask: &Mask<'_>) -> Value {
    let entry =
        |(name, text): &(String, String)| Some((name.clone(), mask.document(text.as_bytes())?));
    Value::Object(extra.iter().filter_map(entry).collect())
}

fn head(head: &RequestHead, path: &str, mask: &Mask<'_>) -> Value {
    json!({
        "method": head.method().as_str(),
        "path": mask.chosen(path),
        "headers": headers(head.headers(), &OF_REQUESTS, mask),
    })
}

/// A caller may have put a key into the query: only the form of the reply is kept of it.
fn ingress(request: &RecordedRequest, mask: &Mask<'_>) -> Option<Value> {
    let body = mask.document(&request.body)?;
    let whole = request.head.path_and_query();
    let (path, query) = whole.split_once('?').unwrap_or((whole, ""));
    let form = query.split('&').find(|it| *it == "alt=sse");
    let path = form.map_or_else(|| path.to_owned(), |form| format!("{path}?{form}"));
    Some(json!({
        "dialect": &*request.dialect,
        "head": head(&request.head, &path, mask),
        "body": body,
    }))
}

fn reply(reply: &RecordedReply, mask: &Mask<'_>) -> Option<Value> {
    let (name, body) = match mask.body(&reply.body)? {
        Body::Text(text) => ("body", text),
        Body::Bytes => ("body_base64", BASE64_STANDARD.encode(&reply.body)),
    };
    Some(json!({
        "status": reply.head.status.as_u16(),
        "headers": headers(&reply.head.headers, &OF_REPLIES, mask),
        name: body,
        "clean": reply.ending == Ending::Clean,
    }))
}

fn headers(headers: &HeaderMap, listed: &[&str], mask: &Mask<'_>) -> Value {
    let mut shown = Map::new();
    for name in listed {
        if let Some(value) = headers.get(*name).and_then(|value| value.to_str().ok()) {
            shown.insert((*name).to_owned(), mask.chosen(value).into());
        }
    }
    Value::Object(shown)
}
