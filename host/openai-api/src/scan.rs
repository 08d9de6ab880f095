//! Skips over JSON without building it.
//!
//! Finds the members of one object and leaps over nested values by their brackets and quotes
//! alone. Right for every valid document; of an invalid one it notices what breaks the outer
//! object (no JSON at all, cut off, trailing bytes), not what is wrong inside a nested value.
//! That is the point: a vector of thousands of numbers costs a search for a bracket.

use std::borrow::Cow;
use std::slice;

use memchr::{memchr, memchr3};

/// Why a document could not be skipped over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScanProblem {
    /// It ends too early.
    Truncated,
    /// The byte at this offset cannot stand there.
    Malformed(usize),
}

/// A member of an object.
pub(crate) struct Member<'a> {
    /// The name, escapes resolved.
    pub(crate) name: Cow<'a, [u8]>,
    /// The value's text.
    pub(crate) value: &'a [u8],
}

/// The members of an object, one after the other; ends after an `Err`.
pub(crate) struct Members<'a> {
    json: &'a [u8],
    at: usize,
    place: Place,
    ended: bool,
}

enum Place {
    /// Before the opening brace.
    Outside,
    /// Behind the opening brace.
    First,
    /// Behind a member.
    Later,
}

/// The members of `json`, which must be an object and nothing else.
pub(crate) fn members(json: &[u8]) -> Members<'_> {
    Members { json, at: 0, place: Place::Outside, ended: false }
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<Member<'a>, ScanProblem>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let step = self.step();
        self.ended = !matches!(step, Ok(Some(_)));
        step.transpose()
    }
}

impl<'a> Members<'a> {
    fn step(&mut self) -> Result<Option<Member<'a>>, ScanProblem> {
        if let Place::Outside = self.place {
            self.expect(b'{')?;
            self.place = Place::First;
        }
        if self.peek()? == b'}' {
            return self.close();
        }
        if let Place::Later = self.place {
            self.expect(b',')?;
        }
        self.place = Place::Later;
        self.member().map(Some)
    }

    fn member(&mut self) -> Result<Member<'a>, ScanProblem> {
        if self.peek()? != b'"' {
            return Err(ScanProblem::Malformed(self.at));
        }
        let name_start = self.at;
        self.at = skip_string(self.json, self.at)?;
        let name = name_of(part(self.json, name_start, self.at), name_start)?;
        self.expect(b':')?;
        self.peek()?;
        let value_start = self.at;
        self.at = skip_value(self.json, self.at)?;
        Ok(Member { name, value: part(self.json, value_start, self.at) })
    }

    fn close(&mut self) -> Result<Option<Member<'a>>, ScanProblem> {
        self.at = skip_space(self.json, self.at + 1);
        if self.at < self.json.len() { Err(ScanProblem::Malformed(self.at)) } else { Ok(None) }
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Result<u8, ScanProblem> {
        self.at = skip_space(self.json, self.at);
        self.json.get(self.at).copied().ok_or(ScanProblem::Truncated)
    }

    fn expect(&mut self, byte: u8) -> Result<(), ScanProblem> {
        if self.peek()? != byte {
            return Err(ScanProblem::Malformed(self.at));
        }
        self.at += 1;
        Ok(())
    }
}

fn part(json: &[u8], start: usize, end: usize) -> &[u8] {
    json.get(start..end).unwrap_or_default()
}

fn name_of(quoted: &[u8], at: usize) -> Result<Cow<'_, [u8]>, ScanProblem> {
    if memchr(b'\\', quoted).is_none() {
        return Ok(Cow::Borrowed(part(quoted, 1, quoted.len() - 1)));
    }
    serde_json::from_slice::<String>(quoted)
        .map(|name| Cow::Owned(name.into_bytes()))
        .map_err(|_| ScanProblem::Malformed(at))
}

/// The offset of the first byte from `at` on that is not white space.
pub(crate) fn skip_space(json: &[u8], at: usize) -> usize {
    let space = |byte: &&u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    at + json.get(at..).unwrap_or_default().iter().take_while(space).count()
}

