//! From an adapter's plan to the command that is run.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};

use exchange::{Failure, FailureKind, ProcessArgument, ProcessExchange, ProcessPlan};
use secrecy::ExposeSecret;

/// Longest argument that Linux takes, its closing NUL included (`MAX_ARG_STRLEN`).
const MAX_ARGUMENT_BYTES: usize = 128 * 1024;

/// Builds the command: whole environment, arguments, streams. Directory and confinement are the
/// sandbox's.
///
/// # Errors
/// `ProviderMisconfigured` for a plan that no body could make right, `InvalidRequest` and
/// `PayloadTooLarge` for a body that cannot be an argument.
pub(super) fn build(exchange: &ProcessExchange) -> Result<Command, Failure> {
    let plan = &*exchange.plan;
    check_plan(plan)?;
    let mut command = Command::new(&plan.program);
    for argument in &plan.arguments {
        command.arg(argument_text(argument, &exchange.body)?);
    }
    command.env_clear();
    let environment = plan.environment.iter();
    command.envs(environment.map(|(name, value)| (name, value)));
    if let Some((name, secret)) = &exchange.credential {
        check_text(secret.expose_secret(), "the provider's credential")?;
        check_variable(name)?;
        command.env(name, secret.expose_secret());
    }
    let feeds_stdin = plan.body_on_stdin && !exchange.body.is_empty();
    command
        .stdin(if feeds_stdin { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Ok(command)
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
