//! What Ollama calls options: how the model samples, and how it is loaded.
//!
//! Names: <https://docs.ollama.com/modelfile#valid-parameters-and-values>.

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::chat::ChatRequest;
use patchbay_sdk::canonical::{Number, Object, RawJson};
use serde::Serialize;

/// Options that canonical does not know and a caller may send as members of the request.
const NATIVE: [&str; 14] = [
    "top_k",
    "min_p",
    "typical_p",
    "repeat_penalty",
    "repeat_last_n",
    "num_keep",
    "num_predict",
    "num_ctx",
    "num_batch",
    "num_gpu",
    "main_gpu",
    "use_mmap",
    "num_thread",
    "draft_num_predict",
];

/// The options of a chat: over the operator's defaults come the request's members, and over
/// them the request's own `options`.
///
/// # Errors
/// `invalid-request` if the caller's `options` are no object.
pub(crate) fn write(
    request: &ChatRequest,
    extra: &mut Object,
    defaults: Object,
) -> Result<Object, Failure> {
    let mut options = defaults;
    let limit = request.max_completion_tokens.as_ref().or(request.max_tokens.as_ref());
    let numbers: [(&str, Option<&Number>); 6] = [
        ("num_predict", limit),
        ("temperature", request.temperature.as_ref()),
        ("top_p", request.top_p.as_ref()),
        ("seed", request.seed.as_ref()),
        ("presence_penalty", request.presence_penalty.as_ref()),
        ("frequency_penalty", request.frequency_penalty.as_ref()),
    ];
    for (name, number) in numbers {
        insert(&mut options, name, number)?;
    }
    // A list even of one: Ollama refuses a text here.
    insert(&mut options, "stop", request.stop.as_ref().map(|stop| stop.texts()))?;
    take(extra, &mut options)?;
    Ok(options)
}

/// Takes native options out of what canonical does not know.
///
/// # Errors
/// `invalid-request` if the caller's `options` are no object.
pub(crate) fn take(extra: &mut Object, options: &mut Object) -> Result<(), Failure> {
    for name in NATIVE {
        if let Some(value) = crate::request::take(extra, name) {
            options.insert_raw(name, value);
        }
    }
    if let Some(own) = crate::request::take(extra, "options") {
        for (name, value) in members(&own)? {
            options.insert_raw(&name, value);
        }
    }
    Ok(())
}

fn members(own: &RawJson) -> Result<Object, Failure> {
    let wrong = |_| Failure::invalid_request("options", "options must be an object");
    own.parse().map_err(wrong)
}

fn insert<T: Serialize + ?Sized>(
    options: &mut Object,
    name: &str,
    value: Option<&T>,
) -> Result<(), Failure> {
    let Some(value) = value else { return Ok(()) };
    options.insert(name, value).map_err(|problem| patchbay_sdk::request::invalid(&problem))
}
