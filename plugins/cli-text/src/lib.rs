//! Plain text of a program: a chat becomes a prompt, the program's output the answer.
//!
//! A program has no roles, no parameters and no tokens: what it cannot be told is named to the
//! caller as dropped, and a reply has no usage. Output is passed on as it comes, without the one
//! line end that programs print last; bytes that are not UTF-8 become U+FFFD.

mod decoder;
mod trailing_newline;

use patchbay_sdk::prompt::{self, PromptStyle};
use patchbay_sdk::{Call, Encoded, ExchangePlan, Failure, Normalizer, RequestHead};
use serde::Deserialize;

pub use decoder::OutputDecoder;

/// The dialect `cli-text`.
pub struct CliText;

/// The settings that are this dialect's; the others are the adapter's.
#[derive(Deserialize)]
struct TextSettings {
    #[serde(default)]
    prompt: PromptStyle,
    /// Whether the prompt ends with a line end, which programs want that read line by line.
    #[serde(default)]
    line_end: bool,
}

impl Normalizer for CliText {
    type Decoder = OutputDecoder;

    fn plan(call: &Call) -> Result<ExchangePlan, Failure> {
        if call.operation != "chat" {
            return Err(Failure::unknown_operation(&call.operation));
        }
        call.settings::<TextSettings>()?;
        let head = RequestHead::post("/").with_header("content-type", "text/plain; charset=utf-8");
        Ok(ExchangePlan::rewritten(head))
    }

    fn encode(call: &Call, canonical: &[u8]) -> Result<Encoded, Failure> {
        let settings: TextSettings = call.settings()?;
        let (mut text, dropped) = prompt::write(canonical, settings.prompt)?;
        if settings.line_end && !text.ends_with('\n') {
            text.push('\n');
        }
        Ok(Encoded::new(text).with_dropped(dropped))
    }
}

patchbay_sdk::export!(normalizer: CliText);
