//! Results of tools as canonical messages.

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::chat::{Content, Message, Part, Role};

use super::blocks::{self, Said};
use super::members::{Reader, TextOrBlocks, text_or_blocks, wrong};

/// Reads a `tool_result`. What is no text in it goes to `shown`, under a line that says whose it
/// is.
pub(super) fn read(
    mut result: Reader,
    messages: &mut Vec<Message>,
    shown: &mut Vec<Part>,
) -> Result<(), Failure> {
    let id: String = result.require("tool_use_id")?;
    let content = text_or_blocks(&mut result, "content")?;
    let path = result.at("content");
    let content = match content {
        None => Content::Text(String::new()),
        Some(TextOrBlocks::Text(text)) => Content::Text(text),
        Some(TextOrBlocks::Blocks(blocks)) => {
            let (mut texts, mut others) = (Vec::new(), Vec::new());
            for (index, block) in blocks.iter().enumerate() {
                let path = format!("{path}.{index}");
                match blocks::read(block, path.clone())? {
                    Said::Part(part) if part.kind == "text" => texts.push(part),
                    Said::Part(part) => others.push(part),
                    _ => return Err(wrong(&path, "cannot be in a result of a tool")),
                }
            }
            if !others.is_empty() {
                if texts.is_empty() {
                    texts.push(Part::of_text("The result is shown below."));
                }
                shown.push(Part::of_text(format!("From the result of the call {id}:")));
                shown.append(&mut others);
            }
            text_of(texts)
        }
    };
    let mut message = Message {
        role: Role::Tool,
        content: Some(content),
        tool_call_id: Some(id),
        ..Message::default()
    };
    if result.take::<bool>("is_error")? == Some(true) {
        message.extra.insert("is_error", &true).map_err(|it| wrong(&path, &it.message))?;
    }
    result.hand_over(&["cache_control"], &mut message.extra);
    messages.push(message);
    Ok(())
}

/// One text is written as such.
fn text_of(mut parts: Vec<Part>) -> Content {
    match parts.as_mut_slice() {
        [] => Content::Text(String::new()),
        [part] if part.extra.is_empty() => Content::Text(part.text.take().unwrap_or_default()),
        _ => Content::Parts(parts),
    }
}
