//! Lines for people. A closed pipe is no error: whoever closed it has read enough.

mod width;

use std::io::{self, Write};
use std::ops::ControlFlow;

pub(crate) use width::width;

/// A line on standard output.
pub(crate) fn say(line: &str) {
    let _closed_pipe = writeln!(io::stdout().lock(), "{line}");
}

/// A line on standard error.
pub(crate) fn complain(line: &str) {
    let _closed_pipe = writeln!(io::stderr().lock(), "{line}");
}

/// Bytes on standard output as they are; breaks where nobody reads them any more.
///
/// # Errors
/// What else the system refused: a full disk behind `>` for one.
pub(crate) fn pass_on(bytes: &[u8]) -> io::Result<ControlFlow<()>> {
    let mut output = io::stdout().lock();
    match output.write_all(bytes).and_then(|()| output.flush()) {
        Ok(()) => Ok(ControlFlow::Continue(())),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        Err(error) => Err(error),
    }
}

/// A text that came from elsewhere, without what a terminal would obey.
pub(crate) fn harmless(text: &str) -> String {
    let replace = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(replace).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_replaced() {
        assert_eq!(harmless("é\u{1b}[2J\nb\u{9b}c"), "é\u{fffd}[2J\u{fffd}b\u{fffd}c");
    }
}
