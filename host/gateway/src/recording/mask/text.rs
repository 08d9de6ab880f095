//! One text without what it says: its letters are `x`, its digits `0`.
//!
//! Length in characters, white space and punctuation stay, and so does what plugins look at: that
//! a text is JSON, an address or base64.

use std::iter::Peekable;
use std::str::Chars;

use serde::de::IgnoredAny;

/// Shortest text that is taken for base64.
const MIN_BASE64_BYTES: usize = 16;

/// The payload of a data URL.
const SHORT_PAYLOAD: &str = "AAAA";

/// Masks a text.
pub(crate) fn masked(text: &str) -> String {
    let is_document = text.trim_start().starts_with(['{', '[']);
    if is_document && serde_json::from_str::<IgnoredAny>(text).is_ok() {
        return masked_json(text);
    }
    if let Some((head, _)) = text.split_once(";base64,")
        && let Some(kind) = head.strip_prefix("data:")
        && kind.len() <= 64
        && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/+.-".contains(&byte))
    {
        return format!("{head};base64,{SHORT_PAYLOAD}");
    }
    if is_base64(text) {
        // `A` is the one letter that fits before any padding.
        return text.chars().map(|c| if c == '=' { '=' } else { 'A' }).collect();
    }
    let scheme = ["https://", "http://", "gs://", "s3://"].into_iter();
    let scheme = scheme.filter(|it| text.starts_with(it)).map(str::len).next().unwrap_or(0);
    let (scheme, rest) = text.split_at(scheme);
    scheme.chars().chain(rest.chars().map(masked_char)).collect()
}

/// One character without what it says.
pub(super) fn masked_char(c: char) -> char {
    match c {
        '0'..='9' => '0',
        c if c.is_whitespace() || (c.is_ascii() && !c.is_ascii_alphabetic()) => c,
        _ => 'x',
    }
}

fn is_base64(text: &str) -> bool {
    let letters = text.trim_end_matches('=');
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
    text.len() >= MIN_BASE64_BYTES
        && text.len().is_multiple_of(4)
        && text.len() - letters.len() <= 2
        && letters.bytes().all(is_letter)
}

/// A JSON document in a text: names of members and texts are masked, numbers are 0, everything
/// else stays in its place.
fn masked_json(document: &str) -> String {
    let mut masked = String::with_capacity(document.len());
    let mut rest = document.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => mask_literal(&mut rest, &mut masked),
            '-' | '0'..='9' => {
                let goes_on = |c: &char| c.is_ascii_digit() || "+-.eE".contains(*c);
                while rest.next_if(goes_on).is_some() {}
                masked.push('0');
            }
            other => masked.push(other),
        }
    }
    masked
}

/// The rest of a text in quotes. Escapes of letters are letters; the others stay.
fn mask_literal(rest: &mut Peekable<Chars<'_>>, masked: &mut String) {
    masked.push('"');
    while let Some(c) = rest.next() {
        match c {
            '"' => break,
            '\\' => match rest.next() {
                Some('u') => {
                    rest.by_ref().take(4).for_each(drop);
                    masked.push('x');
                }
                Some(escaped) => masked.extend(['\\', escaped]),
                None => {}
            },
            other => masked.push(masked_char(other)),
        }
    }
    masked.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_digits_go_and_the_form_stays() {
        for (text, expected) in [
            ("", ""),
            ("Hello, World 42!\n\té", "xxxxx, xxxxx 00!\n\tx"),
            ("日本 🙂", "xx x"),
            (
                r#"{"city": "Rome", "n": [-1.5e3, true, null]}"#,
                r#"{"xxxx": "xxxx", "x": [0, true, null]}"#,
            ),
            (r#"["a\n\u00e9\"b"]"#, r#"["x\nx\"x"]"#),
            (r#"{"cut": "sho"#, r#"{"xxx": "xxx"#),
            ("data:image/png;base64,iVBORw0KGgo=", "data:image/png;base64,AAAA"),
            ("data:my secret;base64,iVBO", "xxxx:xx xxxxxx;xxxx00,xxxx"),
            ("aGVsbG8gd29ybGQhISEh", "AAAAAAAAAAAAAAAAAAAA"),
            ("aGVsbG8gd29ybGQhIQ==", "AAAAAAAAAAAAAAAAAA=="),
            ("https://example.com/a?b=1", "https://xxxxxxx.xxx/x?x=0"),
        ] {
            assert_eq!(masked(text), expected, "{text:?}");
        }
    }
}
