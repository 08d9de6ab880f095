//! Members whose values say what a document is, and not what anybody wrote.
//!
//! A closed list, taken from the dialects of the bundled plugins. What is not here is masked.

/// Members of requests and replies that hold words of the protocol: kinds, ids, reasons, states.
const STRUCTURAL: [&str; 63] = [
    "action",
    "block_reason",
    "blockReason",
    "cache_control",
    "call_id",
    "category",
    "code",
    "created_at",
    "createTime",
    "detail",
    "done_reason",
    "effort",
    "embedding_types",
    "encoding_format",
    "event",
    "event_type",
    "finish_reason",
    "finishReason",
    "format",
    "generation_id",
    "id",
    "input_type",
    "item_id",
    "kind",
    "mediaType",
    "media_type",
    "mime_type",
    "mimeType",
    "modalities",
    "modality",
    "mode",
    "model",
    "model_version",
    "modelVersion",
    "name",
    "object",
    "previous_response_id",
    "probability",
    "reason",
    "reasoning_effort",
    "required",
    "responseId",
    "response_id",
    "response_type",
    "role",
    "service_tier",
    "severity",
    "status",
    "stopReason",
    "stop_reason",
    "strategy",
    "summary_mode",
    "system_fingerprint",
    "taskType",
    "task_type",
    "toolUseId",
    "tool_call_id",
    "tool_choice",
    "tool_plan_id",
    "tool_use_id",
    "truncation",
    "type",
    "verbosity",
];

/// Members that hold a document of somebody else's making, where no name says anything: arguments
/// of tools, what tools returned, what callers note.
const FREE: [&str; 10] = [
    "args",
    "arguments",
    "json",
    "labels",
    "logit_bias",
    "metadata",
    "output_json",
    "parsed",
    "user_location",
    "variables",
];

/// Longest word that is kept.
const MAX_WORD_BYTES: usize = 128;

/// Whether a member's texts may stay.
pub(super) fn is_structural(name: &str) -> bool {
    STRUCTURAL.contains(&name)
}

/// Whether what a member of an object holds is of somebody else's making.
pub(super) fn is_free(name: &str, has_sibling: impl Fn(&str) -> bool) -> bool {
    match name {
        // A call of a tool, and its result; elsewhere the whole of a request or reply.
        "input" | "response" => has_sibling("name"),
        _ => FREE.contains(&name),
    }
}

/// Whether a text is one word of a protocol: an id, a kind, a moment.
pub(super) fn is_word(text: &str) -> bool {
    let is_word_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/+".contains(&byte);
    text.len() <= MAX_WORD_BYTES && text.bytes().all(is_word_byte)
}
