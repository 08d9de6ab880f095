//! The dialect `openai-responses`, natively.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "dialect/egress_replies.rs"]
mod egress_replies;
#[path = "dialect/egress_requests.rs"]
mod egress_requests;
#[path = "dialect/event_order.rs"]
mod event_order;
#[path = "dialect/ingress_failures.rs"]
mod ingress_failures;
#[path = "dialect/ingress_replies.rs"]
mod ingress_replies;
#[path = "dialect/ingress_requests.rs"]
mod ingress_requests;
#[path = "dialect/round_trip.rs"]
mod round_trip;

use patchbay_sdk::testing;

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}
