//! Lines for the gateway's log, and the hook that makes a panic readable there.
//!
//! The host tags each line with the plugin's name and the request's id, cuts it at 2 KiB and
//! drops lines beyond 64 in one exchange. Never log prompts, completions or bodies.
//!
//! Outside WebAssembly there is no host: lines are kept for the thread's test, which takes them
//! with [`testing::logged`](crate::testing::logged).

use std::fmt;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;

/// How important a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The operator has to do something.
    Error,
    /// Something is not as it should be.
    Warn,
    /// Good to know.
    Info,
    /// For the plugin's author.
    Debug,
    /// For the plugin's author, in detail.
    Trace,
}

impl Level {
    /// The name in the contract.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// Writes a line.
pub fn write(level: Level, message: impl fmt::Display) {
    sink::write(level, &message.to_string());
}

/// Writes a line for the operator's attention.
pub fn error(message: impl fmt::Display) {
    write(Level::Error, message);
}

/// Writes a line about something that is not as it should be.
pub fn warn(message: impl fmt::Display) {
    write(Level::Warn, message);
}

/// Writes a line that is good to know.
pub fn info(message: impl fmt::Display) {
    write(Level::Info, message);
}

/// Writes a line for the plugin's author.
pub fn debug(message: impl fmt::Display) {
    write(Level::Debug, message);
}

/// Makes a panic write a line before it traps. Every exported function calls it; only the first
/// call does something.
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only exports call it"))]
pub(crate) fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        panic::set_hook(Box::new(|info: &PanicHookInfo<'_>| {
            error(panic_line(info));
        }));
    });
}

/// Where it happened, and the message if it is a literal: a formatted message can quote the
/// text that the plugin was working on, and that does not belong in a log.
fn panic_line(info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    match info.payload().downcast_ref::<&'static str>() {
        Some(message) => format!("panicked at {place}: {message}"),
        None => format!("panicked at {place}"),
    }
}

#[cfg(target_arch = "wasm32")]
mod sink {
    use super::Level;
    use crate::bindings::normalizer::patchbay::plugin::host;

    pub(super) fn write(level: Level, message: &str) {
        host::log(level.as_str(), message);
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod sink {
    use std::cell::RefCell;

    use super::Level;

    /// As many lines as the host takes in one exchange.
    const MAX_LINES: usize = 64;

    thread_local! {
        static LINES: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
    }

    pub(super) fn write(level: Level, message: &str) {
        LINES.with_borrow_mut(|lines| {
            if lines.len() < MAX_LINES {
                lines.push((level, message.to_owned()));
            }
        });
    }

    pub(crate) fn take() -> Vec<(Level, String)> {
        LINES.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_leaves_a_line_that_quotes_no_data() {
        let usual = panic::take_hook();
        install_panic_hook();
        let literal = panic::catch_unwind(|| panic!("the stage is missing"));
        let prompt = "secret prompt";
        let formatted = panic::catch_unwind(|| panic!("cannot cut {prompt}"));
        panic::set_hook(usual);
        assert!(literal.is_err() && formatted.is_err());
        let lines = sink::take();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].1.contains("log.rs") && lines[0].1.ends_with("the stage is missing"));
        assert!(lines[1].1.contains("log.rs") && !lines[1].1.contains("secret"));
    }

    #[test]
    fn lines_beyond_the_hosts_limit_are_dropped() {
        for number in 0..100 {
            info(number);
        }
        assert_eq!(sink::take().len(), 64);
    }
}
