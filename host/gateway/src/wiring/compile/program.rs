//! What a provider's programs may use, and what they are kept in.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use exchange::{ProcessTarget, ProgramCredential, ProgramHost, ProgramPackage, ProgramSandbox};
use resources::{CredentialWay, Sandbox};
use sandbox::{Layer, PackageDemand};
use serde_json::{Map, Value};

use super::Complaint;
use crate::wiring::sandboxes::{Sandboxes, lacking, layer};

/// The member of settings that names the program, by the convention of `spawn-cli`. An adapter
/// that names it otherwise loses an early look at its package; each run looks again.
const PROGRAM: &str = "program";

/// The limits of one run.
pub(super) fn process_target(
    provider: &resources::Provider,
    sandbox: ProgramSandbox,
) -> ProcessTarget {
    let limits = &provider.limits;
    ProcessTarget {
        provider: provider.id.as_str().into(),
        total: provider.timeouts.total,
        idle: provider.timeouts.idle,
        max_output_bytes: limits.max_output_bytes,
        max_memory_bytes: limits.max_memory_bytes,
        max_cpu: Duration::from_secs(limits.max_cpu_seconds),
        max_open_files: limits.max_open_files,
        max_processes: limits.max_processes,
        max_file_bytes: limits.max_file_bytes,
        sandbox,
    }
}

/// A problem of one member of `sandbox`, or of the whole.
pub(super) type SandboxComplaint = (Option<&'static str>, Complaint);

/// What programs are run in.
///
/// # Errors
/// Each member that cannot be kept here.
pub(super) fn program_sandbox(
    asked: &Sandbox,
    settings: &Map<String, Value>,
    sandboxes: &dyn Sandboxes,
) -> Result<ProgramSandbox, Vec<SandboxComplaint>> {
    let mut complaints = Vec::new();
    let layers = layers(asked, &mut complaints);
    let driver = complaints.is_empty().then(|| driver(asked, &layers, sandboxes)).transpose();
    let driver = driver.unwrap_or_else(|complaint| {
        complaints.push(complaint);
        None
    });
    let driver = driver.flatten();
    if complaints.is_empty()
        && let Err(complaint) = check_network(asked, driver.as_deref(), sandboxes)
    {
        complaints.push((Some("network"), complaint));
    }
    if let Err(complaint) = check_package(asked, settings) {
        complaints.push((Some("package"), complaint));
    }
    if complaints.is_empty() { Ok(granted(asked, driver)) } else { Err(complaints) }
}

fn layers(asked: &Sandbox, complaints: &mut Vec<SandboxComplaint>) -> Vec<Layer> {
    let mut layers = Vec::with_capacity(asked.layers.len());
    for name in &asked.layers {
        match layer(name) {
            Ok(layer) => layers.push(layer),
            Err(problem) => complaints.push((Some("layers"), Complaint::of_text(&problem))),
        }
    }
    layers
}

/// The driver that is demanded, or that the demanded layers need; `None` is the strongest.
fn driver(
    asked: &Sandbox,
    layers: &[Layer],
    sandboxes: &dyn Sandboxes,
) -> Result<Option<Arc<str>>, SandboxComplaint> {
    let Some(name) = asked.driver else {
        if layers.is_empty() {
            return Ok(None);
        }
        let found = sandboxes.with_layers(layers);
        let found = found.map_err(|it| (Some("layers"), Complaint::of_text(&it)))?;
        return Ok(Some(found.driver.into()));
    };
    let report = sandboxes.report(name).map_err(|it| (None, Complaint::of_text(&it)))?;
    match lacking(&report, layers) {
        None => Ok(Some(name.into())),
        Some(problem) => Err((Some("layers"), Complaint::of_text(&problem))),
    }
}

/// Hosts are granted only where the driver can keep all others away.
fn check_network(
    asked: &Sandbox,
    driver: Option<&str>,
    sandboxes: &dyn Sandboxes,
) -> Result<(), Complaint> {
    if asked.network.is_empty() {
        return Ok(());
    }
    let granted = match driver {
        Some(driver) => sandboxes.check_network(driver),
        None => sandboxes.strongest().and_then(|it| sandboxes.check_network(&it.driver)),
    };
    granted.map_err(|problem| Complaint::of_text(&problem))
}

fn check_package(asked: &Sandbox, settings: &Map<String, Value>) -> Result<(), Complaint> {
    let program = settings.get(PROGRAM).and_then(Value::as_str).map(Path::new);
    let (Some(package), Some(program)) = (&asked.package, program) else {
        return Ok(());
    };
    let demand = PackageDemand { name: package.name.clone(), version: package.version.clone() };
    demand.verify(program).map_err(|problem| Complaint::of(&problem))
}

fn granted(asked: &Sandbox, driver: Option<Arc<str>>) -> ProgramSandbox {
    let ordinary = ProgramSandbox::ordinary();
    let places = |asked: Option<u64>, ordinary| {
        asked.map_or(ordinary, |number| usize::try_from(number).unwrap_or(usize::MAX))
    };
    ProgramSandbox {
        driver,
        demanded_layers: asked.layers.iter().map(|layer| layer.as_str().into()).collect(),
        digest: asked.digest,
        package: asked.package.as_ref().map(|package| ProgramPackage {
            name: package.name.as_str().into(),
            version: package.version.as_deref().map(Into::into),
        }),
        read_only: asked.read_only.clone(),
        directory: asked.directory.clone(),
        network: asked
            .network
            .iter()
            .map(|it| ProgramHost { host: it.host.as_str().into(), port: it.port })
            .collect(),
        credential: match asked.credential {
            CredentialWay::Variable => ProgramCredential::Variable,
            CredentialWay::File => ProgramCredential::File,
        },
        max_scratch_bytes: asked.max_scratch_bytes.unwrap_or(ordinary.max_scratch_bytes),
        max_concurrent: places(asked.max_concurrent, ordinary.max_concurrent),
        max_queued: places(asked.max_queued, ordinary.max_queued),
    }
}
