//! The first process of a sandbox that is prepared ahead: it waits for its program, and becomes it.
//!
//! It is inside of every layer already, with the program's user and without privileges; it brings
//! nothing in but this program's file, which is seen read-only.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::Resource;

use super::program::lower_limit;
use crate::handover::{Handover, READY, TAKEN};

/// Exit codes by which shells say that a command was not run (POSIX, `sh`, "Exit status").
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;

/// Returns only if there is no program: with the exit code for it.
pub(super) fn serve() -> i32 {
    let Err(error) = become_it() else {
        return NOT_EXECUTABLE;
    };
    // Nobody may be left to hear it.
    let _ = writeln!(io::stderr(), "the program could not be started: {error}");
    if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE }
}

fn become_it() -> io::Result<()> {
    say(READY)?;
    // Not the buffered standard input, which would read what is the program's.
    let mut input = File::from(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?);
    let handover = Handover::read_from(&mut input)?;
    drop(input);
    say(TAKEN)?;
    if !handover.feeds_stdin {
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    }
    std::env::set_current_dir(&handover.directory)?;
    let (program, arguments) = handover.command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(handover.environment);
    let memory = handover.memory_bytes;
    lower_limit(Resource::As, memory, memory)?;
    Err(command.exec())
}

fn say(word: u8) -> io::Result<()> {
    rustix::io::write(rustix::stdio::stdout(), &[word])?;
    Ok(())
}
