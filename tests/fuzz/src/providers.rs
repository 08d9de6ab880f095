//! What providers send and get: decoders, encoders, explanations.

use patchbay_sdk::canonical::envelope::{Edit, Kind, RequestEnvelope};
use patchbay_sdk::request::Dropped;
use patchbay_sdk::testing::{self, Replay, chat_cases};
use patchbay_sdk::{Call, Ending, Extra, Failure, ResponseHead};
use serde_json::Value;

use crate::callers;
use crate::dialects::{self, Dialect, Frames, framed};
use crate::for_each_dialect;
use crate::input::Input;
use crate::seeds;
use crate::target::Target;

use anthropic_messages::AnthropicMessages;
use bedrock_converse::BedrockConverse;
use cli_jsonl::CliJsonl;
use cli_text::CliText;
use cohere_chat::CohereChat;
use gemini_dialect::Gemini;
use ollama_chat::OllamaChat;
use openai_chat::OpenAiChat;
use openai_responses::OpenAiResponses;
use tgi_dialect::Tgi;

/// Flags of an input.
const STREAMING: u8 = 0;
const BROKEN: u8 = 1;
const FRAMED: u8 = 2;
const EMBEDDINGS: u8 = 3;
const COUNT_TOKENS: u8 = 4;

/// Blocks follow each other in Anthropic's dialect: a call whose arguments go on after a text has
/// no form there, and only a provider that breaks its own protocol sends one.
const CALL_RESUMED: &str = "a tool call of the reply goes on after it had ended";

/// Three targets for each dialect.
pub fn targets() -> Vec<Target> {
    macro_rules! list {
        ($($dialect:ident),*) => { vec![$(of::<$dialect>()),*] };
    }
    for_each_dialect!(list).into_iter().flatten().collect()
}

fn of<D: Dialect>() -> [Target; 3] {
    let name = |what: &str| format!("{what}-{}", D::NAME);
    let decode = move || {
        let (extras, callers) = (extras::<D>(), callers::writers());
        Box::new(move |bytes: &[u8]| decode::<D>(bytes, &extras, &callers)) as crate::target::Check
    };
    [
        Target::prepared(name("decode"), decode, replies::<D>),
        Target::simple(&name("encode"), encode::<D>, requests),
        Target::simple(&name("explain"), explain::<D>, errors::<D>),
    ]
}

/// The call that an input asks for.
fn call<D: Dialect>(input: &Input<'_>) -> Call {
    let operation = match (input.flag(EMBEDDINGS), input.flag(COUNT_TOKENS)) {
        (true, _) => "embeddings",
        (false, true) => "count-tokens",
        (false, false) => "chat",
    };
    let text = |choice, from: &'static [&'static str]| {
        input.choose(choice, from).copied().unwrap_or_default()
    };
    Call {
        operation: operation.to_owned(),
        model: text(1, D::MODELS).to_owned(),
        streaming: input.flag(STREAMING) && operation == "chat",
        settings: text(2, D::SETTINGS).to_owned(),
        extra: Vec::new(),
    }
}

/// Any bytes at any slicing: the same documents, all of them objects, which every caller's
/// dialect can write.
fn decode<D: Dialect>(bytes: &[u8], extras: &[Extra], callers: &[callers::Write]) {
    let Some(input) = Input::read(bytes) else { return };
    let reply = match D::FRAMES == Frames::Aws && input.flag(FRAMED) {
        true => framed(input.body),
        false => input.body.to_vec(),
    };
    let call = call::<D>(&input);
    let ending = if input.flag(BROKEN) { Ending::Broken } else { Ending::Clean };
    let extra = input.choose(2, extras).cloned().unwrap_or_default();
    let mut replay = Replay::new(call.clone()).with_extra(extra);
    if D::IS_TEXT {
        replay = replay.joining_text();
    }
    let whole = replay.decode::<D>(&[&reply], ending);
    let cut = replay.decode::<D>(&input.pieces(&reply), ending);
    assert!(cut == whole, "cut the reply gives {cut:#?}, whole it gives {whole:#?}");
    if let Ok(documents) = whole {
        // Some callers' dialects have one answer only: the first.
        let has_first = documents.iter().any(|it| it["choices"][0]["index"] == 0);
        if call.operation == "chat" && !D::IS_VERBATIM && has_first {
            write_all(call.streaming, &documents, callers);
        }
    }
    forget_logs();
}

