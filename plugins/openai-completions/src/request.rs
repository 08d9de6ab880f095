//! A request for a completion as a canonical chat.
//!
//! Members that both APIs call the same, sampling, `n`, `stop`, `seed`, `user`, and members that
//! nobody knows are carried over as they are.

use patchbay_sdk::canonical::chat::{Message, Role};
use patchbay_sdk::canonical::{JsonKind, Number, Object, Problem, RawJson};
use patchbay_sdk::request::invalid;
use patchbay_sdk::{Decoded, Failure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The API's own default.
const DEFAULT_MAX_TOKENS: u64 = 16;

/// Name of the value that the encoder gets.
pub(crate) const WANTED: &str = "wanted";

/// What the reply depends on besides the canonical documents.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Wanted {
    /// The prompt, if it stands before the text.
    pub(crate) echo: Option<String>,
    /// Where the text begins, in characters: offsets of tokens count the prompt.
    pub(crate) text_begins: usize,
    /// Whether a stream ends with the usage.
    pub(crate) usage: bool,
}

/// Reads a caller's request.
pub(crate) fn decode(body: &[u8]) -> Result<Decoded, Failure> {
    let mut request = Object::from_json(body).map_err(|problem| invalid(&problem))?;
    let model = take::<String>(&mut request, "model")?
        .ok_or_else(|| at("model", "is required: name a model"))?;
    let streaming = take(&mut request, "stream")?.unwrap_or(false);
    let prompt = prompt(&mut request)?;

    let mut canonical = Object::new();
    set(&mut canonical, "model", &model);
    set(&mut canonical, "messages", &[Message::text(Role::User, prompt.as_str())]);
    let limit = take::<Number>(&mut request, "max_tokens")?;
    set(&mut canonical, "max_tokens", &limit.unwrap_or_else(|| DEFAULT_MAX_TOKENS.into()));
    let logprobs = take::<Number>(&mut request, "logprobs")?;
    if let Some(alternatives) = &logprobs {
        set(&mut canonical, "logprobs", &true);
        if alternatives.as_u64() != Some(0) {
            set(&mut canonical, "top_logprobs", alternatives);
        }
    }
    let usage = stream_options(&mut request, streaming, &mut canonical)?;
    let echo = take(&mut request, "echo")?.unwrap_or(false);
    if echo && logprobs.is_some() {
        let message = "echo cannot be had together with logprobs: leave one of them out";
        return Err(Failure::invalid_request("echo", message));
    }
    remove_what_asks_for_nothing(&mut request)?;
    carry(request, &mut canonical);

    let text_begins = prompt.chars().count();
    let wanted = Wanted { echo: echo.then_some(prompt), text_begins, usage };
    let wanted = serde_json::to_string(&wanted).expect("texts and numbers have a JSON");
    let canonical = serde_json::to_vec(&canonical).expect("an object of JSON has a JSON");
    Ok(Decoded::new("chat", model, streaming, canonical).with_extra(WANTED, wanted))
}

/// The one prompt: a text, or a list with one text.
fn prompt(request: &mut Object) -> Result<String, Failure> {
    let raw = take::<RawJson>(request, "prompt")?
        .ok_or_else(|| at("prompt", "is required: send a text"))?;
    let is_list = match raw.kind() {
        JsonKind::String => false,
        JsonKind::Array => true,
        other => return Err(at("prompt", &format!("must be a string, not {other}"))),
    };
    let mut items = if is_list { parse::<Vec<RawJson>>(&raw)? } else { vec![raw] };
    let Some(first) = items.pop() else {
        return Err(at("prompt", "must not be empty"));
    };
    if matches!(first.kind(), JsonKind::Number | JsonKind::Array) {
        let problem = "must be a string: token ids mean something else to every model";
        return Err(at("prompt", problem));
    }
    if !items.is_empty() {
        return Err(at("prompt", "must be one text: send a request for each prompt"));
    }
    parse(&first)
}

/// Every canonical stream has the usage; returns whether the caller wants to see it.
fn stream_options(
    request: &mut Object,
    streaming: bool,
    canonical: &mut Object,
) -> Result<bool, Failure> {
    let mut options = take::<Object>(request, "stream_options")?.unwrap_or_default();
    let usage = options
        .get::<bool>("include_usage")
        .map_err(|problem| at("stream_options.include_usage", &problem.message))?;
    if streaming {
        set(canonical, "stream", &true);
        set(&mut options, "include_usage", &true);
        set(canonical, "stream_options", &options);
    }
    Ok(usage.unwrap_or(false))
}

/// An empty suffix, and the best of as many completions as are returned.
fn remove_what_asks_for_nothing(request: &mut Object) -> Result<(), Failure> {
    let get = |request: &Object, name: &str| {
        request.get::<Number>(name).map_err(|problem| invalid(&problem))
    };
    let best_of = get(request, "best_of")?.and_then(|count| count.as_u64());
    let n = get(request, "n")?.and_then(|count| count.as_u64()).unwrap_or(1);
    if best_of.is_some_and(|count| count <= n) {
        request.remove("best_of");
    }
    if request.get::<String>("suffix").is_ok_and(|suffix| suffix.as_deref() == Some("")) {
        request.remove("suffix");
    }
    Ok(())
}

/// Carries over what is left, and never over a member that was read here.
fn carry(request: Object, canonical: &mut Object) {
    for (name, value) in request {
        if !value.is_null() && canonical.get_raw(&name).is_none() {
            canonical.insert_raw(&name, value);
        }
    }
}

fn take<T: DeserializeOwned>(request: &mut Object, name: &str) -> Result<Option<T>, Failure> {
    request.take(name).map_err(|problem| at(&problem.path, &problem.message))
}

fn parse<T: DeserializeOwned>(prompt: &RawJson) -> Result<T, Failure> {
    prompt.parse().map_err(|problem| at("prompt", &problem.message))
}

/// A problem with a member; its name stands in the message, for people.
fn at(path: &str, problem: &str) -> Failure {
    invalid(&Problem::at(path, format!("{path} {problem}")))
}

/// Sets a member. What is set here is made of texts, flags and JSON that was read before.
fn set(object: &mut Object, name: &str, value: &(impl Serialize + ?Sized)) {
    let raw = RawJson::of(value).expect("texts, flags and JSON have a JSON");
    object.insert_raw(name, raw);
}
