//! Bodies of answers. Each owns its request's visit, so that the record is made at their end.

mod chunks;
mod events;
mod whole;

pub(crate) use chunks::{ChunkBody, Chunks};
pub(crate) use events::EventBody;
pub(crate) use whole::WholeBody;
