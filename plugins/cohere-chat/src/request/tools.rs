//! Tools and the choice among them.

use patchbay_sdk::canonical::chat::{ChatRequest, FunctionDefinition, Tool, ToolChoiceView};
use patchbay_sdk::canonical::{Object, RawJson};
use patchbay_sdk::request::Dropped;
use serde::Serialize;

/// The members that have to do with tools.
#[derive(Serialize)]
pub(crate) struct Tools<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<OwnTool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict_tools: Option<bool>,
}

#[derive(Serialize)]
struct OwnTool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: OwnFunction<'a>,
}

#[derive(Serialize)]
struct OwnFunction<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    /// Required, other than in canonical.
    parameters: Parameters<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Parameters<'a> {
    Given(&'a RawJson),
    None(NoParameters),
}

#[derive(Serialize)]
struct NoParameters {
    #[serde(rename = "type")]
    kind: &'static str,
    properties: Object,
}

/// The tools. Cohere can force a call, not a certain one: where the caller wants a certain one,
/// it is the only one that goes out. Its `strict_tools` is about all tools at once, so that
/// `strict` counts where every tool has it.
pub(crate) fn tools<'a>(
    request: &'a ChatRequest,
    own: &Object,
    dropped: &mut Dropped,
) -> Tools<'a> {
    let wanted = request.tool_choice.as_ref().map(|choice| choice.view());
    let only = match &wanted {
        Some(ToolChoiceView::Function(name)) => Some(name.as_str()),
        _ => None,
    };
    let mut functions: Vec<&FunctionDefinition> = Vec::new();
    for (index, tool) in request.tools.iter().flatten().enumerate() {
        match function(tool, index, dropped) {
            Some(function) if only.is_none_or(|name| name == function.name) => {
                functions.push(function);
            }
            _ => {}
        }
    }
    let tool_choice = match wanted {
        Some(ToolChoiceView::None) => Some("NONE"),
        Some(ToolChoiceView::Required | ToolChoiceView::Function(_)) => Some("REQUIRED"),
        Some(ToolChoiceView::Other) => {
            dropped.add("tool_choice");
            None
        }
        Some(ToolChoiceView::Auto) | None => None,
    };
    let strict = functions.iter().filter(|function| function.strict == Some(true)).count();
    let all = strict > 0 && strict == functions.len();
    dropped.add_if(strict > 0 && !all, "tools[].function.strict");
    Tools {
        tool_choice: tool_choice.filter(|_| !functions.is_empty()),
        strict_tools: (all && own.get_raw("strict_tools").is_none()).then_some(true),
        tools: functions.into_iter().map(own_tool).collect(),
    }
}

fn function<'a>(
    tool: &'a Tool,
    index: usize,
    dropped: &mut Dropped,
) -> Option<&'a FunctionDefinition> {
    let Some(function) = tool.function.as_ref().filter(|_| tool.kind == "function") else {
        dropped.add(format!("tools[{index}]"));
        return None;
    };
    dropped.add_members(&format!("tools[{index}]."), &tool.extra);
    dropped.add_members(&format!("tools[{index}].function."), &function.extra);
    Some(function)
}

fn own_tool(function: &FunctionDefinition) -> OwnTool<'_> {
    let none = || NoParameters { kind: "object", properties: Object::new() };
    let given = function.parameters.as_ref().filter(|parameters| !parameters.is_null());
    OwnTool {
        kind: "function",
        function: OwnFunction {
            name: &function.name,
            description: function.description.as_deref(),
            parameters: given.map_or_else(|| Parameters::None(none()), Parameters::Given),
        },
    }
}
