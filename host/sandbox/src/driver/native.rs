//! The embedded driver: namespaces, a view of named paths, Landlock, a list of system calls, no
//! privilege, resource limits, control groups.

use std::sync::Arc;

use landlock::{ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr};

use super::cage::{self, directory, gateway, identity, user_of, user_state};
use super::{SandboxDriver, SpawnProblem, check_layers, grants_state};
use crate::cgroup::{GroupHome, RunGroups, Spare};
use crate::layer::{DriverName, DriverReport, Layer, LayerState};
use crate::order::{Identity, Inside, NativeOrder, Order};
use crate::outlet::NetworkAccess;
use crate::policy::{ProgramCall, SandboxLimits, SandboxPolicy};
use crate::program::{check_program, environment};
use crate::running::Traces;
use crate::view::{SCRATCH, View};
use crate::{Running, choice::DriverMissing};

/// The two processes of the stage that stay beside the program.
const SPARE: Spare = Spare { processes: 2, memory_bytes: 16 << 20 };

/// Layers without which this driver is none.
const REQUIRED: [Layer; 10] = [
    Layer::UserNamespace,
    Layer::MountView,
    Layer::ProcessTree,
    Layer::Network,
    Layer::InterProcess,
    Layer::HostName,
    Layer::SystemCalls,
    Layer::NoNewPrivileges,
    Layer::NoCapabilities,
    Layer::ResourceLimits,
];

/// Limits of the trial, which runs nothing.
const TRIAL_LIMITS: SandboxLimits = SandboxLimits {
    cpu_seconds: 5,
    memory_bytes: 1 << 32,
    processes: 16,
    open_files: 64,
    file_bytes: 1 << 20,
    scratch_bytes: 1 << 20,
};

/// See the module.
pub(crate) struct Native {
    identity: Identity,
    landlock: bool,
    groups: Arc<GroupHome>,
    report: DriverReport,
}

impl Native {
    /// Sets up every layer once, with nothing to run.
    pub(crate) fn try_new(groups: Arc<GroupHome>) -> Result<Self, DriverMissing> {
        let landlock = landlock_state();
        let identity = identity();
        let mut layers: Vec<_> = REQUIRED.map(|layer| (layer, LayerState::Works)).into();
        layers.push((Layer::User, user_state(identity)));
        layers.push((Layer::Landlock, landlock.clone()));
        layers.extend(groups.report());
        let report =
            DriverReport { driver: DriverName::Native, layers, network_grants: LayerState::Works };
        let landlock = landlock == LayerState::Works;
        let mut driver = Self { identity, landlock, groups, report };
        let missing = |problem| DriverMissing::of(DriverName::Native, &problem);
        driver.trial(NetworkAccess::None).map_err(missing)?;
        driver.report.network_grants = grants_state(driver.trial(NetworkAccess::Outlet));
        Ok(driver)
    }

    fn trial(&self, network: NetworkAccess) -> Result<(), SpawnProblem> {
        let order = Order {
            network,
            program: None,
            directory: SCRATCH.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            ..self.order(View::default(), TRIAL_LIMITS, &RunGroups::none())
        };
        let mut running = cage::spawn(&order, false, Traces::default())?;
        let status = running.reap().map_err(SpawnProblem::Driver)?;
        if status.success() {
            return Ok(());
        }
        Err(SpawnProblem::Driver(std::io::Error::other(format!("the trial ended with {status}"))))
    }

    fn order(&self, view: View, limits: SandboxLimits, groups: &RunGroups) -> Order {
        Order {
            gateway: gateway(),
            groups: groups.doors(),
            identity: self.identity,
            network: NetworkAccess::None,
            inside: Inside::Native(NativeOrder { view, limits, landlock: self.landlock }),
            program: None,
            directory: SCRATCH.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
        }
    }
}

impl SandboxDriver for Native {
    fn report(&self) -> &DriverReport {
        &self.report
    }

    fn spawn(&self, policy: &SandboxPolicy, call: &ProgramCall) -> Result<Running, SpawnProblem> {
        check_layers(&self.report, policy)?;
        let view = View::plan(policy, call, user_of(self.identity));
        let view = view.map_err(SpawnProblem::of_view)?;
        check_program(policy, call)?;
        let groups = self.groups.make(&policy.limits, SPARE).map_err(SpawnProblem::of_groups)?;
        let order = Order {
            program: Some(call.program.clone()),
            directory: directory(policy.directory.as_ref()),
            arguments: call.arguments.clone(),
            environment: environment(policy, call),
            network: policy.network,
            ..self.order(view, policy.limits, &groups)
        };
        cage::spawn(&order, call.feeds_stdin, Traces { directory: None, groups: Some(groups) })
    }
}

fn landlock_state() -> LayerState {
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create);
    match ruleset {
        Ok(_) => LayerState::Works,
        Err(error) => LayerState::Missing(format!(
            "the kernel does not take it ({error}); boot one of 5.13 or later with lsm=landlock"
        )),
    }
}
