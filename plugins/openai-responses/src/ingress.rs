//! Caller side: a request of the responses API as a canonical chat, and the reply back.

mod chunk;
mod content;
mod echo;
mod encoder;
mod events;
mod failures;
mod input;
mod output;
mod output_item;
mod request;
mod response;
mod tools;

pub use encoder::ReplyEncoder;
pub(crate) use failures::member_of;
pub(crate) use request::decode;

use patchbay_sdk::canonical::{Object, Problem, RawJson};
use patchbay_sdk::{Failure, request as shared};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Takes a member out of the object at `path`; absent and null are `None`.
fn take<T: DeserializeOwned>(
    object: &mut Object,
    name: &str,
    path: &str,
) -> Result<Option<T>, Failure> {
    object.take(name).map_err(|problem| under(path, problem))
}

/// Takes a member that has to be there.
fn take_required<T: DeserializeOwned>(
    object: &mut Object,
    name: &str,
    path: &str,
) -> Result<T, Failure> {
    take(object, name, path)?.ok_or_else(|| under(path, Problem::at(name, "is required")))
}

/// Reads an object that stands at `path`.
fn object_at(raw: &RawJson, path: &str) -> Result<Object, Failure> {
    raw.parse().map_err(|problem| under(path, problem))
}

/// Writes a member. What is written here is made of texts, flags and JSON that was read before.
fn set(object: &mut Object, name: &str, value: &(impl Serialize + ?Sized)) {
    let raw = RawJson::of(value).expect("texts, flags and JSON have a JSON");
    object.insert_raw(name, raw);
}

/// The members that are not null.
fn left_over(object: Object) -> Object {
    let mut kept = Object::new();
    for (name, value) in object {
        if !value.is_null() {
            kept.insert_raw(&name, value);
        }
    }
    kept
}

/// A problem below `path`, as a failure.
fn under(path: &str, problem: Problem) -> Failure {
    let joined = match (path, problem.path.as_str()) {
        ("", inner) => inner.to_owned(),
        (outer, "") => outer.to_owned(),
        (outer, inner) if inner.starts_with('[') => format!("{outer}{inner}"),
        (outer, inner) => format!("{outer}.{inner}"),
    };
    // The message says what the member must be; its name stands before it, for people.
    let message = match joined.as_str() {
        "" => problem.message,
        member => format!("{member} {}", problem.message),
    };
    shared::invalid(&Problem::at(joined, message))
}
