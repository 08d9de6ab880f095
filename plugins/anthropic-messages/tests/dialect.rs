//! The dialect `anthropic-messages`, natively.

#[path = "dialect/answers.rs"]
mod answers;
#[path = "dialect/callers.rs"]
mod callers;
#[path = "dialect/errors.rs"]
mod errors;
#[path = "dialect/replies.rs"]
mod replies;
#[path = "dialect/requests.rs"]
mod requests;
#[path = "dialect/round_trips.rs"]
mod round_trips;
#[path = "dialect/thinking.rs"]
mod thinking;

use patchbay_sdk::{Call, testing};
use serde_json::Value;

/// A model of the present.
const MODEL: &str = "claude-opus-4-6";

fn call(model: &str, settings: &Value) -> Call {
    Call { settings: settings.to_string(), ..testing::chat(model) }
}

fn counting(call: Call) -> Call {
    Call { operation: "count-tokens".to_owned(), ..call }
}

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}
