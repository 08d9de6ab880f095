//! Google's generateContent. Every event of a stream has counts and ids, the last one an empty
//! text and the reason; lines end as the service ends them.

use bytes::Bytes;

use super::VendorReplies;
use crate::replies::{UNARY_TEXT, words};

pub(super) fn replies() -> VendorReplies {
    VendorReplies {
        whole: Bytes::from(answer(UNARY_TEXT, FINISH, 11)),
        stream: stream(),
        stream_type: "text/event-stream",
    }
}

const FINISH: &str = r#""finishReason": "STOP","#;

fn stream() -> Vec<Bytes> {
    let pieces = words().enumerate().map(|(number, word)| answer(&word, "", number + 1));
    let last = answer("", FINISH, 98);
    pieces.chain([last]).map(|json| Bytes::from(format!("data: {json}\r\n\r\n"))).collect()
}

fn answer(text: &str, finish: &str, tokens: usize) -> String {
    let total = 31 + tokens;
    format!(
        r#"{{"candidates": [{{"content": {{"parts": [{{"text": "{text}"}}],"role": "model"}},{finish}"index": 0}}],"usageMetadata": {{"promptTokenCount": 31,"candidatesTokenCount": {tokens},"totalTokenCount": {total},"promptTokensDetails": [{{"modality": "TEXT","tokenCount": 31}}]}},"modelVersion": "gemini-2.5-flash","responseId": "benchAAAAAAAAAAAAAAAAAA"}}"#
    )
}
