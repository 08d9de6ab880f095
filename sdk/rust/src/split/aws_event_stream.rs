//! Messages of AWS's event stream encoding (`application/vnd.amazon.eventstream`).
//!
//! A message is a prelude (total length, length of the headers, CRC32 of the two), headers,
//! payload and a CRC32 of everything before it; numbers are big-endian. Layout and header types:
//! <https://smithy.io/2.0/aws/amazon-eventstream.html>.
//!
//! Both checksums are verified and the headers walked through before a message is given out. What
//! the headers mean is for the dialect to say. Signed messages, which only clients send, are not
//! taken apart.

use crate::failure::Failure;

/// Total length, length of the headers, checksum.
const PRELUDE_BYTES: usize = 12;
/// The checksum that ends a message.
const TRAILER_BYTES: usize = 4;
/// Room made at once for a message that is announced; a longer one grows as its bytes come.
const FIRST_RESERVE_BYTES: usize = 64 * 1024;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsMessage {
    /// The whole message, checked.
    frame: Vec<u8>,
    /// Where the headers end and the payload begins.
    payload_at: usize,
}

/// A header's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwsHeaderValue<'a> {
    /// Types 0 and 1.
    Bool(bool),
    /// Type 2.
    Byte(i8),
    /// Type 3.
    Short(i16),
    /// Type 4.
    Integer(i32),
    /// Type 5.
    Long(i64),
    /// Type 6.
    Bytes(&'a [u8]),
    /// Type 7.
    Text(&'a str),
    /// Type 8: milliseconds since the Unix epoch.
    Timestamp(i64),
    /// Type 9.
    Uuid([u8; 16]),
}

impl AwsMessage {
    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        let end = self.frame.len().saturating_sub(TRAILER_BYTES);
        self.frame.get(self.payload_at..end).unwrap_or_default()
    }

    /// Names and values of the headers, in order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, AwsHeaderValue<'_>)> {
        let mut rest = self.frame.get(PRELUDE_BYTES..self.payload_at).unwrap_or_default();
        // The headers were walked through when the message was read: the first error is the end.
        std::iter::from_fn(move || read_header(&mut rest).ok().flatten())
    }

    /// A header that is a text: `:message-type`, `:event-type`, `:exception-type`,
    /// `:content-type`, `:error-code`, `:error-message`.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.headers().find_map(|(known, value)| match value {
            AwsHeaderValue::Text(text) if known == name => Some(text),
            _ => None,
        })
    }
}

/// Splits bytes into messages.
///
/// ```
/// use patchbay_sdk::split::AwsEventSplitter;
/// use patchbay_sdk::testing::aws_event;
///
/// let bytes = aws_event("messageStop", br#"{"stopReason":"end_turn"}"#);
/// let (start, rest) = bytes.split_at(7);
/// let mut messages = AwsEventSplitter::default();
/// assert!(messages.push(start).unwrap().is_empty());
/// let found = messages.push(rest).unwrap();
/// assert_eq!(found[0].text(":event-type"), Some("messageStop"));
/// assert_eq!(found[0].payload(), br#"{"stopReason":"end_turn"}"#);
/// assert!(messages.finish().is_ok());
/// ```
#[derive(Debug)]
pub struct AwsEventSplitter {
    pending: Vec<u8>,
    /// What the prelude of the pending message says, once it is whole.
    prelude: Option<Prelude>,
    max_bytes: usize,
}

#[derive(Clone, Copy, Debug)]
struct Prelude {
    total: usize,
    payload_at: usize,
}

impl AwsEventSplitter {
    /// A splitter that refuses messages over `max_bytes`.
    #[must_use]
    pub fn new(max_bytes: usize) -> Self {
        Self { pending: Vec::new(), prelude: None, max_bytes }
    }

