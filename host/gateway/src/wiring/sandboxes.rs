//! Which sandboxes work here, as far as a configuration has to fit them.

use std::sync::{Arc, OnceLock};

use administration::{MissingLayerView, ProgramProviderView, ProgramsView, SandboxView};
use kubernetes::KubernetesPrograms;
use pipeline::{Reach, Snapshot};
use resources::did_you_mean;
use sandbox::{DriverName, DriverReport, Drivers, Layer, LayerState, PoolLimits, SandboxDriver};

use crate::configuration::SandboxSettings;
use crate::wiring::programs::{Layers, elsewhere};

/// What a driver guarantees here, or why it does not work.
pub(crate) trait Sandboxes: Send + Sync {
    /// Of one driver, by name. Tries it when it is asked for first, and blocks meanwhile.
    ///
    /// # Errors
    /// "What is wrong; what to do".
    fn report(&self, driver: &str) -> Result<SandboxView, String>;

    /// Whether a driver can let programs reach hosts that are named, and no others.
    ///
    /// # Errors
    /// "What is wrong; what to do".
    fn check_network(&self, driver: &str) -> Result<(), String>;

    /// Of the driver of providers that demand none: the strongest that works.
    ///
    /// # Errors
    /// Why there is none.
    fn strongest(&self) -> Result<SandboxView, String> {
        self.with_layers(&[])
    }

    /// Of the strongest driver that has these layers.
    ///
    /// # Errors
    /// Why the strongest of all does not have them; what to do.
    fn with_layers(&self, layers: &[Layer]) -> Result<SandboxView, String> {
        let mut first = None;
        for driver in DriverName::ALL {
            let Ok(report) = self.report(driver.as_str()) else {
                continue;
            };
            match lacking(&report, layers) {
                None => return Ok(report),
                Some(problem) => first = first.or(Some(problem)),
            }
        }
        Err(first.unwrap_or_else(|| "no sandbox works here; the log says why".to_owned()))
    }
}

/// The first layer that a driver does not have: "what is wrong; what to do".
pub(crate) fn lacking(report: &SandboxView, layers: &[Layer]) -> Option<String> {
    let has = |layer: &&Layer| report.layers.iter().any(|it| it == layer.as_str());
    let layer = layers.iter().find(|layer| !has(layer))?;
    let missing = report.missing.iter().find(|missing| missing.layer == layer.as_str());
    let reason = missing.map_or("it does not have that layer", |missing| &missing.reason);
    let driver = &report.driver;
    Some(format!(
        "the sandbox {driver:?} has no layer \"{layer}\" here: {}; demand another sandbox, or do \
         without the layer",
        reason.replace("; ", ", ")
    ))
}

/// A layer by its name.
///
/// # Errors
/// "What is wrong; what to do".
pub(crate) fn layer(name: &str) -> Result<Layer, String> {
    name.parse().map_err(|_: String| {
        let fix = did_you_mean(name, Layer::ALL.iter().map(|layer| layer.as_str()));
        format!("there is no layer {name:?}; {fix}")
    })
}

/// The drivers of this machine, and those that are no process of it.
pub(crate) struct LocalSandboxes {
    drivers: OnceLock<Arc<Drivers>>,
    elsewhere: Vec<(&'static str, Layers)>,
}

impl LocalSandboxes {
    /// Tries nothing yet.
    pub(crate) fn new(settings: &SandboxSettings) -> Self {
        let elsewhere = elsewhere(settings.kubernetes.as_ref());
        Self { drivers: OnceLock::new(), elsewhere }
    }

    /// The drivers. Prepared when they are asked for first: a command that tries none leaves the
    /// system as it is.
    pub(crate) fn drivers(&self) -> Arc<Drivers> {
        let drivers = || Arc::new(Drivers::with_pool(PoolLimits::ORDINARY));
        Arc::clone(self.drivers.get_or_init(drivers))
    }

    /// A driver of this machine.
    fn driver(&self, driver: &str) -> Result<Arc<dyn SandboxDriver>, String> {
        let name: DriverName = driver.parse().map_err(|_: String| {
            let there = DriverName::ALL.iter().map(|name| name.as_str());
            let there: Vec<_> = there.chain(self.elsewhere.iter().map(|(name, _)| *name)).collect();
            let cluster = "kubernetes wants a section [sandbox.kubernetes]";
            let more = if driver == KubernetesPrograms::DRIVER { cluster } else { "" };
            let there = there.join(", ");
            format!("this gateway has no sandbox {driver:?}; use one of: {there}. {more}")
                .trim_end_matches(['.', ' '])
                .to_owned()
        })?;
        let driver = self.drivers().get(name).map(Arc::clone);
        driver.map_err(|missing| missing.to_string())
    }
}

impl Sandboxes for LocalSandboxes {
    fn report(&self, driver: &str) -> Result<SandboxView, String> {
        if let Some((name, layers)) = self.elsewhere.iter().find(|(name, _)| *name == driver) {
            return Ok(view(name, layers));
        }
        self.driver(driver).map(|driver| {
            let DriverReport { driver, layers, .. } = driver.report();
            view(driver.as_str(), layers)
        })
    }

    fn check_network(&self, driver: &str) -> Result<(), String> {
        let refused = |reason: &str| {
            let reason = reason.replace("; ", ", ");
            format!("the sandbox {driver:?} grants no hosts: {reason}; demand another sandbox")
        };
        if self.elsewhere.iter().any(|(name, _)| *name == driver) {
            return Err(refused("it has no way to let a program reach some hosts alone"));
        }
        match &self.driver(driver)?.report().network_grants {
            LayerState::Works => Ok(()),
            LayerState::Missing(reason) => Err(refused(reason)),
        }
    }
}

fn view(driver: &str, layers: &[(Layer, LayerState)]) -> SandboxView {
    let (there, missing) = (Vec::new(), Vec::new());
    let mut view = SandboxView { driver: driver.to_owned(), layers: there, missing };
    for (layer, state) in layers {
        let layer = layer.as_str().to_owned();
        match state {
            LayerState::Works => view.layers.push(layer),
            LayerState::Missing(reason) => {
                view.missing.push(MissingLayerView { layer, reason: reason.clone() });
            }
        }
    }
    view
}
/// What programs are kept in now: each sandbox that is used, and which provider has which.
pub(crate) fn in_use(snapshot: &Snapshot, sandboxes: &dyn Sandboxes) -> ProgramsView {
    let mut programs = ProgramsView::default();
    let strongest = sandboxes.strongest();
    let ordinary = strongest.as_ref().map(|report| report.driver.clone()).unwrap_or_default();
    programs.sandboxes.extend(strongest);
    for provider in snapshot.providers.values() {
        let Reach::Process { target } = &provider.reach else {
            continue;
        };
        let demanded = target.sandbox.driver.as_deref();
        let driver = demanded.unwrap_or(&ordinary).to_owned();
        if !programs.sandboxes.iter().any(|known| known.driver == driver) {
            programs.sandboxes.extend(sandboxes.report(&driver));
        }
        programs.providers.push(ProgramProviderView { id: provider.id.to_string(), driver });
    }
    programs.providers.sort_by(|one, other| one.id.cmp(&other.id));
    programs
}

#[cfg(test)]
pub(crate) mod tests;
