//! Which sandboxes work here, as far as a configuration has to fit them.

use std::sync::{Arc, OnceLock};

use administration::{MissingLayerView, ProgramProviderView, ProgramsView, SandboxView};
use pipeline::{Reach, Snapshot};
use resources::did_you_mean;
use sandbox::{DriverName, DriverReport, Drivers, Layer, LayerState};

use crate::wiring::programs::ELSEWHERE;

/// What a driver guarantees here, or why it does not work.
pub(crate) trait Sandboxes: Send + Sync {
    /// Of one driver, by name. Tries it when it is asked for first, and blocks meanwhile.
    ///
    /// # Errors
    /// "What is wrong; what to do".
    fn report(&self, driver: &str) -> Result<SandboxView, String>;

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

/// The drivers of this machine, and those of [`ELSEWHERE`].
#[derive(Default)]
pub(crate) struct LocalSandboxes(OnceLock<Arc<Drivers>>);

impl LocalSandboxes {
    /// The drivers. Prepared when they are asked for first: a command that tries none leaves the
    /// system as it is.
    pub(crate) fn drivers(&self) -> Arc<Drivers> {
        Arc::clone(self.0.get_or_init(|| Arc::new(Drivers::new())))
    }
}

impl Sandboxes for LocalSandboxes {
    fn report(&self, driver: &str) -> Result<SandboxView, String> {
        if let Some((name, layers)) = ELSEWHERE.iter().find(|(name, _)| *name == driver) {
            return Ok(SandboxView {
                driver: (*name).to_owned(),
                layers: layers.iter().map(|layer| (*layer).to_owned()).collect(),
                missing: Vec::new(),
            });
        }
        let name: DriverName = driver.parse().map_err(|_: String| {
            let there = DriverName::ALL.iter().map(|name| name.as_str());
            let there: Vec<_> = there.chain(ELSEWHERE.iter().map(|(name, _)| *name)).collect();
            format!("this gateway has no sandbox {driver:?}; use one of: {}", there.join(", "))
        })?;
        let drivers = self.drivers();
        match drivers.get(name) {
            Ok(driver) => Ok(view(driver.report())),
            Err(missing) => Err(missing.to_string()),
        }
    }
}

fn view(report: &DriverReport) -> SandboxView {
    let works = report.layers.iter().filter(|(_, state)| *state == LayerState::Works);
    let missing = report.missing().map(|(layer, reason)| MissingLayerView {
        layer: layer.as_str().to_owned(),
        reason: reason.to_owned(),
    });
    SandboxView {
        driver: report.driver.as_str().to_owned(),
        layers: works.map(|(layer, _)| layer.as_str().to_owned()).collect(),
        missing: missing.collect(),
    }
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
