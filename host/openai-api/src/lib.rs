//! Canonical language: OpenAI's wire JSON.
//!
//! Owns the canonical types, the checks of a request's envelope, the reading along of replies,
//! the error envelope, and the framing of server-sent events. Two promises hold throughout:
//! what is not understood is kept (unknown members, and numbers digit by digit), and no message
//! of a [`Problem`] quotes a caller's text. Pure: no I/O, no threads, no clock, so that the host
//! and WebAssembly guests share it.
//!
//! The host's hot path uses [`envelope`], [`reply`] and [`sse`], which borrow and never build a
//! tree. Normalizers use the types of [`chat`] and [`embeddings`] through [`Canonical`].
//!
//! Field names and shapes follow OpenAI's API reference,
//! <https://platform.openai.com/docs/api-reference>.

mod canonical;
pub mod chat;
pub mod embeddings;
pub mod envelope;
mod error;
mod models;
mod number;
mod object;
mod problem;
mod raw;
pub mod reply;
mod scan;
pub mod sse;
mod usage;

pub use canonical::{Canonical, MAX_DEPTH};
pub use error::{ErrorBody, read_error};
pub use models::{Model, ModelList};
pub use number::Number;
pub use object::Object;
pub use problem::Problem;
pub use raw::{JsonKind, RawJson};
pub use usage::{CompletionTokensDetails, PromptTokensDetails, TokenUsage, Usage};
