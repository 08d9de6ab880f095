//! Which driver runs a program.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::cgroup::GroupHome;
use crate::driver::basic::Basic;
use crate::driver::native::Native;
use crate::driver::tool::Tool;
use crate::driver::{SandboxDriver, SpawnProblem};
use crate::layer::{DriverName, Layer};
use crate::pool::PoolLimits;

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

/// How long a driver that did not work is not tried again: a tool may be installed meanwhile, or a
/// limit raised. A trial takes up to a second, and many requests may ask for one.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// The drivers of this program. Each is tried when it is asked for first. One that works is kept;
/// one that does not is tried again when it is asked for a minute later.
pub struct Drivers {
    groups: Arc<GroupHome>,
    pool: PoolLimits,
    slots: [Slot; DriverName::ALL.len()],
}

#[derive(Default)]
struct Slot {
    works: OnceLock<Arc<dyn SandboxDriver>>,
    /// Held while it is tried, so that it is tried once.
    failed: Mutex<Option<(DriverMissing, Instant)>>,
}

impl Slot {
    /// The driver, tried if it was not, or not for a while.
    fn get(
        &self,
        attempt: impl FnOnce() -> Trial,
        retry_after: Duration,
    ) -> Result<&Arc<dyn SandboxDriver>, DriverMissing> {
        if let Some(driver) = self.works.get() {
            return Ok(driver);
        }
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((missing, since)) = &*failed
            && since.elapsed() < retry_after
        {
            return Err(missing.clone());
        }
        // Another thread may have tried it while this one waited.
        if let Some(driver) = self.works.get() {
            return Ok(driver);
        }
        match attempt() {
            Ok(driver) => Ok(self.works.get_or_init(|| driver)),
            Err(missing) => {
                *failed = Some((missing.clone(), Instant::now()));
                Err(missing)
            }
        }
    }
}

type Trial = Result<Arc<dyn SandboxDriver>, DriverMissing>;

impl Drivers {
    /// Prepares what drivers share. Tries none, and keeps no sandbox ready.
    pub fn new() -> Self {
        Self::with_pool(PoolLimits::NONE)
    }

    /// Drivers of which those that are slow to start keep sandboxes ready, within the limits for
    /// each driver.
    pub fn with_pool(pool: PoolLimits) -> Self {
        Self { groups: Arc::new(GroupHome::open()), pool, slots: Default::default() }
    }

    /// The driver of a name. Blocks while it is tried.
    ///
    /// # Errors
    /// The layer that is missing here, and why.
    pub fn get(&self, name: DriverName) -> Result<&Arc<dyn SandboxDriver>, DriverMissing> {
        let index = DriverName::ALL.iter().position(|one| *one == name).unwrap_or_default();
        match self.slots.get(index) {
            Some(slot) => slot.get(|| self.attempt(name), RETRY_AFTER),
            None => unreachable!("there is a slot for each name"),
        }
    }

    /// The first of [`DriverName::ALL`] that works.
    ///
    /// # Errors
    /// Why the last one, `basic`, does not.
    pub fn strongest(&self) -> Result<&Arc<dyn SandboxDriver>, DriverMissing> {
        let [first @ .., last] = DriverName::ALL;
        let found = first.into_iter().find_map(|name| self.get(name).ok());
        found.map_or_else(|| self.get(last), Ok)
    }

    /// Throws away every sandbox that was prepared. Blocks until they are gone. To be called when
    /// runs are over: those that are not may end with it.
    pub fn close(&self) {
        self.slots.iter().filter_map(|slot| slot.works.get()).for_each(|driver| driver.close());
    }

    fn attempt(&self, name: DriverName) -> Trial {
        let groups = Arc::clone(&self.groups);
        Ok(match name {
            DriverName::Native => Arc::new(Native::try_new(groups)?),
            DriverName::Basic => Arc::new(Basic::try_new()?),
            DriverName::Bubblewrap | DriverName::Gvisor | DriverName::Podman => {
                Arc::new(Tool::try_new(name, groups, self.pool)?)
            }
        })
    }
}

impl Default for Drivers {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_that_did_not_work_is_tried_again_after_a_while_and_not_before() {
        let slot = Slot::default();
        let missing = DriverMissing {
            driver: DriverName::Podman,
            layer: None,
            reason: "it is not installed; install it".to_owned(),
        };
        let fails = || Err(missing.clone());
        let works = || Ok(Arc::new(Basic::try_new()?) as Arc<dyn SandboxDriver>);
        let hour = Duration::from_secs(3600);
        assert_eq!(slot.get(fails, hour).err(), Some(missing.clone()));
        assert_eq!(slot.get(works, hour).err(), Some(missing.clone()));
        assert!(slot.get(works, Duration::ZERO).is_ok());
        assert!(slot.get(fails, Duration::ZERO).is_ok(), "one that works is kept");
    }
}
