//! The one line end that a program prints last.

/// Holds back a line end until something follows it.
#[derive(Debug, Default)]
pub(crate) struct TrailingNewline {
    /// "", "\r", "\n" or "\r\n".
    held: &'static str,
}

impl TrailingNewline {
    /// Takes the next text, returns what is certainly not the last line end.
    pub(crate) fn push(&mut self, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        let mut certain = String::with_capacity(self.held.len() + text.len());
        certain.push_str(self.held);
        certain.push_str(text);
        self.held =
            ["\r\n", "\n", "\r"].into_iter().find(|end| certain.ends_with(end)).unwrap_or_default();
        certain.truncate(certain.len() - self.held.len());
        certain
    }

    /// What was held back and is no line end.
    pub(crate) fn finish(self) -> &'static str {
        if self.held.ends_with('\n') { "" } else { self.held }
    }
}

#[cfg(test)]
mod tests {
    use patchbay_sdk::testing::every_cut;

    use super::*;

    #[test]
    fn exactly_one_line_end_is_cut_whatever_the_slicing() {
        let cases = [
            ("a\n", "a"),
            ("a\n\n", "a\n"),
            ("a\r\n", "a"),
            ("a\r\n\r\n", "a\r\n"),
            ("a\n\r\n", "a\n"),
            ("a\r", "a\r"),
            ("a\nb", "a\nb"),
            ("\n", ""),
            ("", ""),
        ];
        for (text, expected) in cases {
            every_cut(text.as_bytes(), |pieces| {
                let mut newline = TrailingNewline::default();
                let mut found = String::new();
                for piece in pieces {
                    found.push_str(&newline.push(std::str::from_utf8(piece).unwrap()));
                }
                found.push_str(newline.finish());
                assert_eq!(found, expected, "{text:?}");
            });
        }
    }
}
