//! What a response repeats of its request: every member that the API's own replies repeat, with
//! the API's default where that is true of the gateway, and null where only the provider knows.

use patchbay_sdk::canonical::{Object, RawJson};

/// Members in the reply's order, and what they are if the request lacks them.
const ECHOED: [(&str, &str); 16] = [
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("prompt_cache_key", "null"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("safety_identifier", "null"),
    ("temperature", "null"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("tool_choice", r#""auto""#),
    ("tools", "[]"),
    ("top_logprobs", "0"),
    ("top_p", "null"),
    ("truncation", r#""disabled""#),
    ("user", "null"),
];

/// Members that are the same in every reply of a gateway that stores nothing.
const FIXED: [(&str, &str); 3] =
    [("background", "false"), ("previous_response_id", "null"), ("store", "false")];

/// The members as the text of an object on one line.
pub(super) fn of(request: &Object) -> String {
    let mut echo = Object::new();
    for (name, default) in ECHOED {
        let given = request.get_raw(name).filter(|value| !value.is_null());
        let text = given.map_or_else(|| default.to_owned(), |value| on_one_line(value.as_str()));
        echo.insert_raw(name, RawJson::from_text(text).unwrap_or_default());
    }
    for (name, value) in FIXED {
        echo.insert_raw(name, RawJson::from_text(value).unwrap_or_default());
    }
    serde_json::to_string(&echo).expect("an object of JSON has a JSON")
}

/// JSON without the white space between its tokens: a line break would break an event.
fn on_one_line(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    let (mut in_text, mut escaped) = (false, false);
    for c in json.chars() {
        if in_text {
            in_text = c != '"' || escaped;
            escaped = c == '\\' && !escaped;
        } else if c.is_ascii_whitespace() {
            continue;
        } else {
            in_text = c == '"';
        }
        line.push(c);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_goes_and_texts_and_digits_stay() {
        let json = "{ \"a b\" :\n[ 1.0 , 9007199254740993 ],\r\n\t\"c\": \" \\\" \\\\\" }";
        let line = "{\"a b\":[1.0,9007199254740993],\"c\":\" \\\" \\\\\"}";
        assert_eq!(on_one_line(json), line);
    }
}
