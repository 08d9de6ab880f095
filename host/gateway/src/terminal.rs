//! Lines for people. A closed pipe is no error: whoever closed it has read enough.

use std::io::{self, Write};

/// A line on standard output.
pub(crate) fn say(line: &str) {
    let _closed_pipe = writeln!(io::stdout().lock(), "{line}");
}

/// A line on standard error.
pub(crate) fn complain(line: &str) {
    let _closed_pipe = writeln!(io::stderr().lock(), "{line}");
}
