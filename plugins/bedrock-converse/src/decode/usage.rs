//! Token counts, and what else a reply says about itself.

use patchbay_sdk::canonical::{RawJson, TokenUsage, Usage};
use patchbay_sdk::reply::ReplyWriter;
use serde::Deserialize;

/// `inputTokens` leaves out what a cache served and what was written to it:
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html>.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Counts {
    input_tokens: u64,
    output_tokens: u64,
    cache_read_input_tokens: Option<u64>,
    cache_write_input_tokens: Option<u64>,
}

/// Members of a whole reply and of a stream's `metadata`. Latencies and the performance
/// configuration are AWS's affair and not passed on.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct About {
    usage: Option<RawJson>,
    /// What a guardrail or a prompt router did, where the request asked for it.
    trace: Option<RawJson>,
    service_tier: Option<RawJson>,
}

impl About {
    pub(super) fn write(self, reply: &mut ReplyWriter) {
        if let Some(usage) = self.usage.as_ref().and_then(read) {
            reply.usage(usage);
        }
        if let Some(trace) = self.trace {
            reply.reply_member("trace", trace);
        }
        if let Some(tier) = self.service_tier.as_ref().and_then(tier) {
            reply.reply_member("service_tier", tier);
        }
    }
}

fn read(usage: &RawJson) -> Option<Usage> {
    let counts: Counts = usage.parse().ok()?;
    let read = counts.cache_read_input_tokens.unwrap_or(0);
    let written = counts.cache_write_input_tokens.unwrap_or(0);
    let prompt_tokens = counts.input_tokens.saturating_add(read).saturating_add(written);
    let mut usage = Usage::from(TokenUsage {
        prompt_tokens,
        completion_tokens: counts.output_tokens,
        total_tokens: prompt_tokens.saturating_add(counts.output_tokens),
        cached_tokens: read,
        ..TokenUsage::default()
    });
    if written > 0 {
        // OpenAI has no word for it. It costs more than other tokens, so it is not lost: the name
        // is Anthropic's, which callers of that API read.
        let count = RawJson::of(&written).expect("a number has a JSON");
        usage.extra.insert_raw("cache_creation_input_tokens", count);
    }
    Some(usage)
}

fn tier(tier: &RawJson) -> Option<RawJson> {
    #[derive(Deserialize)]
    struct Tier {
        r#type: RawJson,
    }
    tier.parse::<Tier>().ok().map(|tier| tier.r#type)
}
