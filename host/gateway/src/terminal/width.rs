//! How wide the terminal is.

#![allow(unsafe_code, reason = "only the C function ioctl tells the size of a terminal")]

use std::io::{IsTerminal as _, stdout};

/// Narrower is no size that anybody reads tables at.
const NARROWEST: u16 = 20;

/// Columns of the terminal that standard output is; `None` if it is none, or does not say.
pub(crate) fn width() -> Option<u16> {
    if !stdout().is_terminal() {
        return None;
    }
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCGWINSZ writes one `winsize` to the pointer, which is valid for the call.
    let answer = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    (answer == 0 && size.ws_col >= NARROWEST).then_some(size.ws_col)
}
