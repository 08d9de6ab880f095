//! Log probabilities: `logprobsResult` as canonical `logprobs`.

use std::borrow::Cow;

use patchbay_sdk::canonical::RawJson;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct LogprobsResult<'a> {
    #[serde(borrow)]
    chosen_candidates: Vec<TokenIn<'a>>,
    #[serde(borrow)]
    top_candidates: Vec<Top<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Top<'a> {
    #[serde(borrow)]
    candidates: Vec<TokenIn<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TokenIn<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
    /// Absent where it is 0: a token that was certain.
    #[serde(borrow)]
    log_probability: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Logprobs<'a> {
    content: Vec<TokenOut<'a>>,
    refusal: (),
}

#[derive(Serialize)]
struct TokenOut<'a> {
    token: &'a str,
    logprob: RawJson,
    bytes: &'a [u8],
    #[serde(skip_serializing_if = "Option::is_none")]
    top_logprobs: Option<Vec<TokenOut<'a>>>,
}

/// The canonical form; `None` if it is not what it should be.
pub(crate) fn canonical(raw: &RawValue) -> Option<RawJson> {
    let result: LogprobsResult<'_> = serde_json::from_str(raw.get()).ok()?;
    let none = Top::default();
    let mut content = Vec::with_capacity(result.chosen_candidates.len());
    for (place, chosen) in result.chosen_candidates.iter().enumerate() {
        let top = result.top_candidates.get(place).unwrap_or(&none);
        let top = top.candidates.iter().map(|token| token.out(None)).collect();
        content.push(chosen.out(Some(top)));
    }
    RawJson::of(&Logprobs { content, refusal: () }).ok()
}

impl TokenIn<'_> {
    fn out<'a>(&'a self, top_logprobs: Option<Vec<TokenOut<'a>>>) -> TokenOut<'a> {
        let digits = self.log_probability.map_or("0", RawValue::get);
        TokenOut {
            token: &self.token,
            logprob: RawJson::from_text(digits).unwrap_or_default(),
            bytes: self.token.as_bytes(),
            top_logprobs,
        }
    }
}
