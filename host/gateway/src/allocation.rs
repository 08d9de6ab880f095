//! How many arenas the system's allocator keeps.
//!
//! glibc gives every thread an arena of its own, up to eight a processor, and each keeps what its
//! busiest moment needed. Threads of the blocking pool come and go here, so after a burst the
//! gateway held a third more than idle; with an arena a processor it is half of that, and as fast.

#![allow(unsafe_code, reason = "mallopt is a C function; called before any thread is started")]

use std::thread::available_parallelism;

/// Fewest and most arenas.
const ARENAS: (usize, usize) = (2, 16);

/// Sets the number of arenas to that of the processors. To be called first in `main`. Without
/// effect on other C libraries, and where the operator set `MALLOC_ARENA_MAX`.
pub(crate) fn limit_arenas() {
    if cfg!(target_env = "gnu") && std::env::var_os("MALLOC_ARENA_MAX").is_none() {
        let processors = available_parallelism().map_or(ARENAS.0, Into::into);
        let arenas = processors.clamp(ARENAS.0, ARENAS.1);
        set_arenas(i32::try_from(arenas).unwrap_or(i32::MAX));
    }
}

#[cfg(target_env = "gnu")]
fn set_arenas(arenas: i32) {
    // SAFETY: takes two integers and changes the allocator's settings; no other thread runs yet.
    // A refusal leaves the default, which is only larger.
    let _ = unsafe { libc::mallopt(libc::M_ARENA_MAX, arenas) };
}

#[cfg(not(target_env = "gnu"))]
fn set_arenas(_: i32) {}
