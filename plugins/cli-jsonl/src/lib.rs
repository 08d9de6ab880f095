//! JSON lines of a program: a chat becomes its input, its events become the answer.
//!
//! Which event says what is data: rules in the settings, or a ready-made set of rules for a
//! well-known tool (the module `formats`). A line that is no JSON, and an event that no rule knows, is
//! passed over and counted in the log, because tools print notes among their events and add
//! events with each version.
//!
//! Tools that are agents run their tools themselves. Their calls are not the caller's to answer,
//! so a ready-made format leaves them out unless `tool_calls` is set.

mod decoder;
mod formats;
mod path;
mod rule;
mod settings;

use patchbay_sdk::{Call, Encoded, ExchangePlan, Failure, Normalizer, RequestHead, prompt};

pub use decoder::EventDecoder;
use settings::{EventSettings, Input};

/// The dialect `cli-jsonl`.
pub struct CliJsonl;

impl Normalizer for CliJsonl {
    type Decoder = EventDecoder;

    fn plan(call: &Call) -> Result<ExchangePlan, Failure> {
        if call.operation != "chat" {
            return Err(Failure::unknown_operation(&call.operation));
        }
        let content_type = match EventSettings::of(call)?.input {
            Input::Text => "text/plain; charset=utf-8",
            Input::Json => "application/json",
        };
        let head = RequestHead::post("/").with_header("content-type", content_type);
        Ok(ExchangePlan::rewritten(head))
    }

    fn encode(call: &Call, canonical: &[u8]) -> Result<Encoded, Failure> {
        let settings = EventSettings::of(call)?;
        match settings.input {
            Input::Text => {
                let (text, dropped) = prompt::write(canonical, settings.prompt)?;
                Ok(Encoded::new(text).with_dropped(dropped))
            }
            // One line, as tools read that take JSON lines themselves.
            Input::Json => {
                let mut line = canonical.to_vec();
                line.push(b'\n');
                Ok(Encoded::new(line))
            }
        }
    }
}

patchbay_sdk::export!(normalizer: CliJsonl);
