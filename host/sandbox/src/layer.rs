//! Layers of confinement, drivers, and which driver has which layer here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One thing that keeps a program in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// The program's user is not the gateway's where the gateway is root.
    User,
    /// A user namespace: capabilities mean nothing outside of it.
    UserNamespace,
    /// A root of its own that holds the named paths, read-only, and a private `/tmp`.
    MountView,
    /// A PID namespace with a `/proc` of its own; it ends as a whole.
    ProcessTree,
    /// A network namespace without any interface that leads out.
    Network,
    /// System V and POSIX queues of its own.
    InterProcess,
    /// A host name of its own.
    HostName,
    /// Landlock: nothing is written outside of `/tmp`, no TCP, no signal to others.
    Landlock,
    /// A list of the system calls that are allowed.
    SystemCalls,
    /// Setuid programs give nothing (`no_new_privs`).
    NoNewPrivileges,
    /// No capability in any set.
    NoCapabilities,
    /// Processor time, address space, files, processes (`setrlimit`).
    ResourceLimits,
    /// Memory of the whole tree, `/tmp` included, by control group.
    MemoryGroup,
    /// Processes of the whole tree by control group.
    ProcessGroup,
    /// A kernel of its own: system calls do not reach the host's.
    OwnKernel,
}

impl Layer {
    /// The name in configuration, documents and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::UserNamespace => "user-namespace",
            Self::MountView => "mount-view",
            Self::ProcessTree => "process-tree",
            Self::Network => "network",
            Self::InterProcess => "inter-process",
            Self::HostName => "host-name",
            Self::Landlock => "landlock",
            Self::SystemCalls => "system-calls",
            Self::NoNewPrivileges => "no-new-privileges",
            Self::NoCapabilities => "no-capabilities",
            Self::ResourceLimits => "resource-limits",
            Self::MemoryGroup => "memory-group",
            Self::ProcessGroup => "process-group",
            Self::OwnKernel => "own-kernel",
        }
    }
}

impl Layer {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::User,
        Self::UserNamespace,
        Self::MountView,
        Self::ProcessTree,
        Self::Network,
        Self::InterProcess,
        Self::HostName,
        Self::Landlock,
        Self::SystemCalls,
        Self::NoNewPrivileges,
        Self::NoCapabilities,
        Self::ResourceLimits,
        Self::MemoryGroup,
        Self::ProcessGroup,
        Self::OwnKernel,
    ];
}

/// The name as configuration writes it; the error lists the names that there are.
impl FromStr for Layer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|layer| layer.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join("\", \"");
            format!("there is no layer {text:?}; write one of \"{names}\"")
        })
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A driver, by the name that configuration demands it with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriverName {
    /// Namespaces, Landlock and a call filter, set up by ourselves.
    Native,
    /// `bwrap`.
    Bubblewrap,
    /// `runsc`.
    Gvisor,
    /// `podman`.
    Podman,
    /// What every Linux has: user, limits, call filter. A program can read what its user can
    /// read, and use the network.
    Basic,
}

impl DriverName {
    /// All of them, in the order in which the gateway tries them if none is demanded: the
    /// cheapest of those that keep the whole table of escapes, and the weakest last.
    pub const ALL: [Self; 5] =
        [Self::Native, Self::Bubblewrap, Self::Gvisor, Self::Podman, Self::Basic];

    /// The name in configuration, documents and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Bubblewrap => "bubblewrap",
            Self::Gvisor => "gvisor",
            Self::Podman => "podman",
            Self::Basic => "basic",
        }
    }
}

impl fmt::Display for DriverName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name as configuration writes it; the error lists the names that there are.
impl FromStr for DriverName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|name| name.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join("\", \"");
            format!("there is no sandbox {text:?}; write one of \"{names}\"")
        })
    }
}

/// Whether a driver has a layer here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayerState {
    /// It was tried and works.
    Works,
    /// The driver does not have it, or the system forbids it: the reason.
    Missing(String),
}

/// What a driver guarantees on this system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriverReport {
    /// Whose report it is.
    pub driver: DriverName,
    /// Each layer that the driver has or could have.
    pub layers: Vec<(Layer, LayerState)>,
    /// Whether it can let a program reach hosts that are named, and nothing else.
    pub network_grants: LayerState,
}

impl DriverReport {
    /// Whether a layer works here.
    pub fn has(&self, layer: Layer) -> bool {
        self.layers.iter().any(|(one, state)| *one == layer && *state == LayerState::Works)
    }

    /// The layers that do not, with reasons.
    pub fn missing(&self) -> impl Iterator<Item = (Layer, &str)> {
        self.layers.iter().filter_map(|(layer, state)| match state {
            LayerState::Works => None,
            LayerState::Missing(reason) => Some((*layer, reason.as_str())),
        })
    }
}

/// For readiness and logs: the name, then what is missing.
impl fmt::Display for DriverReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.driver)?;
        for (layer, reason) in self.missing() {
            write!(f, "; without {layer}: {reason}")?;
        }
        match &self.network_grants {
            LayerState::Works => Ok(()),
            LayerState::Missing(reason) => write!(f, "; without network grants: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_there_is_not_is_answered_with_those_that_there_are() {
        assert_eq!("gvisor".parse(), Ok(DriverName::Gvisor));
        let problem = "docker".parse::<DriverName>().unwrap_err();
        assert!(problem.contains("\"native\", \"bubblewrap\""), "{problem}");
    }

    #[test]
    fn a_report_says_what_is_missing_and_why() {
        let report = DriverReport {
            driver: DriverName::Native,
            layers: vec![
                (Layer::SystemCalls, LayerState::Works),
                (Layer::Landlock, LayerState::Missing("the kernel is older".to_owned())),
            ],
            network_grants: LayerState::Missing("no loopback".to_owned()),
        };
        let text = "native; without landlock: the kernel is older; without network grants: no \
                    loopback";
        assert_eq!(report.to_string(), text);
        assert!(report.has(Layer::SystemCalls));
        assert!(!report.has(Layer::Landlock) && !report.has(Layer::OwnKernel));
    }
}
