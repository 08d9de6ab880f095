//! What the model may call.

use std::borrow::Cow;

use patchbay_sdk::canonical::RawJson;
use patchbay_sdk::canonical::chat::{ChatRequest, FunctionDefinition, ToolChoiceView};
use patchbay_sdk::request::Dropped;
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct WireTool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: WireFunction<'a>,
}

#[derive(Serialize)]
struct WireFunction<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    parameters: Cow<'a, RawJson>,
}

/// The request's tools; none where the caller wants none called. Ollama cannot be told that one
/// has to be called, or only one at a time.
pub(crate) fn write<'a>(request: &'a ChatRequest, dropped: &mut Dropped) -> Vec<WireTool<'a>> {
    let choice = request.tool_choice.as_ref().map(|choice| choice.view());
    match choice {
        Some(ToolChoiceView::None) => return Vec::new(),
        None | Some(ToolChoiceView::Auto) => {}
        Some(_) => dropped.add("tool_choice"),
    }
    dropped.add_if(request.parallel_tool_calls == Some(false), "parallel_tool_calls");
    let mut tools = Vec::new();
    for (index, tool) in request.tools.iter().flatten().enumerate() {
        let path = format!("tools[{index}]");
        match &tool.function {
            Some(function) if tool.kind == "function" => {
                dropped.add_members(&format!("{path}."), &tool.extra);
                tools.push(wire(function, &format!("{path}.function."), dropped));
            }
            _ => dropped.add(path),
        }
    }
    tools
}

fn wire<'a>(function: &'a FunctionDefinition, path: &str, dropped: &mut Dropped) -> WireTool<'a> {
    dropped.add_if(function.strict == Some(true), &format!("{path}strict"));
    dropped.add_members(path, &function.extra);
    let given = function.parameters.as_ref().filter(|schema| !schema.is_null());
    let parameters = match given {
        Some(schema) => Cow::Borrowed(schema),
        None => Cow::Owned(no_parameters()),
    };
    let description = function.description.as_deref();
    WireTool {
        kind: "function",
        function: WireFunction { name: &function.name, description, parameters },
    }
}

/// Ollama wants a schema even where there is nothing to pass.
fn no_parameters() -> RawJson {
    RawJson::from_text(r#"{"type":"object","properties":{}}"#).unwrap_or_default()
}
