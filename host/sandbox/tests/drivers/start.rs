//! What this binary does before its tests: it may have been started to be something else.
//!
//! `unsafe` is needed to put a function into the list of those that the loader calls.
#![allow(unsafe_code)]

use super::{attempts, network};

#[used]
// SAFETY: the section holds pointers to functions of this type (System V ABI, "Initialization").
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = before_main;

extern "C" fn before_main() {
    sandbox::serve_stage_if_asked();
    attempts::serve_attempt_if_asked();
    network::serve_ask_if_asked();
}
