//! Tools and the choice among them.

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::chat::{ChatRequest, FunctionDefinition, Tool, ToolChoice};
use patchbay_sdk::canonical::{JsonKind, RawJson};

use super::members::Reader;

pub(super) fn read(reader: &mut Reader, request: &mut ChatRequest) -> Result<(), Failure> {
    let tools: Option<Vec<RawJson>> = reader.take("tools")?;
    let mut read = Vec::new();
    for (index, tool) in tools.into_iter().flatten().enumerate() {
        read.push(definition(Reader::of(&tool, format!("tools.{index}"))?)?);
    }
    request.tools = (!read.is_empty()).then_some(read);
    choice(reader, request)
}

/// A tool of the caller's is a function. Tools of the vendor's own have no canonical form: they
/// stay as they are, under their dated type.
fn definition(mut tool: Reader) -> Result<Tool, Failure> {
    let kind: Option<String> = tool.take("type")?;
    if let Some(kind) = kind.filter(|kind| kind != "custom") {
        return Ok(Tool { kind, function: None, extra: tool.rest() });
    }
    let parameters: RawJson = tool.require("input_schema")?;
    if parameters.kind() != JsonKind::Object {
        return Err(tool.wrong("input_schema", "has to be an object"));
    }
    let function = FunctionDefinition {
        name: tool.require("name")?,
        description: tool.take("description")?,
        parameters: Some(parameters),
        strict: tool.take("strict")?,
        ..FunctionDefinition::default()
    };
    Ok(Tool { kind: "function".to_owned(), function: Some(function), extra: tool.rest() })
}

fn choice(reader: &mut Reader, request: &mut ChatRequest) -> Result<(), Failure> {
    let Some(mut choice) = reader.take_object("tool_choice")? else { return Ok(()) };
    let kind = choice.kind()?;
    request.tool_choice = Some(match kind.as_str() {
        "auto" => ToolChoice::word("auto"),
        "any" => ToolChoice::word("required"),
        "none" => ToolChoice::word("none"),
        "tool" => ToolChoice::function(&choice.require::<String>("name")?),
        _ => return Err(choice.wrong("type", "has to be auto, any, tool or none")),
    });
    if choice.take::<bool>("disable_parallel_tool_use")? == Some(true) {
        request.parallel_tool_calls = Some(false);
    }
    Ok(())
}
