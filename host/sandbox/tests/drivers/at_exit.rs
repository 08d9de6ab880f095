//! Work at the end of this binary, when every test is over.
//!
//! `unsafe` is needed to ask the C library for it.
#![allow(unsafe_code)]

use std::sync::Mutex;

static WORK: Mutex<Vec<fn()>> = Mutex::new(Vec::new());

/// Registers work. What was registered last is done first.
pub(crate) fn register(work: fn()) {
    extern "C" fn run() {
        let next = || WORK.lock().ok().and_then(|mut all| all.pop());
        while let Some(work) = next() {
            work();
        }
    }
    let mut all = WORK.lock().unwrap();
    if all.is_empty() {
        // SAFETY: the function is of the type that is asked for, and does not unwind.
        assert_eq!(unsafe { libc::atexit(run) }, 0);
    }
    all.push(work);
}
