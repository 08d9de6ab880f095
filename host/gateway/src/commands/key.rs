//! `patchbay key …`

use std::io::Read;

use anyhow::{Context as _, bail};
use http::Method;
use pipeline::KeyDigest;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::admin_client::{AdminClient, Ask};
use super::collection::{Collection, Column, print_json, state};
use super::members::text;
use crate::command_line::{
    Clearable, KeyChange, KeyChoice, KeyCreation, KeyMembers, KeyState, wrong_usage,
};
use crate::key_text::{MAX_KEY_BYTES, unusable};
use crate::terminal;

/// API keys.
pub(super) const KEYS: Collection = Collection {
    noun: "API key",
    segment: "apikeys",
    name_member: "id",
    columns: &[
        Column { heading: "ID", text: |key| text(key, "id") },
        Column { heading: "NAME", text: |key| text(key, "name") },
        Column { heading: "OWNER", text: |key| text(key, "owner") },
        Column { heading: "STATE", text: state },
        Column { heading: "STARTS", text: |key| text(key, "hint") },
        Column { heading: "EXPIRES", text: |key| text(key, "expires_at") },
        Column { heading: "LAST USED", text: |key| text(key, "last_used_at") },
        Column { heading: "MODELS", text: |key| text(key, "models") },
        Column { heading: "ORIGIN", text: |key| text(key, "origin") },
    ],
};

/// Makes a key. The key is all that is on standard output, so that a script can take it.
pub(super) fn create(creation: &KeyCreation) -> anyhow::Result<()> {
    let mut document = document(&creation.members)?;
    if let Some(id) = &creation.id {
        document.insert("id".to_owned(), id.as_str().into());
    }
    let made = KEYS.create(Value::Object(document), &creation.gateway)?.body;
    if creation.gateway.json {
        print_json(&made);
        return Ok(());
    }
    let key = made.get("key").and_then(Value::as_str);
    let key = key.context("the answer holds no key; use a patchbay of the gateway's version")?;
    let id = terminal::harmless(&text(&made, "id"));
    terminal::complain(&format!("API key {id:?} was made; keep it, it is shown this once:"));
    terminal::say(&terminal::harmless(key));
    Ok(())
}

/// Changes what a key may do.
pub(super) fn update(change: &KeyChange) -> anyhow::Result<()> {
    let mut patch = document(&change.members)?;
    if let Some(state) = change.state {
        let state = match state {
            KeyState::Active => "active",
            KeyState::Disabled => "disabled",
        };
        patch.insert("state".to_owned(), state.into());
    }
    for member in &change.clear {
        if !clear(&mut patch, *member) {
            return Err(wrong_usage("a member is changed and cleared; choose one of them"));
        }
    }
    if patch.is_empty() {
        return Err(wrong_usage("nothing is to be changed; name a member, like --name NAME"));
    }
    KEYS.patch(change.id.as_str(), Value::Object(patch), &change.pinned)
}

/// Makes a key invalid.
pub(super) fn revoke(choice: &KeyChoice) -> anyhow::Result<()> {
    let client = AdminClient::try_new(&choice.gateway)?;
    let ask = Ask::new(Method::POST, &[KEYS.segment, choice.id.as_str(), "revoke"]);
    KEYS.report("was revoked", &client.ask(ask)?.body, &choice.gateway);
    Ok(())
}

/// The members that were named, as the admin API takes them.
fn document(members: &KeyMembers) -> anyhow::Result<Map<String, Value>> {
    let mut document = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        value.and_then(|value| document.insert(name.to_owned(), value))
    };
    let list = |texts: &[String]| (!texts.is_empty()).then(|| json!(texts));
    let expires = members.expires.map(|it| it.ahead(OffsetDateTime::now_utc())).transpose()?;
    put("name", members.name.clone().map(Value::from));
    put("owner", members.owner.clone().map(Value::from));
    put("tags", list(&members.tags));
    put("expires_at", expires.map(Value::from));
    put("models", list(&members.models));
    put("endpoints", list(&members.endpoints));
    let limits = [
        ("requests_per_minute", members.requests_per_minute),
        ("tokens_per_minute", members.tokens_per_minute),
        ("max_concurrent_requests", members.max_concurrent_requests),
    ];
    let limits =
        limits.into_iter().filter_map(|(name, most)| Some((name.to_owned(), most?.into())));
    let limits: Map<_, _> = limits.collect();
    put("limits", (!limits.is_empty()).then_some(Value::Object(limits)));
    Ok(document)
}

