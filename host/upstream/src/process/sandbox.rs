//! The seam behind which programs are confined.
//!
//! A driver decides everything about a program that its command line does not say: user,
//! privileges, limits, what it can see. Stronger ones (namespaces, a file system of its own) take
//! the place of [`Confinement`](super::confine::Confinement) without a change elsewhere.

use std::io;
use std::path::Path;
use std::process::Command;

use exchange::ProcessTarget;

/// Confines one command before it is started.
pub(super) trait Sandbox: Send + Sync {
    /// Makes `directory`, which is empty and private, the program's working directory, and sets
    /// up everything that has to happen between fork and exec. The program must become the
    /// leader of a new process group.
    ///
    /// # Errors
    /// The system's, if the directory cannot be given to the program.
    fn confine(
        &self,
        command: &mut Command,
        directory: &Path,
        target: &ProcessTarget,
    ) -> io::Result<()>;
}
