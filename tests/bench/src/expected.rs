//! What a reply has to be, so that a broken server cannot look fast.
//!
//! What is relayed untouched is compared byte by byte. A translated reply has ids and times that
//! nobody knows beforehand; there the pieces of text count: all of them, in order, each in a
//! place of its own, and then the words that only a whole reply has. Pieces hold no escapes, so
//! that finding them is cheap: the load generator must not be the limit.

use std::sync::Arc;

use anyhow::{Result, ensure};
use bytes::Bytes;
use memchr::{memchr, memmem};

/// What a reply has to be.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    /// These bytes.
    Bytes(Bytes),
    /// A reply with this text.
    Text(Pieces),
}

/// Text in a form that is known, but for ids and times.
#[derive(Clone, Debug)]
pub(crate) struct Pieces {
    /// What stands before each piece: the member's name and the opening quote.
    pub(crate) before: &'static str,
    /// The pieces, the empty ones left out.
    pub(crate) texts: Arc<[String]>,
    /// What a whole reply has behind the pieces.
    pub(crate) end: &'static str,
}

impl Pieces {
    /// Compares a whole body.
    ///
    /// # Errors
    /// It says something else, in other pieces, or lacks its end.
    pub(crate) fn check(&self, body: &[u8]) -> Result<()> {
        let mut expected = self.texts.iter();
        let mut behind = 0;
        for at in memmem::find_iter(body, self.before) {
            let start = at + self.before.len();
            let rest = body.get(start..).unwrap_or_default();
            let piece = rest.get(..memchr(b'"', rest).unwrap_or(rest.len())).unwrap_or_default();
            if piece.is_empty() {
                continue;
            }
            let wanted = expected.next().map(String::as_bytes);
            ensure!(
                wanted == Some(piece),
                "the reply says {:?} in place of {:?}: {:?}",
                String::from_utf8_lossy(piece),
                wanted.map(String::from_utf8_lossy),
                String::from_utf8_lossy(body)
            );
            behind = start + piece.len();
        }
        let left = expected.len();
        let end = body.get(behind..).unwrap_or_default();
        ensure!(
            left == 0 && memmem::find(end, self.end.as_bytes()).is_some(),
            "the reply lacks {left} pieces, or its end {:?}: {:?}",
            self.end,
            String::from_utf8_lossy(body)
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces() -> Pieces {
        let texts = ["one".to_owned(), " two".to_owned()].into();
        Pieces { before: r#""text":""#, texts, end: "[END]" }
    }

    #[test]
    fn ids_and_empty_pieces_do_not_matter() {
        for id in ["a", "b"] {
            let body =
                format!(r#"{{"id":"{id}","text":""}}{{"text":"one"}}{{"text":" two"}}[END]"#);
            pieces().check(body.as_bytes()).unwrap();
        }
    }

    #[test]
    fn a_reply_that_says_less_more_or_otherwise_is_refused() {
        let cases = [
            "",
            r#"{"text":"one"}[END]"#,
            r#"{"text":"one two"}[END]"#,
            r#"{"text":" two"}{"text":"one"}[END]"#,
            r#"{"text":"one"}{"text":" two"}{"text":" two"}[END]"#,
            r#"{"text":"one"}{"text":" two"}"#,
            r#"[END]{"text":"one"}{"text":" two"}"#,
            r#"{"text":"one"}{"text":" two"#,
        ];
        for body in cases {
            assert!(pieces().check(body.as_bytes()).is_err(), "{body}");
        }
    }
}