    /// Takes the next bytes, returns the messages that are finished.
    ///
    /// # Errors
    /// `upstream-error` for a checksum that does not match, lengths that contradict each other,
    /// headers that cannot be read, and a message over the limit. What follows is lost.
    pub fn push(&mut self, mut chunk: &[u8]) -> Result<Vec<AwsMessage>, Failure> {
        let mut messages = Vec::new();
        while !chunk.is_empty() {
            let wanted = self.prelude.map_or(PRELUDE_BYTES, |prelude| prelude.total);
            let missing = wanted.saturating_sub(self.pending.len());
            let (taken, rest) = chunk.split_at(missing.min(chunk.len()));
            self.pending.extend_from_slice(taken);
            chunk = rest;
            if self.pending.len() < wanted {
                break;
            }
            match self.prelude.take() {
                None => {
                    let prelude = read_prelude(&self.pending, self.max_bytes)?;
                    self.pending.reserve(prelude.total.min(FIRST_RESERVE_BYTES));
                    self.prelude = Some(prelude);
                }
                Some(prelude) => {
                    let frame = std::mem::take(&mut self.pending);
                    messages.push(read_message(frame, prelude.payload_at)?);
                }
            }
        }
        Ok(messages)
    }

    /// Ends the stream.
    ///
    /// # Errors
    /// `stream-truncated` if a message lacks its end.
    pub fn finish(self) -> Result<(), Failure> {
        match self.pending.len() {
            0 => Ok(()),
            bytes => Err(Failure::truncated(format!(
                "the provider's event stream ended inside a message, after {bytes} bytes of it"
            ))),
        }
    }
}

impl Default for AwsEventSplitter {
    fn default() -> Self {
        Self::new(super::DEFAULT_MAX_BYTES)
    }
}

fn read_prelude(bytes: &[u8], max_bytes: usize) -> Result<Prelude, Failure> {
    let mut rest = bytes;
    let (total, headers) = (take_u32(&mut rest)?, take_u32(&mut rest)?);
    let lengths = bytes.get(..8).unwrap_or_default();
    if take_u32(&mut rest)? != crc32fast::hash(lengths) {
        return Err(broken("the checksum of a message's prelude does not match"));
    }
    let (total, headers) = (total as usize, headers as usize);
    if total > max_bytes {
        let limit = format!("a message has {total} bytes, the limit is {max_bytes}");
        return Err(broken(&limit));
    }
    let payload_at = PRELUDE_BYTES.saturating_add(headers);
    if payload_at.saturating_add(TRAILER_BYTES) > total {
        return Err(broken("a message's headers are longer than the message"));
    }
    Ok(Prelude { total, payload_at })
}

fn read_message(frame: Vec<u8>, payload_at: usize) -> Result<AwsMessage, Failure> {
    let (checked, mut trailer) = frame.split_at(frame.len().saturating_sub(TRAILER_BYTES));
    if take_u32(&mut trailer)? != crc32fast::hash(checked) {
        return Err(broken("the checksum of a message does not match"));
    }
    let mut headers = frame.get(PRELUDE_BYTES..payload_at).unwrap_or_default();
    while read_header(&mut headers)?.is_some() {}
    Ok(AwsMessage { frame, payload_at })
}

/// The next header, or none at the end.
fn read_header<'a>(rest: &mut &'a [u8]) -> Result<Option<(&'a str, AwsHeaderValue<'a>)>, Failure> {
    if rest.is_empty() {
        return Ok(None);
    }
    let [length] = take_array(rest)?;
    let name = text(take(rest, usize::from(length))?)?;
    let [kind] = take_array(rest)?;
    let value = match kind {
        0 => AwsHeaderValue::Bool(true),
        1 => AwsHeaderValue::Bool(false),
        2 => AwsHeaderValue::Byte(i8::from_be_bytes(take_array(rest)?)),
        3 => AwsHeaderValue::Short(i16::from_be_bytes(take_array(rest)?)),
        4 => AwsHeaderValue::Integer(i32::from_be_bytes(take_array(rest)?)),
        5 => AwsHeaderValue::Long(i64::from_be_bytes(take_array(rest)?)),
        6 => AwsHeaderValue::Bytes(take_sized(rest)?),
        7 => AwsHeaderValue::Text(text(take_sized(rest)?)?),
        8 => AwsHeaderValue::Timestamp(i64::from_be_bytes(take_array(rest)?)),
        9 => AwsHeaderValue::Uuid(take_array(rest)?),
        other => return Err(broken(&format!("a header has the unknown type {other}"))),
    };
    Ok(Some((name, value)))
}

