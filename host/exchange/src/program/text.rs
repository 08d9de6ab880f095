//! Which texts a program can be given.

use std::path::Path;

use secrecy::ExposeSecret;

use crate::failure::Failure;
use crate::failure::kind::FailureKind;
use crate::process_port::{ProcessArgument, ProcessExchange, ProcessPlan};

/// Longest argument that Linux takes, its closing NUL included (`MAX_ARG_STRLEN`).
const MAX_ARGUMENT_BYTES: usize = 128 * 1024;

impl ProcessExchange {
    /// Refuses what no program can be given, whatever runs it.
    ///
    /// # Errors
    /// `ProviderMisconfigured` for a plan or a credential that no body could make right.
    pub fn check(&self) -> Result<(), Failure> {
        check_plan(&self.plan)?;
        if let Some((name, secret)) = &self.credential {
            check_text(secret.expose_secret(), "the provider's credential")?;
            check_variable(name)?;
        }
        Ok(())
    }

    /// The arguments with the body in its place, the program's own name not among them.
    ///
    /// # Errors
    /// `InvalidRequest` and `PayloadTooLarge` for a body that cannot be an argument.
    pub fn arguments(&self) -> Result<Vec<Vec<u8>>, Failure> {
        self.plan.arguments.iter().map(|one| argument_bytes(one, &self.body)).collect()
    }

    /// What the log must not quote: the credential, and the body.
    pub fn secrets(&self) -> Vec<&str> {
        let secret = self.credential.as_ref().map(|(_, secret)| secret.expose_secret());
        let body = std::str::from_utf8(&self.body).ok();
        secret.into_iter().chain(body).collect()
    }
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

fn argument_bytes(argument: &ProcessArgument, body: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut text = argument.text.clone().into_bytes();
    if argument.takes_body {
        let taken = text.len() + 1;
        check_body(body, MAX_ARGUMENT_BYTES.saturating_sub(taken))?;
        text.extend_from_slice(body);
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
