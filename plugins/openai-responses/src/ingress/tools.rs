//! Tools and the choice among them: flat here, nested in a chat. Built-in tools run on OpenAI's
//! servers and are refused.

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::chat::{FunctionDefinition, Tool, ToolChoice};
use patchbay_sdk::canonical::{JsonKind, Object, RawJson};
use serde::Serialize;

use super::{left_over, object_at, set, take, take_required};

/// Takes the tools.
pub(super) fn read(request: &mut Object) -> Result<Option<Vec<Tool>>, Failure> {
    let Some(list) = take::<Vec<RawJson>>(request, "tools", "")? else { return Ok(None) };
    let tools = list.iter().enumerate().map(|(index, raw)| {
        let path = format!("tools[{index}]");
        tool(object_at(raw, &path)?, &path)
    });
    tools.collect::<Result<Vec<_>, _>>().map(Some)
}

fn tool(mut tool: Object, path: &str) -> Result<Tool, Failure> {
    let kind: String = take_required(&mut tool, "type", path)?;
    match kind.as_str() {
        "function" => {
            let function = FunctionDefinition {
                name: take_required(&mut tool, "name", path)?,
                description: take(&mut tool, "description", path)?,
                parameters: take(&mut tool, "parameters", path)?,
                strict: take(&mut tool, "strict", path)?,
                ..FunctionDefinition::default()
            };
            Ok(Tool { kind, function: Some(function), extra: rest(tool) })
        }
        "custom" => {
            let custom = custom(&mut tool, path)?;
            let mut extra = rest(tool);
            set(&mut extra, "custom", &custom);
            Ok(Tool { kind, function: None, extra })
        }
        other => Err(built_in(&format!("{path}.type"), other)),
    }
}

/// A custom tool's definition. A grammar is flat here, and nested once more in a chat.
fn custom(tool: &mut Object, path: &str) -> Result<Object, Failure> {
    let mut custom = Object::new();
    set(&mut custom, "name", &take_required::<String>(tool, "name", path)?);
    if let Some(description) = take::<String>(tool, "description", path)? {
        set(&mut custom, "description", &description);
    }
    if let Some(raw) = take::<RawJson>(tool, "format", path)? {
        let mut format = object_at(&raw, &format!("{path}.format"))?;
        if format.get::<String>("type").is_ok_and(|kind| kind.as_deref() == Some("grammar")) {
            format.remove("type");
            let mut nested = Object::new();
            set(&mut nested, "type", "grammar");
            set(&mut nested, "grammar", &format);
            format = nested;
        }
        set(&mut custom, "format", &format);
    }
    Ok(custom)
}

/// What else a tool has; what is switched off needs no word.
fn rest(tool: Object) -> Object {
    let mut rest = left_over(tool);
    for name in ["async", "defer_loading"] {
        if rest.get_raw(name).is_some_and(|value| value.as_str() == "false") {
            rest.remove(name);
        }
    }
    rest
}

fn built_in(path: &str, kind: &str) -> Failure {
    let kind: String = kind.chars().take(64).collect();
    let message = format!(
        "tools of the type {kind:?} run on OpenAI's servers and are not offered here: use \
         function or custom tools"
    );
    Failure::invalid_request(path, message)
}

/// Takes the choice among the tools.
pub(super) fn read_choice(request: &mut Object) -> Result<Option<ToolChoice>, Failure> {
    const PATH: &str = "tool_choice";
    let Some(raw) = take::<RawJson>(request, PATH, "")? else { return Ok(None) };
    if raw.kind() == JsonKind::String {
        return raw.parse().map(Some).map_err(|problem| super::under(PATH, problem));
    }
    let mut choice = object_at(&raw, PATH)?;
    let kind: String = take_required(&mut choice, "type", PATH)?;
    let nested = match kind.as_str() {
        "function" | "custom" => named(&mut choice, PATH)?,
        "allowed_tools" => allowed(&mut choice)?,
        other => return Err(built_in("tool_choice.type", other)),
    };
    to_choice(&of_kind(&kind, &nested)).map(Some)
}

fn allowed(choice: &mut Object) -> Result<Object, Failure> {
    let mut allowed = Object::new();
    let mode = take::<String>(choice, "mode", "tool_choice")?.unwrap_or_else(|| "auto".to_owned());
    set(&mut allowed, "mode", &mode);
    let tools: Vec<RawJson> = take_required(choice, "tools", "tool_choice")?;
    let tools = tools.iter().enumerate().map(|(index, raw)| {
        let path = format!("tool_choice.tools[{index}]");
        let mut tool = object_at(raw, &path)?;
        let kind: String = take_required(&mut tool, "type", &path)?;
        match kind.as_str() {
            "function" | "custom" => Ok(of_kind(&kind, &named(&mut tool, &path)?)),
            other => Err(built_in(&format!("{path}.type"), other)),
        }
    });
    set(&mut allowed, "tools", &tools.collect::<Result<Vec<_>, _>>()?);
    Ok(allowed)
}

fn named(object: &mut Object, path: &str) -> Result<Object, Failure> {
    let mut named = Object::new();
    set(&mut named, "name", &take_required::<String>(object, "name", path)?);
    Ok(named)
}

/// `{"type": KIND, KIND: {…}}`
fn of_kind(kind: &str, nested: &Object) -> Object {
    let mut object = Object::new();
    set(&mut object, "type", kind);
    set(&mut object, kind, nested);
    object
}

fn to_choice(object: &(impl Serialize + ?Sized)) -> Result<ToolChoice, Failure> {
    RawJson::of(object)
        .and_then(|raw| raw.parse())
        .map_err(|problem| super::under("tool_choice", problem))
}
