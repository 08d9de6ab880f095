//! Failures in this API's words.

use std::borrow::Cow;

/// A canonical member's path as this API calls the member. Positions of messages are not those of
/// items, so they are left out.
pub(crate) fn member_of(canonical: &str) -> Cow<'_, str> {
    const RENAMED: [(&str, &str); 6] = [
        ("messages", "input"),
        ("max_completion_tokens", "max_output_tokens"),
        ("max_tokens", "max_output_tokens"),
        ("reasoning_effort", "reasoning.effort"),
        ("verbosity", "text.verbosity"),
        ("logprobs", "include"),
    ];
    let end = canonical.find(['.', '[']).unwrap_or(canonical.len());
    let (head, rest) = canonical.split_at(end);
    if let Some((_, name)) = RENAMED.iter().find(|(old, _)| *old == head) {
        return Cow::Borrowed(name);
    }
    match head {
        "response_format" => {
            Cow::Owned(format!("text.format{}", rest.replacen(".json_schema", "", 1)))
        }
        "tools" | "tool_choice" => Cow::Owned(canonical.replacen(".function", "", 1)),
        _ => Cow::Borrowed(canonical),
    }
}

/// The `code` of a response that failed: one of the API's list.
pub(super) fn response_code(kind: &str) -> &'static str {
    match kind {
        "rate-limited" | "quota-exceeded" | "upstream-rate-limited" => "rate_limit_exceeded",
        "invalid-request" | "content-filtered" | "payload-too-large" => "invalid_prompt",
        // Not in the list, but what the API says and what clients look for.
        "context-too-long" => "context_length_exceeded",
        _ => "server_error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_have_this_apis_names() {
        let cases = [
            ("messages[2].content[0]", "input"),
            ("input[3].content", "input[3].content"),
            ("max_completion_tokens", "max_output_tokens"),
            ("response_format.json_schema.name", "text.format.name"),
            ("tools[1].function.parameters", "tools[1].parameters"),
            ("temperature", "temperature"),
            ("", ""),
        ];
        for (canonical, ours) in cases {
            assert_eq!(member_of(canonical), ours);
        }
    }
}
