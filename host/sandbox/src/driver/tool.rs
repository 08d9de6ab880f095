//! Drivers that are programs of others, each in a cage of its own.
//!
//! The cage is a PID namespace and a mount namespace whose `/run` is private memory: whatever the
//! tool starts ends with it, and whatever it writes is gone. So a tool needs no cleaning up after
//! it was killed, however it was killed. The cage has a network namespace too: a program with an
//! outlet is in that one, and any other in one that the tool makes.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cage::{self, gateway, identity, user_of};
use super::{SandboxDriver, SpawnProblem, bubblewrap, check_layers, grants_state, gvisor, podman};
use crate::cgroup::{GroupHome, RunGroups, Spare};
use crate::choice::DriverMissing;
use crate::layer::{DriverName, DriverReport, Layer, LayerState};
use crate::order::{Identity, Inside, Order, ToolOrder};
use crate::outlet::NetworkAccess;
use crate::policy::{ProgramCall, SandboxLimits, SandboxPolicy};
use crate::program::{check_digest, environment};
use crate::running::{Running, Traces};
use crate::view::{Link, Text, View};

/// Where tools are installed: a search path of the gateway's environment is not trusted.
const PLACES: [&str; 5] = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin"];

/// See the module.
pub(crate) struct Tool {
    binary: PathBuf,
    terms: &'static Terms,
    identity: Identity,
    groups: Arc<GroupHome>,
    report: DriverReport,
}

/// What distinguishes tools.
pub(crate) struct Terms {
    pub(crate) binary: &'static str,
    /// Other programs that it needs.
    pub(crate) needs: &'static [&'static str],
    pub(crate) needs_root: bool,
    pub(crate) layers: &'static [Layer],
    pub(crate) spare: Spare,
    /// The policy in the tool's words.
    pub(crate) phrase: fn(&Phrase<'_>) -> io::Result<Command>,
}

/// What a tool is told about.
pub(crate) struct Phrase<'a> {
    pub(crate) policy: &'a SandboxPolicy,
    pub(crate) call: &'a ProgramCall,
    pub(crate) view: View,
    pub(crate) user: u32,
    pub(crate) directory: PathBuf,
    pub(crate) environment: Vec<(std::ffi::OsString, std::ffi::OsString)>,
}

/// What is run in the cage, and what it finds there.
pub(crate) struct Command {
    pub(crate) arguments: Vec<std::ffi::OsString>,
    pub(crate) environment: Vec<(std::ffi::OsString, std::ffi::OsString)>,
    pub(crate) order: ToolOrder,
}

/// Limits of the trial.
const TRIAL_LIMITS: SandboxLimits = SandboxLimits {
    cpu_seconds: 5,
    memory_bytes: 1 << 30,
    processes: 16,
    open_files: 64,
    file_bytes: 1 << 20,
    scratch_bytes: 1 << 20,
};

impl Tool {
    /// Finds the tool, and runs a shell in it.
    pub(crate) fn try_new(name: DriverName, groups: Arc<GroupHome>) -> Result<Self, DriverMissing> {
        let missing = |reason: String| DriverMissing { driver: name, layer: None, reason };
        let terms = match name {
            DriverName::Gvisor => &gvisor::TERMS,
            DriverName::Podman => &podman::TERMS,
            _ => &bubblewrap::TERMS,
        };
        let not_installed =
            |tool: &str| missing(format!("{tool} is not in {}; install it", PLACES.join(", ")));
        let binary = find(terms.binary).ok_or_else(|| not_installed(terms.binary))?;
        if let Some(need) = terms.needs.iter().find(|need| find(need).is_none()) {
            return Err(not_installed(need));
        }
        let own = identity();
        let identity = match (terms.needs_root, own) {
            (false, own) => own,
            (true, Identity::Nobody) => Identity::Root,
            (true, _) => {
                return Err(missing(format!(
                    "{} is run as root; run the gateway as root, or demand another sandbox",
                    terms.binary
                )));
            }
        };
        let mut layers: Vec<_> =
            terms.layers.iter().map(|&layer| (layer, LayerState::Works)).collect();
        layers.extend(groups.report());
        let report = DriverReport { driver: name, layers, network_grants: LayerState::Works };
        let mut tool = Self { binary, terms, identity, groups, report };
        let missing = |problem| DriverMissing::of(name, &problem);
        tool.trial(NetworkAccess::None).map_err(missing)?;
        tool.report.network_grants = grants_state(tool.trial(NetworkAccess::Outlet));
        Ok(tool)
    }

