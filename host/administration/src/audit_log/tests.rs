//! Entries: with each change, in order, found again, and without a secret.

mod export;
mod filters;
mod log;
mod pages;
mod retention;
