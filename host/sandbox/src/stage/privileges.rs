//! What a process gives up: streams, capabilities, files, network.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, NetPort, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::io::Errno;
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
};

use super::{InLayer, StageProblem};
use crate::layer::Layer;
use crate::outlet::{NetworkAccess, OUTLET_ADDRESS};
use crate::view::{DEVICES, SCRATCH};

/// Newest rules that are asked for; an older kernel applies what it knows of them.
const RULES: ABI = ABI::V6;

/// Replaces the three streams by nothing, so that they end when the program's ends do.
pub(super) fn close_streams() {
    if let Ok(null) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null") {
        // Each can fail only for want of memory; the run then ends with its processes.
        let _ = rustix::stdio::dup2_stdin(&null);
        let _ = rustix::stdio::dup2_stdout(&null);
        let _ = rustix::stdio::dup2_stderr(&null);
    }
}

/// No capability in any set, and no way to gain one. The bounding set goes first, as it takes a
/// capability to change it.
pub(super) fn give_up() -> Result<(), StageProblem> {
    empty_bounding_set().in_layer(Layer::NoCapabilities, "the bounding set")?;
    clear_ambient_capability_set().in_layer(Layer::NoCapabilities, "the ambient set")?;
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    set_capabilities(None, sets).in_layer(Layer::NoCapabilities, "the capability sets")?;
    set_no_new_privs(true).in_layer(Layer::NoNewPrivileges, "no_new_privs")
}

fn empty_bounding_set() -> rustix::io::Result<()> {
    for bit in 0..u64::BITS {
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        match remove_capability_from_bounding_set(capability) {
            // The kernel says where its capabilities end.
            Err(Errno::INVAL) => return Ok(()),
            other => other?,
        }
    }
    Ok(())
}

/// Reading and running everywhere in the view, writing in `/tmp` alone, no TCP but to the outlet
/// if there is one, no signal to and no abstract socket of anybody else.
pub(super) fn restrict_access(network: NetworkAccess) -> Result<(), StageProblem> {
    let failed = |error: &dyn std::error::Error| StageProblem {
        layer: Some(Layer::Landlock),
        errno: None,
        what: error.to_string(),
    };
    let status = rules(network).map_err(|error| failed(&error))?;
    match status {
        RulesetStatus::NotEnforced => Err(StageProblem {
            layer: Some(Layer::Landlock),
            errno: None,
            what: "the kernel did not enforce the rules".to_owned(),
        }),
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
    }
}

fn rules(network: NetworkAccess) -> Result<RulesetStatus, RulesetError> {
    let beneath = |path: &Path, access| {
        // What the view does not have needs no rule.
        let file = PathFd::new(path).ok()?;
        Some(Ok::<_, RulesetError>(PathBeneath::new(file, access)))
    };
    let outlet = match network {
        NetworkAccess::None => None,
        NetworkAccess::Outlet => Some(NetPort::new(OUTLET_ADDRESS.port(), AccessNet::ConnectTcp)),
    };
    let devices = DEVICES.into_iter().map(Path::new);
    let device_access = AccessFs::WriteFile | AccessFs::ReadFile | AccessFs::Truncate;
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(RULES))?
        .handle_access(AccessNet::from_all(RULES))?
        .scope(Scope::from_all(RULES))?
        .create()?
        .add_rules(beneath(Path::new("/"), AccessFs::from_read(RULES)))?
        .add_rules(beneath(Path::new(SCRATCH), AccessFs::from_all(RULES)))?
        .add_rules(devices.filter_map(|device| beneath(device, device_access)))?
        .add_rules(outlet.map(Ok::<_, RulesetError>))?
        .restrict_self()?;
    Ok(status.ruleset)
}
