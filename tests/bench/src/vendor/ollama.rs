//! Ollama's own chat: a line of JSON for each piece.

use bytes::Bytes;

use super::VendorReplies;
use crate::replies::{UNARY_TEXT, words};

pub(super) fn replies() -> VendorReplies {
    let end = |tokens| {
        format!(
            r#""done":true,"done_reason":"stop","total_duration":4883583458,"load_duration":1334875,"prompt_eval_count":31,"prompt_eval_duration":342546000,"eval_count":{tokens},"eval_duration":4535599000"#
        )
    };
    let pieces = words().map(|word| line(&word, r#""done":false"#));
    VendorReplies {
        whole: Bytes::from(line(UNARY_TEXT, &end(11))),
        stream: pieces
            .chain([line("", &end(98))])
            .map(|line| Bytes::from(format!("{line}\n")))
            .collect(),
        stream_type: "application/x-ndjson",
    }
}

fn line(text: &str, end: &str) -> String {
    format!(
        r#"{{"model":"llama3.2:3b","created_at":"2025-10-17T23:14:07.414671123Z","message":{{"role":"assistant","content":"{text}"}},{end}}}"#
    )
}
