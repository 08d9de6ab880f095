//! What the tests of both transports read replies with.

use exchange::{Failure, UpstreamReply};
use futures_util::StreamExt as _;

/// Everything that a reply's body yields.
pub(crate) async fn drain(reply: UpstreamReply) -> (String, Option<Failure>) {
    let mut body = reply.body;
    let mut text = Vec::new();
    while let Some(item) = body.next().await {
        match item {
            Ok(chunk) => text.extend_from_slice(&chunk),
            Err(failure) => {
                assert!(body.next().await.is_none(), "an item after the failure");
                return (String::from_utf8(text).unwrap(), Some(failure));
            }
        }
    }
    (String::from_utf8(text).unwrap(), None)
}
