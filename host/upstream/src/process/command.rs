//! From an adapter's plan and the operator's grant to what is run, and in what.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use exchange::{
    Failure, FailureKind, ProcessArgument, ProcessExchange, ProcessPlan, ProcessTarget,
    ProgramCredential,
};
use sandbox::{
    Credential, CredentialSlot, Layer, PackageDemand, ProgramCall, ProgramDigest, SandboxLimits,
    SandboxPolicy,
};
use secrecy::ExposeSecret;

use super::launcher::Job;

/// Longest argument that Linux takes, its closing NUL included (`MAX_ARG_STRLEN`).
const MAX_ARGUMENT_BYTES: usize = 128 * 1024;

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
    check_plan(plan)?;
    let arguments = plan.arguments.iter().map(|one| argument_text(one, &exchange.body));
    Ok(ProgramCall {
        program: PathBuf::from(&plan.program),
        arguments: arguments.collect::<Result<_, _>>()?,
        environment: plan.environment.iter().map(|(n, v)| (n.into(), v.into())).collect(),
        credential: credential(exchange)?,
        feeds_stdin: plan.body_on_stdin && !exchange.body.is_empty(),
    })
}

fn credential(exchange: &ProcessExchange) -> Result<Option<Credential>, Failure> {
    let Some((name, secret)) = &exchange.credential else {
        return Ok(None);
    };
    check_text(secret.expose_secret(), "the provider's credential")?;
    check_variable(name)?;
    let slot = match exchange.target.sandbox.credential {
        ProgramCredential::Variable => CredentialSlot::Variable(name.clone()),
        ProgramCredential::File => CredentialSlot::File(name.clone()),
    };
    Ok(Some(Credential { slot, secret: secret.expose_secret().to_owned() }))
}

fn policy(target: &ProcessTarget) -> Result<SandboxPolicy, Failure> {
    let sandbox = &target.sandbox;
    let layers = sandbox.demanded_layers.iter().map(|name| name.parse::<Layer>());
    let layers: Result<_, String> = layers.collect();
    Ok(SandboxPolicy {
        read_only: sandbox.read_only.clone(),
        digest: sandbox.digest.map(ProgramDigest::new),
        directory: sandbox.directory.clone(),
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

/// Rounded up: a limit of 0 seconds would be none in time to start.
fn whole_seconds(time: Duration) -> u64 {
    let part = u64::from(time.subsec_nanos() > 0);
    time.as_secs().saturating_add(part).max(1)
}

fn check_plan(plan: &ProcessPlan) -> Result<(), Failure> {
    if !Path::new(&plan.program).is_absolute() {
        return Err(misconfigured(
            "the provider's program must be an absolute path; there is no search path",
        ));
    }
    check_text(&plan.program, "the path of the provider's program")?;
    for (name, value) in &plan.environment {
        check_variable(name)?;
        check_text(value, "an environment variable of the provider")?;
    }
    for argument in &plan.arguments {
        check_text(&argument.text, "an argument of the provider's program")?;
    }
    Ok(())
}

fn check_variable(name: &str) -> Result<(), Failure> {
    if name.is_empty() || name.contains('=') {
        return Err(misconfigured("an environment variable of the provider has no proper name"));
    }
    check_text(name, "the name of an environment variable of the provider")
}

fn check_text(text: &str, what: &str) -> Result<(), Failure> {
    if text.contains('\0') {
        return Err(misconfigured(&format!("{what} holds a NUL byte")));
    }
    Ok(())
}

fn argument_text(argument: &ProcessArgument, body: &[u8]) -> Result<OsString, Failure> {
    let mut text = OsString::from(&argument.text);
    if argument.takes_body {
        let taken = argument.text.len() + 1;
        check_body(body, MAX_ARGUMENT_BYTES.saturating_sub(taken))?;
        text.push(OsStr::from_bytes(body));
    }
    Ok(text)
}

fn check_body(body: &[u8], room: usize) -> Result<(), Failure> {
    if body.contains(&0) {
        return Err(Failure::new(
            FailureKind::InvalidRequest,
            "the text holds a NUL byte, which no argument of a program can carry; remove it, or \
             configure the provider to take the text on standard input",
        ));
    }
    if body.len() > room {
        return Err(too_large(body.len()));
    }
    Ok(())
}

fn too_large(bytes: usize) -> Failure {
    Failure::new(
        FailureKind::PayloadTooLarge,
        format!(
            "the text has {bytes} bytes, but an argument of a program carries at most 128 KiB; \
             shorten it, or configure the provider to take the text on standard input"
        ),
    )
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
