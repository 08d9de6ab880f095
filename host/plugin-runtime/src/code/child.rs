//! Compiling in a child process.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::engine::Allocator;
use crate::load_error::LoadError;

/// Wall time: the processor's limit and some waiting.
const MAX_WAIT: Duration = Duration::from_mins(8);
/// How often it is looked whether the child has ended.
const GLANCE: Duration = Duration::from_millis(5);
/// Most of what the child may say of its failure.
const MAX_REASON_BYTES: u64 = 4096;
/// Machine code is a few times as large as the component; more is none.
const MAX_CODE_BYTES: u64 = 1 << 30;

/// How the compiling process is started: this program, with arguments that make it call
/// [`compile_for_parent`](super::compile_for_parent). One argument more names the allocator:
/// `pooling` or `on-demand`.
#[derive(Clone, Debug)]
pub struct ChildCompiler {
    /// The program.
    pub program: PathBuf,
    /// Its arguments, the allocator's not among them.
    pub arguments: Vec<OsString>,
}

impl ChildCompiler {
    /// # Errors
    /// `Compile` with what the child said, or how it ended.
    pub(super) fn compile(
        &self,
        component: &[u8],
        allocator: Allocator,
    ) -> Result<Vec<u8>, LoadError> {
        let failed = |error: io::Error| {
            LoadError::Compile(format!("no compiling process could be used: {error}"))
        };
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .arg(allocator.name())
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let ended = talk(&mut child, component);
        // Whatever went wrong, no process is left behind.
        if ended.is_err() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let Ended { status, code, reason } = ended.map_err(failed)?;
        if status.success() && !code.is_empty() {
            return Ok(code);
        }
        Err(LoadError::Compile(describe(status, &reason)))
    }
}

struct Ended {
    status: ExitStatus,
    code: Vec<u8>,
    reason: String,
}

/// Writes the component while reading what comes, so that neither side waits for the other.
fn talk(child: &mut Child, component: &[u8]) -> io::Result<Ended> {
    let gone = || io::Error::other("a pipe is missing");
    let mut input = child.stdin.take().ok_or_else(gone)?;
    let output = child.stdout.take().ok_or_else(gone)?;
    let errors = child.stderr.take().ok_or_else(gone)?;
    thread::scope(|scope| {
        // A child that refuses the component early closes the pipe: that is no error here.
        scope.spawn(move || input.write_all(component));
        let code = scope.spawn(move || read(output, MAX_CODE_BYTES));
        let reason = scope.spawn(move || read(errors, MAX_REASON_BYTES));
        let status = wait(child, Instant::now() + MAX_WAIT)?;
        let code = code.join().map_err(|_| gone())??;
        let reason = reason.join().map_err(|_| gone())??;
        Ok(Ended { status, code, reason: String::from_utf8_lossy(&reason).trim().to_owned() })
    })
}

fn read(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Waits for the end and brings it about when the time is over.
fn wait(child: &mut Child, until: Instant) -> io::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() >= until {
            child.kill()?;
            return child.wait();
        }
        thread::sleep(GLANCE);
    }
}

fn describe(status: ExitStatus, reason: &str) -> String {
    if status.code().is_some() && !reason.is_empty() {
        return reason.to_owned();
    }
    format!(
        "the compiling process ended with {status}: the component takes more memory or time to \
         compile than any plugin may; make it smaller"
    )
}
