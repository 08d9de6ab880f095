//! Which driver runs a program.

use std::io;
use std::sync::{Arc, OnceLock};

use thiserror::Error;

use crate::cgroup::GroupHome;
use crate::driver::basic::Basic;
use crate::driver::native::Native;
use crate::driver::tool::Tool;
use crate::driver::{SandboxDriver, SpawnProblem};
use crate::layer::{DriverName, Layer};

/// A driver that does not work here.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the sandbox \"{driver}\" does not work here: {}{reason}", Named(*layer))]
pub struct DriverMissing {
    /// Which.
    pub driver: DriverName,
    /// The layer that is missing, if it came that far.
    pub layer: Option<Layer>,
    /// Why, and what to do about it.
    pub reason: String,
}

struct Named(Option<Layer>);

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.map_or(Ok(()), |layer| write!(f, "the layer {layer} is missing, "))
    }
}

impl DriverMissing {
    /// What a failed trial means.
    pub(crate) fn of(driver: DriverName, problem: &SpawnProblem) -> Self {
        let (layer, reason) = match problem {
            SpawnProblem::Setup { layer, what, error } => {
                let error = error.as_ref().map(io::Error::to_string).unwrap_or_default();
                (Some(*layer), format!("{what}: {error}; {}", advice(*layer)))
            }
            SpawnProblem::Driver(error) | SpawnProblem::Program(error) => (None, error.to_string()),
            other => (None, other.to_string()),
        };
        Self { driver, layer, reason }
    }
}

/// What lets a layer work where a system forbids it.
fn advice(layer: Layer) -> &'static str {
    match layer {
        Layer::UserNamespace => {
            "allow user namespaces (user.max_user_namespaces, \
             kernel.apparmor_restrict_unprivileged_userns, or the container's system call filter)"
        }
        Layer::MountView | Layer::ProcessTree => {
            "inside of a container let it have a /proc that is not masked \
             (procMount: Unmasked, --security-opt systempaths=unconfined)"
        }
        _ => "allow it, or demand another sandbox",
    }
}

/// The drivers of this program. Each is tried when it is asked for first, and the answer kept.
pub struct Drivers {
    groups: Arc<GroupHome>,
    slots: [OnceLock<Trial>; DriverName::ALL.len()],
}

type Trial = Result<Arc<dyn SandboxDriver>, DriverMissing>;

impl Drivers {
    /// Prepares what drivers share. Tries none.
    pub fn new() -> Self {
        Self { groups: Arc::new(GroupHome::open()), slots: [const { OnceLock::new() }; 5] }
    }

    /// The driver of a name. Blocks while it is tried.
    ///
    /// # Errors
    /// The layer that is missing here, and why.
    pub fn get(&self, name: DriverName) -> Result<&Arc<dyn SandboxDriver>, &DriverMissing> {
        let index = DriverName::ALL.iter().position(|one| *one == name).unwrap_or_default();
        match self.slots.get(index) {
            Some(slot) => slot.get_or_init(|| self.attempt(name)).as_ref(),
            None => unreachable!("there is a slot for each name"),
        }
    }

    /// The first of [`DriverName::ALL`] that works.
    ///
    /// # Errors
    /// Why the last one, `basic`, does not.
    pub fn strongest(&self) -> Result<&Arc<dyn SandboxDriver>, &DriverMissing> {
        let [first @ .., last] = DriverName::ALL;
        let found = first.into_iter().find_map(|name| self.get(name).ok());
        found.map_or_else(|| self.get(last), Ok)
    }

    fn attempt(&self, name: DriverName) -> Trial {
        let groups = Arc::clone(&self.groups);
        Ok(match name {
            DriverName::Native => Arc::new(Native::try_new(groups)?),
            DriverName::Basic => Arc::new(Basic::try_new()?),
            DriverName::Bubblewrap | DriverName::Gvisor | DriverName::Podman => {
                Arc::new(Tool::try_new(name, groups)?)
            }
        })
    }
}

impl Default for Drivers {
    fn default() -> Self {
        Self::new()
    }
}
