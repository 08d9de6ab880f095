//! The limit of the answer, stop texts and sampling.

use patchbay_sdk::canonical::Number;
use patchbay_sdk::canonical::chat::ChatRequest;

use super::Writer;
use super::thinking::Reasoning;

/// The least `top_p` that the API takes while a model thinks.
const LEAST_TOP_P_OF_THINKING: f64 = 0.95;

impl Writer<'_> {
    /// `max_tokens`, which the API requires, and `stop_sequences`.
    pub(super) fn limits(&mut self, request: &ChatRequest, reasoning: &Reasoning) {
        let (new, old) = (&request.max_completion_tokens, &request.max_tokens);
        match (new, old) {
            (Some(new), old) => {
                self.dropped.add_if(old.as_ref().is_some_and(|old| old != new), "max_tokens");
                self.set("max_tokens", new);
            }
            (None, Some(old)) => self.set("max_tokens", old),
            // Thinking counts for the limit: the default is for the answer, as far as the model goes.
            (None, None) => {
                let manner = self.manner;
                let thinking = reasoning.budget.unwrap_or(0);
                let both = manner.max_tokens_default.saturating_add(thinking);
                self.set("max_tokens", &both.min(manner.max_tokens_most));
            }
        }
        if let Some(stop) = &request.stop {
            // The API refuses texts of white space alone.
            let texts: Vec<_> =
                stop.texts().iter().filter(|text| !text.trim().is_empty()).collect();
            self.dropped.add_if(texts.len() < stop.texts().len(), "stop");
            if !texts.is_empty() {
                self.set("stop_sequences", &texts);
            }
        }
    }

    /// `temperature`, `top_p` and `top_k`, as far as the model takes them: new ones take none,
    /// those before take one of the first two, and a model that thinks takes hardly any.
    pub(super) fn sampling(&mut self, request: &mut ChatRequest, reasoning: &Reasoning) {
        let takes = self.manner.sampling;
        let (temperature, top_p) = (request.temperature.take(), request.top_p.take());
        let has_temperature = temperature.is_some();
        if let Some(temperature) = temperature {
            let value = temperature.as_f64().unwrap_or(1.0);
            if value == 1.0 && (!takes || reasoning.is_on) {
                // The default says the same.
            } else if !takes || reasoning.is_on {
                self.dropped.add("temperature");
            } else if value > 1.0 {
                self.dropped.add("temperature");
                self.set("temperature", &1);
            } else {
                self.set("temperature", &temperature);
            }
        }
        if let Some(top_p) = top_p {
            let value = top_p.as_f64().unwrap_or(1.0);
            let crowded = has_temperature && self.manner.model.takes_one_sampling_member();
            let thinks = reasoning.is_on && value < LEAST_TOP_P_OF_THINKING;
            if takes && !crowded && !thinks {
                self.set("top_p", &top_p);
            } else {
                self.dropped.add_if(value != 1.0, "top_p");
            }
        }
        let refused = !takes || reasoning.is_on;
        if refused && request.extra.remove("top_k").is_some_and(|top_k| !top_k.is_null()) {
            self.dropped.add("top_k");
        }
    }
}

/// Whether a number is there and says something else than `nothing`.
pub(super) fn asks(number: Option<&Number>, nothing: u64) -> bool {
    number.is_some_and(|number| number.as_f64() != Some(nothing as f64))
}
