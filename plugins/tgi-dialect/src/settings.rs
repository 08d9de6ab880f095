//! What an operator says about a server and its model.

use patchbay_sdk::canonical::Object;
use patchbay_sdk::{Call, Failure};
use serde::Deserialize;

use crate::template::TemplateName;

/// Parameters that decide in what form the reply comes: they are this dialect's own.
const RESERVED: [&str; 4] = ["details", "decoder_input_details", "return_full_text", "best_of"];

/// The settings that are this dialect's; the others are the adapter's.
#[derive(Debug, Deserialize)]
pub(crate) struct TgiSettings {
    /// How a chat becomes a prompt. No default: with a wrong one a model answers, but badly.
    pub(crate) prompt_template: TemplateName,
    /// Defaults for `parameters`. What a caller sends wins.
    #[serde(default)]
    pub(crate) parameters: Object,
    /// Whether the model sees images. One that does not would read their addresses as text.
    #[serde(default)]
    pub(crate) images: bool,
}

impl TgiSettings {
    /// Reads and checks a call's settings.
    ///
    /// # Errors
    /// `provider-misconfigured`, naming the member.
    pub(crate) fn of(call: &Call) -> Result<Self, Failure> {
        let settings: Self = call.settings()?;
        settings.stops()?;
        match RESERVED.iter().find(|name| settings.parameters.get_raw(name).is_some()) {
            Some(name) => {
                let member = format!("settings.parameters.{name}");
                Err(Failure::misconfigured(&member, "the dialect sets this itself"))
            }
            None => Ok(settings),
        }
    }

    /// Takes the operator's stop texts out of the parameters.
    ///
    /// # Errors
    /// `provider-misconfigured` if they are no texts.
    pub(crate) fn take_stops(&mut self) -> Result<Vec<String>, Failure> {
        let stops = self.stops()?;
        self.parameters.remove("stop");
        Ok(stops)
    }

    fn stops(&self) -> Result<Vec<String>, Failure> {
        let stops = self.parameters.get("stop").map_err(|_| {
            Failure::misconfigured("settings.parameters.stop", "this has to be a list of texts")
        })?;
        Ok(stops.unwrap_or_default())
    }
}
