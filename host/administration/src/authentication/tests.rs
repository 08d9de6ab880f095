//! Tokens good and bad, published keys that come and go, addresses that fail often.

mod attempts;
mod key_sets;
mod log;
mod minting;
mod published;
mod signing;
mod source;
mod tokens;
