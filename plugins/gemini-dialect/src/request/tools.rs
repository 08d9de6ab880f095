//! Tools and the choice among them (<https://ai.google.dev/api/caching#Tool>).

use patchbay_sdk::canonical::chat::{ChatRequest, Tool, ToolChoiceView};
use patchbay_sdk::canonical::{JsonKind, Object, RawJson};
use patchbay_sdk::request::Dropped;
use serde::Serialize;

use super::{drop_rest, put, vendor};

/// Tools that Google runs itself: `{"type": "google_search"}`, with options in a member of the
/// same name, in camelCase or snake_case.
const OWN: [&str; 10] = [
    "googleSearch",
    "googleSearchRetrieval",
    "googleMaps",
    "codeExecution",
    "urlContext",
    "fileSearch",
    "computerUse",
    "enterpriseWebSearch",
    "retrieval",
    "mcpServers",
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Declaration<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    /// JSON Schema as it is; `parameters` would be Google's own dialect of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters_json_schema: Option<&'a RawJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CallingConfig {
    mode: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed_function_names: Vec<String>,
}

/// Writes `tools` and `toolConfig`.
pub(crate) fn write(request: &ChatRequest, body: &mut Object, dropped: &mut Dropped) {
    // `true` is what the API does; it cannot be told to make one call at a time.
    dropped.add_if(request.parallel_tool_calls == Some(false), "parallel_tool_calls");
    let config = calling_config(request, dropped);
    // Only where a call is forced, its schema is kept to the letter.
    let forced = config.as_ref().is_some_and(|config| config.mode == "ANY");
    let tools = tools(request.tools.as_deref().unwrap_or_default(), forced, dropped);
    if tools.is_empty() {
        dropped.add_if(config.is_some(), "tool_choice");
        return;
    }
    put(body, "tools", &tools);
    if let Some(config) = config {
        let mut outer = Object::new();
        put(&mut outer, "functionCallingConfig", &config);
        put(body, "toolConfig", &outer);
    }
}

fn tools(tools: &[Tool], forced: bool, dropped: &mut Dropped) -> Vec<Object> {
    let (mut declarations, mut written) = (Vec::new(), Vec::new());
    for (index, tool) in tools.iter().enumerate() {
        let path = format!("tools[{index}]");
        if let Some(function) = tool.function.as_ref().filter(|_| tool.kind == "function") {
            drop_rest(dropped, &path, &tool.extra);
            drop_rest(dropped, &format!("{path}.function"), &function.extra);
            let strict = function.strict == Some(true) && !forced;
            dropped.add_if(strict, &format!("{path}.function.strict"));
            declarations.push(Declaration {
                name: &function.name,
                description: function.description.as_deref(),
                parameters_json_schema: function.parameters.as_ref().filter(|p| !p.is_null()),
            });
            continue;
        }
        match own(tool) {
            Some(tool) => written.push(tool),
            None => dropped.add(path),
        }
    }
    if !declarations.is_empty() {
        let mut functions = Object::new();
        put(&mut functions, "functionDeclarations", &declarations);
        written.insert(0, functions);
    }
    written
}

fn own(tool: &Tool) -> Option<Object> {
    let name = vendor::camel_case(&tool.kind);
    let known = OWN.contains(&name.as_str());
    let options = [tool.kind.as_str(), &name].into_iter().find_map(|key| tool.extra.get_raw(key));
    let options = match options {
        Some(options) => options.clone(),
        None => RawJson::from_text("{}").ok()?,
    };
    let fits = matches!(options.kind(), JsonKind::Object | JsonKind::Array);
    let mut written = Object::new();
    written.insert_raw(&name, options);
    (known && fits).then_some(written)
}

fn calling_config(request: &ChatRequest, dropped: &mut Dropped) -> Option<CallingConfig> {
    let of_mode = |mode| CallingConfig { mode, allowed_function_names: Vec::new() };
    match request.tool_choice.as_ref()?.view() {
        ToolChoiceView::None => Some(of_mode("NONE")),
        ToolChoiceView::Auto => Some(of_mode("AUTO")),
        ToolChoiceView::Required => Some(of_mode("ANY")),
        ToolChoiceView::Function(name) => {
            Some(CallingConfig { mode: "ANY", allowed_function_names: vec![name] })
        }
        ToolChoiceView::Other => {
            dropped.add("tool_choice");
            None
        }
    }
}
