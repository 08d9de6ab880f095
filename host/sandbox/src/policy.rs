//! What one run is given: the operator's policy, and the call.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::layer::Layer;
use crate::outlet::NetworkAccess;

/// What the operator allows a provider's programs. Nothing that is not named is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxPolicy {
    /// Files and directories that the program may read and run, beside the system's program
    /// directories and the program itself. Absolute.
    pub read_only: Vec<PathBuf>,
    /// If given, a program with other bytes is not run.
    pub digest: Option<ProgramDigest>,
    /// Working directory, `/tmp` if absent. Absolute, as the program sees it.
    pub directory: Option<PathBuf>,
    /// How it reaches networks. A driver that cannot grant it does not run the program.
    pub network: NetworkAccess,
    /// Layers without which it is not run.
    pub demanded_layers: Vec<Layer>,
    /// Limits.
    pub limits: SandboxLimits,
}

/// Hard limits of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxLimits {
    /// Processor time of each process, in whole seconds.
    pub cpu_seconds: u64,
    /// Address space of each process; memory of the whole tree where control groups work.
    pub memory_bytes: u64,
    /// Processes and threads of the whole tree.
    pub processes: u64,
    /// Open files of each process.
    pub open_files: u64,
    /// Size of a file that it writes.
    pub file_bytes: u64,
    /// All that it keeps in `/tmp`.
    pub scratch_bytes: u64,
}

/// SHA-256 of a program.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProgramDigest([u8; 32]);

impl ProgramDigest {
    /// A digest of its 32 bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits, `sha256:` may stand before them.
    ///
    /// # Errors
    /// What has to be written.
    pub fn parse(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        let wrong = || format!("{text:?} is no digest; write 64 hexadecimal digits of SHA-256");
        let mut bytes = [0; 32];
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            let pair = digits.get(2 * index..2 * index + 2).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for ProgramDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ProgramDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A program with everything that is of this run. Holds secrets and prompts: it has no `Debug`.
#[derive(Clone)]
pub struct ProgramCall {
    /// Absolute path.
    pub program: PathBuf,
    /// Arguments, the program's own name not among them. Without NUL.
    pub arguments: Vec<OsString>,
    /// The whole environment. Names without `=`, both without NUL.
    pub environment: Vec<(OsString, OsString)>,
    /// The provider's credential.
    pub credential: Option<Credential>,
    /// Whether standard input is a pipe; else it is empty.
    pub feeds_stdin: bool,
}

/// A secret and the way in which the program gets it.
#[derive(Clone)]
pub struct Credential {
    /// The way.
    pub slot: CredentialSlot,
    /// The secret, without NUL.
    pub secret: String,
}

/// How a program gets a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CredentialSlot {
    /// In the variable of this name.
    Variable(String),
    /// In a file that it alone can read; the variable of this name holds the path.
    File(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let text = format!("sha256:{}", "0a".repeat(32));
        assert_eq!(ProgramDigest::parse(&text).unwrap().to_string(), text);
        assert_eq!(ProgramDigest::parse(&"0A".repeat(32)).unwrap().to_string(), text);
        for wrong in ["", "sha256:", "0a", &"zz".repeat(32), &"é".repeat(32), &"+1".repeat(32)] {
            let read = ProgramDigest::parse(wrong);
            assert!(read.is_err(), "{wrong}");
        }
    }
}
