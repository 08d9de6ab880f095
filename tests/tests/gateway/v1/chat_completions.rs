//! `POST /v1/chat/completions`.

mod abandoned;
mod programs;
mod refused;
mod retried;
mod streamed;
mod unary;
mod upstream_failures;
