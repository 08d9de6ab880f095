//! What a program can be given: texts of its plan, and the body as an argument.

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
        self.plan.check()?;
        if let Some((name, secret)) = &self.credential {
            check_text(secret.expose_secret(), "the provider's credential")?;
            check_variable(name)?;
        }
        Ok(())
    }

    /// The arguments, with the body where it belongs.
    ///
    /// # Errors
    /// `InvalidRequest` and `PayloadTooLarge` for a body that cannot be an argument.
    pub fn arguments(&self) -> Result<Vec<Vec<u8>>, Failure> {
        self.plan.arguments.iter().map(|argument| argument.with_body(&self.body)).collect()
    }
}

impl ProcessPlan {
    fn check(&self) -> Result<(), Failure> {
        if !self.program.starts_with('/') {
            return Err(misconfigured(
                "the provider's program must be an absolute path; there is no search path",
            ));
        }
        check_text(&self.program, "the path of the provider's program")?;
        for (name, value) in &self.environment {
            check_variable(name)?;
            check_text(value, "an environment variable of the provider")?;
        }
        for argument in &self.arguments {
            check_text(&argument.text, "an argument of the provider's program")?;
        }
        Ok(())
    }
}

impl ProcessArgument {
    fn with_body(&self, body: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut text = self.text.clone().into_bytes();
        if self.takes_body {
            check_body(body, MAX_ARGUMENT_BYTES.saturating_sub(text.len() + 1))?;
            text.extend_from_slice(body);
        }
        Ok(text)
    }
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
