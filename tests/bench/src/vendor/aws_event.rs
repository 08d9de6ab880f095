//! Writes messages of AWS's event stream encoding: lengths, headers, payload, two checksums.
//!
//! Layout: <https://smithy.io/2.0/aws/amazon-eventstream.html>.

/// Prelude with its checksum, and the checksum at the end.
const FRAME_BYTES: usize = 16;

/// Type of a header whose value is a text.
const TEXT: u8 = 7;

/// An event with a JSON payload.
pub(super) fn encode(event_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut headers = Vec::new();
    for (name, value) in [
        (":event-type", event_type),
        (":content-type", "application/json"),
        (":message-type", "event"),
    ] {
        headers.push(u8::try_from(name.len()).expect("these names are short"));
        headers.extend(name.as_bytes());
        headers.push(TEXT);
        headers.extend(u16::try_from(value.len()).expect("these values are short").to_be_bytes());
        headers.extend(value.as_bytes());
    }
    let length = |bytes: usize| u32::try_from(bytes).expect("the mock's messages are small");
    let total = length(FRAME_BYTES + headers.len() + payload.len());
    let mut message = total.to_be_bytes().to_vec();
    message.extend(length(headers.len()).to_be_bytes());
    message.extend(crc32fast::hash(&message).to_be_bytes());
    message.extend(headers);
    message.extend(payload);
    message.extend(crc32fast::hash(&message).to_be_bytes());
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_checksums_are_where_the_encoding_has_them() {
        let message = encode("messageStop", b"{}");
        let number = |at: usize| u32::from_be_bytes(message[at..at + 4].try_into().unwrap());
        let (total, headers) = (number(0) as usize, number(4) as usize);
        assert_eq!(total, message.len());
        assert_eq!(&message[12 + headers..total - 4], b"{}");
        assert_eq!(number(8), crc32fast::hash(&message[..8]));
        assert_eq!(number(total - 4), crc32fast::hash(&message[..total - 4]));
        assert!(message[12..].starts_with(b"\x0B:event-type\x07\x00\x0BmessageStop"));
    }

    #[test]
    fn the_checksum_is_that_of_the_published_example() {
        // The prelude of a message of 29 bytes without headers, as several clients' tests have it.
        assert_eq!(crc32fast::hash(b"\x00\x00\x00\x1D\x00\x00\x00\x00"), 0xFD52_8C5A);
    }
}
