//! Tools, and the choice among them.
//!
//! Source: <https://platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools>.

use patchbay_sdk::canonical::chat::{ChatRequest, Tool, ToolChoice, ToolChoiceView};
use patchbay_sdk::canonical::{Object, RawJson};
use patchbay_sdk::request::Dropped;

use crate::json::{Members, of_type, raw};

/// Members of a tool that canonical does not know and the API does.
const TOOL_MEMBERS: [&str; 5] = [
    "cache_control",
    "defer_loading",
    "allowed_callers",
    "eager_input_streaming",
    "input_examples",
];

/// The tools. Those of other vendors are named as dropped.
pub(super) fn definitions(tools: Option<Vec<Tool>>, dropped: &mut Dropped) -> Vec<Object> {
    let mut written = Vec::new();
    for (index, tool) in tools.into_iter().flatten().enumerate() {
        let path = format!("tools[{index}]");
        let is_function = tool.kind == "function" && tool.function.is_some();
        match is_function {
            true => written.extend(function(tool, &path, dropped)),
            false => match own(&tool) {
                Some(own) => written.push(own),
                None => dropped.add(path),
            },
        }
    }
    written
}

fn function(mut tool: Tool, path: &str, dropped: &mut Dropped) -> Option<Object> {
    let mut function = tool.function.take()?;
    let mut written = Object::new()
        .with("name", &function.name)
        .with_some("description", function.description.as_ref())
        .with("input_schema", &schema(function.parameters));
    if function.strict == Some(true) {
        written = written.with("strict", &true);
    }
    for name in TOOL_MEMBERS {
        let member = tool.extra.remove(name).or_else(|| function.extra.remove(name));
        if let Some(member) = member.filter(|member| !member.is_null()) {
            written.insert_raw(name, member);
        }
    }
    dropped.add_members(&format!("{path}."), &tool.extra);
    dropped.add_members(&format!("{path}.function."), &function.extra);
    Some(written)
}

/// A schema as the API requires it: of an object.
fn schema(parameters: Option<RawJson>) -> RawJson {
    let mut schema: Object = parameters.and_then(|raw| raw.parse().ok()).unwrap_or_default();
    if schema.get_raw("type").is_none() {
        schema.insert_raw("type", raw("object"));
        if schema.len() == 1 {
            schema.insert_raw("properties", raw(&Object::new()));
        }
    }
    raw(&schema)
}

/// A tool that is written as the API has it: with a dated type (`web_search_20250305`), a toolset,
/// or with its own schema.
fn own(tool: &Tool) -> Option<Object> {
    let date = tool.kind.rsplit('_').next().unwrap_or_default();
    let is_dated = date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit());
    let is_custom = tool.kind == "custom" && tool.extra.get_raw("input_schema").is_some();
    let is_own = is_dated || is_custom || tool.kind == "mcp_toolset";
    if is_own { raw(tool).parse().ok() } else { None }
}

/// `tool_choice`, and `parallel_tool_calls` in it.
pub(super) fn choice(
    request: &mut ChatRequest,
    has_tools: bool,
    dropped: &mut Dropped,
) -> Option<Object> {
    let choice = request.tool_choice.take();
    let one_at_a_time = request.parallel_tool_calls == Some(false);
    if !has_tools {
        // Without tools there is nothing to choose, and the API refuses the member.
        let asks = choice.is_some_and(|choice| {
            !matches!(choice.view(), ToolChoiceView::None | ToolChoiceView::Auto)
        });
        dropped.add_if(asks, "tool_choice");
        return None;
    }
    let written = match choice.as_ref().map(ToolChoice::view) {
        None => None,
        Some(ToolChoiceView::None) => return Some(of_type("none")),
        Some(ToolChoiceView::Auto) => Some(of_type("auto")),
        Some(ToolChoiceView::Required) => Some(of_type("any")),
        Some(ToolChoiceView::Function(name)) => Some(of_type("tool").with("name", &name)),
        Some(ToolChoiceView::Other) => {
            let own = choice.as_ref().and_then(own_choice);
            dropped.add_if(own.is_none(), "tool_choice");
            own
        }
    };
    match written {
        None if one_at_a_time => Some(of_type("auto").with("disable_parallel_tool_use", &true)),
        Some(choice) if one_at_a_time => Some(choice.with("disable_parallel_tool_use", &true)),
        written => written,
    }
}

/// A choice that is written as the API has it.
fn own_choice(choice: &ToolChoice) -> Option<Object> {
    let choice: Object = choice.raw().parse().ok()?;
    let kind: String = choice.get("type").ok()??;
    ["auto", "any", "tool", "none"].contains(&kind.as_str()).then_some(choice)
}

/// Whether a written choice makes the model call a tool.
pub(super) fn is_forced(choice: &Object) -> bool {
    let kind = choice.get::<String>("type").ok().flatten();
    matches!(kind.as_deref(), Some("any" | "tool"))
}