    fn trial(&self, network: NetworkAccess) -> Result<(), SpawnProblem> {
        let policy = SandboxPolicy {
            read_only: Vec::new(),
            digest: None,
            directory: None,
            network,
            demanded_layers: Vec::new(),
            limits: TRIAL_LIMITS,
        };
        let call = ProgramCall {
            program: PathBuf::from("/bin/sh"),
            arguments: vec!["-c".into(), "exit 7".into()],
            environment: Vec::new(),
            credential: None,
            feeds_stdin: false,
        };
        let mut running = self.spawn(&policy, &call)?;
        let mut complaint = String::new();
        if let Some(mut stderr) = running.streams().stderr {
            io::Read::read_to_string(&mut stderr, &mut complaint).map_err(SpawnProblem::Driver)?;
        }
        let status = running.reap().map_err(SpawnProblem::Driver)?;
        let removed = running.traces().remove();
        if status.code() == Some(7) {
            return removed.map_err(SpawnProblem::Driver);
        }
        let text = format!("its trial ended with {status}: {}", complaint.trim_end());
        Err(SpawnProblem::Driver(io::Error::other(text)))
    }

    fn order(&self, command: Command, network: NetworkAccess, groups: &RunGroups) -> Order {
        Order {
            gateway: gateway(),
            groups: groups.doors(),
            identity: self.identity,
            network,
            inside: Inside::Tool(command.order),
            program: Some(self.binary.clone()),
            directory: PathBuf::from("/"),
            arguments: command.arguments,
            environment: command.environment,
        }
    }
}

impl SandboxDriver for Tool {
    fn report(&self) -> &DriverReport {
        &self.report
    }

    fn spawn(&self, policy: &SandboxPolicy, call: &ProgramCall) -> Result<Running, SpawnProblem> {
        check_layers(&self.report, policy)?;
        check_executable(&call.program).map_err(SpawnProblem::Program)?;
        let user = user_of(self.identity);
        let view = View::plan(policy, call, user).map_err(SpawnProblem::of_view)?;
        check_digest(policy, call)?;
        let directory = cage::directory(policy.directory.as_ref());
        let environment = environment(policy, call);
        let phrase = Phrase { policy, call, view, user, directory, environment };
        let command = (self.terms.phrase)(&phrase).map_err(SpawnProblem::Policy)?;
        let groups = self.groups.make(&policy.limits, self.terms.spare);
        let groups = groups.map_err(SpawnProblem::of_groups)?;
        let order = self.order(command, policy.network, &groups);
        cage::spawn(&order, call.feeds_stdin, Traces { directory: None, groups: Some(groups) })
    }
}

/// A tool would only say so in its own words, when it runs already.
fn check_executable(program: &Path) -> io::Result<()> {
    rustix::fs::access(program, rustix::fs::Access::EXEC_OK)?;
    Ok(())
}

fn find(binary: &str) -> Option<PathBuf> {
    PLACES.into_iter().map(|place| Path::new(place).join(binary)).find(|path| path.is_file())
}

/// Texts and links of the view in the root that a container gets.
pub(super) fn rootfs(view: &View, root: &Path) -> (Vec<Text>, Vec<Link>) {
    let inside = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
    let texts = view.texts.iter();
    let texts = texts.map(|text| Text { at: inside(&text.at), content: text.content.clone() });
    let links = view.links.iter();
    let links = links.map(|link| Link { at: inside(&link.at), to: link.to.clone() });
    (texts.collect(), links.collect())
}

/// A word for a tool that takes texts alone.
pub(super) fn text(value: &OsStr) -> io::Result<String> {
    value.to_str().map(str::to_owned).ok_or_else(|| {
        let shown = PathBuf::from(value);
        let shown: String = shown.display().to_string().chars().take(80).collect();
        io::Error::new(io::ErrorKind::InvalidInput, format!("{shown:?} is not UTF-8"))
    })
}
