//! Counts are exact, whatever the store does; a request never waits for it.

mod bounds;
mod counting;
mod flushing;
mod key_use;
mod reports;
mod retention;
mod scripted;
mod work;
