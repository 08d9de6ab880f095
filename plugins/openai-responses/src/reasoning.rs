//! Reasoning items and canonical `reasoning_details`, both ways.
//!
//! A reasoning item's `encrypted_content` is opaque to callers, who send it back as it is. OpenAI's
//! own goes through untouched, as a detail of the format `openai-responses-v1`. Reasoning of any
//! other format, signatures among it, travels to callers of this API as a sealed list of details
//! in the same member, and is unsealed when it comes back. Sealed means marked, not encrypted: it
//! holds nothing that a chat caller would not see.

use patchbay_sdk::canonical::chat::ReasoningDetail;
use serde::{Deserialize, Serialize};

/// The format that the responses API reads.
pub(crate) const FORMAT: &str = ReasoningDetail::OPENAI_RESPONSES;

/// Begins sealed details.
const SEAL: &str = "patchbay.v1:";

/// Details of any format as `encrypted_content`.
pub(crate) fn seal(details: &[ReasoningDetail]) -> String {
    let json = serde_json::to_string(details).expect("details have string keys");
    format!("{SEAL}{json}")
}

/// The details in `encrypted_content`, if they were sealed here.
pub(crate) fn unseal(encrypted: &str) -> Option<Vec<ReasoningDetail>> {
    serde_json::from_str(encrypted.strip_prefix(SEAL)?).ok()
}

/// Whether an item of the API itself can hold the detail.
pub(crate) fn is_native(detail: &ReasoningDetail) -> bool {
    detail.is_for(FORMAT) && detail.kind != ReasoningDetail::TEXT
}

/// A reasoning item that a caller gives back.
#[derive(Debug, Default)]
pub(crate) struct ReasoningItem {
    pub(crate) id: Option<String>,
    pub(crate) summary: Option<Vec<TextPart>>,
    pub(crate) content: Option<Vec<TextPart>>,
    pub(crate) encrypted_content: Option<String>,
}

/// `summary_text` or `reasoning_text`.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct TextPart {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    text: String,
}

impl ReasoningItem {
    /// What is readable of it: the reasoning itself, or else its summary.
    pub(crate) fn readable(&self) -> Option<String> {
        let texts = |parts: &Option<Vec<TextPart>>| {
            let parts = parts.iter().flatten().map(|part| part.text.as_str());
            parts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n")
        };
        [texts(&self.content), texts(&self.summary)].into_iter().find(|text| !text.is_empty())
    }

    /// What can be given back of it. A summary alone is for people: the provider has no use for it.
    pub(crate) fn details(self) -> Vec<ReasoningDetail> {
        let encrypted = self.encrypted_content.filter(|data| !data.is_empty());
        if let Some(details) = encrypted.as_deref().and_then(unseal) {
            return details;
        }
        let content = self.content.unwrap_or_default();
        if encrypted.is_none() && content.is_empty() {
            return Vec::new();
        }
        let summaries = self.summary.unwrap_or_default().into_iter();
        let summaries = summaries.map(|part| ReasoningDetail::of_summary(FORMAT, part.text));
        let texts = content.into_iter().map(|part| ReasoningDetail::of_text(FORMAT, part.text));
        let data = encrypted.map(|data| ReasoningDetail::of_data(FORMAT, data));
        let mut details: Vec<_> = summaries.chain(texts).chain(data).collect();
        for detail in &mut details {
            detail.id.clone_from(&self.id);
        }
        details
    }
}

/// A reasoning item for a provider.
#[derive(Debug, Default, Serialize)]
pub(crate) struct GivenBack<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    summary: Vec<TextPart>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    content: Vec<TextPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted_content: Option<&'a str>,
}

impl<'a> GivenBack<'a> {
    /// The items that details make, and whether some detail is left out: one of another format,
    /// or a summary without the reasoning that it sums up, which the API would look for in vain in
    /// its store.
    pub(crate) fn from_details(details: &'a [ReasoningDetail]) -> (Vec<Self>, bool) {
        let mut items: Vec<Self> = Vec::new();
        let mut lost = false;
        for detail in details {
            if !detail.is_for(FORMAT) {
                lost = true;
                continue;
            }
            let id = detail.id.as_deref();
            let goes_on = |item: &&mut Self| item.encrypted_content.is_none() && item.id == id;
            match items.last_mut().filter(goes_on) {
                Some(item) => item.add(detail),
                None => {
                    let mut item = Self { id, ..Self::default() };
                    item.add(detail);
                    items.push(item);
                }
            }
        }
        let all = items.len();
        items.retain(|item| item.encrypted_content.is_some() || !item.content.is_empty());
        lost |= items.len() < all;
        (items, lost)
    }

    fn add(&mut self, detail: &'a ReasoningDetail) {
        let part =
            |kind: &str, text: &str| TextPart { kind: kind.to_owned(), text: text.to_owned() };
        if let Some(summary) = &detail.summary {
            self.summary.push(part("summary_text", summary));
        }
        if let Some(text) = &detail.text {
            self.content.push(part("reasoning_text", text));
        }
        if let Some(data) = &detail.data {
            self.encrypted_content = Some(data);
        }
    }
}

/// Numbers details in their order, so that pieces of two items are never taken for one.
pub(crate) fn number<'a>(details: impl IntoIterator<Item = &'a mut ReasoningDetail>) {
    for (index, detail) in (0..).zip(details) {
        detail.index = Some(index);
    }
}