/// The offset behind the value that starts at `at`.
fn skip_value(json: &[u8], at: usize) -> Result<usize, ScanProblem> {
    match json.get(at) {
        None => Err(ScanProblem::Truncated),
        Some(b'"') => skip_string(json, at),
        Some(b'[') => skip_nested(json, at, b'[', b']'),
        Some(b'{') => skip_nested(json, at, b'{', b'}'),
        Some(_) => skip_scalar(json, at),
    }
}

/// Length up to which a string is looked through byte by byte.
const SHORT: usize = 24;

/// The offset behind the string whose opening quote is at `at`.
fn skip_string(json: &[u8], at: usize) -> Result<usize, ScanProblem> {
    let start = at + 1;
    // Most strings are names and short words, for which calling a search costs more than it saves.
    let mut from = start;
    for byte in json.get(start..).unwrap_or_default().iter().take(SHORT) {
        match byte {
            b'"' => return Ok(from + 1),
            b'\\' => break,
            _ => from += 1,
        }
    }
    loop {
        let rest = json.get(from..).ok_or(ScanProblem::Truncated)?;
        let quote = from + memchr(b'"', rest).ok_or(ScanProblem::Truncated)?;
        let escapes =
            part(json, start, quote).iter().rev().take_while(|byte| **byte == b'\\').count();
        if escapes % 2 == 0 {
            return Ok(quote + 1);
        }
        from = quote + 1;
    }
}

/// In a valid document brackets of one sort balance within the value, whatever lies between.
fn skip_nested(json: &[u8], at: usize, open: u8, close: u8) -> Result<usize, ScanProblem> {
    let mut depth = 0_usize;
    let mut from = at;
    loop {
        let rest = json.get(from..).ok_or(ScanProblem::Truncated)?;
        let found = from + memchr3(b'"', open, close, rest).ok_or(ScanProblem::Truncated)?;
        from = found + 1;
        match json.get(found) {
            Some(b'"') => from = skip_string(json, found)?,
            Some(byte) if *byte == open => depth += 1,
            _ if depth <= 1 => return Ok(from),
            _ => depth -= 1,
        }
    }
}

fn skip_scalar(json: &[u8], at: usize) -> Result<usize, ScanProblem> {
    let rest = json.get(at..).unwrap_or_default();
    let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
    let length = rest.iter().position(is_end).unwrap_or(rest.len());
    let is_scalar = match part(rest, 0, length) {
        b"true" | b"false" | b"null" => true,
        [b'-' | b'0'..=b'9', digits @ ..] => {
            digits.iter().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
        }
        _ => false,
    };
    match is_scalar {
        true => Ok(at + length),
        false if length == rest.len() && starts_literal(rest) => Err(ScanProblem::Truncated),
        false => Err(ScanProblem::Malformed(at)),
    }
}

fn starts_literal(text: &[u8]) -> bool {
    ["true", "false", "null"].iter().any(|word| word.as_bytes().starts_with(text))
}

/// Whether a valid document is nested at most `limit` levels deep.
///
/// Documents with few brackets, which is nearly all, are only counted through.
pub(crate) fn within_depth(json: &[u8], limit: usize) -> bool {
    openings_of(json) <= limit || depth_at_most(json, limit)
}

/// How many `[` and `{` there are, which differ in one bit. Summed up in bytes, as many at a time
/// as cannot overflow one: the compiler makes vector code of that.
fn openings_of(json: &[u8]) -> usize {
    let is_opening = |byte: &u8| u8::from(byte & 0xDF == b'[');
    json.chunks(usize::from(u8::MAX))
        .map(|chunk| usize::from(chunk.iter().map(is_opening).sum::<u8>()))
        .sum()
}

fn depth_at_most(json: &[u8], limit: usize) -> bool {
    let mut depth = 0_usize;
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_rest_of_string(&mut bytes),
            b'[' | b'{' if depth == limit => return false,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

fn skip_rest_of_string(bytes: &mut slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
