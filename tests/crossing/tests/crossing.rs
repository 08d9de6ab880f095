//! Every caller's dialect with every provider's, natively: what a caller says reaches the
//! provider, and what the provider answers reaches the caller, each in its own words.
//!
//! A [`conversation`] is written in nobody's words. A [`Caller`](caller::Caller) writes it as a
//! request of its dialect and reads replies back; a [`Provider`](provider::Provider) reads bodies
//! of its dialect back and has transcripts of replies below `replies/`. What a dialect cannot do
//! is its list of [`Lack`](conversation::Lack)s, and a test fails where one of them is not true.
//!
//! The dialects' own tests look at bytes; here only meaning counts.

#[path = "crossing/caller.rs"]
mod caller;
#[path = "crossing/callers.rs"]
mod callers;
#[path = "crossing/conversation.rs"]
mod conversation;
#[path = "crossing/exchange.rs"]
mod exchange;
#[path = "crossing/failures.rs"]
mod failures;
#[path = "crossing/provider.rs"]
mod provider;
#[path = "crossing/providers.rs"]
mod providers;
#[path = "crossing/questions.rs"]
mod questions;
#[path = "crossing/reasoning.rs"]
mod reasoning;
#[path = "crossing/tables.rs"]
mod tables;
