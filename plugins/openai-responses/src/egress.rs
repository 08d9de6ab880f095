//! Provider side: a canonical chat as a request of the responses API, and the reply back.

mod custom_calls;
mod decoder;
mod event;
mod failures;
mod input;
mod reply;
mod request;
mod response;
mod tools;

pub use decoder::ReplyDecoder;
pub(crate) use failures::explain;
pub(crate) use request::{encode, plan};
