//! What the model may call.
//!
//! Converse cannot say "none", and wants tools declared as soon as the conversation has a call or
//! a result in it. So `tool_choice: "none"` leaves the tools out where the conversation has none
//! of either; where it has, the tools stay, the choice is the model's, and `tool_choice` is named
//! as dropped. A conversation with calls whose request declares no tools gets the functions that
//! were called declared by name, with a schema that allows anything.

use std::borrow::Cow;

use patchbay_sdk::canonical::RawJson;
use patchbay_sdk::canonical::chat::{ChatRequest, Tool, ToolChoiceView};

use super::Job;
use super::body::{Choice, InputSchema, ToolConfig, ToolEntry, ToolSpec};
use super::content::cache_point;
use super::messages::History;

pub(super) fn config<'a>(
    chat: &'a ChatRequest,
    history: &History<'a>,
    job: &mut Job<'_>,
) -> Option<ToolConfig<'a>> {
    let choice = chat.tool_choice.as_ref().map(|choice| choice.view());
    let is_none = choice == Some(ToolChoiceView::None);
    if is_none && history.called.is_empty() {
        return None;
    }
    let mut tools = Vec::new();
    for (at, tool) in chat.tools.iter().flatten().enumerate() {
        declare(&format!("tools[{at}]"), tool, job, &mut tools);
    }
    let declared = !tools.is_empty();
    if !declared {
        tools.extend(history.called.iter().map(|name| ToolEntry::ToolSpec(anything(name))));
    }
    let tool_choice = match choice {
        Some(ToolChoiceView::Auto) if declared => Some(Choice::Auto {}),
        Some(ToolChoiceView::Required) if declared => Some(Choice::Any {}),
        Some(ToolChoiceView::Function(name)) if declared => Some(Choice::Tool { name }),
        // Without tools there is nothing to choose.
        None | Some(ToolChoiceView::Auto) => None,
        Some(_) => {
            job.dropped.add("tool_choice");
            None
        }
    };
    (!tools.is_empty()).then_some(ToolConfig { tools, tool_choice })
}

fn declare<'a>(path: &str, tool: &'a Tool, job: &mut Job<'_>, tools: &mut Vec<ToolEntry<'a>>) {
    let Some(function) = tool.function.as_ref().filter(|_| tool.kind == "function") else {
        job.dropped.add(path);
        return;
    };
    let schema = function.parameters.clone().filter(|schema| !schema.is_null());
    tools.push(ToolEntry::ToolSpec(ToolSpec {
        name: &function.name,
        description: function.description.as_deref().filter(|text| !text.trim().is_empty()),
        input_schema: InputSchema { json: schema.unwrap_or_else(any_object) },
        strict: function.strict == Some(true),
    }));
    job.dropped.add_members(&format!("{path}.function."), &function.extra);
    let mut others = tool.extra.clone();
    if let Some(control) = others.remove("cache_control") {
        let point = cache_point(path, &control, job);
        tools.extend(point.map(ToolEntry::CachePoint));
    }
    job.dropped.add_members(&format!("{path}."), &others);
}

fn anything(name: &str) -> ToolSpec<'_> {
    ToolSpec {
        name,
        description: None,
        input_schema: InputSchema { json: any_object() },
        strict: false,
    }
}

fn any_object() -> RawJson {
    RawJson::from_text(r#"{"type":"object","properties":{}}"#).expect("it is JSON")
}

/// A call's id as Converse takes it: up to 64 letters, digits and `_.:-`. Ids that other
/// providers made may be longer or have more; those are replaced by one that is as good as unique
/// and the same for the call and its result.
pub(super) fn id(id: &str) -> Cow<'_, str> {
    const MAX_BYTES: usize = 64;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.:-".contains(&b);
    if (1..=MAX_BYTES).contains(&id.len()) && id.bytes().all(allowed) {
        return Cow::Borrowed(id);
    }
    // FNV-1a, 64 bits.
    let hash = id.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    Cow::Owned(format!("call_{hash:016x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_converse_takes_are_kept_and_others_replaced_alike() {
        for kept in ["call_1", "tooluse_a-B.c:9", &"x".repeat(64)] {
            assert_eq!(id(kept), kept);
        }
        for other in ["", "call 1", "a/b", &"x".repeat(65)] {
            let replaced = id(other).into_owned();
            assert_ne!(replaced, other);
            assert_eq!(id(&replaced), replaced, "it is one that is kept");
            assert_eq!(id(other), replaced);
        }
        assert_ne!(id("a/b"), id("a/c"));
    }
}
