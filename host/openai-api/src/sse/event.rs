//! One event and its fields.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr2;

/// A whole event, from its first line to the blank line that ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    raw: &'a [u8],
    place: Option<Range<usize>>,
}

impl<'a> Event<'a> {
    pub(super) fn within_chunk(raw: &'a [u8], place: Range<usize>) -> Self {
        Self { raw, place: Some(place) }
    }

    pub(super) fn assembled(raw: &'a [u8]) -> Self {
        Self { raw, place: None }
    }

    /// The event's bytes, the blank line included; ready to be relayed as they are.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// Where the bytes stand in the chunk that was fed last, or `None` if the event began in an
    /// earlier one, so that only [`Event::raw`] has them together.
    #[must_use]
    pub fn place(&self) -> Option<Range<usize>> {
        self.place.clone()
    }

    /// The data, its lines joined by `\n`; `None` if there is no data, as in a comment.
    #[must_use]
    pub fn data(&self) -> Option<Cow<'a, [u8]>> {
        let mut data: Option<Cow<'a, [u8]>> = None;
        for (_, value) in self.fields().filter(|(name, _)| *name == b"data") {
            match &mut data {
                None => data = Some(Cow::Borrowed(value)),
                Some(data) => {
                    let data = data.to_mut();
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
            }
        }
        data
    }

    /// The event's type, if a line names it.
    #[must_use]
    pub fn name(&self) -> Option<&'a [u8]> {
        self.fields().filter(|(name, _)| *name == b"event").map(|(_, value)| value).last()
    }

    /// Names and values of the lines that are no comments, in order: `data`, `event`, `id`,
    /// `retry`, or what a server invents.
    pub fn fields(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        Lines { rest: self.raw }.filter(|line| !line.is_empty()).filter_map(field_of)
    }
}

/// A line's field; `None` for a comment.
fn field_of(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let Some(colon) = memchr::memchr(b':', line) else {
        return Some((line, b""));
    };
    let (name, value) = line.split_at(colon);
    let value = value.strip_prefix(b":").unwrap_or(value);
    let value = value.strip_prefix(b" ").unwrap_or(value);
    (!name.is_empty()).then_some((name, value))
}

struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let Some(end) = memchr2(b'\n', b'\r', self.rest) else {
            return Some(std::mem::take(&mut self.rest));
        };
        let (line, after) = self.rest.split_at(end);
        self.rest =
            after.strip_prefix(b"\r\n").unwrap_or_else(|| after.get(1..).unwrap_or_default());
        Some(line)
    }
}