/// Has a patch take a member away; `false` if it sets that member.
fn clear(patch: &mut Map<String, Value>, member: Clearable) -> bool {
    let name = match member {
        Clearable::Name => "name",
        Clearable::Owner => "owner",
        Clearable::Tags => "tags",
        Clearable::Expires => "expires_at",
        Clearable::Models => "models",
        Clearable::Endpoints => "endpoints",
        Clearable::RequestsPerMinute => "requests_per_minute",
        Clearable::TokensPerMinute => "tokens_per_minute",
        Clearable::MaxConcurrentRequests => "max_concurrent_requests",
    };
    let is_limit = matches!(
        member,
        Clearable::RequestsPerMinute
            | Clearable::TokensPerMinute
            | Clearable::MaxConcurrentRequests
    );
    if !is_limit {
        return patch.insert(name.to_owned(), Value::Null).is_none_or(|it| it.is_null());
    }
    let limits = patch.entry("limits").or_insert_with(|| json!({})).as_object_mut();
    let before = limits.and_then(|limits| limits.insert(name.to_owned(), Value::Null));
    before.is_none_or(|it| it.is_null())
}

/// Prints the digest of the key that `input` holds.
pub(super) fn digest(input: impl Read) -> anyhow::Result<()> {
    terminal::say(&read_digest(input)?.to_string());
    Ok(())
}

fn read_digest(input: impl Read) -> anyhow::Result<KeyDigest> {
    let mut text = String::new();
    let limit = MAX_KEY_BYTES as u64 + 2;
    let read = input.take(limit).read_to_string(&mut text);
    read.context("standard input cannot be read; write the key to it as text")?;
    let key = text.trim_end_matches(['\r', '\n']);
    if let Some(reason) = unusable(key) {
        bail!("{reason}; use it like: printf %s \"$KEY\" | patchbay key digest");
    }
    Ok(KeyDigest::of(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_has_no_digest() {
        let too_long = "k".repeat(MAX_KEY_BYTES + 1);
        for key in ["", "\n", "a b", "a\nb\n", "é", too_long.as_str()] {
            assert!(read_digest(key.as_bytes()).is_err(), "{key:?}");
        }
        assert_eq!(read_digest("k\r\n".as_bytes()).unwrap(), KeyDigest::of("k"));
    }

    #[test]
    fn only_members_that_were_named_are_sent() {
        assert_eq!(document(&KeyMembers::default()).unwrap(), Map::new());
        let members = KeyMembers {
            tags: vec!["a".to_owned(), "b".to_owned()],
            expires: Some("2027-01-01".parse().unwrap()),
            tokens_per_minute: Some(5),
            ..KeyMembers::default()
        };
        let expected = json!({
            "tags": ["a", "b"],
            "expires_at": "2027-01-01T00:00:00Z",
            "limits": { "tokens_per_minute": 5 },
        });
        assert_eq!(Value::Object(document(&members).unwrap()), expected);
    }

    #[test]
    fn a_member_is_cleared_unless_it_is_set() {
        let members = KeyMembers {
            name: Some("n".to_owned()),
            tokens_per_minute: Some(5),
            ..KeyMembers::default()
        };
        let mut patch = document(&members).unwrap();
        assert!(clear(&mut patch, Clearable::Owner) && clear(&mut patch, Clearable::Owner));
        assert!(clear(&mut patch, Clearable::RequestsPerMinute));
        let expected = json!({
            "name": "n",
            "owner": null,
            "limits": { "requests_per_minute": null, "tokens_per_minute": 5 },
        });
        assert_eq!(Value::Object(patch.clone()), expected);
        assert!(!clear(&mut patch, Clearable::Name));
        assert!(!clear(&mut patch, Clearable::TokensPerMinute));
    }
}