fn write_all(streaming: bool, documents: &[Value], callers: &[callers::Write]) {
    for write in callers {
        let written = write(streaming, documents);
        let refused = written.err().filter(|failure| failure.message() != CALL_RESUMED);
        assert_eq!(refused, None, "a caller's dialect refuses {documents:#?}");
    }
}

/// Any request that the host lets pass: a body or a failure, and JSON where the dialect's is.
fn encode<D: Dialect>(bytes: &[u8]) {
    let Some(input) = Input::read(bytes) else { return };
    let call = call::<D>(&input);
    let kind = match call.operation.as_str() {
        "embeddings" => Kind::Embeddings,
        _ => Kind::Chat,
    };
    let Ok(envelope) = RequestEnvelope::read(kind, input.body) else { return };
    let call = Call { streaming: envelope.streaming(), ..call };
    let edit = Edit { model: &call.model, include_usage: true };
    let canonical = envelope.rewrite(&edit).unwrap_or_else(|| input.body.to_vec());
    if D::plan(&call).is_err() {
        return;
    }
    if let Ok(encoded) = D::encode(&call, &canonical) {
        let json = serde_json::from_slice::<Value>(&encoded.body);
        assert!(D::ASKS_IN_TEXT || json.is_ok(), "the body is no JSON");
        assert!(encoded.dropped.len() <= Dropped::MAX, "{:?}", encoded.dropped);
    }
    forget_logs();
}

/// Any body of any status: a failure.
fn explain<D: Dialect>(bytes: &[u8]) {
    let Some(input) = Input::read(bytes) else { return };
    let head = ResponseHead::new(300 + u16::from(input.byte(3)))
        .with_header("content-type", "application/json")
        .with_header(
            "retry-after",
            String::from_utf8_lossy(input.pieces(input.body).first().unwrap_or(&&[][..])),
        );
    let failure: Failure = D::explain(&call::<D>(&input), &head, input.body);
    assert!(!failure.message().is_empty(), "a failure without words");
    forget_logs();
}

/// What the dialect's encoder hands to its decoder.
fn extras<D: Dialect>() -> Vec<Extra> {
    let mut extras = vec![Extra::new()];
    for case in chat_cases() {
        for settings in D::SETTINGS {
            let mut call = testing::chat_stream(D::MODELS[0]);
            call.settings = (*settings).to_owned();
            let encoded = testing::encode::<D>(&call, case.request.clone());
            if let Ok(encoded) = encoded
                && !extras.contains(&encoded.extra)
            {
                extras.push(encoded.extra);
            }
        }
    }
    extras
}

/// Seeds: the transcripts of the plugin's tests, each as often as there are models.
fn replies<D: Dialect>() -> Vec<Vec<u8>> {
    let mut seeds = vec![Input::seed(0, [0, 0], b"{}")];
    for (path, bytes) in seeds::files(D::PLUGIN, "replies") {
        let streaming = u8::from(dialects::is_stream(&path)) << STREAMING;
        seeds.push(Input::seed(streaming, [0, 0], &bytes));
        seeds.push(Input::seed(streaming, [1, 1], &bytes));
        let lines = dialects::lines_of(&bytes).filter(|_| D::FRAMES == Frames::Aws);
        if let Some(lines) = lines {
            seeds.push(Input::seed(streaming | 1 << FRAMED, [0, 0], &lines));
            seeds.push(Input::seed(streaming, [0, 0], &framed(&lines)));
        }
    }
    seeds.push(Input::seed(
        1 << EMBEDDINGS,
        [0, 0],
        br#"{"data":[{"index":0,"embedding":[1.5]}]}"#,
    ));
    seeds.push(Input::seed(1 << COUNT_TOKENS, [0, 0], br#"{"input_tokens":7}"#));
    seeds
}

fn requests() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for request in seeds::canonical_requests() {
        let input = request.windows(7).any(|window| window == b"\"input\"");
        let flags = u8::from(input) << EMBEDDINGS;
        seeds.extend((0..3).map(|n| Input::seed(flags, [n, n], &request)));
    }
    seeds
}

fn errors<D: Dialect>() -> Vec<Vec<u8>> {
    let bodies = seeds::errors().into_iter();
    bodies.map(|body| Input::seed(0, [0, 129], &body)).collect()
}

/// Plugins log into the thread's memory; a long run must not fill it.
fn forget_logs() {
    let _ = testing::logged();
}
