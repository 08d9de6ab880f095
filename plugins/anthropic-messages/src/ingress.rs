//! A caller's request as a canonical one.
//!
//! Where canonical has a member for what the caller says, that member is written and nothing
//! else; what only this dialect has travels as a member that canonical does not know, for a
//! provider that speaks it, and other dialects name it to the caller. Requests are checked as the
//! vendor checks them, as far as another provider would not say it better.
//!
//! Thinking has no exact form in canonical: a budget becomes the nearest effort, adaptive thinking
//! without an effort the vendor's default, `high`. Thinking that is turned off is not spoken of:
//! providers whose models do not reason refuse the member that would say so.

mod blocks;
mod members;
mod results;
mod settings;
mod tools;
mod turns;

use patchbay_sdk::canonical::chat::{ChatRequest, Stop};
use patchbay_sdk::canonical::{Canonical as _, Number, Object};
use patchbay_sdk::request::invalid;
use patchbay_sdk::{Decoded, Failure, RequestHead};

use members::Reader;

/// Reads a request for `/v1/messages` or `/v1/messages/count_tokens`.
///
/// # Errors
/// `invalid-request`, naming the member as the vendor does.
pub(crate) fn decode(head: &RequestHead, body: &[u8]) -> Result<Decoded, Failure> {
    let path = head.path_and_query.split('?').next().unwrap_or_default();
    let counts = path.trim_end_matches('/').ends_with("/count_tokens");
    let object = Object::from_json(body).map_err(|problem| invalid(&problem))?;
    let mut reader = Reader::new(object, String::new());

    let mut request = ChatRequest { model: reader.require("model")?, ..ChatRequest::default() };
    if request.model.is_empty() {
        return Err(reader.wrong("model", "has to name a model"));
    }
    // A count is no stream, whatever its caller says.
    let stream = reader.take("stream")?.filter(|stream| *stream && !counts);
    if !counts {
        request.max_completion_tokens = Some(limit(&mut reader)?);
        request.stream = stream;
    }
    request.messages = turns::read(&mut reader)?;
    request.temperature = temperature(&mut reader)?;
    request.top_p = reader.take("top_p")?;
    request.stop = stop(&mut reader)?;
    settings::read(&mut reader, &mut request)?;
    tools::read(&mut reader, &mut request)?;
    for (name, value) in reader.rest() {
        request.extra.insert_raw(&name, value);
    }

    let streaming = request.stream == Some(true);
    let operation = if counts { "count-tokens" } else { "chat" };
    Ok(Decoded::new(operation, request.model.clone(), streaming, request.to_json()))
}

fn limit(reader: &mut Reader) -> Result<Number, Failure> {
    let limit: Number = reader.require("max_tokens")?;
    match limit.as_u64() {
        Some(_) => Ok(limit),
        None => Err(reader.wrong("max_tokens", "has to be a whole number, not negative")),
    }
}

fn temperature(reader: &mut Reader) -> Result<Option<Number>, Failure> {
    let temperature: Option<Number> = reader.take("temperature")?;
    let fits = |number: &Number| number.as_f64().is_some_and(|it| (0.0..=1.0).contains(&it));
    match temperature {
        Some(number) if !fits(&number) => Err(reader.wrong("temperature", "has to be 0 to 1")),
        temperature => Ok(temperature),
    }
}

fn stop(reader: &mut Reader) -> Result<Option<Stop>, Failure> {
    let texts: Option<Vec<String>> = reader.take("stop_sequences")?;
    Ok(texts.filter(|texts| !texts.is_empty()).map(Stop::Many))
}
