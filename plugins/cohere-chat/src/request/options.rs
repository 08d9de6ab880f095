//! Members in Cohere's own words, and how much the model thinks.

use patchbay_sdk::canonical::{Object, RawJson};
use patchbay_sdk::request::Dropped;
use serde::Serialize;

/// Members of a chat request that a caller may send as Cohere names them.
const OWN: [&str; 8] = [
    "documents",
    "citation_options",
    "safety_mode",
    "strict_tools",
    "stop_sequences",
    "priority",
    "k",
    "p",
];

/// Takes the members out that Cohere knows by these names.
pub(crate) fn own_members(extra: &mut Object) -> Object {
    let mut own = Object::new();
    for name in OWN {
        if let Some(value) = extra.remove(name).filter(|value| !value.is_null()) {
            own.insert_raw(name, value);
        }
    }
    own
}

/// The member `thinking`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Thinking {
    /// As the caller wrote it.
    Own(Object),
    Effort(Effort),
}

#[derive(Debug, Serialize)]
pub(crate) struct Effort {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_budget: Option<u32>,
}

/// How much the model thinks: the caller's own `thinking`, in Cohere's form or with Anthropic's
/// `budget_tokens`, before `reasoning_effort`. Cohere knows on and off and recommends no limit;
/// the budgets of the lower efforts are this dialect's choice.
pub(crate) fn thinking(
    extra: &mut Object,
    effort: Option<&str>,
    dropped: &mut Dropped,
) -> Option<Thinking> {
    if let Some(own) = extra.get_raw("thinking").and_then(own_thinking) {
        extra.remove("thinking");
        dropped.add_if(effort.is_some(), "reasoning_effort");
        return Some(Thinking::Own(own));
    }
    let (kind, token_budget) = match effort? {
        "none" => ("disabled", None),
        "minimal" => ("enabled", Some(512)),
        "low" => ("enabled", Some(2048)),
        "medium" => ("enabled", Some(8192)),
        "high" | "xhigh" => ("enabled", None),
        _ => {
            dropped.add("reasoning_effort");
            return None;
        }
    };
    Some(Thinking::Effort(Effort { kind, token_budget }))
}

/// Nothing for what Cohere would refuse: it stays where it is, and is named.
fn own_thinking(value: &RawJson) -> Option<Object> {
    let mut thinking: Object = value.parse().ok()?;
    let kind: Option<String> = thinking.get("type").ok()?;
    if kind.is_some_and(|kind| kind != "enabled" && kind != "disabled") {
        return None;
    }
    if let Some(budget) = thinking.remove("budget_tokens")
        && thinking.get_raw("token_budget").is_none()
    {
        thinking.insert_raw("token_budget", budget);
    }
    Some(thinking)
}
