//! Characters.

/// Turns bytes into text, holding back a character until it is whole.
///
/// Bytes that are not UTF-8 become U+FFFD, exactly as `String::from_utf8_lossy` does it for the
/// whole.
///
/// ```
/// use patchbay_sdk::split::Utf8Splitter;
///
/// let mut text = Utf8Splitter::default();
/// assert_eq!(text.push(b"caf\xC3"), "caf");
/// assert_eq!(text.push(b"\xA9!"), "é!");
/// assert_eq!(text.finish(), "");
/// ```
#[derive(Debug, Default)]
pub struct Utf8Splitter {
    /// Start of a character, at most three bytes.
    held: Vec<u8>,
}

impl Utf8Splitter {
    /// Takes the next bytes, returns the text that is whole.
    #[must_use]
    pub fn push(&mut self, chunk: &[u8]) -> String {
        if self.held.is_empty() {
            return self.read(chunk);
        }
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(chunk);
        self.read(&bytes)
    }

    /// One U+FFFD if the bytes ended inside a character, else nothing.
    #[must_use]
    pub fn finish(self) -> String {
        String::from_utf8_lossy(&self.held).into_owned()
    }

    fn read(&mut self, mut bytes: &[u8]) -> String {
        let mut text = String::with_capacity(bytes.len());
        while let Err(problem) = std::str::from_utf8(bytes) {
            let (valid, rest) = bytes.split_at(problem.valid_up_to());
            text.push_str(&String::from_utf8_lossy(valid));
            let Some(invalid) = problem.error_len() else {
                self.held = rest.to_vec();
                return text;
            };
            text.push(char::REPLACEMENT_CHARACTER);
            bytes = rest.get(invalid..).unwrap_or_default();
        }
        text.push_str(&String::from_utf8_lossy(bytes));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::every_cut;

    #[test]
    fn every_slicing_gives_the_text_of_the_whole() {
        let samples: [&[u8]; 6] = [
            "plain, é, €, 😀".as_bytes(),
            b"bad \xFF\xFE middle \xC3( end",
            b"cut \xF0\x9F\x98",
            b"\xE2\x82\xE2\x82\xAC",
            b"\xED\xA0\x80 surrogate",
            b"",
        ];
        for bytes in samples {
            let whole = String::from_utf8_lossy(bytes);
            every_cut(bytes, |pieces| {
                let mut splitter = Utf8Splitter::default();
                let mut text: String = pieces.iter().map(|piece| splitter.push(piece)).collect();
                text.push_str(&splitter.finish());
                assert_eq!(text, whole);
            });
        }
    }
}
