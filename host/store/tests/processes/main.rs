//! What only shows with more than one process: crashes, a second owner, a disk that is full.
//!
//! The other process is this test program again: a test that finds the path of a store in its
//! environment plays the other part.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends where its surroundings fail")]

mod crash;
mod full_disk;
mod second_owner;

use std::ffi::OsString;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Names the store to a process that was started by [`other`].
const STORE: &str = "STORE_OF_OTHER_PROCESS";

/// The path of the store, in the other process.
fn given_path() -> Option<PathBuf> {
    std::env::var_os(STORE).map(PathBuf::from)
}

/// A process that runs one test of this program with a store. `wrapper` is put before it.
fn other(test: &str, store: &Path, wrapper: &[&str]) -> Command {
    let program = std::env::current_exe().unwrap();
    let mut words: Vec<OsString> = wrapper.iter().map(OsString::from).collect();
    words.push(program.into());
    words.extend(["--exact", test, "--nocapture"].map(OsString::from));
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env(STORE, store).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// Tells the first process something: one line, at once.
fn tell(words: &str) {
    let mut out = stdout().lock();
    // The test harness may have begun a line.
    writeln!(out, "\n{words}").unwrap();
    out.flush().unwrap();
}
