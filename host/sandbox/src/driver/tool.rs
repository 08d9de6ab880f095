//! Drivers that are programs of others, each in a cage of its own.
//!
//! The cage is a PID namespace and a mount namespace whose `/run` is private memory: whatever the
//! tool starts ends with it, and whatever it writes is gone. So a tool needs no cleaning up after
//! it was killed, however it was killed. The cage has a network namespace too: a program with an
//! outlet is in that one, and any other in one that the tool makes.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cage::{self, gateway, identity, user_of, user_state};
use super::waiting::{hand_over, until_ready};
use super::{SandboxDriver, SpawnProblem, bubblewrap, check_layers, grants_state, gvisor, podman};
use crate::cgroup::{GroupHome, RunGroups, Spare};
use crate::choice::DriverMissing;
use crate::handover::{Handover, WAIT_ARGUMENT};
use crate::layer::{DriverName, DriverReport, Layer, LayerState};
use crate::order::{Identity, Inside, Order, ToolOrder};
use crate::outlet::NetworkAccess;
use crate::policy::{ProgramCall, SandboxLimits, SandboxPolicy};
use crate::pool::{Pool, PoolLimits, Recipe};
use crate::program::{check_program, environment};
use crate::running::{Running, Traces};
use crate::view::{Bind, Link, SCRATCH, Text, View};

/// Where tools are installed: a search path of the gateway's environment is not trusted.
const PLACES: [&str; 5] = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin"];

/// This program as a sandbox that waits sees it.
const WAITER: &str = "/run/sandbox-wait";

/// See the module.
pub(crate) struct Tool {
    cages: Arc<Cages>,
    report: DriverReport,
    pool: Pool,
}

/// Makes cages with the tool in them.
struct Cages {
    binary: PathBuf,
    terms: &'static Terms,
    identity: Identity,
    groups: Arc<GroupHome>,
}

/// What distinguishes tools.
pub(crate) struct Terms {
    pub(crate) binary: &'static str,
    /// Other programs that it needs.
    pub(crate) needs: &'static [&'static str],
    pub(crate) rights: Rights,
    pub(crate) start: Start,
    pub(crate) layers: &'static [Layer],
    pub(crate) spare: Spare,
    /// The policy in the tool's words.
    pub(crate) phrase: fn(&Phrase<'_>) -> io::Result<Command>,
}

/// Whom a tool runs as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rights {
    /// As the program.
    None,
    /// Root.
    Root,
    /// Root, or where the gateway is not root, root of a user namespace.
    AnyRoot,
}

/// What a tool starts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// The program.
    Program,
    /// This program, which waits in the sandbox and becomes the other one: for tools that are slow,
    /// so that it can wait before there is a run. The tool never learns what is run with what.
    Waiter,
}

/// What a tool is told about.
pub(crate) struct Phrase<'a> {
    pub(crate) limits: &'a SandboxLimits,
    pub(crate) network: NetworkAccess,
    pub(crate) view: &'a View,
    pub(crate) user: u32,
    pub(crate) identity: Identity,
    pub(crate) groups: &'a RunGroups,
    /// The program's path, then its arguments.
    pub(crate) command: Vec<OsString>,
    pub(crate) directory: PathBuf,
    pub(crate) environment: Vec<(OsString, OsString)>,
}

/// What is run in the cage, and what it finds there.
pub(crate) struct Command {
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: Vec<(OsString, OsString)>,
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
    pub(crate) fn try_new(
        name: DriverName,
        groups: Arc<GroupHome>,
        pool: PoolLimits,
    ) -> Result<Self, DriverMissing> {
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
        let identity = match (terms.rights, identity()) {
            (Rights::None, own) => own,
            (Rights::Root | Rights::AnyRoot, Identity::Nobody) => Identity::Root,
            (Rights::AnyRoot, _) => Identity::OwnAsRoot,
            (Rights::Root, _) => {
                return Err(missing(format!(
                    "{} is run as root; run the gateway as root, or demand another sandbox",
                    terms.binary
                )));
            }
        };
        let mut layers: Vec<_> =
            terms.layers.iter().map(|&layer| (layer, LayerState::Works)).collect();
        layers.push((Layer::User, user_state(identity)));
        if identity == Identity::OwnAsRoot {
            layers.push((Layer::UserNamespace, LayerState::Works));
        }
        layers.extend(groups.report());
        let report = DriverReport { driver: name, layers, network_grants: LayerState::Works };
        let cages = Arc::new(Cages { binary, terms, identity, groups });
        let maker = Arc::clone(&cages);
        let pool = Pool::new(pool, Arc::new(move |recipe: &Recipe| maker.prepare(recipe)));
        let mut tool = Self { cages, report, pool };
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
        let mut running = self.start(&policy, &call, Prepared::New)?;
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

    fn start(
        &self,
        policy: &SandboxPolicy,
        call: &ProgramCall,
        prepared: Prepared,
    ) -> Result<Running, SpawnProblem> {
        check_layers(&self.report, policy)?;
        check_executable(&call.program).map_err(SpawnProblem::Program)?;
        let user = user_of(self.cages.identity);
        let view = View::plan(policy, call, user).map_err(SpawnProblem::of_view)?;
        check_program(policy, call)?;
        match self.cages.terms.start {
            Start::Program => self.cages.run(&view, policy, call),
            Start::Waiter => self.fill(view, policy, (call, prepared)),
        }
    }

    /// Gives the program to a sandbox that waits, or to a new one.
    fn fill(
        &self,
        view: View,
        policy: &SandboxPolicy,
        (call, prepared): (&ProgramCall, Prepared),
    ) -> Result<Running, SpawnProblem> {
        // One with a secret in its view is for one run alone.
        let is_kept = prepared == Prepared::Kept && !view.has_credential();
        let view = with_waiter(view).map_err(SpawnProblem::Driver)?;
        let recipe = Recipe::new(view, policy.limits, policy.network);
        let handover = Handover {
            directory: cage::directory(policy.directory.as_ref()),
            memory_bytes: policy.limits.memory_bytes,
            feeds_stdin: call.feeds_stdin,
            command: command(call),
            environment: environment(policy, call),
        };
        while is_kept && let Some(mut running) = self.pool.take(&recipe) {
            if hand_over(&mut running, &handover).is_ok() {
                self.pool.wish(recipe);
                return Ok(running);
            }
            // It ended while it waited.
            cage::end(running);
        }
        let mut running = self.cages.prepare(&recipe)?;
        if let Err(error) = hand_over(&mut running, &handover) {
            cage::end(running);
            return Err(SpawnProblem::Driver(error));
        }
        if is_kept {
            self.pool.wish(recipe);
        }
        Ok(running)
    }
}

/// Whether a sandbox may be one that was made ahead.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prepared {
    New,
    Kept,
}

