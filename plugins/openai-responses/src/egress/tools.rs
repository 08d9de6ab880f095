//! Tools and the choice among them: nested in a chat, flat here.

use patchbay_sdk::canonical::chat::{Tool, ToolChoice};
use patchbay_sdk::canonical::{Object, RawJson};
use patchbay_sdk::request::Dropped;

use super::request::{put, put_if};

/// Flattens tools. A kind that is not known may be one of the API's own: it goes out as it is.
pub(super) fn flat(tools: &[Tool], dropped: &mut Dropped) -> Vec<Object> {
    let tools = tools.iter().enumerate();
    tools.map(|(index, tool)| flat_tool(tool, index, dropped)).collect()
}

fn flat_tool(tool: &Tool, index: usize, dropped: &mut Dropped) -> Object {
    let mut flat = Object::new();
    put(&mut flat, "type", &tool.kind);
    if let Some(function) = &tool.function {
        put(&mut flat, "name", &function.name);
        put_if(&mut flat, "description", function.description.as_ref());
        put(&mut flat, "parameters", &function.parameters);
        // Strict is the default here, and not in a chat.
        put(&mut flat, "strict", &function.strict.unwrap_or(false));
        dropped.add_members(&format!("tools[{index}].function."), &function.extra);
    }
    for (name, value) in tool.extra.iter() {
        match (tool.kind.as_str(), name) {
            ("custom", "custom") => spread(value, &mut flat),
            // Other providers' way of marking what to cache.
            (_, "cache_control") => dropped.add(format!("tools[{index}].cache_control")),
            _ => flat.insert_raw(name, value.clone()),
        }
    }
    if let Ok(Some(mut format)) = flat.get::<Object>("format")
        && let Some(grammar) = format.remove("grammar")
    {
        spread(&grammar, &mut format);
        put(&mut flat, "format", &format);
    }
    flat
}

/// Flattens the choice of a function, a custom tool, or a set of them; words stay.
pub(super) fn flat_choice(choice: &ToolChoice) -> RawJson {
    let raw = choice.raw();
    raw.parse::<Object>().ok().and_then(flat_kind).unwrap_or_else(|| raw.clone())
}

/// `{"type": KIND, KIND: {…}}` as `{"type": KIND, …}`.
fn flat_kind(mut choice: Object) -> Option<RawJson> {
    let kind: String = choice.get("type").ok()??;
    let nested = choice.remove(&kind)?;
    spread(&nested, &mut choice);
    if kind == "allowed_tools"
        && let Ok(Some(tools)) = choice.get::<Vec<Object>>("tools")
    {
        let flat = |tool: Object| {
            flat_kind(tool.clone()).or_else(|| RawJson::of(&tool).ok()).unwrap_or_default()
        };
        put(&mut choice, "tools", &tools.into_iter().map(flat).collect::<Vec<_>>());
    }
    RawJson::of(&choice).ok()
}

/// Puts an object's members into another.
fn spread(nested: &RawJson, into: &mut Object) {
    for (name, value) in nested.parse::<Object>().unwrap_or_default() {
        into.insert_raw(&name, value);
    }
}
