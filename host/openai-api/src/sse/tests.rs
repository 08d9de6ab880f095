use proptest::prelude::*;

use super::*;
use crate::TokenUsage;

/// The raw bytes of all events, the rest, and the failure.
#[derive(Debug, PartialEq, Eq, Default)]
struct Read {
    events: Vec<Vec<u8>>,
    rest: Option<Vec<u8>>,
    failed: bool,
}

fn read(chunks: &[&[u8]], max_event_bytes: usize) -> Read {
    let mut reader = EventReader::new(max_event_bytes);
    let mut read = Read::default();
    for chunk in chunks {
        let mut events = reader.feed(chunk);
        loop {
            match events.next_event() {
                Ok(Some(event)) => {
                    if let Some(place) = event.place() {
                        assert_eq!(event.raw(), &chunk[place]);
                    }
                    read.events.push(event.raw().to_vec());
                }
                Ok(None) => break,
                Err(EventTooLarge { .. }) => read.failed = true,
            }
        }
    }
    read.rest = reader.finish().map(|event| event.raw().to_vec());
    read
}

fn events(stream: &[u8]) -> Vec<Vec<u8>> {
    read(&[stream], usize::MAX).events
}

fn data(event: &[u8]) -> Option<String> {
    let mut reader = EventReader::new(usize::MAX);
    let mut events = reader.feed(event);
    let event = events.next_event().unwrap().unwrap();
    event.data().map(|data| String::from_utf8(data.into_owned()).unwrap())
}

