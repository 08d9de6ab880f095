//! What a plugin writes to the gateway's log: tagged by the host, cut, escaped and counted.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use exchange::RequestId;
use tracing::{Level, event};

/// Most lines of one exchange, and most bytes of one line; both are promised by `wit/host.wit`.
pub(crate) const MAX_LINES: u32 = 64;
const MAX_LINE_BYTES: usize = 2048;

/// The log of one instance. Shared by the `log` import and, for WASI guests, its output streams.
pub(crate) struct PluginLog {
    plugin: Arc<str>,
    request: Mutex<Option<RequestId>>,
    lines: AtomicU32,
    muted: AtomicBool,
}

impl PluginLog {
    pub(crate) fn new(plugin: Arc<str>) -> Self {
        Self {
            plugin,
            request: Mutex::new(None),
            lines: AtomicU32::new(0),
            muted: AtomicBool::new(false),
        }
    }

    /// Starts the lines of an exchange.
    pub(crate) fn begin(&self, request: Option<RequestId>) {
        self.report_dropped();
        *self.request() = request;
    }

    /// Drops lines that belong to no exchange, or stops doing so.
    pub(crate) fn set_muted(&self, muted: bool) {
        self.muted.store(muted, Ordering::Relaxed);
    }

    /// Counts a line. False if the exchange has used up its lines: nothing needs to be read.
    pub(crate) fn admit(&self) -> bool {
        !self.muted.load(Ordering::Relaxed)
            && self.lines.fetch_add(1, Ordering::Relaxed) < MAX_LINES
    }

    /// Writes an admitted line.
    pub(crate) fn write(&self, level: &str, message: &str) {
        let plugin = &*self.plugin;
        let message = Escaped(cut(message));
        let request = self.request();
        let id = request.as_ref().map(RequestId::as_str);
        macro_rules! line {
            ($level:expr) => {
                event!(target: "plugin", $level, { plugin.name = plugin, request.id = id }, "{message}")
            };
        }
        match level {
            "error" => line!(Level::ERROR),
            "warn" => line!(Level::WARN),
            "debug" => line!(Level::DEBUG),
            "trace" => line!(Level::TRACE),
            _ => line!(Level::INFO),
        }
    }

    fn report_dropped(&self) {
        let dropped = self.lines.swap(0, Ordering::Relaxed).saturating_sub(MAX_LINES);
        if dropped > 0 {
            let request = self.request();
            event!(
                target: "plugin",
                Level::WARN,
                {
                    plugin.name = &*self.plugin,
                    request.id = request.as_ref().map(RequestId::as_str),
                    dropped_lines = dropped
                },
                "the plugin wrote more lines than one exchange may"
            );
        }
    }

    fn request(&self) -> std::sync::MutexGuard<'_, Option<RequestId>> {
        self.request.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says how many lines were dropped, if any were.
impl Drop for PluginLog {
    fn drop(&mut self) {
        self.report_dropped();
    }
}

fn cut(message: &str) -> &str {
    &message[..message.floor_char_boundary(MAX_LINE_BYTES)]
}

/// Shows controls as escapes, so that a plugin can neither start a line of its own nor drive a
/// terminal. Format characters that reorder text are escaped too.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut plain_from = 0;
        for (at, character) in self.0.char_indices().filter(|(_, c)| is_unsafe(*c)) {
            f.write_str(&self.0[plain_from..at])?;
            write!(f, "{}", character.escape_default())?;
            plain_from = at + character.len_utf8();
        }
        f.write_str(&self.0[plain_from..])
    }
}

fn is_unsafe(character: char) -> bool {
    let reorders = matches!(
        character,
        '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    character.is_control() || reorders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_start_a_line_or_drive_a_terminal() {
        assert_eq!(Escaped("a\nb\u{1b}[2Jé\u{202e}").to_string(), "a\\nb\\u{1b}[2Jé\\u{202e}");
        assert_eq!(Escaped("plain").to_string(), "plain");
    }

    #[test]
    fn a_message_is_cut_at_a_character() {
        assert_eq!(cut(&"é".repeat(2000)).len(), MAX_LINE_BYTES);
        assert_eq!(cut(&format!("a{}", "é".repeat(2000))).len(), MAX_LINE_BYTES - 1);
    }

    #[test]
    fn an_exchange_has_its_own_lines() {
        let log = PluginLog::new("p".into());
        let admitted = (0..100).filter(|_| log.admit()).count();
        assert_eq!(admitted, MAX_LINES as usize);
        log.begin(None);
        assert!(log.admit());
    }
}
