//! An estimate of a request's tokens, for providers that cannot count.
//!
//! No tokenizer: each model has its own. The estimate errs on the high side, so that a caller who
//! trims its prompt by it does not trim too little: a token for four bytes of ASCII text, for
//! each other character one, and what vendors' documentation says of the frame around messages
//! and of images.

use bytes::Bytes;
use exchange::Failure;
use openai_api::Canonical as _;
use openai_api::chat::{ChatRequest, Content, Message, PartView};

use crate::run::untranslatable;

/// Roles and separators around a message.
const PER_MESSAGE: u64 = 4;
/// An image of about a megapixel (Anthropic's documentation, "Vision": width × height / 750).
const PER_IMAGE: u64 = 1400;
/// A page of a document, text and image.
const PER_FILE: u64 = 3000;

/// The document that answers `count-tokens`, with an estimate.
///
/// # Errors
/// If the request that a plugin made is not canonical.
pub(crate) fn estimated(canonical: &[u8]) -> Result<Bytes, Failure> {
    let request = ChatRequest::from_json(canonical).map_err(|it| untranslatable(&it))?;
    let tokens = estimate(&request);
    let document = format!(r#"{{"object":"token_count","input_tokens":{tokens}}}"#);
    Ok(document.into())
}

/// How many tokens the prompt may have.
pub(crate) fn estimate(request: &ChatRequest) -> u64 {
    let messages: u64 = request.messages.iter().map(of_message).sum();
    let tools = request.tools.iter().flatten().map(|tool| of_text(&json(tool))).sum::<u64>();
    let format = request.response_format.iter().map(|format| of_text(&json(format))).sum::<u64>();
    messages + tools + format
}

fn of_message(message: &Message) -> u64 {
    let content = match &message.content {
        None => 0,
        Some(Content::Text(text)) => of_text(text),
        Some(Content::Parts(parts)) => parts
            .iter()
            .map(|part| match part.view() {
                PartView::Text(text) | PartView::Refusal(text) => of_text(text),
                PartView::ImageUrl(_) => PER_IMAGE,
                PartView::File(_) | PartView::InputAudio(_) => PER_FILE,
                PartView::Other(_) => of_text(&json(part)),
            })
            .sum(),
    };
    let calls = message.tool_calls.iter().flatten().map(|call| of_text(&json(call))).sum::<u64>();
    let reasoning = message.reasoning_content.iter().map(|text| of_text(text)).sum::<u64>();
    PER_MESSAGE + content + calls + reasoning
}

fn of_text(text: &str) -> u64 {
    let other = text.chars().filter(|c| !c.is_ascii()).count() as u64;
    let ascii = text.bytes().filter(u8::is_ascii).count() as u64;
    ascii.div_ceil(4) + other
}

fn json(part: &impl openai_api::Canonical) -> String {
    String::from_utf8(part.to_json()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(request: &str) -> u64 {
        estimate(&ChatRequest::from_json(request.as_bytes()).unwrap())
    }

    #[test]
    fn more_content_is_more_tokens() {
        let hello =
            tokens(r#"{"model":"m","messages":[{"role":"user","content":"Hello world!"}]}"#);
        assert_eq!(hello, 4 + 3);
        let japanese = tokens(r#"{"model":"m","messages":[{"role":"user","content":"日本語"}]}"#);
        assert_eq!(japanese, 4 + 3);
        let image = tokens(
            r#"{"model":"m","messages":[{"role":"user","content":[
                {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}"#,
        );
        assert_eq!(image, 4 + PER_IMAGE);
        let tool = tokens(
            r#"{"model":"m","messages":[],"tools":[{"type":"function","function":{"name":"f"}}]}"#,
        );
        assert!(tool > 8, "{tool}");
    }

    #[test]
    fn the_answer_is_a_token_count() {
        let document = estimated(br#"{"model":"m","messages":[]}"#).unwrap();
        assert_eq!(document, r#"{"object":"token_count","input_tokens":0}"#);
        assert!(estimated(b"[]").is_err());
    }
}
