//! Splitters: any bytes at any slicing give the same pieces.

use patchbay_sdk::Failure;
use patchbay_sdk::split::{AwsEventSplitter, LineSplitter, SseSplitter, Utf8Splitter};

use crate::dialects::{framed, lines_of};
use crate::input::Input;
use crate::seeds;
use crate::target::Target;

/// Small, so that an engine reaches it.
const MAX_BYTES: usize = 300;

/// One target for each splitter.
pub fn targets() -> Vec<Target> {
    vec![
        Target::simple("split-sse", |bytes| compare(bytes, sse), || replies("openai-chat")),
        Target::simple("split-lines", |bytes| compare(bytes, lines), || replies("ollama-chat")),
        Target::simple("split-aws", |bytes| compare(bytes, aws), aws_seeds),
        Target::simple("split-utf8", |bytes| compare(bytes, utf8), || replies("ollama-chat")),
    ]
}

/// Compares what a splitter makes of the whole and of pieces.
fn compare<T: PartialEq + std::fmt::Debug>(bytes: &[u8], split: fn(&[&[u8]]) -> T) {
    let Some(input) = Input::read(bytes) else { return };
    let (whole, cut) = (split(&[input.body]), split(&input.pieces(input.body)));
    assert!(cut == whole, "cut it gives {cut:?}, whole it gives {whole:?}");
}

fn sse(pieces: &[&[u8]]) -> Result<Vec<patchbay_sdk::split::SseEvent>, Failure> {
    let mut splitter = SseSplitter::new(MAX_BYTES);
    let mut events = Vec::new();
    for piece in pieces {
        events.extend(splitter.push(piece)?);
    }
    events.extend(splitter.finish());
    Ok(events)
}

fn lines(pieces: &[&[u8]]) -> Result<Vec<Vec<u8>>, Failure> {
    let mut splitter = LineSplitter::new(MAX_BYTES);
    let mut lines = Vec::new();
    for piece in pieces {
        lines.extend(splitter.push(piece)?);
    }
    lines.extend(splitter.finish());
    Ok(lines)
}

/// What is looked at: payloads, and headers as text.
fn aws(pieces: &[&[u8]]) -> Result<Vec<(Vec<u8>, String)>, Failure> {
    let mut splitter = AwsEventSplitter::new(MAX_BYTES);
    let mut messages = Vec::new();
    for piece in pieces {
        messages.extend(splitter.push(piece)?);
    }
    splitter.finish()?;
    let look = |message: patchbay_sdk::split::AwsMessage| {
        let headers: Vec<_> = message.headers().collect();
        (message.payload().to_vec(), format!("{headers:?}"))
    };
    Ok(messages.into_iter().map(look).collect())
}

/// The standard library says what is right.
fn utf8(pieces: &[&[u8]]) -> String {
    let mut splitter = Utf8Splitter::default();
    let mut text: String = pieces.iter().map(|piece| splitter.push(piece)).collect();
    text.push_str(&splitter.finish());
    assert_eq!(text, String::from_utf8_lossy(&pieces.concat()));
    text
}

fn replies(plugin: &str) -> Vec<Vec<u8>> {
    let files = seeds::files(plugin, "replies").into_iter();
    files.map(|(_, bytes)| Input::seed(0, [0, 0], &bytes)).collect()
}

fn aws_seeds() -> Vec<Vec<u8>> {
    let files = seeds::files("bedrock-converse", "replies/stream").into_iter();
    files
        .filter_map(|(_, bytes)| lines_of(&bytes))
        .map(|lines| Input::seed(0, [0, 0], &framed(&lines)))
        .collect()
}
