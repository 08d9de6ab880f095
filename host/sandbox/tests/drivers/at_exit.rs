//! Work at the end of this binary, when every test is over.
//!
//! `unsafe` is needed to ask the C library for it.
#![allow(unsafe_code)]

use std::sync::OnceLock;

static WORK: OnceLock<fn()> = OnceLock::new();

/// Registers the work. There is one.
pub(crate) fn register(work: fn()) {
    extern "C" fn run() {
        if let Some(work) = WORK.get() {
            work();
        }
    }
    assert!(WORK.set(work).is_ok(), "there is one work");
    // SAFETY: the function is of the type that is asked for, and does not unwind.
    assert_eq!(unsafe { libc::atexit(run) }, 0);
}
