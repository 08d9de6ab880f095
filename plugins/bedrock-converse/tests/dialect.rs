//! The dialect `bedrock-converse`, natively.

#[path = "dialect/embeddings.rs"]
mod embeddings;
#[path = "dialect/errors.rs"]
mod errors;
#[path = "dialect/plans.rs"]
mod plans;
#[path = "dialect/replies.rs"]
mod replies;
#[path = "dialect/requests.rs"]
mod requests;
#[path = "dialect/round_trip.rs"]
mod round_trip;
#[path = "dialect/streams.rs"]
mod streams;

use patchbay_sdk::{Call, testing};
use serde_json::Value;

/// A model that thinks adaptively.
const CLAUDE: &str = "us.anthropic.claude-sonnet-4-6";

fn with_settings(call: Call, settings: Value) -> Call {
    Call { settings: settings.to_string(), ..call }
}

fn counting(call: Call) -> Call {
    Call { operation: "count-tokens".to_owned(), ..call }
}

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}