impl Cages {
    /// A sandbox that runs the program at once.
    fn run(
        &self,
        view: &View,
        policy: &SandboxPolicy,
        call: &ProgramCall,
    ) -> Result<Running, SpawnProblem> {
        let groups = self.groups(&policy.limits)?;
        let phrase = Phrase {
            limits: &policy.limits,
            network: policy.network,
            view,
            user: user_of(self.identity),
            identity: self.identity,
            groups: &groups,
            command: command(call),
            directory: cage::directory(policy.directory.as_ref()),
            environment: environment(policy, call),
        };
        let order = self.order(&phrase)?;
        spawn(&order, call.feeds_stdin, groups)
    }

    /// A sandbox that waits for its program.
    fn prepare(&self, recipe: &Recipe) -> Result<Running, SpawnProblem> {
        let groups = self.groups(&recipe.limits)?;
        let phrase = Phrase {
            limits: &recipe.limits,
            network: recipe.network,
            view: &recipe.view,
            user: user_of(self.identity),
            identity: self.identity,
            groups: &groups,
            command: vec![WAITER.into(), WAIT_ARGUMENT.into()],
            directory: SCRATCH.into(),
            environment: Vec::new(),
        };
        let order = self.order(&phrase)?;
        spawn(&order, true, groups).and_then(until_ready)
    }

    fn groups(&self, limits: &SandboxLimits) -> Result<RunGroups, SpawnProblem> {
        self.groups.make(limits, self.terms.spare).map_err(SpawnProblem::of_groups)
    }

    fn order(&self, phrase: &Phrase<'_>) -> Result<Order, SpawnProblem> {
        let command = (self.terms.phrase)(phrase).map_err(SpawnProblem::Policy)?;
        Ok(Order {
            gateway: gateway(),
            groups: phrase.groups.doors(),
            identity: self.identity,
            network: phrase.network,
            inside: Inside::Tool(command.order),
            program: Some(self.binary.clone()),
            directory: PathBuf::from("/"),
            arguments: command.arguments,
            environment: command.environment,
        })
    }
}

fn spawn(order: &Order, feeds_stdin: bool, groups: RunGroups) -> Result<Running, SpawnProblem> {
    cage::spawn(order, feeds_stdin, Traces { directory: None, groups: Some(groups) })
}

impl SandboxDriver for Tool {
    fn report(&self) -> &DriverReport {
        &self.report
    }

    fn spawn(&self, policy: &SandboxPolicy, call: &ProgramCall) -> Result<Running, SpawnProblem> {
        self.start(policy, call, Prepared::Kept)
    }

    fn waiting(&self) -> usize {
        self.pool.waiting()
    }

    fn close(&self) {
        self.pool.close();
    }
}

fn command(call: &ProgramCall) -> Vec<OsString> {
    [call.program.clone().into()].into_iter().chain(call.arguments.iter().cloned()).collect()
}

/// Shows this program, too, where no policy can name a path.
fn with_waiter(mut view: View) -> io::Result<View> {
    let source = std::env::current_exe()?;
    if !source.is_file() {
        let text = format!("{} is gone; restart the gateway", source.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    view.binds.push(Bind { source, target: WAITER.into(), is_directory: false });
    Ok(view)
}

/// A tool would only say so in its own words, when it runs already.
fn check_executable(program: &Path) -> io::Result<()> {
    rustix::fs::access(program, rustix::fs::Access::EXEC_OK)?;
    Ok(())
}

pub(crate) fn find(binary: &str) -> Option<PathBuf> {
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
