//! A provider inside the test process that answers by script and tells what it saw.

mod script;
mod server;

pub use script::{Script, sse};
pub use server::{Received, Upstream};
