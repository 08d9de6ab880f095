//! What a program writes to standard error: for the log, in small.

use crate::failure::redact;

/// Most bytes of standard error in the log.
const MAX_LOGGED_BYTES: usize = 8 * 1024;

/// Longest quotation that is recognised where the text is cut: as long as a body that is an
/// argument can be.
const MAX_QUOTED_BYTES: usize = 128 * 1024;

/// Collects the beginning of standard error and throws away the rest, so that the program never
/// waits for a reader.
#[derive(Debug)]
pub struct Diagnostics {
    kept: Vec<u8>,
    capacity: usize,
    total_bytes: u64,
}

impl Diagnostics {
    /// More than is shown is kept, so that a secret that stands across the cut is recognised
    /// before the text is cut.
    pub fn new(secrets: &[&str]) -> Self {
        let longest = secrets.iter().map(|secret| secret.len()).max();
        Self {
            kept: Vec::new(),
            capacity: MAX_LOGGED_BYTES + longest.unwrap_or_default().min(MAX_QUOTED_BYTES),
            total_bytes: 0,
        }
    }

    /// Takes what was read.
    pub fn take(&mut self, bytes: &[u8]) {
        self.total_bytes = self.total_bytes.saturating_add(bytes.len() as u64);
        let room = self.capacity.saturating_sub(self.kept.len());
        self.kept.extend(bytes.iter().take(room));
    }

    /// The text for the log: secrets replaced, cut, and without control characters.
    pub fn text(&self, secrets: &[&str]) -> String {
        let text = String::from_utf8_lossy(&self.kept);
        let redacted = redact(text.trim_end(), secrets);
        let shown = &redacted[..redacted.floor_char_boundary(MAX_LOGGED_BYTES)];
        let mut escaped: String = shown.escape_debug().collect();
        if self.total_bytes > MAX_LOGGED_BYTES as u64 {
            escaped.push_str(&format!(" [{} bytes in all]", self.total_bytes));
        }
        escaped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(input: &[u8], secrets: &[&str]) -> String {
        let mut diagnostics = Diagnostics::new(secrets);
        input.chunks(1000).for_each(|chunk| diagnostics.take(chunk));
        diagnostics.text(secrets)
    }

    #[test]
    fn control_characters_are_escaped() {
        let text = collected(b"a\n\x1b[31mb\xff\n", &[]);
        assert_eq!(text, "a\\n\\u{1b}[31mb\u{fffd}");
    }

    #[test]
    fn a_secret_is_removed_also_where_the_text_is_cut() {
        let secret = "sk-0123456789";
        let input = format!("{}{secret}{}", "x".repeat(MAX_LOGGED_BYTES - 4), "y".repeat(9000));
        let text = collected(input.as_bytes(), &[secret]);
        assert!(!text.contains("sk-0"), "{}", &text[8000..]);
        assert!(text.ends_with("bytes in all]"));
    }
}
