//! Which texts are secrets.

use super::*;

#[test]
fn a_secret_is_a_text_that_a_provider_can_be_sent() {
    let longest = "k".repeat(MAX_SECRET_BYTES);
    let key_file = "{\n\t\"private_key\": \"-----BEGIN\\n\"\r\n}";
    for text in ["k", "pa${ss}word $", "ä", longest.as_str(), key_file, "  {\n}"] {
        assert_eq!(fault(text), None, "{text:.20}");
    }
    let too_long = "k".repeat(MAX_SECRET_BYTES + 1);
    let table = [
        ("", "is empty"),
        (too_long.as_str(), "is over 64 KiB"),
        ("${env:HOME}", "holds a reference"),
        ("Bearer ${file:/etc/passwd}", "holds a reference"),
        ("$${env:HOME}", "holds a reference"),
        ("k\n", "holds a control character"),
        ("k\0", "holds a control character"),
        ("{\u{1b}}", "holds a control character"),
    ];
    for (text, expected) in table {
        let (message, _) = fault(text).unwrap();
        assert!(message.starts_with(expected), "{text:.20}: {message}");
    }
}
