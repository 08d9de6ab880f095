//! From an adapter's plan and the operator's grant to what is run, and in what.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::time::Duration;

use exchange::{
    Failure, FailureKind, ProcessExchange, ProcessTarget, ProgramCredential, ProgramHost,
};
use sandbox::{
    Credential, CredentialSlot, Layer, NetworkAccess, PackageDemand, ProgramCall, ProgramDigest,
    SandboxLimits, SandboxPolicy,
};
use secrecy::ExposeSecret;

use super::egress::grant::is_proper;
use super::launcher::Job;

/// Builds what is started.
///
/// # Errors
/// `ProviderMisconfigured` for a plan or a target that no body could make right, `InvalidRequest`
/// and `PayloadTooLarge` for a body that cannot be an argument.
pub(super) fn build(exchange: &ProcessExchange) -> Result<Job, Failure> {
    let sandbox = &exchange.target.sandbox;
    let driver = sandbox.driver.as_deref().map(str::parse).transpose();
    Ok(Job {
        call: call(exchange)?,
        policy: policy(&exchange.target)?,
        driver: driver.map_err(|problem: String| misconfigured(&problem))?,
        package: sandbox.package.as_ref().map(|package| PackageDemand {
            name: package.name.to_string(),
            version: package.version.as_deref().map(str::to_owned),
        }),
    })
}

fn call(exchange: &ProcessExchange) -> Result<ProgramCall, Failure> {
    let plan = &*exchange.plan;
    exchange.check()?;
    Ok(ProgramCall {
        program: PathBuf::from(&plan.program),
        arguments: exchange.arguments()?.into_iter().map(OsString::from_vec).collect(),
        environment: plan.environment.iter().map(|(n, v)| (n.into(), v.into())).collect(),
        credential: credential(exchange),
        feeds_stdin: plan.body_on_stdin && !exchange.body.is_empty(),
    })
}

fn credential(exchange: &ProcessExchange) -> Option<Credential> {
    let (name, secret) = exchange.credential.as_ref()?;
    let slot = match exchange.target.sandbox.credential {
        ProgramCredential::Variable => CredentialSlot::Variable(name.clone()),
        ProgramCredential::File => CredentialSlot::File(name.clone()),
    };
    Some(Credential { slot, secret: secret.expose_secret().to_owned() })
}

fn policy(target: &ProcessTarget) -> Result<SandboxPolicy, Failure> {
    let sandbox = &target.sandbox;
    let layers = sandbox.demanded_layers.iter().map(|name| name.parse::<Layer>());
    let layers: Result<_, String> = layers.collect();
    Ok(SandboxPolicy {
        read_only: sandbox.read_only.clone(),
        digest: sandbox.digest.map(ProgramDigest::new),
        directory: sandbox.directory.clone(),
        network: network(&sandbox.network)?,
        demanded_layers: layers.map_err(|problem| misconfigured(&problem))?,
        limits: SandboxLimits {
            cpu_seconds: whole_seconds(target.max_cpu),
            memory_bytes: target.max_memory_bytes,
            processes: target.max_processes,
            open_files: target.max_open_files,
            file_bytes: target.max_file_bytes,
            scratch_bytes: sandbox.max_scratch_bytes,
        },
    })
}

/// The grant itself is kept by the proxy that serves the outlet.
fn network(hosts: &[ProgramHost]) -> Result<NetworkAccess, Failure> {
    if let Some(wrong) = hosts.iter().find(|host| !is_proper(host)) {
        return Err(misconfigured(&format!(
            "the provider's network grant names {:?} with port {}, which is no host; write a name \
             in lower case or an address, without a pattern, and its port",
            wrong.host, wrong.port
        )));
    }
    Ok(if hosts.is_empty() { NetworkAccess::None } else { NetworkAccess::Outlet })
}

/// Rounded up: a limit of 0 seconds would be none in time to start.
fn whole_seconds(time: Duration) -> u64 {
    let part = u64::from(time.subsec_nanos() > 0);
    time.as_secs().saturating_add(part).max(1)
}

fn misconfigured(message: &str) -> Failure {
    Failure::new(FailureKind::ProviderMisconfigured, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_rounded_up_to_whole_seconds() {
        assert_eq!(whole_seconds(Duration::ZERO), 1);
        assert_eq!(whole_seconds(Duration::from_millis(1500)), 2);
        assert_eq!(whole_seconds(Duration::from_secs(3)), 3);
    }
}
