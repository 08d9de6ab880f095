//! What callers send and get: requests in their dialects, replies and failures.

use anthropic_messages::AnthropicMessages;
use openai_completions::OpenAiCompletions;
use openai_responses::OpenAiResponses;
use patchbay_sdk::canonical::envelope::{Kind, RequestEnvelope};
use patchbay_sdk::testing::{self, encode_reply};
use patchbay_sdk::{
    Call, CallerFailure, Decoded, Document, Encoder, Failure, Ingress, RequestHead,
};
use serde_json::{Value, json};

use crate::dialects::{self, Encode};
use crate::input::Input;
use crate::seeds;
use crate::target::{Check, Target};

/// Writes documents of a reply that streams or not in a caller's dialect.
pub type Write = Box<dyn Fn(bool, &[Value]) -> Result<Vec<u8>, Failure> + Send + Sync>;

/// Flags of an input.
const STREAMING: u8 = 0;
const FAILS: u8 = 1;
const SECOND_PATH: u8 = 2;

/// A dialect towards callers.
trait Caller: Ingress {
    const NAME: &'static str;
    /// Where it is called.
    const PATHS: [&'static str; 2];
    /// Where the plugin keeps requests.
    const REQUESTS: (&'static str, &'static str);

    /// Requests that are not in a file, whose replies differ.
    fn requests() -> Vec<Value>;
}

impl Caller for AnthropicMessages {
    const NAME: &'static str = "anthropic-messages";
    const PATHS: [&'static str; 2] = ["/v1/messages", "/v1/messages/count_tokens"];
    const REQUESTS: (&'static str, &'static str) = ("anthropic-messages", "callers");

    fn requests() -> Vec<Value> {
        vec![
            json!({"model": "m", "max_tokens": 7, "messages": [{"role": "user", "content": "a"}]}),
            json!({"model": "m", "max_tokens": 7, "stop_sequences": ["b"],
                   "thinking": {"type": "enabled", "budget_tokens": 1024},
                   "messages": [{"role": "user", "content": "a"}]}),
        ]
    }
}

impl Caller for OpenAiResponses {
    const NAME: &'static str = "openai-responses";
    const PATHS: [&'static str; 2] = ["/v1/responses"; 2];
    const REQUESTS: (&'static str, &'static str) = ("openai-responses", "requests");

    fn requests() -> Vec<Value> {
        vec![
            json!({"model": "m", "input": "a"}),
            json!({"model": "m", "input": "a", "instructions": "b", "include": ["reasoning.encrypted_content"],
                   "tools": [{"type": "custom", "name": "t"}, {"type": "function", "name": "f", "parameters": {}}]}),
        ]
    }
}

impl Caller for OpenAiCompletions {
    const NAME: &'static str = "openai-completions";
    const PATHS: [&'static str; 2] = ["/v1/completions"; 2];
    const REQUESTS: (&'static str, &'static str) = ("openai-completions", "requests");

    fn requests() -> Vec<Value> {
        vec![
            json!({"model": "m", "prompt": "a"}),
            json!({"model": "m", "prompt": ["a"], "echo": true, "n": 2, "best_of": 3, "suffix": "s",
                   "stream": true, "stream_options": {"include_usage": true}, "logit_bias": {"1": 2}}),
            json!({"model": "m", "prompt": "a", "logprobs": 2, "max_tokens": 3, "stop": ["x", "y"]}),
        ]
    }
}

/// Two targets for each dialect.
pub fn targets() -> Vec<Target> {
    [of::<AnthropicMessages>(), of::<OpenAiResponses>(), of::<OpenAiCompletions>()]
        .into_iter()
        .flatten()
        .collect()
}

/// Writers of every dialect.
pub fn writers() -> Vec<Write> {
    vec![writer::<AnthropicMessages>(), writer::<OpenAiResponses>(), writer::<OpenAiCompletions>()]
}

fn writer<C: Caller>() -> Write {
    let known = known::<C>();
    Box::new(move |streaming, documents| {
        let decoded = known.first().cloned().expect("every dialect has a request");
        encode_reply::<C>(&Decoded { streaming, ..decoded }, documents)
    })
}

fn of<C: Caller>() -> [Target; 2] {
    let read = || {
        let encoders = dialects::encoders();
        Box::new(move |bytes: &[u8]| read::<C>(bytes, &encoders)) as Check
    };
    let write = || {
        let known = known::<C>();
        Box::new(move |bytes: &[u8]| write::<C>(bytes, &known)) as Check
    };
    [
        Target::prepared(format!("read-{}", C::NAME), read, requests::<C>),
        Target::prepared(format!("write-{}", C::NAME), write, documents),
    ]
}

/// Any body: a canonical request that the host lets pass and that every provider's dialect can
/// look at, or a failure.
fn read<C: Caller>(bytes: &[u8], encoders: &[(Encode, &str, &str)]) {
    let Some(input) = Input::read(bytes) else { return };
    let path = C::PATHS[usize::from(input.flag(SECOND_PATH))];
    let head = RequestHead::post(path).with_header("content-type", "application/json");
    let Ok(decoded) = C::decode(&head, input.body) else { return };
    let envelope = match RequestEnvelope::read(Kind::Chat, &decoded.canonical) {
        Ok(envelope) => envelope,
        Err(problem) => {
            // What the dialect carries over may be wrong, but the whole is an object of JSON.
            assert!(problem.param().is_some(), "{problem:?}");
            return;
        }
    };
    assert_eq!(envelope.model(), decoded.model);
    assert_eq!(envelope.streaming(), decoded.streaming);
    if let Some((encode, model, settings)) = input.choose(1, encoders) {
        let call = Call {
            operation: decoded.operation.clone(),
            model: (*model).to_owned(),
            streaming: decoded.streaming,
            settings: (*settings).to_owned(),
            extra: Vec::new(),
        };
        let _ = encode(&call, &decoded.canonical);
    }
    let _ = testing::logged();
}

/// Any lines as documents: bytes or a failure, and after a failure its words.
fn write<C: Caller>(bytes: &[u8], known: &[Decoded]) {
    let Some(input) = Input::read(bytes) else { return };
    let Some(decoded) = input.choose(1, known) else { return };
    let mut encoder = C::Encoder::new(decoded.extra.clone(), input.flag(STREAMING));
    let lines = input.body.split(|byte| *byte == b'\n');
    let documents: Vec<Document> = lines.map(<[u8]>::to_vec).collect();
    let group = usize::from(input.byte(3) % 4) + 1;
    for documents in documents.chunks(group) {
        if encoder.push(documents.to_vec()).is_err() {
            break;
        }
    }
    let failure = input.flag(FAILS).then(|| CallerFailure {
        kind: "upstream-error".to_owned(),
        message: "fuzz".to_owned(),
        ..CallerFailure::default()
    });
    let failed = failure.is_some();
    let end = encoder.finish(failure);
    if failed {
        let end = end.expect("a failure can always be said");
        assert!(end.windows(4).any(|window| window == b"fuzz"), "the failure's words are missing");
    }
    let _ = testing::logged();
}

/// Requests, read, whose replies differ.
fn known<C: Caller>() -> Vec<Decoded> {
    let mut known = Vec::new();
    for body in bodies::<C>() {
        for path in C::PATHS {
            if let Ok(decoded) = C::decode(&RequestHead::post(path), &body) {
                known.push(decoded);
            }
        }
    }
    known.dedup_by(|one, other| one.extra == other.extra);
    known
}

fn bodies<C: Caller>() -> Vec<Vec<u8>> {
    let own = C::requests().into_iter().map(|request| request.to_string().into_bytes());
    let (plugin, folder) = C::REQUESTS;
    own.chain(seeds::files(plugin, folder).into_iter().map(|(_, bytes)| bytes)).collect()
}

fn requests<C: Caller>() -> Vec<Vec<u8>> {
    let bodies = bodies::<C>().into_iter();
    bodies.flat_map(|body| (0..9).map(move |n| Input::seed(0, [n, 0], &body))).collect()
}

fn documents() -> Vec<Vec<u8>> {
    let replies = seeds::canonical_replies().into_iter();
    replies
        .flat_map(|(streaming, lines)| {
            let flags = u8::from(streaming) << STREAMING;
            [Input::seed(flags, [0, 0], &lines), Input::seed(flags | 1 << FAILS, [1, 0], &lines)]
        })
        .collect()
}
