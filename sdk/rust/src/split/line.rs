//! Lines, as in JSON lines (`application/x-ndjson`).

use crate::failure::Failure;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Splits bytes into lines without blanks at their ends; empty lines are left out.
///
/// ```
/// use patchbay_sdk::split::LineSplitter;
///
/// let mut lines = LineSplitter::default();
/// assert!(lines.push(b"{\"a\":").unwrap().is_empty());
/// assert_eq!(lines.push(b"1}\r\n\r\n{").unwrap(), [b"{\"a\":1}"]);
/// assert_eq!(lines.finish(), Some(b"{".to_vec()));
/// ```
#[derive(Debug)]
pub struct LineSplitter {
    pending: Vec<u8>,
    max_bytes: usize,
    at_start: bool,
}

impl LineSplitter {
    /// A splitter that refuses lines over `max_bytes`.
    #[must_use]
    pub fn new(max_bytes: usize) -> Self {
        Self { pending: Vec::new(), max_bytes, at_start: true }
    }

    /// Takes the next bytes, returns the lines that are finished.
    ///
    /// # Errors
    /// `upstream-error` for a line over the limit.
    pub fn push(&mut self, mut chunk: &[u8]) -> Result<Vec<Vec<u8>>, Failure> {
        let mut lines = Vec::new();
        while let Some(end) = memchr::memchr(b'\n', chunk) {
            let (line, rest) = chunk.split_at(end);
            self.append(line)?;
            lines.extend(self.take_line());
            chunk = rest.get(1..).unwrap_or_default();
        }
        self.append(chunk)?;
        Ok(lines)
    }

    /// What stands after the last line end.
    #[must_use]
    pub fn finish(mut self) -> Option<Vec<u8>> {
        self.take_line()
    }

    fn append(&mut self, part: &[u8]) -> Result<(), Failure> {
        if self.pending.len() + part.len() > self.max_bytes {
            let limit = self.max_bytes;
            return Err(Failure::upstream(format!(
                "the provider sent a line of over {limit} bytes"
            )));
        }
        self.pending.extend_from_slice(part);
        Ok(())
    }

    fn take_line(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.pending);
        let mut text = line.as_slice();
        if std::mem::take(&mut self.at_start) {
            text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        }
        let text = text.trim_ascii();
        (!text.is_empty()).then(|| text.to_vec())
    }
}

impl Default for LineSplitter {
    fn default() -> Self {
        Self::new(super::DEFAULT_MAX_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::every_cut;

    fn split(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut splitter = LineSplitter::default();
        let mut lines = Vec::new();
        for piece in pieces {
            lines.extend(splitter.push(piece).unwrap());
        }
        lines.extend(splitter.finish());
        lines
    }

    #[test]
    fn every_slicing_gives_the_same_lines() {
        let text = "\u{feff}{\"a\":1}\n\r\n  {\"é\":2}\r\n{\"c\":3}".as_bytes();
        let whole = split(&[text]);
        assert_eq!(whole.len(), 3);
        every_cut(text, |pieces| assert_eq!(split(pieces), whole));
    }

    #[test]
    fn a_line_over_the_limit_fails() {
        let mut splitter = LineSplitter::new(4);
        assert_eq!(splitter.push(b"abcd\n").unwrap(), [b"abcd"]);
        assert!(splitter.push(b"ab").unwrap().is_empty());
        assert!(splitter.push(b"cde").is_err());
    }
}
