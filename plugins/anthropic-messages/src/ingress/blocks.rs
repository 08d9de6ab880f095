//! Content blocks as parts, calls and reasoning.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use patchbay_sdk::Failure;
use patchbay_sdk::canonical::RawJson;
use patchbay_sdk::canonical::chat::{
    File, FunctionCall, ImageUrl, Part, ReasoningDetail, ToolCall,
};
use patchbay_sdk::canonical::{JsonKind, Object};

use super::members::{Reader, wrong};
use crate::json::raw;
use crate::reply::carried;

/// One block by what it is.
pub(super) enum Said {
    /// A part of a message: text, an image, a file, or a block that only this dialect has.
    Part(Part),
    /// A `tool_result`, without its type.
    Result(Reader),
    /// A `tool_use`.
    Call(ToolCall),
    /// Reasoning that its maker wants back.
    Thought(ReasoningDetail),
    /// Reasoning that nobody wants back: it has no signature.
    Reasoning(String),
    /// A block of the assistant's that canonical has no form for.
    Own(RawJson),
}

/// Reads a block.
pub(super) fn read(block: &RawJson, path: String) -> Result<Said, Failure> {
    let mut reader = Reader::of(block, path)?;
    let kind = reader.kind()?;
    Ok(match kind.as_str() {
        "text" => Said::Part(text(reader)?),
        "image" => Said::Part(image(reader, block)?),
        "document" => Said::Part(document(reader, block)?),
        "search_result" | "container_upload" | "tool_reference" | "browser_state" => {
            Said::Part(own_part(block, reader.path())?)
        }
        "tool_result" => Said::Result(reader),
        "tool_use" => Said::Call(call(reader)?),
        "thinking" => thinking(reader)?,
        "redacted_thinking" => {
            let data: String = reader.require("data")?;
            Said::Thought(
                carried::unpack(&data)
                    .unwrap_or_else(|| ReasoningDetail::of_data(ReasoningDetail::ANTHROPIC, data)),
            )
        }
        _ => Said::Own(block.clone()),
    })
}

fn text(mut reader: Reader) -> Result<Part, Failure> {
    let mut part = Part::of_text(reader.require::<String>("text")?);
    // Citations of an earlier answer say nothing to the model that it does not see in the text.
    reader.hand_over(&["cache_control"], &mut part.extra);
    Ok(part)
}

fn thinking(mut reader: Reader) -> Result<Said, Failure> {
    let text: String = reader.require("thinking")?;
    let signature: Option<String> = reader.take("signature")?;
    Ok(match signature.filter(|signature| !signature.is_empty()) {
        Some(signature) => Said::Thought(ReasoningDetail {
            signature: Some(signature),
            ..ReasoningDetail::of_text(ReasoningDetail::ANTHROPIC, text)
        }),
        None => Said::Reasoning(text),
    })
}

fn call(mut reader: Reader) -> Result<ToolCall, Failure> {
    let id = reader.require("id")?;
    let name = reader.require("name")?;
    let input: RawJson = reader.require("input")?;
    if input.kind() != JsonKind::Object {
        return Err(reader.wrong("input", "has to be an object"));
    }
    Ok(ToolCall {
        id: Some(id),
        kind: Some("function".to_owned()),
        function: Some(FunctionCall {
            name,
            arguments: input.as_str().to_owned(),
            ..FunctionCall::default()
        }),
        extra: reader.rest(),
    })
}

fn image(mut reader: Reader, block: &RawJson) -> Result<Part, Failure> {
    let mut source = source(&mut reader)?;
    let url = match source.kind()?.as_str() {
        "base64" => data_url(&mut source)?,
        "url" => source.require("url")?,
        _ => return own_part(block, reader.path()),
    };
    let image_url = Some(ImageUrl { url, ..ImageUrl::default() });
    let mut part = Part { kind: "image_url".to_owned(), image_url, ..Part::default() };
    reader.hand_over(&["cache_control", "transformations"], &mut part.extra);
    Ok(part)
}

fn document(mut reader: Reader, block: &RawJson) -> Result<Part, Failure> {
    let mut source = source(&mut reader)?;
    let mut file = File { filename: reader.take("title")?, ..File::default() };
    match source.kind()?.as_str() {
        "base64" => file.file_data = Some(data_url(&mut source)?),
        "text" => {
            let data: String = source.require("data")?;
            file.file_data = Some(format!("data:text/plain;base64,{}", STANDARD.encode(data)));
        }
        "file" => file.file_id = Some(source.require("file_id")?),
        "url" => {
            let url: String = source.require("url")?;
            file.extra.insert_raw("file_url", raw(&url));
        }
        // Blocks inside a document.
        _ => return own_part(block, reader.path()),
    }
    let mut part = Part { kind: "file".to_owned(), file: Some(file), ..Part::default() };
    reader.hand_over(&["cache_control", "context", "citations"], &mut part.extra);
    Ok(part)
}

fn source(reader: &mut Reader) -> Result<Reader, Failure> {
    reader.take_object("source")?.ok_or_else(|| reader.wrong("source", "is required"))
}

fn data_url(source: &mut Reader) -> Result<String, Failure> {
    let media_type: String = source.require("media_type")?;
    let data: String = source.require("data")?;
    Ok(format!("data:{media_type};base64,{data}"))
}

/// A block that stays what it is, as a part of the same type.
pub(super) fn own_part(block: &RawJson, path: &str) -> Result<Part, Failure> {
    let not_a_part = |_| wrong(path, "has to be an object with a type");
    let mut members: Object = block.parse().map_err(not_a_part)?;
    let kind = members.take("type").map_err(not_a_part)?.unwrap_or_default();
    Ok(Part { kind, extra: members, ..Part::default() })
}
