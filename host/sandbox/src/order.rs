//! What the gateway tells a stage, and what the stage answers.
//!
//! The order is a frame in an anonymous file: the length of a JSON head, the head, then arguments
//! and environment, each text ended by a NUL. It holds prompt and credential, so it is nowhere
//! else: no command line, no environment of the stage, no file with a name.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::layer::Layer;
use crate::outlet::NetworkAccess;
use crate::policy::SandboxLimits;
use crate::view::{Link, Text, View};

/// Descriptor of the order in a stage.
pub(crate) const ORDER_DESCRIPTOR: i32 = 3;
/// Descriptor of the report in a stage.
pub(crate) const REPORT_DESCRIPTOR: i32 = 4;

/// Longest head that a stage reads.
const MAX_HEAD_BYTES: usize = 1 << 20;

/// Everything that a stage has to know.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    /// Process id of the gateway; a stage with another parent ends.
    pub(crate) gateway: i32,
    /// Files to join control groups by.
    pub(crate) groups: Vec<PathBuf>,
    /// Whose rights the tree has outside.
    pub(crate) identity: Identity,
    /// What leads out of the network namespace.
    pub(crate) network: NetworkAccess,
    /// What is set up in the namespaces.
    pub(crate) inside: Inside,
    /// What is run then; `None` ends well instead, when every layer stands.
    pub(crate) program: Option<PathBuf>,
    /// Where it is run.
    pub(crate) directory: PathBuf,
    /// Its arguments.
    #[serde(skip)]
    pub(crate) arguments: Vec<OsString>,
    /// Its whole environment.
    #[serde(skip)]
    pub(crate) environment: Vec<(OsString, OsString)>,
}

/// User and user namespace of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Identity {
    /// `nobody`, in a user namespace that knows only that.
    Nobody,
    /// The gateway's user, which is not root, in a user namespace that knows only that.
    Own,
    /// Root without a user namespace: for tools that give up root themselves.
    Root,
    /// The gateway's user, which is not root, in a user namespace that knows it as root: for tools
    /// that want to be root where they run.
    OwnAsRoot,
}

/// What stands around the program inside of the namespaces.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Inside {
    /// Our own layers.
    Native(NativeOrder),
    /// A tool that sets up layers itself.
    Tool(ToolOrder),
}

/// Where tools keep what is theirs: in a file system in memory that ends with the run.
pub(crate) const TOOL_DIRECTORY: &str = "/run";

/// Our own layers.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct NativeOrder {
    pub(crate) view: View,
    pub(crate) limits: SandboxLimits,
    /// Whether Landlock is set up. It must work then.
    pub(crate) landlock: bool,
}

/// What a tool finds, beside the host's file system as the tool's user sees it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ToolOrder {
    /// Files below [`TOOL_DIRECTORY`].
    pub(crate) texts: Vec<Text>,
    /// Links below it.
    pub(crate) links: Vec<Link>,
    /// Limits that the tool hands on to the program because it is under them itself.
    pub(crate) limits: Option<SandboxLimits>,
    /// Whether it gets our lists of system calls, as descriptors [`FILTER_DESCRIPTORS`].
    pub(crate) filters: bool,
}

/// Descriptors of the filters in a tool that takes them.
pub(crate) const FILTER_DESCRIPTORS: [i32; 2] = [10, 11];

/// One line of a stage's report, which is a stream of them through a socket.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Report {
    /// The outlet; its listening socket comes with the line.
    Outlet,
    /// The program is running.
    Running,
    /// It could not be: the layer (`None`: the program itself), the system's error, what failed.
    Failed { layer: Option<Layer>, errno: Option<i32>, what: String },
    /// The program's wait status.
    Ended { status: i32 },
}

#[derive(Serialize, Deserialize)]
struct Head<O> {
    order: O,
    arguments: usize,
    variables: usize,
}

impl Order {
    /// Writes the frame.
    ///
    /// # Errors
    /// The writer's.
    pub(crate) fn write_to(&self, writer: &mut impl Write) -> io::Result<()> {
        let head = Head {
            order: self,
            arguments: self.arguments.len(),
            variables: self.environment.len(),
        };
        let head = serde_json::to_vec(&head)?;
        let mut frame = Vec::with_capacity(head.len() + 1024);
        frame.extend((head.len() as u64).to_le_bytes());
        frame.extend(head);
        let variables = self.environment.iter().flat_map(|(name, value)| [name, value]);
        for text in self.arguments.iter().chain(variables) {
            frame.extend(text.as_bytes());
            frame.push(0);
        }
        writer.write_all(&frame)
    }

    /// Reads the frame.
    ///
    /// # Errors
    /// The reader's, or `InvalidData` for a frame that is not whole.
    pub(crate) fn read_from(reader: &mut impl Read) -> io::Result<Self> {
        let broken = || io::Error::from(io::ErrorKind::InvalidData);
        let mut length = [0; 8];
        reader.read_exact(&mut length)?;
        let length = usize::try_from(u64::from_le_bytes(length)).map_err(|_| broken())?;
        if length > MAX_HEAD_BYTES {
            return Err(broken());
        }
        let mut head = vec![0; length];
        reader.read_exact(&mut head)?;
        let Head { mut order, arguments, variables } = serde_json::from_slice::<Head<Self>>(&head)?;
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest)?;
        let mut texts =
            rest.split(|&byte| byte == 0).map(|text| OsStr::from_bytes(text).to_owned());
        let mut next = || texts.next().ok_or_else(broken);
        order.arguments = (0..arguments).map(|_| next()).collect::<io::Result<_>>()?;
        order.environment =
            (0..variables).map(|_| Ok((next()?, next()?))).collect::<io::Result<_>>()?;
        // What stands after the last NUL: nothing, in a frame that is whole.
        if next()?.into_vec().is_empty() { Ok(order) } else { Err(broken()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(arguments: &[&[u8]]) -> Order {
        Order {
            gateway: 7,
            groups: vec![PathBuf::from("/sys/fs/cgroup/x/cgroup.procs")],
            identity: Identity::Nobody,
            network: NetworkAccess::Outlet,
            inside: Inside::Tool(ToolOrder {
                texts: Vec::new(),
                links: Vec::new(),
                limits: None,
                filters: false,
            }),
            program: Some(PathBuf::from("/bin/echo")),
            directory: PathBuf::from("/tmp"),
            arguments: arguments.iter().map(|text| OsStr::from_bytes(text).to_owned()).collect(),
            environment: vec![("A".into(), "".into())],
        }
    }

    #[test]
    fn an_order_arrives_as_it_was_given() {
        let cases: [&[&[u8]]; 4] =
            [&[], &[b""], &[b"a\nb", b"", b"\xff{\"x\":1}"], &[b"--", b"-x"]];
        for arguments in cases {
            let mut frame = Vec::new();
            order(arguments).write_to(&mut frame).unwrap();
            assert_eq!(Order::read_from(&mut frame.as_slice()).unwrap(), order(arguments));
        }
    }

    #[test]
    fn a_frame_that_is_cut_is_refused() {
        let mut frame = Vec::new();
        order(&[b"one", b"two"]).write_to(&mut frame).unwrap();
        for length in 0..frame.len() {
            let cut = frame.get(..length).unwrap();
            assert!(Order::read_from(&mut &*cut).is_err(), "{length} bytes were taken for all");
        }
    }
}
