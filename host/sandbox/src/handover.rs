//! What a sandbox that was prepared gets when its program is known.
//!
//! It comes on the standard input of the sandbox's first process, which reads exactly this frame:
//! its length, a JSON head, then arguments and environment, each text ended by a NUL. What follows
//! on standard input is the program's. It says on standard output that it waits, and then that it
//! has the frame; what follows there is the program's, too.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The only argument of a sandbox's first process. The number is that of the frame.
pub(crate) const WAIT_ARGUMENT: &str = "__sandbox-wait-1";

/// What the first process says when it waits.
pub(crate) const READY: u8 = b'r';

/// What it says when it has its program, just before it becomes that. Without it nothing was run.
pub(crate) const TAKEN: u8 = b't';

/// Longest frame: arguments and environment may have 2 MiB in Linux by default.
const MAX_FRAME_BYTES: u64 = 8 << 20;

/// The program and everything that is of this run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Handover {
    pub(crate) directory: PathBuf,
    /// Limit of the address space.
    pub(crate) memory_bytes: u64,
    /// Whether the rest of standard input is the program's; else it has none.
    pub(crate) feeds_stdin: bool,
    /// The program's path, then its arguments.
    pub(crate) command: Vec<OsString>,
    pub(crate) environment: Vec<(OsString, OsString)>,
}

/// What is no text of a caller.
#[derive(Serialize, Deserialize)]
struct Head {
    directory: PathBuf,
    memory_bytes: u64,
    feeds_stdin: bool,
    words: usize,
    variables: usize,
}

impl Handover {
    /// The frame.
    ///
    /// # Errors
    /// `InvalidInput` for one that is too long.
    pub(crate) fn frame(&self) -> io::Result<Vec<u8>> {
        let head = Head {
            directory: self.directory.clone(),
            memory_bytes: self.memory_bytes,
            feeds_stdin: self.feeds_stdin,
            words: self.command.len(),
            variables: self.environment.len(),
        };
        let mut frame = vec![0; 8];
        serde_json::to_writer(&mut frame, &head)?;
        frame.push(0);
        let variables = self.environment.iter().flat_map(|(name, value)| [name, value]);
        for text in self.command.iter().chain(variables) {
            frame.extend(text.as_bytes());
            frame.push(0);
        }
        let length = (frame.len() - 8) as u64;
        if length > MAX_FRAME_BYTES {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut start: &mut [u8] = &mut frame;
        start.write_all(&length.to_le_bytes())?;
        Ok(frame)
    }

    /// Reads the frame, and nothing behind it.
    ///
    /// # Errors
    /// The reader's, or `InvalidData` for a frame that is not whole.
    pub(crate) fn read_from(reader: &mut impl Read) -> io::Result<Self> {
        let broken = || io::Error::from(io::ErrorKind::InvalidData);
        let mut length = [0; 8];
        reader.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        if length > MAX_FRAME_BYTES {
            return Err(broken());
        }
        let mut body = Vec::new();
        if reader.take(length).read_to_end(&mut body)? as u64 != length {
            return Err(broken());
        }
        let mut texts = body.split(|&byte| byte == 0);
        let head: Head = serde_json::from_slice(texts.next().ok_or_else(broken)?)?;
        let mut text =
            || texts.next().map(|text| OsStr::from_bytes(text).to_owned()).ok_or_else(broken);
        let command = (0..head.words).map(|_| text()).collect::<io::Result<_>>()?;
        let environment =
            (0..head.variables).map(|_| Ok((text()?, text()?))).collect::<io::Result<_>>()?;
        // What stands after the last NUL: nothing, in a frame that is whole.
        let is_whole = text()?.into_vec().is_empty() && texts.next().is_none();
        if !is_whole {
            return Err(broken());
        }
        let Head { directory, memory_bytes, feeds_stdin, .. } = head;
        Ok(Self { directory, memory_bytes, feeds_stdin, command, environment })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handover(arguments: &[&[u8]]) -> Handover {
        let command = arguments.iter().map(|text| OsStr::from_bytes(text).to_owned()).collect();
        Handover {
            directory: "/tmp".into(),
            memory_bytes: 7,
            feeds_stdin: true,
            command,
            environment: vec![("A".into(), "".into())],
        }
    }

    #[test]
    fn a_handover_arrives_as_it_was_given_and_takes_nothing_behind_it() {
        let cases: [&[&[u8]]; 4] =
            [&[], &[b""], &[b"a\nb", b"", b"\xff{\"x\":1}"], &[b"--", b"-x"]];
        for arguments in cases {
            let mut input = handover(arguments).frame().unwrap();
            input.extend(b"\0rest");
            let mut rest = input.as_slice();
            assert_eq!(Handover::read_from(&mut rest).unwrap(), handover(arguments));
            assert_eq!(rest, b"\0rest");
        }
    }

    #[test]
    fn a_handover_that_is_cut_or_holds_a_nul_too_many_is_refused() {
        let frame = handover(&[b"one", b"two"]).frame().unwrap();
        for length in 0..frame.len() {
            let cut = frame.get(..length).unwrap();
            assert!(Handover::read_from(&mut &*cut).is_err(), "{length} bytes were taken for all");
        }
        let torn = handover(&[b"one\0two"]).frame().unwrap();
        assert!(Handover::read_from(&mut torn.as_slice()).is_err());
    }
}
