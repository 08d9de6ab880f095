//! Somebody who answers in a provider's dialect.

use patchbay_sdk::testing::{self, fixture_json, identity};
use patchbay_sdk::{
    Call, Decoder, Encoded, Ending, Extra, Failure, Normalizer, ReplyIdentity, ResponseHead,
};
use serde_json::Value;

use crate::conversation::{Item, Lack};

/// A dialect towards providers.
pub(crate) trait Provider: Sync {
    fn name(&self) -> &'static str;

    /// What it cannot do.
    fn lacks(&self) -> &'static [Lack];

    /// The plugin.
    fn dialect(&self) -> Dialect;

    /// A model of the provider's.
    fn model(&self) -> &'static str {
        "little-1"
    }

    /// Settings of the plugin's.
    fn settings(&self) -> &'static str {
        "{}"
    }

    /// The `format` of the proofs that it reads; none if it has no proofs.
    fn proofs(&self) -> Option<&'static str> {
        None
    }

    /// Whether it is sent what canonical says, and proofs of all formats are its own affair.
    fn relays(&self) -> bool {
        false
    }

    /// What a body says, in order.
    fn items(&self, body: &Value) -> Vec<Item>;

    /// The tools in a body.
    fn tools(&self, body: &Value) -> Vec<(String, Value)>;

    /// The schema in a body.
    fn schema(&self, body: &Value) -> Option<Value>;

    /// A transcript's stream as bytes.
    fn stream(&self, events: &Value) -> Vec<u8>;

    /// A transcript's reply that is not streamed as bytes.
    fn whole(&self, reply: &Value) -> Vec<u8> {
        reply.to_string().into_bytes()
    }
}

/// A plugin behind plain functions.
#[derive(Clone, Copy)]
pub(crate) struct Dialect {
    /// Encodes a canonical request.
    pub(crate) encode: fn(&Call, Value) -> Result<Encoded, Failure>,
    /// Decodes a reply from pieces.
    pub(crate) decode: fn(&Call, Extra, &[&[u8]], Ending) -> Decoded,
}

/// Documents, and how they ended.
#[derive(Clone, Debug)]
pub(crate) struct Decoded {
    pub(crate) documents: Vec<Value>,
    pub(crate) end: Result<(), Failure>,
}

impl Dialect {
    pub(crate) fn of<N: Normalizer>() -> Self {
        Self { encode: testing::encode::<N>, decode: decode::<N> }
    }
}

/// Decodes as the host does it: what was there before a failure counts.
fn decode<N: Normalizer>(call: &Call, extra: Extra, pieces: &[&[u8]], ending: Ending) -> Decoded {
    let identity = ReplyIdentity { extra, ..identity() };
    let mut decoder = N::Decoder::new(call.clone(), identity, ResponseHead::new(200));
    let mut documents = Vec::new();
    let read = |document: &Vec<u8>| serde_json::from_slice(document).expect("documents are JSON");
    for piece in pieces {
        match decoder.push(piece) {
            Ok(new) => documents.extend(new.iter().map(read)),
            Err(failure) => return Decoded { documents, end: Err(failure) },
        }
    }
    let end = decoder.finish(ending).map(|last| documents.extend(last.iter().map(read)));
    Decoded { documents, end }
}

impl dyn Provider {
    /// A call to the provider.
    pub(crate) fn call(&self, streaming: bool) -> Call {
        let call = match streaming {
            true => testing::chat_stream(self.model()),
            false => testing::chat(self.model()),
        };
        Call { settings: self.settings().to_owned(), ..call }
    }

    /// The bytes of a transcript.
    pub(crate) fn transcript(&self, name: &str, streaming: bool) -> Vec<u8> {
        let transcript = &fixture_json(&format!("replies/{}.json", self.name()))[name];
        let form = if streaming { "stream" } else { "whole" };
        let reply = &transcript[form];
        assert!(!reply.is_null(), "{} has no transcript {name}, {form}", self.name());
        if streaming { self.stream(reply) } else { self.whole(reply) }
    }

    /// Whether it cannot do something.
    pub(crate) fn cannot(&self, lack: Lack) -> bool {
        self.lacks().contains(&lack)
    }
}

/// Server-sent events without names.
pub(crate) fn data_events(events: &Value) -> Vec<u8> {
    let events = events.as_array().expect("a stream is a list");
    events.iter().map(|event| format!("data: {event}\n\n")).collect::<String>().into_bytes()
}

/// Server-sent events whose names are their types.
pub(crate) fn named_events(events: &Value) -> Vec<u8> {
    let events = events.as_array().expect("a stream is a list");
    let event = |event: &Value| {
        let name = event["type"].as_str().unwrap_or("message");
        format!("event: {name}\ndata: {event}\n\n")
    };
    events.iter().map(event).collect::<String>().into_bytes()
}