fn take_sized<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Failure> {
    let length = u16::from_be_bytes(take_array(rest)?);
    take(rest, usize::from(length))
}

fn take_u32(rest: &mut &[u8]) -> Result<u32, Failure> {
    take_array(rest).map(u32::from_be_bytes)
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Failure> {
    let (bytes, tail) = rest.split_first_chunk::<N>().ok_or_else(cut_header)?;
    *rest = tail;
    Ok(*bytes)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Failure> {
    let (bytes, tail) = rest.split_at_checked(length).ok_or_else(cut_header)?;
    *rest = tail;
    Ok(bytes)
}

fn text(bytes: &[u8]) -> Result<&str, Failure> {
    std::str::from_utf8(bytes).map_err(|_| broken("a header is not UTF-8"))
}

fn cut_header() -> Failure {
    broken("a header ends outside the headers")
}

fn broken(what: &str) -> Failure {
    Failure::upstream(format!("the provider's event stream is broken: {what}"))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::AwsHeaderValue as V;
    use super::*;
    use crate::failure::FailureKind;
    use crate::testing::{aws_event, aws_message, every_cut};

    fn split(pieces: &[&[u8]]) -> Result<Vec<AwsMessage>, Failure> {
        let mut splitter = AwsEventSplitter::default();
        let mut messages = Vec::new();
        for piece in pieces {
            messages.extend(splitter.push(piece)?);
        }
        splitter.finish()?;
        Ok(messages)
    }

    #[test]
    fn the_encodings_published_examples_are_read() {
        // Two messages that several clients' test suites share: without headers, and with one.
        let plain = b"\x00\x00\x00\x1D\x00\x00\x00\x00\xFDR\x8CZ{'foo':'bar'}\xC3e96";
        let headed = b"\x00\x00\x00=\x00\x00\x00 \x07\xFD\x83\x96\x0Ccontent-type\x07\x00\x10\
                       application/json{'foo':'bar'}\x8D\x9C\x08\xB1";
        let messages = split(&[plain, headed]).unwrap();
        assert_eq!(messages[0].payload(), b"{'foo':'bar'}");
        assert_eq!(messages[0].headers().count(), 0);
        assert_eq!(messages[1].payload(), b"{'foo':'bar'}");
        assert_eq!(messages[1].text("content-type"), Some("application/json"));
    }

    #[test]
    fn every_type_of_header_is_read() {
        let headers = [
            ("yes", V::Bool(true)),
            ("no", V::Bool(false)),
            ("byte", V::Byte(-2)),
            ("short", V::Short(-300)),
            ("integer", V::Integer(-70_000)),
            ("long", V::Long(i64::MIN)),
            ("bytes", V::Bytes(b"\x00\xFF")),
            (":event-type", V::Text("größe")),
            ("time", V::Timestamp(1_700_000_000_000)),
            ("uuid", V::Uuid([7; 16])),
        ];
        let messages = split(&[&aws_message(&headers, b"x")]).unwrap();
        assert_eq!(messages[0].headers().collect::<Vec<_>>(), headers);
        assert_eq!(messages[0].text(":event-type"), Some("größe"));
        assert_eq!(messages[0].text("byte"), None, "it is no text");
        assert_eq!(messages[0].payload(), b"x");
    }

    #[test]
    fn every_slicing_gives_the_same_messages() {
        let mut bytes = aws_event("a", br#"{"text":"Gr\u00fc\u00dfe"}"#);
        bytes.extend(aws_event("b", b""));
        let whole = split(&[&bytes]);
        assert_eq!(whole.as_ref().unwrap().len(), 2);
        every_cut(&bytes, |pieces| assert_eq!(split(pieces), whole));
    }

    #[test]
    fn a_stream_that_ends_inside_a_message_is_truncated() {
        let bytes = aws_event("a", b"{}");
        assert_eq!(split(&[]).unwrap(), []);
        for end in 1..bytes.len() {
            let failure = split(&[&bytes[..end]]).unwrap_err();
            assert_eq!(failure.kind(), FailureKind::StreamTruncated, "{end}");
        }
    }

    #[test]
    fn what_is_no_message_is_named() {
        let reframed = |total: u32, headers: u32| {
            let mut bytes = [total.to_be_bytes(), headers.to_be_bytes()].concat();
            bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
            bytes.extend([0; 64]);
            bytes
        };
        let raw_headers = |headers: &[u8]| {
            let total = u32::try_from(16 + headers.len()).unwrap();
            let length = u32::try_from(headers.len()).unwrap();
            let mut bytes = [total.to_be_bytes(), length.to_be_bytes()].concat();
            bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
            bytes.extend(headers);
            bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
            bytes
        };
        let cases = [
            (b"<html>not found</html>".to_vec(), "prelude"),
            (reframed(17_000_000, 0), "17000000 bytes"),
            (reframed(15, 0), "longer than the message"),
            (reframed(20, 5), "longer than the message"),
            (reframed(20, u32::MAX), "longer than the message"),
            (reframed(20, 4), "checksum of a message does not match"),
            (raw_headers(b"\x01a\x0A"), "unknown type 10"),
            (raw_headers(b"\x01a\x07\x00\x05abc"), "ends outside"),
            (raw_headers(b"\x05ab"), "ends outside"),
            (raw_headers(b"\x01a"), "ends outside"),
            (raw_headers(b"\x01a\x07\x00\x01\xFF"), "UTF-8"),
        ];
        for (bytes, said) in cases {
            let failure = split(&[&bytes]).unwrap_err();
            assert_eq!(failure.kind(), FailureKind::UpstreamError, "{failure}");
            assert!(failure.message().contains(said), "{said}: {failure}");
        }
    }

    #[test]
    fn a_message_over_the_limit_fails_before_its_bytes_come() {
        let bytes = aws_event("a", &[b'x'; 100]);
        assert!(AwsEventSplitter::new(bytes.len()).push(&bytes).is_ok());
        let mut splitter = AwsEventSplitter::new(bytes.len() - 1);
        let failure = splitter.push(&bytes[..PRELUDE_BYTES]).unwrap_err();
        assert!(failure.message().contains("the limit is"), "{failure}");
    }

    proptest! {
        #[test]
        fn any_messages_survive_any_slicing(
            payloads in vec(vec(any::<u8>(), 0..200), 1..5),
            cuts in vec(0_usize..2000, 0..8),
        ) {
            let bytes: Vec<u8> = payloads.iter().flat_map(|it| aws_event("any", it)).collect();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut % bytes.len()).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> =
                cuts.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
            let found = split(&pieces).unwrap();
            let found: Vec<Vec<u8>> = found.iter().map(|it| it.payload().to_vec()).collect();
            prop_assert_eq!(found, payloads);
        }

        #[test]
        fn a_flipped_bit_is_never_taken_for_a_message(
            payload in vec(any::<u8>(), 0..200),
            place in 0_usize..10_000,
        ) {
            let mut bytes = aws_event("any", &payload);
            let bit = place % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(split(&[&bytes]).is_err());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..300)) {
            let _ = split(&[&bytes]);
        }
    }
}