#[test]
fn events_end_at_a_blank_line_of_any_sort() {
    let cases: [(&[u8], &[&[u8]]); 10] = [
        (b"data: a\n\ndata: b\n\n", &[b"data: a\n\n", b"data: b\n\n"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", &[b"data: a\r\n\r\n", b"data: b\r\n\r\n"]),
        (b"data: a\r\rdata: b\r\r", &[b"data: a\r\r", b"data: b\r\r"]),
        (b"data: a\n\rdata: b\r\n\n", &[b"data: a\n\r", b"data: b\r\n\n"]),
        (b"data: a\n\n\n\r\n\ndata: b\n\n", &[b"data: a\n\n", b"data: b\n\n"]),
        (b"\xEF\xBB\xBFdata: a\n\n", &[b"data: a\n\n"]),
        (b"\xEF\xBB\xBF\n\ndata: a\n\n", &[b"data: a\n\n"]),
        (b"\xEF\xBBx: a\n\n\xEF\xBB\xBFb\n\n", &[b"\xEF\xBBx: a\n\n", b"\xEF\xBB\xBFb\n\n"]),
        (
            b": ping\n\nevent: e\ndata: a\nid: 1\nretry: 5\n\n",
            &[b": ping\n\n", b"event: e\ndata: a\nid: 1\nretry: 5\n\n"],
        ),
        (b"", &[]),
    ];
    for (stream, expected) in cases {
        assert_eq!(events(stream), expected, "{}", stream.escape_ascii());
    }
}

#[test]
fn an_event_within_a_chunk_is_not_copied() {
    let mut reader = EventReader::new(100);
    let mut events = reader.feed(b"data: a\n\ndata: b\n\ndata");
    assert_eq!(events.next_event().unwrap().unwrap().place(), Some(0..9));
    assert_eq!(events.next_event().unwrap().unwrap().place(), Some(9..18));
    assert_eq!(events.next_event(), Ok(None));
    let mut events = reader.feed(b": c\n\ndata: d\n\n");
    let assembled = events.next_event().unwrap().unwrap();
    assert_eq!((assembled.place(), assembled.raw()), (None, &b"data: c\n\n"[..]));
    assert_eq!(events.next_event().unwrap().unwrap().place(), Some(5..14));
}

#[test]
fn an_event_that_ends_in_bare_cr_does_not_wait_for_more() {
    let mut reader = EventReader::new(100);
    let mut events = reader.feed(b"data: a\r\r");
    assert!(events.next_event().unwrap().is_some());
    let read = read(&[b"data: a\r\r", b"\ndata: b\r\r"], 100);
    assert_eq!(read.events, [b"data: a\r\r", b"data: b\r\r"]);
}

#[test]
fn data_is_read_as_the_standard_says() {
    let cases: [(&str, Option<&str>); 9] = [
        ("data: a\n\n", Some("a")),
        ("data:a\n\n", Some("a")),
        ("data:  a \n\n", Some(" a ")),
        ("data\n\n", Some("")),
        ("data: a\ndata: b\r\ndata\rdata:c\n\n", Some("a\nb\n\nc")),
        ("event: x\r\nid: 1\r\ndata: a:b\r\nretry: 1\r\n\r\n", Some("a:b")),
        (": data: a\n\n", None),
        ("datas: a\n\n", None),
        ("event: x\n\n", None),
    ];
    for (event, expected) in cases {
        assert_eq!(data(event.as_bytes()).as_deref(), expected, "{event:?}");
    }
}

#[test]
fn the_name_of_an_event_is_read() {
    let mut reader = EventReader::new(100);
    let mut events = reader.feed(b"event: error\ndata: {}\n\ndata: {}\n\n");
    assert_eq!(events.next_event().unwrap().unwrap().name(), Some(&b"error"[..]));
    assert_eq!(events.next_event().unwrap().unwrap().name(), None);
}

#[test]
fn what_has_no_blank_line_is_left_over() {
    let rest = |stream: &[u8]| read(&[stream], 100).rest;
    assert_eq!(rest(b"data: a\n\n"), None);
    assert_eq!(rest(b"data: a\n\ndata: [DONE]").unwrap(), b"data: [DONE]");
    assert_eq!(rest(b"data: a\r\n\r").unwrap(), b"data: a\r\n\r");
    assert_eq!(rest(b"\n\n"), None);
}

#[test]
fn lines_over_64_kib_are_read_whole() {
    let line = format!("data: {}\n\n", "x".repeat(200_000));
    let (start, end) = line.as_bytes().split_at(70_000);
    assert_eq!(read(&[start, end], 1 << 20).events, [line.as_bytes()]);
}

#[test]
fn an_event_that_is_too_large_ends_the_reading() {
    let event = b"data: abc\n\n";
    for cut in 0..event.len() {
        let chunks = [&event[..cut], &event[cut..], b"data: x\n\n"];
        assert!(!read(&chunks, event.len()).failed);
        let refused = read(&chunks, event.len() - 1);
        assert_eq!(refused, Read { failed: true, ..Read::default() });
    }
}

#[test]
fn data_is_classified() {
    let ordinary = Payload::Document(DocumentFacts::default());
    let error = Payload::Document(DocumentFacts { is_error: true, ..DocumentFacts::default() });
    let tokens = TokenUsage { prompt_tokens: 1, total_tokens: 1, ..TokenUsage::default() };
    let usage = |only_usage| {
        Payload::Document(DocumentFacts { usage: Some(tokens), only_usage, is_error: false })
    };
    let cases = [
        ("[DONE]", Payload::Done),
        (" [DONE] ", Payload::Done),
        ("", Payload::Empty),
        ("<html>", Payload::Malformed),
        ("{\"choices\":[", Payload::Malformed),
        ("{\"usage\":1,,}", Payload::Malformed),
        (r#"{"choices":[{"delta":{"content":"a"}}]}"#, ordinary),
        (r#"{"choices":[{"delta":{"content":"\"usage\":{} \"error\":1"}}]}"#, ordinary),
        (r#"{"choices":[{"delta":{"content":"error"}}],"usage":null,"error": null}"#, ordinary),
        (r#"{"choices":[{"delta":{"content":"usage"}}]}"#, ordinary),
        (r#"{"choices":[{"usage":{"prompt_tokens":1},"error":{}}]}"#, ordinary),
        (r#"{"choices":[],"usage":{"prompt_tokens":1}}"#, usage(true)),
        (r#"{"choices":[ ],"usage" : {"prompt_tokens":1}}"#, usage(true)),
        (r#"{"usage":{"prompt_tokens":1}}"#, usage(true)),
        (r#"{"choices":[{}],"usage":{"prompt_tokens":1}}"#, usage(false)),
        (r#"{"error":{"message":"m"}}"#, error),
        (r#"{"error" : "m","choices":[]}"#, error),
        (r#"{"object":"error","message":"m"}"#, error),
        (r#"{"object" : "error","message":"m"}"#, error),
        (r#"{"error":null,"usage":[]}"#, ordinary),
    ];
    for (data, expected) in cases {
        assert_eq!(classify(data.as_bytes()), expected, "{data}");
    }
}

#[test]
fn a_finish_reason_is_noticed() {
    for (document, expected) in [
        (r#"{"choices":[{"finish_reason":null}]}"#, false),
        (r#"{"choices":[{"finish_reason":null},{"finish_reason": "stop"}]}"#, true),
        (r#"{"choices":[{"delta":{"content":"\"finish_reason\":1"}}]}"#, false),
        ("{}", false),
    ] {
        assert_eq!(has_finish_reason(document.as_bytes()), expected, "{document}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let mut stream = Vec::new();
    write_comment("keep\nalive", &mut stream);
    write_event(b"{\"a\":\"\\n\"}", &mut stream);
    write_event(b"{\n\"a\":\r\n1\r}", &mut stream);
    stream.extend_from_slice(DONE);
    let expected = b": keep\n: alive\n\ndata: {\"a\":\"\\n\"}\n\ndata: {\ndata: \"a\":\ndata: 1\ndata: }\n\ndata: [DONE]\n\n";
    assert_eq!(stream, expected);
    let read: Vec<_> = events(&stream).iter().map(|event| data(event)).collect();
    let lines = ["{\"a\":\"\\n\"}", "{\n\"a\":\n1\n}", "[DONE]"].map(|line| Some(line.to_owned()));
    assert_eq!(read[0], None);
    assert_eq!(read[1..], lines);
}

prop_compose! {
    /// Streams made of what matters: line ends, marks, fields, parts of characters.
    fn any_stream()(parts in prop::collection::vec(prop::sample::select(vec![
        &b"\n"[..], b"\r", b"\r\n", b"\n\n", b"data: x", b":", b"event: e",
        b"\xEF\xBB\xBF", b"\xEF", b"\xBB", "\u{e9}".as_bytes(),
    ]), 0..24)) -> Vec<u8> {
        parts.concat()
    }
}

proptest! {
    #[test]
    fn slicing_never_changes_the_events(
        stream in any_stream(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        max_event_bytes in prop_oneof![Just(usize::MAX), 1..40_usize],
    ) {
        let whole = read(&[&stream], max_event_bytes);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.sort_unstable();
        let mut chunks = Vec::new();
        let mut from = 0;
        for cut in cuts {
            chunks.push(&stream[from..cut]);
            from = cut;
        }
        chunks.push(&stream[from..]);
        prop_assert_eq!(&read(&chunks, max_event_bytes), &whole);
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        prop_assert_eq!(&read(&bytes, max_event_bytes), &whole);
    }

    #[test]
    fn events_hold_every_byte_but_marks_and_blank_lines(stream in any_stream()) {
        let read = read(&[&stream], usize::MAX);
        let mut joined = read.events.concat();
        joined.extend(read.rest.unwrap_or_default());
        let visible = |bytes: &[u8]| bytes.iter().copied().filter(|b| !b"\r\n".contains(b)).collect::<Vec<_>>();
        let stream = stream.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&stream);
        prop_assert_eq!(visible(&joined), visible(stream.strip_prefix(b"").unwrap()));
    }

    #[test]
    fn classifying_agrees_with_parsing(value in crate::scan::tests::any_json(), usage in crate::scan::tests::any_json()) {
        let document = serde_json::json!({ "choices": [value], "usage": usage });
        let facts = classify_document(document.to_string().as_bytes()).unwrap();
        prop_assert_eq!(facts.usage.is_some(), usage.is_object());
        prop_assert!(!facts.is_error && !facts.only_usage);
    }
}
